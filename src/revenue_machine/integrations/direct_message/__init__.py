"""Direct messages where there is an API: X (https://docs.x.com, 15 a quarter hour), Instagram (24 hours after a message)."""
