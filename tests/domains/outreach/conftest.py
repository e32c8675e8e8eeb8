"""A house with people on LinkedIn and X, and short ways to draft, decide and send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.domains.outreach.house import OutreachHouse, open_outreach_house

MONDAY = datetime(2026, 11, 2, 10, tzinfo=UTC)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[OutreachHouse]:
    """LinkedIn by its interface, X by hand, Monday 10:00 UTC."""
    with open_outreach_house(tmp_path) as found:
        found.clock.move_to(MONDAY)
        yield found
