"""Houses for tests that need the whole app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domains.revenue.house import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An app in an empty sandbox."""
    held = open_house(tmp_path)
    yield held
    held.app.close()
