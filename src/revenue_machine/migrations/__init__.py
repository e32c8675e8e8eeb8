"""The schema's history: one linear chain, forward only, one revision per issue."""
