"""Telegram Bot API (https://core.telegram.org/bots/api): reports, alerts and approval buttons; 1 message a second per chat."""
