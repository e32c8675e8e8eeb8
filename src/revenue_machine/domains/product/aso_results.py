"""What a person read off Apple's page, and what follows: Apple's interface never says how a product-page test went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from revenue_machine.domains.product import aso_rules, aso_store
from revenue_machine.domains.product.aso_models import CONTROL, AppleFigure, ByHand, RecordArgs, RecordResult, Status
from revenue_machine.domains.product.aso_review import AsoReview
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.handwork import HandTask
from revenue_machine.kit.clock import local_date
from revenue_machine.kit.errors import BadInput, Conflict

Row = Mapping[str, Any]
# What the book says of the counts, and how the experiment ends by it; keep_going ends nothing.
_ENDS: Mapping[str, Status] = {
    "ship": "improved", "roll_back": "regressed", "inconclusive": "inconclusive", "unhealthy": "inconclusive",
}  # fmt: skip


@dataclass(frozen=True)
class AsoResults:
    """Takes a person's word on an experiment."""

    review: AsoReview

    def record(self, args: RecordArgs, topics: Topics, outside: Outside) -> RecordResult:
        """Take in what was seen. Raises: not_found; bad_input naming the field; conflict (the experiment stands elsewhere)."""
        row = self.review.loop.found(args.aso_id)
        given = [name for name in ("arms", "apple", "live_on", "by_hand", "stop") if getattr(args, name)]
        if len(given) != 1:
            raise BadInput("say exactly one of arms, apple, live_on, by_hand, stop", field=given[1] if len(given) > 1 else "arms")
        if row["status"] in aso_rules.ENDS:
            raise Conflict(f"this experiment ended: {row['status']}", status=row["status"])
        if args.stop:
            return self._stop(row, args, outside)
        if args.live_on is not None:
            return self._live(row, args.live_on)
        if args.by_hand is not None:
            return self._by_hand(row, args.by_hand)
        self._must_be(row, "running", given[0], "counts and estimates belong to a running product-page test")
        return self._counts(row, args, topics, outside) if args.apple is None else self._estimate(row, args.apple, outside)

    def _counts(self, row: Row, args: RecordArgs, topics: Topics, outside: Outside) -> RecordResult:
        """Cumulative counts since the start: the book looks at them and says what they prove."""
        today = self.review.today()
        on_date = args.on_date or today
        started_on = local_date(row["started_at"], self.review.settings.zone)
        if not started_on <= on_date <= today:
            raise BadInput(f"counts are of a date between {started_on.isoformat()} and today", field="on_date")
        names = [CONTROL, *(one["name"] for one in row["change"]["treatments"])]
        if sorted(one.name for one in args.arms) != sorted(names):
            raise BadInput(f"name exactly the arms: {', '.join(names)}", field="arms")
        look = {
            "experiment_id": row["experiment_id"], "on_date": on_date.isoformat(), "phase": "test",
            "arms": [one.model_dump() for one in args.arms], "days": (on_date - started_on).days,
        }  # fmt: skip
        answer = topics.call("experiments.look", look, key=f"{row['id']}/look/{on_date.isoformat()}")
        if answer.error is not None:
            raise answer.error
        said = answer.result
        rates = {one.name: one.conversions / one.users if one.users else None for one in args.arms}
        best = said["winner"] or max(names[1:], key=lambda name: (rates[name] or 0.0, name))
        found = {
            "baseline_metric": rates[CONTROL], "post_metric": rates[best], "winner": best,
            "effect": said["effect"]["relative"], "p_value": said["p_always_valid"],
        }  # fmt: skip
        status = _ENDS.get(said["verdict"])
        words = f"{said['reason']} ({said['verdict']})"
        if status is None:
            self._keep(row, **found, waits_for=said["next"])
            words = f"{words}; {said['next']}"
            return RecordResult(aso_id=row["id"], status=row["status"], verdict=said["verdict"], words=words)
        return self._finish(row, outside, status, {**found, "result": words, "verdict": said["verdict"]})

    def _estimate(self, row: Row, figure: AppleFigure, outside: Outside) -> RecordResult:
        """Apple's own estimate, its interval widened to our 95 %; no counts, so the book has nothing to look at."""
        names = [one["name"] for one in row["change"]["treatments"]]
        if figure.winner not in names:
            raise BadInput(f"the treatments are {', '.join(names)}", field="apple.winner")
        status, effect, low, high = aso_rules.apple_outcome(figure)
        words = (
            f"Apple's estimate of {figure.winner}: {100 * effect:+.1f} %, at 95 % from {100 * low:+.1f} % to {100 * high:+.1f} % "
            f"(typed in from Apple's {figure.confidence_pct:g} %; Apple looks every day, so be a little less sure than that)"
        )
        found = {
            "effect": effect,
            "effect_low": low,
            "effect_high": high,
            "winner": figure.winner,
            "result": words,
            "verdict": None,
        }
        return self._finish(row, outside, status, found)

    def _finish(self, row: Row, outside: Outside, status: Status, found: Mapping[str, Any]) -> RecordResult:
        """A test that harmed is stopped at once, that needs nobody's yes; a winner is put in place by its owner's own hand."""
        kept = {name: value for name, value in found.items() if name != "verdict"}
        if status in ("regressed", "inconclusive", "neutral"):
            self.review.tests.stop(row, outside)
        self.review.end(row, status, **kept)
        if status == "improved":
            self._ask_to_apply(row, str(found["winner"]))
        return RecordResult(aso_id=row["id"], status=status, verdict=found["verdict"], words=str(found["result"]))

    def _ask_to_apply(self, row: Row, winner: str) -> None:
        text = f"{row['acd_task']}: {winner} won. Apply the treatment {winner} on the test's page; Apple has no other way."
        self.review.tests.handwork.hand_over(
            HandTask(
                key=f"aso/{row['id']}/apply", topic="aso.record_result", channel="app_store",
                intent_key=f"app_store.create_experiment/{row['id']}", title=f"Apply {winner} on {row['app']}'s page", text=text,
                link="https://appstoreconnect.apple.com",
            )
        )  # fmt: skip

    def _live(self, row: Row, live_on: date) -> RecordResult:
        self._must_be(row, "releasing", "live_on", "only a change that waits for its release can go live")
        made_on = local_date(row["created_at"], self.review.settings.zone)
        if not made_on <= live_on <= self.review.today():
            raise BadInput(f"the day lies between {made_on.isoformat()} and today", field="live_on")
        self.review.set_live(row, live_on, "said by a person")
        row = self.review.loop.found(row["id"])
        return RecordResult(aso_id=row["id"], status=row["status"], verdict=None, words=row["waits_for"] or "")

    def _by_hand(self, row: Row, means: ByHand) -> RecordResult:
        """Two means off a page: kept and said, but nothing tells the change from the season."""
        self._must_be(row, "measuring", "by_hand", "means are taken once the change is live")
        if self.review.today() < aso_rules.measure_from(row["live_on"]):
            raise BadInput(f"the windows are complete on {aso_rules.measure_from(row['live_on']).isoformat()}", field="by_hand")
        effect = round(means.after / means.before - 1, 6)
        metric = row["metric_name"].replace("_", " ")
        words = (
            f"{metric} {means.before:g} a day before, {means.after:g} after, typed in: {100 * effect:+.1f} % "
            "without any control, so nothing is proven"
        )
        self.review.end(row, "inconclusive", baseline_metric=means.before, post_metric=means.after, effect=effect, result=words)
        return RecordResult(aso_id=row["id"], status="inconclusive", verdict=None, words=words)

    def _stop(self, row: Row, args: RecordArgs, outside: Outside) -> RecordResult:
        words = f"stopped by a person{f': {args.words}' if args.words else ''}"
        if row["status"] == "running":
            self.review.tests.stop(row, outside)
        status: Status = "inconclusive" if row["status"] in ("running", "measuring") else "rejected"
        with self.review.loop.database.writing() as connection:
            aso_store.move(connection, row, status, self.review.loop.clock.now(), result=words)
            if row["approval_id"] is not None:
                self.review.loop.approvals.withdraw(connection, row["approval_id"], words)
        return RecordResult(aso_id=row["id"], status=status, verdict=None, words=words)

    def _keep(self, row: Row, **changes: Any) -> None:
        with self.review.loop.database.writing() as connection:
            aso_store.note(connection, row, self.review.loop.clock.now(), **changes)

    def _must_be(self, row: Row, status: str, field: str, words: str) -> None:
        if row["status"] != status:
            raise Conflict(f"{words}; this one is {row['status']}", status=row["status"], field=field)
