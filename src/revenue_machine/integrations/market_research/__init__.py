"""The owner's own market research service (contract: README.md beside this file): what others post on five platforms."""
