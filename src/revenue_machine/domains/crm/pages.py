"""The page People: who is warm, what happened last, and who may be one and the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.crm import reads, scoring
from revenue_machine.domains.crm.models import Person, TimelineItem
from revenue_machine.engine.database import Database
from revenue_machine.engine.page import Figure, Figures, Moment, Notice, Notices, Section, Table, Timeline, Tone, View, page
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.money import show
from revenue_machine.kit.settings import Settings

MOST_PEOPLE = 50
MOST_DOUBLES = 10
MOST_MOMENTS = 40
WARMEST = 3
_COLUMNS = ("Name", "Company", "Where", "Stage", "Score", "Why")


@page("/people", title="People", order=40)
def people(database: Database, clock: Clock, settings: Settings) -> View:
    """Everybody by score, the last things with the warmest, and merge suggestions."""
    now = clock.now()
    with database.reading() as connection:
        counts = reads.counts(connection, now - timedelta(days=7), now + timedelta(microseconds=1))
        _, found = reads.listed(connection, {"opted_out": False, "limit": MOST_PEOPLE})
        reasons = reads.score_reasons(connection, [one.id for one in found])
        sections: tuple[Section, ...] = (
            _doubles(connection),
            Figures((
                Figure("People", str(counts["contacts"]), f"{counts['opted_out']} opted out"),
                Figure("New in 7 days", str(counts["new"])),
                Figure("Replied in 7 days", str(counts["replied"]), f"of {counts['touched']} written to"),
            )),
            Table("By score", _COLUMNS, tuple(_row(one, reasons) for one in found), "Nobody yet.", ("Score",)),
            *(_life(connection, one, settings.zone) for one in found[:WARMEST] if one.score is not None),
        )  # fmt: skip
    return View("People", f"{counts['contacts']} people, the warmest first.", sections)


def _row(one: Person, reasons: dict[str, str]) -> tuple[str, ...]:
    where = f"{one.platform}: {one.handle}" if one.handle else one.email or ""
    score = "" if one.score is None else f"{one.score:.0f} {scoring.tier_of(one.score)}"
    return (one.name or one.handle or one.email or one.id, one.company or "", where, one.status, score, reasons.get(one.id, ""))


def _doubles(connection: sa.Connection) -> Notices:
    found = reads.doubles(connection, MOST_DOUBLES)
    names = reads.people(connection, [side for one in found for side in (one.first_id, one.second_id)])
    items = tuple(
        Notice(
            f"{_name(names[one.first_id])} and {_name(names[one.second_id])} may be one person",
            Tone.WAITING,
            f"{one.confidence:.0%}: {'; '.join(one.reasons)}. crm.merge_contacts {one.first_id} {one.second_id}",
        )
        for one in found
    )
    return Notices("Merge suggestions", items, "Nobody is here twice, as far as can be told.")


def _name(one: Person) -> str:
    return one.name or one.handle or one.email or one.id


def _life(connection: sa.Connection, one: Person, zone: ZoneInfo) -> Timeline:
    moments = tuple(_moment(item, zone) for item in reads.timeline(connection, one.id, MOST_MOMENTS))
    return Timeline(_name(one), moments, f"{one.status}; {one.lawful_basis or 'no lawful basis noted'}")


def _moment(item: TimelineItem, zone: ZoneInfo) -> Moment:
    at: datetime = item.occurred_at.astimezone(zone)
    money = [f"cost {show(item.cost_micro_usd)}"] if item.cost_micro_usd else []
    money += [f"value {show(item.value_micro_usd)}"] if item.value_micro_usd else []
    tone = Tone.GOOD if item.direction == "in" or item.kind == "money" else Tone.PLAIN
    return Moment(f"{at:%d %b %H:%M}", item.text[:200], item.kind, tone, label=item.channel or "", details=tuple(money))
