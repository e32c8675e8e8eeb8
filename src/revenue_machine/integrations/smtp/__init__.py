"""SMTP (RFC 5321): the plain second way out for mail, one recipient a conversation; no look-up and no idempotency key."""
