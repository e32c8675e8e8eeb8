"""Exactly one mail per sequence, step and person: four workers, kill -9 again and again, and a vendor that acts and drops its answer."""

from __future__ import annotations

import json
import re
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.domains.crm.models import ContactBook, ContactDraft
from revenue_machine.domains.email.enrolling import Enroller
from revenue_machine.domains.email.tables import ENROLMENTS, SENDS
from tests.faults import mail_worker
from tests.faults.day_worker import advance
from tests.faults.forked import Forked, start
from tests.faults.outside_process import Outside, outside_process

ANCHOR = datetime(2026, 11, 23, 6, tzinfo=UTC)
HOURS = ("2026-11-24T10:00:00+00:00", "2026-11-24T10:30:00+00:00", "2026-11-24T11:00:00+00:00", "2026-11-24T12:30:00+00:00")
WORKERS = 4
PATHS = {"resend": ("POST", "/emails"), "smtp": ("POST", "/message")}


@dataclass(frozen=True)
class Size:
    """How much of it."""

    people: int
    kills: int
    drops: int


SAMPLE, WHOLE = Size(24, 6, 2), Size(120, 30, 10)


def environment(outside: Outside, url: str, provider: str) -> dict[str, str]:
    own = outside.environment(url) | {"REVENUE_CAPS__EMAIL__PER_DAY": "1000"}
    return own | ({"REVENUE_SMTP__PREFERRED": "yes"} if provider == "smtp" else {})


def prepare(own: Mapping[str, str], people: int, monkeypatch: pytest.MonkeyPatch) -> App:
    """Everybody is in the trial sequence and every text approved; their first mail is due."""
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    app = mail_worker.open_house()
    with app.database.writing() as connection:
        book, enroller = app.container.get(ContactBook), app.container.get(Enroller)  # type: ignore[type-abstract]
        for number in range(people):
            draft = ContactDraft(name=f"P {number}", email=f"p{number}@people.example", timezone="Europe/Berlin", source="test")
            contact_id = book.upsert(connection, draft)
            enroller.begin(connection, "trial_started", contact_id, ANCHOR, product="everreach_pro", user_id=None)
        treated = {"status": "active", "arm": "treated", "next_due_at": ANCHOR, "next_send_at": ANCHOR}
        connection.execute(ENROLMENTS.update().values(**treated))
    app.call("email.send")
    for card in app.approvals.cards():
        app.approvals.decide(card["id"], "approve", card["payload_hash"], actor="owner")
    app.events.drain()
    return app


def kill_again_and_again(own: Mapping[str, str], outside: Outside, kills: int) -> int:
    """Four at a time; each dies at a moment of its own until enough have died. How many did."""
    draws, dead, number = Random(7), 0, 0
    running: list[Forked] = []
    while dead < kills and number < kills * 3:
        while len(running) < WORKERS:
            words = (f"k{number}", str(draws.randint(1, 12)))
            running.append(start(mail_worker.main, words, own, outside.home / f"mail-{number}.log"))
            number += 1
        ended = running.pop(0).wait(timeout_s=300)
        assert ended.exit_code in (0, -9), ended.said[-2000:]
        dead += ended.exit_code == -9
    for one in running:
        dead += one.wait(timeout_s=300).exit_code == -9
    return dead


def finish(own: Mapping[str, str], outside: Outside) -> None:
    """Hour by hour until nothing is due, nobody is killed any more."""
    for hour in HOURS[1:]:
        advance(outside.url, hour)
        workers = [
            start(mail_worker.main, (f"{hour}/{place}", "0"), own, outside.home / f"end-{hour}-{place}.log")
            for place in range(WORKERS)
        ]
        for one in workers:
            ended = one.wait(timeout_s=300)
            assert ended.exit_code == 0, ended.said[-2000:]


def drop_answers(outside: Outside, provider: str, count: int) -> None:
    body = json.dumps({"service": provider, "match": PATHS[provider][1], "kind": "act_then_drop", "count": count}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{outside.url}/_faults", data=body, method="POST"), timeout=30).close()


def recipients(outside: Outside, provider: str) -> Counter[str]:
    """How often each person was sent a mail, as the vendor's own journal has it."""
    found: Counter[str] = Counter()
    for row in outside.acted(provider, *PATHS[provider]):
        found.update(set(re.findall(r"p\d+@people\.example", str(row["body"]))))
    return found


def one_mail_each(provider: str, size: Size, url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with outside_process(home) as outside:
        own = environment(outside, url, provider)
        advance(outside.url, HOURS[0])
        app = prepare(own, size.people, monkeypatch)
        drop_answers(outside, provider, size.drops)
        dead = kill_again_and_again(own, outside, size.kills)
        finish(own, outside)
        found = recipients(outside, provider)
        with app.database.reading() as connection:
            states = Counter(connection.execute(sa.select(SENDS.c.status)).scalars())
        app.close()
    assert dead >= size.kills
    assert max(found.values()) == 1, "nobody gets it twice"
    # Over SMTP nobody can tell after a lost answer: such a mail is parked, whether it went out or not.
    assert states["sent"] + states["unknown"] == size.people
    assert set(states) <= {"sent", "unknown"}
    if provider == "resend":
        assert len(found) == size.people, "nobody is left out"
        assert states["unknown"] == 0
    else:
        assert states["sent"] <= len(found)
        assert states["unknown"] <= dead + size.drops


@pytest.mark.parametrize("provider", ["resend", "smtp"])
def test_one_mail_each_though_workers_die(provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_mail_each(provider, SAMPLE, f"sqlite:///{tmp_path}/revenue.db", tmp_path / "home", monkeypatch)


@pytest.mark.proof
@pytest.mark.parametrize("provider", ["resend", "smtp"])
def test_thirty_kills_and_one_mail_each(provider: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_mail_each(provider, WHOLE, database_url, tmp_path / "home", monkeypatch)
