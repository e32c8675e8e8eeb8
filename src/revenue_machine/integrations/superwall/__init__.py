"""Superwall: paywalls in the owner's app, and webhooks of what was sold on them."""
