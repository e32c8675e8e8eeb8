"""Counts the people of both arms of a change: sticky, by the side they were first shown, watched long enough, in one arm only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.domains.analytics.models import EventsReport, PersonEvent
from revenue_machine.domains.owner.models import Product
from revenue_machine.domains.product.leaks import LeakFinder, Range, counts_of, funnel
from revenue_machine.domains.product.loop_models import CONTROL, TREATMENT
from revenue_machine.domains.product.loop_rules import ArmCount
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.clock import iso

ARMS = (CONTROL, TREATMENT)
# The next microsecond: a range includes both its ends, and nobody may be counted in two of them.
_NEXT = timedelta(microseconds=1)
People = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Watch:
    """What is measured: the step's events, the flag, from when, up to when, and how long each person is waited for."""

    from_event: str
    to_event: str
    flag: str
    start: datetime
    end: datetime
    lag_days: int
    source: str = "auto"

    @property
    def old_enough_until(self) -> datetime:
        """Whoever came later may still go on."""
        return self.end - timedelta(days=self.lag_days)

    @property
    def days(self) -> int:
        """Whole days over which people came that are old enough now."""
        return max(0, (self.old_enough_until - self.start).days)


@dataclass(frozen=True)
class Counted:
    """People and those who went on, by arm; who was shown both sides is in neither."""

    arms: dict[str, ArmCount]
    in_both: int
    without_arm: int

    @property
    def fewest(self) -> int:
        return min(self.arms[name].people for name in ARMS)

    @property
    def has_arms(self) -> bool:
        return self.fewest > 0


def count(topics: Topics, watch: Watch) -> Counted:
    """People by arm as they stand now. Raises: what `posthog.funnel` and `posthog.events` raise."""
    watched, until = _range(watch, watch.start), watch.old_enough_until
    came, each = (_by_arm(topics, watched, until, watch, mode) for mode in ("first", "any"))
    without = sum(some[0] for name, some in came.items() if name not in ARMS)
    if _people(each) > _people(came):
        # The arms together hold more people than there are: somebody saw both sides, and a funnel cannot leave them out.
        return _count_singly(topics, watch, without)
    ended = _by_arm(topics, watched, watch.end, watch)
    # Who came too late to be judged and went on all the same is taken off again, so that both counts speak of the same people.
    late = _by_arm(topics, _range(watch, until + _NEXT), watch.end, watch) if watch.lag_days else {}
    arms = {}
    for name in ARMS:
        people = came.get(name, (0, 0))[0]
        went_on = ended.get(name, (0, 0))[1] - late.get(name, (0, 0))[1]
        arms[name] = ArmCount(people, max(0, min(went_on, people)))
    return Counted(arms, 0, without)


def count_window(topics: Topics, watch: Watch, finder: LeakFinder, product: Product) -> ArmCount | None:
    """A product's people at the step, whatever their arm; None where events do not say whose they are."""
    asked = finder.ask(topics, _range(watch, watch.start))
    if not finder.tells(asked):
        return None
    wait, until = max(1, watch.lag_days), watch.old_enough_until

    def people(span: Range, end: datetime) -> list[int]:
        report = funnel(topics, span, end, breakdown=asked.told_by, window_days=wait)
        return finder.people_of(counts_of(report), product, asked.told_by, 2)

    came, ended = people(_range(watch, watch.start), until)[0], people(_range(watch, watch.start), watch.end)[1]
    late = people(_range(watch, until + _NEXT), watch.end)[1] if watch.lag_days else 0
    return ArmCount(came, max(0, min(ended - late, came)))


def _range(watch: Watch, start: datetime) -> Range:
    return Range(start, watch.end, (watch.from_event, watch.to_event), watch.source)


def _by_arm(topics: Topics, span: Range, end: datetime, watch: Watch, mode: str = "first") -> dict[str, tuple[int, int]]:
    """(came, went on) by the side a person was first shown, or with `any` by every side; others under their own name."""
    report = funnel(topics, span, end, breakdown=f"$feature/{watch.flag}", window_days=max(1, watch.lag_days), mode=mode)
    return {str(label): (people[0], people[1]) for label, people in counts_of(report).items()}


def _people(counts: Mapping[str, tuple[int, int]]) -> int:
    return sum(counts.get(name, (0, 0))[0] for name in ARMS)


def _count_singly(topics: Topics, watch: Watch, without_arm: int) -> Counted:
    """The same from single events, person by person: who saw one side only, on that side."""
    name, wait = f"$feature/{watch.flag}", timedelta(days=max(1, watch.lag_days))
    until = watch.old_enough_until
    same = _same_person(topics, watch)
    shown: dict[str, list[tuple[datetime, str]]] = {}
    for one in _events(topics, watch, watch.from_event, (name,), until + _NEXT):
        if one.properties.get(name) in ARMS:
            shown.setdefault(same.get(one.user_id, one.user_id), []).append((one.occurred_at, str(one.properties[name])))
    ended: dict[str, list[datetime]] = {}
    for one in _events(topics, watch, watch.to_event, (), watch.end + _NEXT):
        ended.setdefault(same.get(one.user_id, one.user_id), []).append(one.occurred_at)
    counts, in_both = {arm: [0, 0] for arm in ARMS}, 0
    for person, sides in sorted(shown.items()):
        if len({arm for _, arm in sides}) > 1:
            in_both += 1
            continue
        counts[sides[0][1]][0] += 1
        counts[sides[0][1]][1] += any(at <= then <= at + wait for at, _ in sides for then in ended.get(person, ()))
    return Counted({arm: ArmCount(*held) for arm, held in counts.items()}, in_both, without_arm)


def _same_person(topics: Topics, watch: Watch) -> dict[str, str]:
    """Ids from before somebody was known, with the id they are known by."""
    found: dict[str, str] = {}
    for event, name in (("$identify", "$anon_distinct_id"), ("$create_alias", "alias")):
        for one in _events(topics, watch, event, (name,), watch.end + _NEXT):
            earlier = one.properties.get(name)
            if isinstance(earlier, str) and earlier != one.user_id:
                found.setdefault(earlier, one.user_id)
    return found


def _events(topics: Topics, watch: Watch, event: str, names: tuple[str, ...], before: datetime) -> list[PersonEvent]:
    asked: dict[str, Any] = {
        "event": event, "after": iso(watch.start), "before": iso(before), "properties": list(names), "source": watch.source,
    }  # fmt: skip
    answer = topics.call("posthog.events", asked, key=f"single/{event}/{iso(watch.start)}/{iso(before)}")
    if answer.error is not None:
        raise answer.error
    if not isinstance(answer.value, EventsReport):
        raise TypeError("posthog.events answered something else than events")
    return answer.value.events
