"""The house of the delegation tests, opened and closed around each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domains.delegation_house import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running product with nothing delegated."""
    with open_house(tmp_path) as opened:
        yield opened
