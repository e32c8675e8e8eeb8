"""One house per test, and the shared ground with real data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domains.content_house import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def shared() -> Path:
    place = Path(os.environ.get("REVENUE_SHARED", str(Path(__file__).resolve().parents[4] / "shared")))
    if not (place / "data").is_dir():
        pytest.skip("the shared data sets are not here (REVENUE_SHARED)")
    return place / "data"
