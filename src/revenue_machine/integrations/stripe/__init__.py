"""Stripe (https://docs.stripe.com/api): web subscriptions, charges and refunds; 100 requests a second live, 25 in test mode."""
