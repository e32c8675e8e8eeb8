"""The page Experiments: what is tried, what waiting costs, every look with its range narrowing, and what winners still bring."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments import reads
from revenue_machine.domains.experiments.asked import Effect, HoldoutWeek, Look, ShowResult
from revenue_machine.domains.experiments.book_desk import ExperimentDesk
from revenue_machine.domains.experiments.book_rules import is_stale
from revenue_machine.domains.experiments.book_words import KIND_WORDS, TOO_EARLY, about, day_words, points
from revenue_machine.engine.database import Database
from revenue_machine.engine.page import Figure, Figures, Moment, Notice, Notices, Section, Table, Text, Timeline, Tone, View, page
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.money import micro, show
from revenue_machine.kit.settings import Settings

MOST_CLOSED, MOST_LOOKS = 12, 14
_CLOSED = ("What", "Ended", "How", "Effect, points")
_WEEKS = ("Until", "People", "Difference, points", "95 % range")
MEASURE_WORDS = {
    "ship": "better", "roll_back": "worse", "keep_going": "too early", "inconclusive": "no difference", "unhealthy": "unhealthy",
}  # fmt: skip
_TONES = {"ship": Tone.GOOD, "roll_back": Tone.BAD, "unhealthy": Tone.BAD, "inconclusive": Tone.QUIET}


@page("/experiments", title="Experiments", order=35)
def experiments(database: Database, desk: ExperimentDesk, settings: Settings, clock: Clock) -> View:
    """The book as it stands."""
    today = local_date(clock.now(), settings.zone)
    with database.reading() as connection:
        rows = reads.open_experiments(connection)
        shown = [desk.shown(connection, row) for row in rows]
        over = [
            desk.shown(connection, row) for row in reads.find(connection, is_closed=True, kind=None, subject=None)[:MOST_CLOSED]
        ]
        kept = [desk.shown(connection, row) for row in reads.held_out(connection)]
        stale = _stale(connection, rows, today, settings)
    sections: list[Section] = [
        Notices("For you", (*stale, *_notices(shown)), "Nothing stands out."),
        _figures(shown, over, kept),
        _open(shown, settings),
    ]
    sections += [part for one in shown for part in _one(one)]
    sections += [_weeks(one) for one in kept if one.holdout_weeks]
    sections.append(Table("Closed", _CLOSED, tuple(_closed(one, settings) for one in over), "Nothing has ended yet.", _CLOSED[-1:]))
    lead = "Registered before the first count, judged at every look, and changed only after your yes."
    return View("Experiments", lead, tuple(sections))


def _stale(connection: sa.Connection, rows: list[dict[str, Any]], today: date, settings: Settings) -> list[Notice]:
    found = []
    for row in rows:
        since = local_date(row["shipped_at"] or row["started_at"], settings.zone)
        silent = is_stale(row, reads.last_look_on(connection, row["id"]), since, today)
        if silent is not None:
            found.append(
                Notice(f"{row['title']}: no counts for {silent} days", Tone.BAD, "whoever counts for it has fallen silent")
            )
    return found


def _notices(shown: list[ShowResult]) -> list[Notice]:
    found = []
    for one in shown:
        verdict = one.experiment.verdict
        if verdict == "unhealthy":
            found.append(Notice(f"{one.experiment.title}: unhealthy", Tone.BAD, one.experiment.words.removeprefix("unhealthy: ")))
        elif one.experiment.status == "decided":
            found.append(Notice(f"{one.experiment.title}: {one.experiment.words}", Tone.WAITING, f"next: {one.experiment.next}"))
    return found


def _figures(shown: list[ShowResult], over: list[ShowResult], kept: list[ShowResult]) -> Figures:
    costs = [one.experiment.waiting_cost_usd_per_week for one in shown]
    known = [one for one in costs if one is not None]
    wins = sum(one.experiment.outcome in ("shipped", "improved") for one in over)
    early = len(costs) - len(known)
    return Figures((
        Figure("Open", str(len(shown)), "registered and not closed"),
        Figure("Waiting costs a week", _whole(sum(known, Decimal(0))) if known else "–", f"{early} {TOO_EARLY}" if early else ""),
        Figure("Shipped", str(wins), f"of the last {len(over)} closed", Tone.GOOD if wins else Tone.QUIET),
        Figure("Holdouts kept", str(len(kept)), "winners still compared with people who never got them"),
    ))  # fmt: skip


def _open(shown: list[ShowResult], settings: Settings) -> Section:
    if not shown:
        return Text("Open", ("Nothing is being tried.",))
    moments = tuple(_standing(place, one, settings) for place, one in enumerate(shown, 1))
    return Timeline("Open", moments, "The date is the day each began.")


def _standing(place: int, one: ShowResult, settings: Settings) -> Moment:
    """The line of the report, in its parts."""
    found = one.experiment
    cost = found.waiting_cost_usd_per_week
    what = "waiting costs" if found.shipped_at is None else "the holdout costs"
    waits = f"waiting: {TOO_EARLY} what it costs" if cost is None else f"{what} {about(micro(cost))} a week"
    verdict = (found.verdict or "no counts yet") if found.status in ("open", "decided") else found.status
    return Moment(
        day_words(local_date(found.started_at, settings.zone)), f"{found.title} ({KIND_WORDS[found.kind]}, {found.subject})",
        verdict.replace("_", " "), _TONES.get(verdict, Tone.PLAIN), str(place), details=(found.words, f"next: {found.next}", waits),
    )  # fmt: skip


def _closed(one: ShowResult, settings: Settings) -> tuple[str, ...]:
    found = one.experiment
    ended = "–" if found.closed_at is None else day_words(local_date(found.closed_at, settings.zone))
    how = f"{(found.outcome or '').replace('_', ' ')}: {one.outcome_words}"
    effect = _points(one.effect) if one.interval is None else f"{_points(one.effect)} ({_range(one.interval)})"
    return f"{found.title} ({KIND_WORDS[found.kind]}, {found.subject})", ended, how, effect


def _one(one: ShowResult) -> tuple[Section, ...]:
    """What was registered, and every look: the newest first, so that one sees the range narrow upwards."""
    found = one.experiment
    split = ", ".join(f"{name} {100 * share:.0f} %" for name, share in one.planned_split.items())
    looks = "looked at whenever counts come" if one.planned_looks is None else f"{one.planned_looks} planned looks"
    registered = (
        f"{one.hypothesis} Measured: {found.metric}; {split}; {one.minimum_days} to {found.planned_days} days, {looks}; "
        f"a conversion is worth {_usd(one.value_per_conversion_usd)}; at most {100 * one.alpha:.1f} % false alarms."
    )
    told = tuple(text for text in (registered, one.measure_check, one.lasting) if text)
    newest = list(reversed(one.looks))
    note = f'Every look: revenue call experiments.show \'{{"experiment_id": "{found.experiment_id}"}}\''
    seen = Timeline(f"{found.title}: look by look", tuple(_look(one, look) for look in newest[:MOST_LOOKS]), note)
    return Text(f"{found.title}: what was registered", told), *((seen,) if newest else ())


def _look(one: ShowResult, look: Look) -> Moment:
    """One look: the difference with its range, then the counts and the money behind it; what is wrong is said of the newest."""
    counts = {str(arm["name"]): arm for arm in look.counts}
    is_test, details = (
        look.phase == "test",
        [f"{look.arm} {_arm(counts[look.arm])} against {one.control} {_arm(counts[one.control])}"],
    )
    if look.ship_now_usd_per_week is not None and look.waiting_cost_usd_per_week is not None:
        brings, waits = f"{_whole(look.ship_now_usd_per_week)} a week", f"{_whole(look.waiting_cost_usd_per_week)} a week"
        details.append(
            f"shipping now is expected to bring {brings}, waiting costs {waits}"
            if is_test
            else f"brings about {brings}, the holdout costs {waits}"
        )
    if look is one.looks[-1] and look.verdict in ("unhealthy", "inconclusive"):
        details.append(look.reason)
    range_ = "" if look.interval is None else f" ({_range(look.interval)})"
    word = look.verdict if is_test else MEASURE_WORDS[look.verdict]
    return Moment(
        day_words(look.on_date), f"{_points(look.effect)} points{range_}", word.replace("_", " "),
        _TONES.get(look.verdict, Tone.PLAIN), label=str(look.days), group="The test" if is_test else "The measure",
        details=tuple(details),
    )  # fmt: skip


def _arm(arm: Mapping[str, Any]) -> str:
    share = 100 * arm["conversions"] / arm["users"] if arm["users"] else 0.0
    return f"{share:.2f} % ({arm['conversions']:,} of {arm['users']:,})"


def _whole(amount: Decimal) -> str:
    """Whole dollars: what is expected is not known to the cent."""
    return f"{'-' if amount < 0 else ''}${abs(round(amount)):,}"


def _weeks(one: ShowResult) -> Table:
    rows = tuple(_week(week) for week in reversed(one.holdout_weeks))
    return Table(f"{one.experiment.title}: winner against the held-out", _WEEKS, rows, numeric=_WEEKS[1:])


def _week(week: HoldoutWeek) -> tuple[str, ...]:
    return day_words(week.until), f"{week.users:,}", _points(week.effect), _range(week.interval)


def _points(effect: Effect) -> str:
    return "–" if effect.absolute is None else points(effect.absolute)


def _range(interval: list[float] | None) -> str:
    return "–" if interval is None else f"{points(interval[0])} to {points(interval[1])}"


def _usd(amount: Decimal | None) -> str:
    return show(None if amount is None else micro(amount))
