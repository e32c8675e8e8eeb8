"""Meta's ads: its webhooks for now; the client comes with the ads themselves."""
