"""The revenue machine: a durable daily growth loop with its own rehearsal world."""

__version__ = "0.1.0"
