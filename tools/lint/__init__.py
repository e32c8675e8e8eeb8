"""Small AST rules for what ruff, mypy and import-linter cannot say (ARCHITECTURE §2)."""
