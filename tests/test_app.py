"""What the composition root refuses to start."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from revenue_machine.app import build
from revenue_machine.engine.ticker import daily
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import NotFound
from revenue_machine.kit.settings import load
from tests.app_fixture import START
from tests.engine import toy_house
from tests.engine.toy_house.toys import runs


def test_misspelled_daily_topic_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "SCHEDULE", (daily("toys.nte", time(7)),))
    with pytest.raises(NotFound, match=r"there is no topic toys\.nte; did you mean toys\.note"):
        build(load({"REVENUE_HOME": str(tmp_path)}), PushedClock(START), house=toy_house)
