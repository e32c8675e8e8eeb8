"""Looks at the people who stop at a step: where they come from, what they do last, which errors they were shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.domains.analytics.models import EventsReport, PersonEvent
from revenue_machine.domains.product.loop_models import Segment, Split
from revenue_machine.domains.product.loop_rules import where_it_leaks
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.clock import iso
from revenue_machine.kit.intervals import wilson

# By what a leak is split; the first two that anybody carries are kept.
SPLIT_BY = ("utm_source", "platform", "$device_type", "device", "$os")
# What is worth knowing of somebody's way (definitions §2.3); the errors carry a text of the product's own.
ERRORS = ("error_shown", "api_error")
SEEN = ("cta_click", "pricing_view", "checkout_started", *ERRORS)
ERROR_TEXT = ("message", "error", "error_message", "code", "$exception_message")
PAGES = ("$pathname", "$current_url", "page", "path")
DRILL_DAYS = 14
MOST_SHOWN = 5
LONGEST_QUOTE = 200


@dataclass(frozen=True)
class Question:
    """Which step of which product, over which time; `is_mine` tells from an event's properties whether it counts."""

    from_event: str
    to_event: str
    start: datetime
    end: datetime
    lag: timedelta
    source: str
    told_by: tuple[str, ...]
    is_mine: Callable[[Mapping[str, Any]], bool]


@dataclass
class Person:
    """Somebody who came to the step: when, with what, whether they went on, and what they did afterwards."""

    came_at: datetime
    properties: Mapping[str, Any]
    went_on_at: datetime | None = None
    later: list[tuple[datetime, str, Mapping[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True)
class DrillDown:
    """What is known of those who stopped; texts inside `errors` and `last` come from the product's events: outside data."""

    people: int
    stopped: int
    splits: list[Split]
    last: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    analysis: str

    def as_document(self) -> dict[str, Any]:
        """For the row and the brief."""
        splits = [one.model_dump(mode="json") for one in self.splits]
        return {
            "people": self.people, "stopped": self.stopped, "splits": splits, "last": self.last, "errors": self.errors,
            "analysis": self.analysis,
        }  # fmt: skip


def look(topics: Topics, question: Question, *, with_behaviour: bool = True) -> DrillDown:
    """Ask for single events and sum them up. Raises: what `posthog.events` raises."""
    people = _people(topics, question)
    if with_behaviour and people:
        _follow(topics, question, people)
    old_enough = {name: one for name, one in people.items() if one.came_at <= question.end - question.lag}
    stopped = [one for one in old_enough.values() if one.went_on_at is None]
    splits = _splits(old_enough.values())
    last = _last(stopped)
    errors = _errors(stopped, [one for one in old_enough.values() if one.went_on_at is not None])
    words = analysis(question, (len(old_enough), len(stopped)), splits, (last, errors))
    return DrillDown(len(old_enough), len(stopped), splits, last, errors, words)


def analysis(
    question: Question, counted: tuple[int, int], splits: Sequence[Split], seen: tuple[Sequence[Mapping[str, Any]], ...]
) -> str:
    """What the numbers say, in fixed sentences; outside texts stay out of them."""
    people, stopped = counted
    last, errors = seen
    if not people:
        return "no single events of this step are kept, so nothing is known of those who stopped"
    days = (question.end - question.start).days
    lines = [f"{stopped} of {people} people of the last {days} days stopped after {question.from_event}"]
    lines += [f"by {one.property}: {one.where}" for one in splits]
    if last:
        share = last[0]["people"] / max(stopped, 1)
        lines.append(f"the commonest last thing they did is the first one quoted ({share:.0%} of them)")
    for one in errors[:1]:
        lines.append(
            f"{one['stopped_share']:.1%} of those who stopped and {one['went_on_share']:.1%} of those who went on saw the error "
            "quoted first"
        )
    return "; ".join(lines)


def _people(topics: Topics, question: Question) -> dict[str, Person]:
    found: dict[str, Person] = {}
    for one in _events(topics, question, question.from_event, (*question.told_by, *SPLIT_BY)):
        if one.user_id not in found and question.is_mine(one.properties):
            found[one.user_id] = Person(one.occurred_at, one.properties)
    for one in _events(topics, question, question.to_event, ()) if found else ():
        person = found.get(one.user_id)
        if person is not None and person.went_on_at is None and one.occurred_at >= person.came_at:
            person.went_on_at = one.occurred_at
    return found


def _follow(topics: Topics, question: Question, people: Mapping[str, Person]) -> None:
    """What they did after they came, until they went on."""
    for event in dict.fromkeys(("$pageview", *SEEN)):
        if event == question.to_event:
            continue
        for one in _events(topics, question, event, (*PAGES, *ERROR_TEXT)):
            person = people.get(one.user_id)
            if person is None or one.occurred_at < person.came_at:
                continue
            if person.went_on_at is None or one.occurred_at <= person.went_on_at:
                person.later.append((one.occurred_at, event, one.properties))


def _events(topics: Topics, question: Question, event: str, properties: tuple[str, ...]) -> list[PersonEvent]:
    asked = {
        "event": event, "after": iso(question.start), "before": iso(question.end), "properties": list(dict.fromkeys(properties)),
        "source": question.source,
    }  # fmt: skip
    answer = topics.call("posthog.events", asked, key=f"events/{event}/{iso(question.start)}/{iso(question.end)}")
    if answer.error is not None:
        raise answer.error
    if not isinstance(answer.value, EventsReport):
        raise TypeError("posthog.events answered something else than events")
    return answer.value.events


def _splits(people: Iterable[Person]) -> list[Split]:
    """The step by where people came from and what they held in their hands."""
    held = list(people)
    found = []
    for name in SPLIT_BY:
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for one in held:
            value = one.properties.get(name)
            if value not in (None, ""):
                counts[_short(value)][0] += 1
                counts[_short(value)][1] += one.went_on_at is not None
        if len(counts) > 1:
            rows = sorted(((value, came, kept) for value, (came, kept) in counts.items()), key=lambda row: (-row[1], row[0]))
            segments = [
                Segment(value=value, people=came, went_on=kept, rate=kept / came, interval=wilson(kept, came))
                for value, came, kept in rows[:MOST_SHOWN]
            ]
            found.append(Split(property=name, segments=segments, where=where_it_leaks(rows)))
    return found[:2]


def _last(stopped: Sequence[Person]) -> list[dict[str, Any]]:
    """The last thing each of them did, commonest first."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in stopped:
        if one.later:
            _, event, properties = max(one.later, key=lambda step: (step[0], step[1]))
            counts[(event, _first(properties, PAGES))] += 1
    order = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return [{"event": event, "page": page, "people": people} for (event, page), people in order[:MOST_SHOWN]]


def _errors(stopped: Sequence[Person], went_on: Sequence[Person]) -> list[dict[str, Any]]:
    """Errors by how many of those who stopped saw them, beside those who went on."""
    mine, others = _saw(stopped), _saw(went_on)
    order = sorted(mine.items(), key=lambda row: (-row[1], row[0]))
    return [
        {
            "event": event, "text": words, "people": people, "stopped_share": people / max(len(stopped), 1),
            "went_on_share": others[(event, words)] / max(len(went_on), 1),
        }
        for (event, words), people in order[:MOST_SHOWN]
    ]  # fmt: skip


def _saw(people: Sequence[Person]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for one in people:
        counts.update({(event, _first(properties, ERROR_TEXT)) for _, event, properties in one.later if event in ERRORS})
    return counts


def _first(properties: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((_short(properties[name]) for name in names if properties.get(name) not in (None, "")), "")


def _short(value: Any) -> str:
    return " ".join(str(value).split())[:LONGEST_QUOTE]
