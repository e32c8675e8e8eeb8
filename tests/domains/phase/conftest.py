"""The house of the revenue tests, for tests that need the whole app."""

from __future__ import annotations

from tests.domains.revenue.conftest import house

__all__ = ["house"]
