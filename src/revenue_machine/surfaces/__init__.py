"""The faces of the product: thin, no rules, no SQL."""
