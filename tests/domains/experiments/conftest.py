"""The book's house on one database and on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domains.experiments.book_house import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The book in an empty product."""
    with open_house(tmp_path) as made:
        yield made


@pytest.fixture
def any_house(tmp_path: Path, database_url: str) -> Iterator[House]:
    """The same on each kind of database."""
    with open_house(tmp_path, REVENUE_DATABASE_URL=database_url) as made:
        yield made
