"""Anthropic Messages API: the language model (https://platform.claude.com/docs/en/api; limits per model and organisation)."""
