"""One folder per part of the business, all alike; discovered, never listed."""
