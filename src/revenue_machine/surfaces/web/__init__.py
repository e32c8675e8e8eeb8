"""HTTP: API, webhooks, redirector, health, metrics and the dashboard in one ASGI application."""
