"""The machine decides without the truth: with noise in its place, every row it writes stays byte for byte the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from revenue_machine.app import build
from revenue_machine.kit.clock import day_bounds
from revenue_machine.kit.rng import rng
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.scenarios import scenario_named
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.truth import Deed
from revenue_machine.sandbox.world import StoreClock, World
from revenue_machine.surfaces.cli.living import FIRST_DAY, demo_settings
from revenue_machine.surfaces.cli.opening import closing_app
from revenue_machine.surfaces.living import living

ROOT = Path(__file__).parents[2]
# When something was tried, by which worker and for how long is no decision.
NOT_DECIDED = (
    "duration",
    "started",
    "ended",
    "worker",
    "owner",
    "lease",
    "attempt",
    "executor",
    "token",
    "recorded",
    "spool",
    "arrival",
)
NOT_DECISIONS = ("actp_spools", "actp_workers", "actp_toy_notes")
CHANNELS = ("post", "lookup", "direct", "friends", "mail")


class NoisyWorld(World):
    """A world whose truth blames anybody: who, because of what and for which offer are drawn by lot.

    Kind, time and amount stay: friends are counted by them, which is the world's own business.
    """

    def note(self, deed: Deed) -> None:
        draws = rng(self.seed, "noise", deed.at.isoformat(), deed.kind, deed.person, deed.post_id)
        blamed = draws.choice((None, f"post_{draws.randrange(40)}"))
        super().note(
            replace(
                deed,
                person=f"person_{draws.randrange(99)}",
                post_id=blamed,
                channel=draws.choice(CHANNELS),
                seen=draws.random() < 0.5,
            )
        )


def rows_of(file: Path) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Every product table's rows without the columns that measure the machine itself."""
    connection = sqlite3.connect(file)
    names = [
        row[0]
        for row in connection.execute("select name from sqlite_master where type = 'table' and name like 'actp_%' order by name")
    ]
    for name in (one for one in names if one not in NOT_DECISIONS):  # the toys are another test's, in the same process
        columns = [row[1] for row in connection.execute(f"pragma table_xinfo({name})")]
        kept = [one for one in columns if not any(word in one for word in NOT_DECIDED)]
        yield name, sorted(connection.execute(f"select {', '.join(kept)} from {name}").fetchall(), key=repr)
    connection.close()


@pytest.mark.proof
def test_noise_for_truth_changes_no_row(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")} | {
        "REVENUE_HOME": str(tmp_path / "a")
    }
    words = [sys.executable, "-m", "revenue_machine", "demo", "--days", "1"]
    done = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    settings = demo_settings(load({"REVENUE_HOME": str(tmp_path / "b")}), "quiet_week", 7)
    start = day_bounds(FIRST_DAY, settings.zone)[0].astimezone(UTC)
    world = NoisyWorld(settings.home, 7, scenario_named("quiet_week").rates(WorldRates()))
    world.begin(start)
    app = build(settings, StoreClock(world.store), SandboxTransport(world.outside))
    with closing_app(app), living(app, world) as life:
        life.live_day(FIRST_DAY, lambda _now, _started: None)
    truth = [sorted(world.store.run("select kind, person, channel from truth"))]
    plain = sqlite3.connect(tmp_path / "a/demo/quiet_week-7/world.db")
    truth.append(sorted(plain.execute("select kind, person, channel from truth").fetchall()))
    plain.close()
    assert len(truth[0]) == len(truth[1]) > 300
    assert truth[0] != truth[1]
    homes = [dict(rows_of(tmp_path / name / "demo/quiet_week-7/revenue.db")) for name in ("a", "b")]
    assert homes[0].keys() == homes[1].keys()
    assert sum(len(rows) for rows in homes[0].values()) > 1000
    differing = [name for name in homes[0] if homes[0][name] != homes[1][name]]
    assert differing == []
