"""Scenario 11: hundreds of approved messages, four workers, kill -9 again and again in one day: no ceiling broken, nobody written to twice."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, ContactDraft
from revenue_machine.domains.outreach import store
from revenue_machine.domains.outreach.queueing import Filer
from revenue_machine.domains.outreach.rules import CHANNELS
from revenue_machine.domains.outreach.tables import QUEUE
from revenue_machine.domains.outreach.writing import Wish, Written
from revenue_machine.engine.tables import CAP_SLOTS
from revenue_machine.kit.clock import iso, machine_sleep, parse_instant
from revenue_machine.sandbox.store import WorldStore
from revenue_machine.sandbox.vendors import Outside as World
from tests.faults import outreach_worker
from tests.faults.day_worker import advance
from tests.faults.forked import Forked, start
from tests.faults.outside_process import Outside, outside_process

OPENS, CLOSES = "2026-11-23T09:00:00+00:00", "2026-11-23T19:00:00+00:00"
WORKERS = 4
CAPS = {"linkedin": 15, "dm": 20}


@dataclass(frozen=True)
class Size:
    """How much of it, and how the day passes."""

    messages: int
    kills: int
    step: timedelta
    pause_s: float


SAMPLE = Size(44, 6, timedelta(minutes=12), 0.3)
WHOLE = Size(500, 30, timedelta(minutes=5), 1.0)


def environment(outside: Outside, url: str) -> dict[str, str]:
    return outside.environment(url) | {"REVENUE_DIRECT_MESSAGE__MODE": "api", "REVENUE_LINKEDIN__MODE": "api"}


def prepare(own: Mapping[str, str], outside: Outside, count: int, monkeypatch: pytest.MonkeyPatch) -> App:
    """Everybody is on LinkedIn or X, every message is approved, and the first weeks are over."""
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    addresses = placed(outside, count)
    app = outreach_worker.open_house()
    now = app.clock.now()
    with app.database.writing() as connection:
        book = app.container.get(ContactBook)  # type: ignore[type-abstract]
        for channel in CAPS:
            row = {
                "id": f"slot_{channel}",
                "channel": channel,
                "intent_key": f"before/{channel}",
                "taken_at": now - timedelta(days=30),
            }
            connection.execute(CAP_SLOTS.insert(), row | {"local_date": (now - timedelta(days=30)).date()})
        written = []
        for number, (platform, user_id, handle) in enumerate(addresses):
            draft = ContactDraft(name=f"P {number}", platform=platform, handle=handle, timezone="Europe/London", source="test")
            contact_id = book.upsert(connection, draft)
            row = store.profile_row(platform, user_id, now, contact_id=contact_id, handle=handle)
            store.keep_profiles(connection, app.database, [row])
            person = crm_reads.person(connection, contact_id)
            assert person is not None
            action = "connect" if platform == "linkedin" else "dm"
            wish = Wish(f"out_{number}", person, platform, action, "service", "a test")
            written.append(Written(wish, f"Hello, this is message {number} for you.", (), "none", 0))
    app.container.get(Filer).file(written)
    for card in app.approvals.cards():
        app.approvals.decide(card["id"], "approve", card["payload_hash"], actor="owner")
    app.events.drain()
    return app


def placed(outside: Outside, count: int) -> list[tuple[str, str, str]]:
    """(platform, the platform's id, handle): three in five on LinkedIn, the rest on X."""
    world = World(WorldStore(outside.home / "sandbox" / "world.db"), seed=7)
    linkedin, direct = world.vendors["linkedin"].fake, world.vendors["direct_message"].fake
    found = []
    with world.store.together():
        for number in range(count):
            if number % 5 < 3:
                state = world.state("linkedin")
                user_id = linkedin.public_add_profile(state, f"k{number}", name=f"P {number}", headline="Founder")
                member = state.get("member", user_id) or {}
                found.append(("linkedin", user_id, str(member["handle"])))
            else:
                handle = f"k{number}"
                user_id = direct.public_add_profile(world.state("direct_message"), f"k{number}", platform="x", handle=handle)
                found.append(("x", user_id, handle))
    world.store.close()
    return found


def live_the_day(own: Mapping[str, str], outside: Outside, size: Size) -> int:
    """Four workers all day; whoever dies is replaced, until enough have died. How many did."""
    draws, dead, number = Random(11), 0, 0
    running: list[Forked] = []
    now, end = parse_instant(OPENS), parse_instant(CLOSES)
    while now < end or dead < size.kills:
        for one in [one for one in running if one.exit_code is not None]:
            assert one.exit_code in (0, -9), one.said[-2000:]
            dead += one.exit_code == -9
            running.remove(one)
        while len(running) < WORKERS and now < end:
            death = draws.randint(1, 4) if dead + len(running) < size.kills + WORKERS else 0
            log = outside.home / f"outreach-{number}.log"
            running.append(start(outreach_worker.main, (str(death), CLOSES), own, log))
            number += 1
        if now >= end:
            break
        now = min(now + size.step, end)
        advance(outside.url, iso(now))
        machine_sleep(size.pause_s)
    for one in running:
        dead += one.wait(timeout_s=300).exit_code == -9
    return dead


def gaps_of(slots: list[datetime]) -> list[float]:
    return [(later - earlier).total_seconds() for earlier, later in pairwise(sorted(slots))]


def no_ceiling_breaks(size: Size, url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with outside_process(home) as outside:
        advance(outside.url, OPENS)
        own = environment(outside, url)
        app = prepare(own, outside, size.messages, monkeypatch)
        dead = live_the_day(own, outside, size)
        last = start(outreach_worker.main, ("0", CLOSES), own, outside.home / "last.log").wait(timeout_s=300)
        assert last.exit_code == 0, last.said[-2000:]
        reached = {
            "linkedin": outside.acted("linkedin", "POST", "/users/me/relation-requests"),
            "dm": outside.acted("direct_message", "POST", "/messages"),
        }
        with app.database.reading() as connection:
            states = Counter(connection.execute(sa.select(QUEUE.c.status)).scalars())
            query = sa.select(CAP_SLOTS.c.channel, CAP_SLOTS.c.taken_at).where(CAP_SLOTS.c.taken_at >= parse_instant(OPENS))
            slots = [(row[0], row[1]) for row in connection.execute(query)]
        app.close()
    assert dead >= size.kills
    assert states["sent"] == sum(len(rows) for rows in reached.values())
    assert set(states) <= {"sent", "approved"}
    for channel, rows in reached.items():
        assert 0 < len(rows) <= CAPS[channel]
        assert len({row["body"] for row in rows}) == len(rows), "nobody is written to twice"
        gaps = gaps_of([at for name, at in slots if name == channel])
        assert len(gaps) == len(rows) - 1, "a place is held by what went out, and by nothing else"
        assert min(gaps) >= CHANNELS[channel].min_gap.total_seconds()
        assert statistics.pstdev(gaps) / statistics.mean(gaps) >= 0.3, gaps


def test_caps_hold_though_workers_die(slow_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_ceiling_breaks(SAMPLE, slow_database_url, tmp_path / "home", monkeypatch)


@pytest.mark.proof
def test_thirty_kills_and_no_cap_broken(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_ceiling_breaks(WHOLE, database_url, tmp_path / "home", monkeypatch)
