"""The house of the paywall tests, opened and closed around each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domains.paywall_house import PaywallHouse, open_paywall_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PaywallHouse]:
    """A running product; nobody has met a paywall yet."""
    with open_paywall_house(tmp_path) as opened:
        yield opened
