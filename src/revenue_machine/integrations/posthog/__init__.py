"""PostHog (https://posthog.com/docs/api): product events, funnels and flags; 2400 queries an hour, capture unlimited."""
