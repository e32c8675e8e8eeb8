"""The house's own tools: lint, docs, lock, new; run as `python -m tools.<name>`."""
