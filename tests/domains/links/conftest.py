"""The stage of the publishing tests, for tests that need the whole app."""

from __future__ import annotations

from tests.domains.publishing.conftest import stage

__all__ = ["stage"]
