"""One folder per outside service, all alike; discovered, never listed."""
