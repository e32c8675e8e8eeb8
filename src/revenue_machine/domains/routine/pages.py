"""The page Today: what needs the owner first, the day in numbers, and its seventeen steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.credit.reads import budget_states, spent_on
from revenue_machine.domains.revenue.reads import money_between
from revenue_machine.domains.routine import reads, rules
from revenue_machine.domains.routine.daily_routine import BLOCKS, STEPS
from revenue_machine.domains.routine.models import Block, CallRecord, Standing, Status, Step
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.database import Database
from revenue_machine.engine.doubts import Doubt, Doubts
from revenue_machine.engine.overview import overview
from revenue_machine.engine.page import Figure, Figures, Moment, Notice, Notices, Timeline, Tone, View, page
from revenue_machine.engine.switch import Switch
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.clock import Clock, parse_instant, wall_instant
from revenue_machine.kit.money import show
from revenue_machine.kit.settings import Settings

TITLES = {
    1: "Heartbeat", 2: "Morning numbers", 3: "Recall what worked", 4: "Research the market", 5: "Strategy of the day",
    6: "Write and review, first batch", 7: "Make videos", 8: "Schedule and publish", 9: "Find LinkedIn prospects",
    10: "Scan Upwork", 11: "Send emails", 12: "Midday check", 13: "Write and publish, second batch", 14: "Read the feedback",
    15: "Evening numbers", 16: "Remember and report", 17: "Night shift",
}  # fmt: skip
_TONES = {
    Standing.DONE: Tone.GOOD, Standing.PARTLY: Tone.GOOD, Standing.NEXT: Tone.WAITING, Standing.RUNNING: Tone.WAITING,
    Standing.WAITING: Tone.WAITING, Standing.OVERDUE: Tone.BAD, Standing.UNKNOWN: Tone.BAD, Standing.FAILED: Tone.BAD,
}  # fmt: skip
_OVER = (Standing.DONE, Standing.PARTLY, Standing.SKIPPED, Standing.NOT_SET_UP, Standing.WAITING, Standing.UNKNOWN, Standing.FAILED)
_MOST_COUNTS = 4


@dataclass(frozen=True)
class Day:
    """What the books say of one date, seen from an instant."""

    shown: date
    now: datetime
    zone: ZoneInfo
    calls: Sequence[CallRecord]
    begun: frozenset[str]

    def is_due(self, block: Block) -> bool:
        return wall_instant(self.shown + timedelta(days=block.day_offset), block.at, self.zone) <= self.now


@page("/today", title="Today", order=10)
def today(
    *, database: Database, clock: Clock, settings: Settings, approvals: Approvals, doubts: Doubts, switch: Switch, slot: Slot
) -> View:
    """The day as it stands now."""
    now, zone = clock.now(), settings.zone
    shown = rules.day_shown(now.astimezone(zone), BLOCKS[0].at)
    cards, dead = approvals.cards(), overview(database, clock, settings, slot)["dead_letters"]
    with database.reading() as connection:
        day = Day(shown, now, zone, reads.calls_of(connection, shown), reads.blocks_begun(connection, shown))
        money = _money(connection, shown)
    moments = tuple(_moment(block, step, day) for block in BLOCKS for step in block.steps)
    needs = [*_stop(switch, zone), *_cards(cards, zone), *_doubts(doubts.open()), *_dead(dead), *_trouble(moments)]
    over = sum(moment.state in _OVER for moment in moments)
    return View(
        title=f"{shown:%A}, {shown.day} {shown:%B}",
        lead=_lead(moments, now.astimezone(zone), settings),
        sections=(
            Notices("Needs you first", tuple(needs), "Nothing needs you right now."),
            Figures((*money, Figure("Steps behind us", f"{over} of {len(STEPS)}"))),
            Timeline("The day", moments, f"Times are {settings.timezone}."),
        ),
    )


def _lead(moments: Sequence[Moment], local: datetime, settings: Settings) -> str:
    """One sentence: the time, and what comes next."""
    ahead = [moment for moment in moments if moment.state not in _OVER]
    next_up = f"Next: {ahead[0].title}, {ahead[0].at}" if ahead else "The day is done"
    world = "Rehearsal in the sandbox: nothing leaves the house." if settings.mode == "sandbox" else "Live."
    return f"It is {local:%H:%M}. {next_up}. {world}"


def _money(connection: sa.Connection, shown: date) -> tuple[Figure, Figure]:
    income, spent = money_between(connection, shown, shown), spent_on(connection, shown)
    limits = [state.limit_micro_usd for state in budget_states(connection, [f"day:{shown.isoformat()}"])]
    of_limit = f"of {show(limits[0])} for the day" if limits and limits[0] is not None else "nothing asked yet" if not spent else ""
    gross = income.gross_micro_usd
    after = f"{show(income.net_micro_usd)} after refunds and fees" if income.net_micro_usd != gross else ""
    return (Figure("Revenue", show(gross), after), Figure("Spent on AI", show(spent), of_limit))


def _stop(switch: Switch, zone: ZoneInfo) -> list[Notice]:
    stop = switch.stopped_by()
    if stop is None:
        return []
    return [
        Notice(
            "Everything that spends or speaks is stopped",
            Tone.BAD,
            f"by {stop.actor} at {stop.since.astimezone(zone):%H:%M}: {stop.reason}",
        )
    ]


def _cards(cards: Sequence[dict[str, Any]], zone: ZoneInfo) -> list[Notice]:
    if not cards:
        return []
    first = min(parse_instant(card["expires_at"]) for card in cards).astimezone(zone)
    words = "One card waits for your yes" if len(cards) == 1 else f"{len(cards)} cards wait for your yes"
    what = cards[0]["title"] if len(cards) == 1 else f"the first one expires {first:%A %H:%M}; no answer is a no"
    return [Notice(words, Tone.WAITING, what, "/inbox", "Open inbox")]


def _doubts(found: Sequence[Doubt]) -> list[Notice]:
    if not found:
        return []
    words = "One outcome is unknown" if len(found) == 1 else f"{len(found)} outcomes are unknown"
    names = ", ".join(sorted({f"{doubt.operation} at {doubt.service}" for doubt in found}))
    return [Notice(words, Tone.BAD, f"{names}: sent, no answer came, and nothing is sent again before it is settled")]


def _dead(count: int) -> list[Notice]:
    if count == 0:
        return []
    words = "One webhook could not be handled" if count == 1 else f"{count} webhooks could not be handled"
    return [Notice(words, Tone.BAD, "they are kept as they came")]


def _trouble(moments: Sequence[Moment]) -> list[Notice]:
    failed = [moment for moment in moments if moment.state in (Standing.FAILED, Standing.OVERDUE)]
    if not failed:
        return []
    words = f"{failed[0].title}: {failed[0].state}" if len(failed) == 1 else f"{len(failed)} steps failed or are overdue"
    return [Notice(words, Tone.BAD, failed[0].details[0] if len(failed) == 1 and failed[0].details else "see the day below")]


def _moment(block: Block, step: Step, day: Day) -> Moment:
    calls = [one for one in day.calls if one.step == step.number]
    standing = rules.standing_of(
        [one.status for one in calls], len(step.calls), is_due=day.is_due(block), is_block_begun=block.name in day.begun
    )
    return Moment(
        at=f"{step.at:%H:%M}",
        title=TITLES[step.number],
        state=standing.value,
        tone=_TONES.get(standing, Tone.QUIET),
        label=str(step.number),
        group=block.name.capitalize(),
        details=tuple(line for one in calls for line in _details(one)),
    )


def _details(call: CallRecord) -> list[str]:
    """Why a call is not plainly done; what it counted when it is."""
    if call.status in (Status.OK, Status.RETRIED):
        counts = [f"{name.replace('_', ' ')} {value}" for name, value in call.summary.items() if _is_count(name, value)]
        again = ["at the second try"] if call.status is Status.RETRIED else []
        return [f"{call.label}: {', '.join([*counts[:_MOST_COUNTS], *again])}"] if counts or again else []
    why = (call.reason or call.status.value.replace("_", " ")).removeprefix(f"{call.topic} is ")
    return [f"{call.label}: {why}"]


def _is_count(name: str, value: Any) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and value > 0 and not name.endswith(("_usd", "_ms", "_s"))
