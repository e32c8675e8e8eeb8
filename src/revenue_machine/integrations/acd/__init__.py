"""The coding harness (contract: README.md beside this file): changes a product's code by delegated tasks and says how it went."""
