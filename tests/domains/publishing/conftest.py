"""A stage for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app_fixture import make_app
from tests.domains.publishing.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    app, outside, clock = make_app(tmp_path)
    yield Stage(app, outside, clock)
    app.close()
