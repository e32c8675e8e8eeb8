"""The paywall loop (seed §4.4): found in charts, registered, looked at daily, shipped after a yes, measured, remembered.

Every step reads a loop's row, makes calls that may be repeated (the book, the delegation and the memory know each by its key)
and moves the row from the state it was read in. A kill between the two repeats the calls; nothing happens twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.paywall import endings, reads, rules, store, wording
from revenue_machine.domains.paywall.endings import call
from revenue_machine.domains.paywall.metrics_desk import trial_days
from revenue_machine.domains.paywall.models import AbTestArgs, AbTestResult, Arm, Decision
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.errors import Conflict, Failure, NotFound
from revenue_machine.kit.money import dollars

Row = Mapping[str, Any]
# Steps of one loop that may follow each other at once; a loop that goes on longer waits for its next turn.
MOST_STEPS = 6
RETRY_AFTER = timedelta(hours=1)
MOST_RETRIES = 24
# A broken split is believed on the second evening; a week of measuring may be stretched to three where people are few.
UNHEALTHY_DAYS, MOST_MEASURE_DAYS, FEWEST_USERS = 2, 21, 20
NEWEST = 20


@dataclass(frozen=True)
class PaywallExperiments:
    """Advances loops; asks nobody outside."""

    database: Database
    clock: Clock
    business: Business

    def advance(self, args: AbTestArgs, topics: Topics) -> AbTestResult:
        """Take every step that can be taken now. Raises: not_found; conflict (the control of a test that was opened)."""
        rows = self._waiting(args)
        steps = sum(self._walk(row["id"], topics) for row in rows)
        with self.database.reading() as connection:
            shown = [reads.loop(connection, row["id"]) for row in rows] if rows else reads.newest_loops(connection, NEWEST)
            open_now = len(reads.open_loops(connection))
        return AbTestResult(steps=steps, open=open_now, experiments=[reads.view(row) for row in shown if row is not None])

    def _waiting(self, args: AbTestArgs) -> list[dict[str, Any]]:
        if args.experiment_id is None:
            with self.database.reading() as connection:
                return reads.due_loops(connection, self.clock.now())
        with self.database.writing() as connection:
            row = reads.loop(connection, args.experiment_id)
            if row is None:
                raise NotFound(f"there is no paywall test {args.experiment_id}", field="experiment_id")
            if args.control is not None:
                self._take_control(connection, row, args.control)
            return [row]

    def _take_control(self, connection: sa.Connection, row: Row, control: str) -> None:
        if control not in row["arms"]:
            raise Conflict(f"the variants are {', '.join(row['arms'])}", field="control")
        if control != row["control"] and row["state"] != "found":
            raise Conflict("the control is registered already", field="control")
        store.note(connection, row, self.clock.now(), control=control)
        store.name_control(connection, row, control)

    def _walk(self, loop_id: str, topics: Topics) -> int:
        """Steps taken; afterwards the loop waits for a reason, never for nothing."""
        taken = 0
        for _ in range(MOST_STEPS):
            with self.database.reading() as connection:
                row = reads.loop(connection, loop_id)
            step = None if row is None else self._steps().get(row["state"])
            if row is None or step is None:
                break
            self._lease(row)
            try:
                moved = step(row, topics)
            except Failure as failure:
                self._later(row, failure)
                break
            taken += moved
            if not moved:
                break
        return taken

    def _steps(self) -> Mapping[str, Callable[[Row, Topics], bool]]:
        return {
            "found": self._open, "testing": self._look, "shipping": self._ship, "shipped": self._begin_measure,
            "measuring": self._measure, "closing": self._close, "undoing": self._undo,
        }  # fmt: skip

    def _lease(self, row: Row) -> None:
        """A step that dies half way is taken again in an hour, for a day; after that the next evening's counts wake it."""
        attempts, now = row["attempts"] + 1, self.clock.now()
        again = now + RETRY_AFTER if attempts <= MOST_RETRIES else None
        with self.database.writing() as connection:
            store.note(connection, row, now, attempts=attempts, next_due_at=again)

    def _later(self, row: Row, failure: Failure) -> None:
        """What only time can mend is tried again as a dead step is; every other refusal waits for the next evening."""
        with self.database.writing() as connection:
            quiet = {} if failure.retryable else {"next_due_at": None, "attempts": 0}
            store.note(connection, row, self.clock.now(), words=f"waits: {failure.message}"[:500], **quiet)

    def _move(self, row: Row, state: str, **changes: Any) -> bool:
        with self.database.writing() as connection:
            return store.move(connection, row, state, self.clock.now(), **changes)

    def _say(self, row: Row, words: str, **changes: Any) -> bool:
        with self.database.writing() as connection:
            waits = {"next_due_at": None, "attempts": 0}
            store.note(connection, row, self.clock.now(), words=words[:500], **waits, **changes)
        return False

    def _today(self) -> date:
        return self.clock.now().date()

    def _open(self, row: Row, topics: Topics) -> bool:
        """Register the test before anybody counts: it counts from today on, and today is not over."""
        product, since = self.business.product(row["product"]), self._today()
        price = 0 if product is None else max(one.price_micro_usd for one in product.offers)
        share = Decimal(str(rules.PAID_OF_TRIALS)) if row["metric"] == "trial_starts" else Decimal(1)
        answer = call(topics, "experiments.open", row["id"], {
            "kind": store.KIND, "subject": row["product"], "opened_for": row["vendor_experiment_id"], "title": wording.title(row),
            "hypothesis": wording.hypothesis(row), "metric": wording.METRIC_WORDS[row["metric"]], "arms": row["arms"],
            "control": row["control"], "planned_split": row["split"], "planned_days": rules.PLANNED_DAYS,
            "minimum_days": rules.MINIMUM_DAYS, "planned_looks": rules.PLANNED_DAYS, "started_at": iso(_midnight(since)),
            "value_per_conversion_usd": str(dollars(price) * share),
        })  # fmt: skip
        if answer["experiment_id"] != row["id"]:
            raise Conflict("the book calls this experiment otherwise")
        if answer["status"] == "closed":
            return self._end(row, "inconclusive", "It was closed in the book before it began.")
        return self._move(row, "testing", since=since, words="counting begins today", next_due_at=None)

    def _look(self, row: Row, topics: Topics) -> bool:
        """One evening of the test: trouble first, then the counts, then the book's word."""
        newest = self._newest(row, "test")
        if row["trouble"] is not None and not row["trouble"].startswith(_PASSING):
            return self._end(row, "unhealthy", f"{_sentence(row['trouble'])}. {_counted(row, newest)}")
        trouble = row["trouble"] or (newest["trouble"] if newest else None)
        if trouble is not None:
            return self._bad_evening(row, trouble, "unhealthy", newest)
        if newest is None:
            return self._say(row, "counting; the first whole day is not over")
        said = call(topics, "experiments.look", f"{row['id']}/{newest['on_date']}", {
            "experiment_id": row["id"], "on_date": newest["on_date"].isoformat(), "phase": "test", "days": newest["days"],
            "arms": self._arms(row, reads.arms_of(newest)),
        })  # fmt: skip
        return self._follow(row, said, newest)

    def _newest(self, row: Row, phase: str) -> Row | None:
        with self.database.reading() as connection:
            counts = reads.counts(connection, row["id"], phase)
        return counts[-1] if counts else None

    def _arms(self, row: Row, arms: tuple[Arm, ...]) -> list[dict[str, Any]]:
        product = self.business.product(row["product"])
        worth = rules.worth(arms, has_trial=product is not None and trial_days(product) > 0)
        found = []
        for one in arms:
            value = worth[one.name]
            money = {} if value is None else {"revenue_usd": str(dollars(value[0])), "revenue_variance": value[1]}
            found.append({"name": one.name, "users": one.users, "conversions": one.hits(row["metric"]), **money})
        return found

    def _follow(self, row: Row, said: Mapping[str, Any], newest: Row) -> bool:
        """What the book's word means for the loop."""
        verdict = said["verdict"]
        if verdict == "unhealthy":
            return self._bad_evening(row, said["reason"], "unhealthy", newest, UNHEALTHY_DAYS)
        if verdict == "keep_going":
            return self._say(row, said["next"], bad_days=0)
        decision = decision_of(said, row["control"], _people(newest))
        kept = {"decision": decision.as_dict(), "decided_at": self.clock.now()}
        if verdict == "inconclusive":
            return self._end(
                row, "inconclusive", f"{_sentence(said['reason'])}; {row['control']} is kept.", **kept, **effect_of(said)
            )
        if verdict == "roll_back" or decision.winner == row["control"]:
            words = f"{_sentence(said['reason'])}; {row['control']} is kept."
            return self._end(row, "rolled_back", words, **kept, **effect_of(said))
        return self._move(row, "shipping", winner=decision.winner, words=f"{decision.winner} won: asking to ship it", **kept)

    def _bad_evening(self, row: Row, why: str, outcome: str, newest: Row | None, most: int = rules.BAD_DAYS) -> bool:
        """No decision on such a day; too many of them end the test."""
        bad = row["bad_days"] + (row["bad_on"] != self._today())
        if bad >= most:
            return self._end(row, outcome, f"{_sentence(why)}, {bad} evenings in a row. {_counted(row, newest)}")
        return self._say(row, f"no decision today: {why}", bad_days=bad, bad_on=self._today())

    def _ship(self, row: Row, topics: Topics) -> bool:
        """One question, under one key, for ever."""
        decision = row["decision"]
        answer = call(topics, "acd.propose", f"{row['id']}/ship", {
            "kind": "apply_paywall", "project": row["product"], "decision_key": ship_key(row["id"]), "task_type": "features",
            "facts": wording.facts(row, decision), "experiment_id": row["id"], "why": wording.why_ship(row, decision)[:1000],
            "end_state": {
                "paywall": {"variant": row["winner"], "holdout_share": rules.HOLDOUT_SHARE, "holdout_variant": row["control"]}
            },
        })  # fmt: skip
        call(topics, "experiments.note", f"{row['id']}/applying", {
            "experiment_id": row["id"], "status": "applying", "delegation_id": answer["delegation_id"],
            "next": f"waits for your yes to ship {row['winner']}",
        })  # fmt: skip
        words = f"asked to ship {row['winner']}; waits for the answer and the coding harness"
        return self._move(row, "awaiting", delegation_id=answer["delegation_id"], words=words, next_due_at=None)

    def _begin_measure(self, row: Row, topics: Topics) -> bool:
        """Shipped: from the next whole day on, a week against the holdout."""
        shipped_at: datetime = row["shipped_at"]
        since = shipped_at.date() + timedelta(days=1)
        call(topics, "experiments.note", f"{row['id']}/measuring", {
            "experiment_id": row["id"], "status": "measuring", "shipped_at": iso(shipped_at), "holdout_share": rules.HOLDOUT_SHARE,
        })  # fmt: skip
        with self.database.writing() as connection:
            store.judge_variants(connection, row, {row["winner"]: "applied", "*": "loser"}, self.clock.now())
        words = f"shipped; measured from {since} for {rules.MEASURE_DAYS} days against one in ten who keep {row['control']}"
        return self._move(row, "measuring", measure_since=since, words=words, bad_days=0, trouble=None, next_due_at=None)

    def _measure(self, row: Row, topics: Topics) -> bool:
        """One evening of the measure; the effect comes from its own days alone."""
        newest = self._newest(row, "measure")
        trouble = row["trouble"] or (newest["trouble"] if newest else None)
        if trouble is not None:
            return self._bad_evening(row, trouble, "inconclusive", newest)
        if newest is None:
            return self._say(row, "measuring; the first whole day is not over")
        by_name = {one.name: one for one in reads.arms_of(newest)}
        pair = (by_name[row["control"]], by_name[row["winner"]])
        said = call(topics, "experiments.look", f"{row['id']}/measure/{newest['on_date']}", {
            "experiment_id": row["id"], "on_date": newest["on_date"].isoformat(), "phase": "measure", "days": newest["days"],
            "arms": [{"name": one.name, "users": one.users, "conversions": one.hits(row["metric"])} for one in pair],
        })  # fmt: skip
        is_thin = min(one.users for one in pair) < FEWEST_USERS
        if newest["days"] < rules.MEASURE_DAYS or (is_thin and newest["days"] < MOST_MEASURE_DAYS):
            return self._say(row, said["next"], bad_days=0)
        outcome = measured(said, is_thin=is_thin)
        relative = said["effect"]["relative"]
        words = wording.measured_words(row, newest["on_date"], (pair[0].users, pair[1].users), (relative, said["interval"]))
        return self._end(row, outcome, words, **effect_of(said))

    def _end(self, row: Row, outcome: str, words: str, **changes: Any) -> bool:
        return self._move(row, "closing", outcome=outcome, outcome_words=words[:1000], words=words[:500], **changes)

    def _close(self, row: Row, topics: Topics) -> bool:
        """Close the book, then remember; a regression and a lost test are put right afterwards."""
        endings.close_book(row, topics)
        memory_id = endings.remember(row, topics)
        with self.database.writing() as connection:
            store.judge_variants(connection, row, endings.variant_words(row), self.clock.now())
        changes = {"memory_id": memory_id, "words": f"{row['outcome'].replace('_', ' ')}: {row['outcome_words']}"[:500]}
        if row["outcome"] in ("regressed", "rolled_back"):
            return self._move(row, "undoing", **changes)
        return self._move(row, "ended", ended_at=self.clock.now(), next_due_at=None, **changes)

    def _undo(self, row: Row, topics: Topics) -> bool:
        """Ask to take a regression back, or to end a lost test in the app, for the dashboard cannot be told."""
        answer = endings.propose_undo(row, topics)
        if answer is None:
            return self._move(row, "ended", ended_at=self.clock.now(), next_due_at=None)
        words = f"{row['words']} Asked to show {row['control']} to everybody."[:500]
        return self._move(row, "undo_awaiting", undo_delegation_id=answer["delegation_id"], words=words, next_due_at=None)


# Trouble that may be gone tomorrow; everything else about a running test is for good.
_PASSING = ("the experiment has vanished", "Superwall is not set up")


def ship_key(loop_id: str) -> str:
    """The one key of the decision to ship."""
    return f"paywall/{loop_id}/ship"


def decision_of(said: Mapping[str, Any], control: str, users: int) -> Decision:
    """A look that ends the test, as the loop keeps it."""
    waiting, interval = said["waiting_cost_usd_per_week"], said["interval"]
    return Decision(
        verdict=said["verdict"], winner=said["winner"] or control, relative=said["effect"]["relative"],
        absolute=said["effect"]["absolute"], interval=None if interval is None else (interval[0], interval[1]),
        p_value=said["p_value"], users=users, days=said["days"], on_date=said["on_date"],
        waiting_usd=None if waiting is None else f"{Decimal(str(waiting)):.2f}",
    )  # fmt: skip


def effect_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """Effect and interval of a look as the loop keeps them."""
    low, high = said["interval"] or (None, None)
    return {
        "effect_absolute": said["effect"]["absolute"], "effect_relative": said["effect"]["relative"], "interval_low": low,
        "interval_high": high,
    }  # fmt: skip


def measured(said: Mapping[str, Any], *, is_thin: bool) -> str:
    """What a whole week against the holdout means: only an interval without zero moves it from neutral."""
    if said["verdict"] == "unhealthy":
        return "unhealthy"
    interval = said["interval"]
    if is_thin or interval is None:
        return "inconclusive"
    return "improved" if interval[0] > 0 else "regressed" if interval[1] < 0 else "neutral"


def _people(counts: Row) -> int:
    return sum(one.users for one in reads.arms_of(counts))


def _counted(row: Row, newest: Row | None) -> str:
    return wording.counted_words(row, None if newest is None else _people(newest), None if newest is None else newest["on_date"])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
