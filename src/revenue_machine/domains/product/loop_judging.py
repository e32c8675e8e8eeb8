"""Looks at a change that is live: counts both arms, lets the book judge, and says what the change did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.domains.experiments import reads as book_reads
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.product import loop_rules as rules
from revenue_machine.domains.product import loop_store, measuring
from revenue_machine.domains.product import loop_words as words
from revenue_machine.domains.product.leaks import LeakFinder
from revenue_machine.domains.product.loop_models import CONTROL, TREATMENT, Status
from revenue_machine.domains.product.measuring import Counted, Watch
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Envelope, Topics
from revenue_machine.kit.clock import Clock, iso, local_date
from revenue_machine.kit.errors import Conflict, Failure
from revenue_machine.kit.settings import Settings

Row = Mapping[str, Any]
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
# So long a shipped change is still compared with those who never got it.
HOLDOUT_WEEKS = 8


@dataclass(frozen=True)
class Verdict:
    """How it stands after a look: the new status, what is said of it, and what is kept."""

    status: Status
    result: str
    kept: dict[str, Any]


@dataclass(frozen=True)
class Judging:
    """Within one call."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    finder: LeakFinder

    def begin(self, row: Row, topics: Topics) -> None:
        """The change is there: the book counts from now on, PostHog is asked for the flag, what stood before is counted.

        Raises: what the book and analytics raise.
        """
        start: datetime = row["measuring_at"]
        counted_from = start + timedelta(days=row["lag_days"])
        told = {
            "experiment_id": row["id"], "status": "open", "started_at": iso(start), "delegation_id": row["delegation_id"],
            "next": f"measured until {local_date(self.ends_at(row), self.settings.zone).isoformat()}",
        }  # fmt: skip
        must(topics.call("experiments.note", told, key=f"begin/{row['id']}"))
        flag_words = self._flag_words(row, topics)
        baseline = self._window(row, topics, start)
        with self.database.writing() as connection:
            kept: dict[str, Any] = {"flag_words": flag_words, "due_at": counted_from + WEEK}
            if baseline is not None and baseline.rate is not None:
                kept |= {"baseline_conversion": baseline.rate, "counts": {"baseline": [baseline.people, baseline.went_on]}}
            loop_store.note(connection, row, self.clock.now(), **kept)

    def ends_at(self, row: Row) -> datetime:
        """When the planned measure is over."""
        began: datetime = row["measuring_at"]
        return began + timedelta(days=int(row["lag_days"]) + int(row["planned_days"]))

    def look(self, row: Row, topics: Topics) -> Status:
        """Count, judge, write down. Raises: what the book and analytics raise."""
        now = self.clock.now()
        watch = Watch(row["from_event"], row["to_event"], row["flag"], row["measuring_at"], now, int(row["lag_days"]))
        counted = measuring.count(topics, watch)
        is_over = watch.days >= int(row["planned_days"])
        if not is_over and counted.fewest < rules.FEWEST_PER_ARM:
            return self._wait(row, counted, now + DAY)
        verdict = self._by_arms(row, topics, watch, counted) if counted.has_arms else self._before_after(row, topics, watch)
        if verdict.status == "measuring":
            next_at = row["measuring_at"] + timedelta(days=int(row["lag_days"])) + WEEK * (watch.days // 7 + 1)
            return self._wait(row, counted, next_at, verdict.kept)
        with self.database.writing() as connection:
            kept = {**_arms_kept(row, counted), **verdict.kept, "result": verdict.result}
            loop_store.move(connection, row, verdict.status, now, **kept)
        return verdict.status

    def watch_holdout(self, row: Row, shipped_at: datetime, topics: Topics) -> str | None:
        """A week's look at a shipped change against those who never got it; None while the week is not over.

        Raises: what the book and analytics raise.
        """
        now = self.clock.now()
        watch = Watch(row["from_event"], row["to_event"], row["flag"], shipped_at, now, int(row["lag_days"]))
        with self.database.reading() as connection:
            seen = book_reads.newest_look(connection, row["id"], "measure")
        weeks, done = watch.days // 7, 0 if seen is None else int(seen["days"]) // 7
        if weeks <= done or weeks > HOLDOUT_WEEKS:
            return None
        counted = measuring.count(topics, watch)
        if not counted.has_arms:
            return None
        today = local_date(now, self.settings.zone)
        asked = {
            "experiment_id": row["id"], "on_date": today.isoformat(), "phase": "measure", "arms": _arms_of(counted),
            "days": watch.days,
        }  # fmt: skip
        said = must(topics.call("experiments.look", asked, key=f"holdout/{row['id']}/{today.isoformat()}"))
        found = rules.difference(counted.arms[CONTROL], counted.arms[TREATMENT])
        effect = "nothing to compare" if found is None else words.effect_words(found)
        step = f"{row['project']}: {row['from_step']} to {row['to_step']}"
        return f"{step}, week {weeks} since the roll-out: {effect} ({said['verdict']})"

    def _by_arms(self, row: Row, topics: Topics, watch: Watch, counted: Counted) -> Verdict:
        """The book's word on both arms, held back where an arm has fewer than a hundred people."""
        today = local_date(watch.end, self.settings.zone)
        asked = {
            "experiment_id": row["id"], "on_date": today.isoformat(), "phase": "test", "arms": _arms_of(counted),
            "days": watch.days + int(row["lag_days"]),
        }  # fmt: skip
        said = must(topics.call("experiments.look", asked, key=f"look/{row['id']}/{today.isoformat()}"))
        verdict, winner = str(said["verdict"]), said["winner"]
        status = rules.status_after(verdict, winner)
        if status == "measuring" and watch.days >= int(row["planned_days"]):
            status = "neutral"
        few = counted.fewest < rules.FEWEST_PER_ARM
        if few and status in ("improved", "regressed"):
            status = "neutral"
        control, treatment = counted.arms[CONTROL], counted.arms[TREATMENT]
        found = rules.difference(control, treatment)
        kept = {"verdict": verdict, "looks": int(row["looks"]) + 1, **_effect_kept(found)}
        if found is None:
            return Verdict(status, str(said["reason"]), kept)
        result = f"{words.measured_words(control, treatment, found, counted.in_both)}; {self._drift(row, counted)}"
        if few:
            result += f"; fewer than {rules.FEWEST_PER_ARM} people in an arm prove nothing"
        if verdict == "unhealthy":
            result = f"nothing can be read from it: {said['reason'] or 'the split is not the planned one'}; {result}"
        return Verdict(status, result, kept)

    def _before_after(self, row: Row, topics: Topics, watch: Watch) -> Verdict:
        """No event carries the flag: two windows are compared, which proves nothing and is said so."""
        missing = f"no event carries $feature/{row['flag']}, so there is no control group"
        span = timedelta(days=int(row["planned_days"]) + int(row["lag_days"]))
        now, before = self._window(row, topics, watch.end), self._window(row, topics, watch.start)
        older = self._window(row, topics, watch.start - span)
        found = None if now is None or before is None else rules.difference(before, now)
        if now is None or before is None or found is None:
            return Verdict("neutral", f"{missing}, and before and after cannot be counted", {"verdict": "unclear"})
        likely = rules.before_after(before, now, older if older is not None and older.people else None)
        said = {
            "likely_better": "likely better, also than the weeks before those that made it look bad",
            "likely_worse": "likely worse", "unclear": "no clear difference, or only the way back to its mean",
        }[likely]  # fmt: skip
        result = (
            f"{missing}; before {words.share_words(before)}, after {words.share_words(now)}: {words.effect_words(found)}; {said}"
        )
        kept = {"verdict": likely, "post_conversion": now.rate, "baseline_conversion": before.rate, **_effect_kept(found)}
        return Verdict("neutral", result, kept)

    def _window(self, row: Row, topics: Topics, end: datetime) -> rules.ArmCount | None:
        """The step's people in a window as long as the measure, up to `end`."""
        product = self.business.product(row["project"])
        if product is None:
            return None
        lag = int(row["lag_days"])
        start = end - timedelta(days=int(row["planned_days"]) + lag)
        watch = Watch(row["from_event"], row["to_event"], row["flag"], start, end, lag)
        return measuring.count_window(topics, watch, self.finder, product)

    def _drift(self, row: Row, counted: Counted) -> str:
        held = (row["counts"] or {}).get("baseline")
        return words.drift_words(None if held is None else rules.ArmCount(*held), counted.arms[CONTROL])

    def _wait(self, row: Row, counted: Counted, until: datetime, kept: Mapping[str, Any] | None = None) -> Status:
        with self.database.writing() as connection:
            changes = {**(kept or {}), **_arms_kept(row, counted), "due_at": until}
            loop_store.note(connection, row, self.clock.now(), **changes)
        return "measuring"

    def _flag_words(self, row: Row, topics: Topics) -> str:
        """Whether PostHog knows the flag: good to know, not needed, as the product itself says who is on which side."""
        answer = topics.call("posthog.feature_flags", {}, key=f"flags/{row['id']}")
        if answer.error is not None or answer.result is None:
            return "PostHog could not be asked whether it knows the flag"
        known = next((one for one in answer.result["flags"] if one["key"] == row["flag"]), None)
        if known is None:
            return "PostHog knows no such flag; the product deals the sides itself"
        return f"PostHog knows the flag, {'active' if known['active'] else 'not active'} there"


def must(answer: Envelope) -> dict[str, Any]:
    """The answer of a call that has to succeed. Raises: its failure."""
    if answer.error is not None:
        raise answer.error
    found: dict[str, Any] = answer.result
    return found


def is_over_already(failure: Failure) -> bool:
    """Whether the book closed the experiment by itself meanwhile."""
    return isinstance(failure, Conflict)


def _arms_of(counted: Counted) -> list[dict[str, Any]]:
    """The arms as the book takes them."""
    return [{"name": name, "users": one.people, "conversions": one.went_on} for name, one in sorted(counted.arms.items())]


def _arms_kept(row: Row, counted: Counted) -> dict[str, Any]:
    held = {name: [one.people, one.went_on] for name, one in counted.arms.items()} if counted.has_arms else {}
    kept: dict[str, Any] = {"counts": {**(row["counts"] or {}), **held}, "in_both_arms": counted.in_both}
    if counted.has_arms:
        kept |= {"control_conversion": counted.arms[CONTROL].rate, "post_conversion": counted.arms[TREATMENT].rate}
    return kept


def _effect_kept(found: rules.Difference | None) -> dict[str, Any]:
    if found is None:
        return {}
    low, high = found.points_interval
    down, up = found.relative_interval or (None, None)
    return {
        "effect_points": found.points, "points_low": low, "points_high": high, "effect_relative": found.relative,
        "relative_low": down, "relative_high": up,
    }  # fmt: skip
