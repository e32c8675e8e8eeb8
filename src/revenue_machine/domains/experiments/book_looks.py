"""A look at the counts: whether they are possible, what they prove, what the book makes of it, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments import book_rules as rules
from revenue_machine.domains.experiments import reads, store
from revenue_machine.domains.experiments.asked import WEEK_DAYS, LookArgs, LookArm, LookResult
from revenue_machine.domains.experiments.book import must_find
from revenue_machine.domains.experiments.book_desk import effect_of, interval_of, usd
from revenue_machine.domains.experiments.book_judging import judge
from revenue_machine.domains.experiments.book_words import next_words
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, day_bounds, local_date
from revenue_machine.kit.errors import BadInput, Conflict
from revenue_machine.kit.money import micro
from revenue_machine.kit.settings import Settings


@dataclass(frozen=True)
class ExperimentLooks:
    """Looks at counts; each look is one transaction."""

    database: Database
    events: Events
    settings: Settings
    clock: Clock

    def look(self, args: LookArgs) -> LookResult:
        """Judge cumulative counts as of a date; the same date again replaces its counts, an older date only fills the history.

        Raises: not_found; bad_input (impossible counts, unknown arms, a date ahead); conflict (that phase is over, or not begun).
        """
        with self.database.writing() as connection:
            self.database.lock(connection, f"experiment/{args.experiment_id}")
            row = must_find(connection, args.experiment_id)
            earlier, later = self._check(connection, row, args)
            row |= self._first_days(connection, row, args)
            look = self._judge(row, args, earlier)
            store.keep_look(self.database, connection, look, self.clock.now())
            if later is None:
                row |= self._stand(connection, row, look)
        return _answer(row, look)

    def _check(self, connection: sa.Connection, row: Mapping[str, Any], args: LookArgs) -> tuple[list[dict[str, Any]], Any]:
        """(looks of earlier dates, the next later one); refuses what cannot be."""
        if args.on_date > local_date(self.clock.now(), self.settings.zone):
            raise BadInput(f"on_date: {args.on_date} is still ahead", field="on_date")
        over = _phase_is_over(row, args.phase)
        if over is not None:
            raise Conflict(over, field="phase")
        wrong = rules.wrong_arms(row, args.phase, args.arms)
        if wrong is not None:
            raise BadInput(wrong, field="arms")
        found = reads.looks(connection, row["id"], args.phase)
        earlier = [one for one in found if one["on_date"] < args.on_date]
        later = next((one for one in found if one["on_date"] > args.on_date), None)
        no = rules.impossible(earlier[-1] if earlier else None, later, args.days, args.arms)
        if no is None and (found or args.phase == "measure"):
            since = row["started_at"] if args.phase == "test" else row["shipped_at"]
            no = None if since is None else rules.too_many_days(self._day(since), args.on_date, args.days)
        if no is not None:
            raise BadInput(no, field=no.split(":", maxsplit=1)[0])
        return earlier, later

    def _first_days(self, connection: sa.Connection, row: Mapping[str, Any], args: LookArgs) -> dict[str, Any]:
        """The first look may cover days before the experiment was entered: then it began that much earlier."""
        begun_on = args.on_date - timedelta(days=max(args.days - 1, 0))
        if args.phase != "test" or begun_on >= self._day(row["started_at"]):
            return {}
        started_at = day_bounds(begun_on, self.settings.zone)[0]
        span = {"started_at": started_at, "ends_at": started_at + timedelta(days=row["planned_days"])}
        store.update(connection, row["id"], span, self.clock.now())
        return span

    def _judge(self, row: Mapping[str, Any], args: LookArgs, earlier: list[dict[str, Any]]) -> dict[str, Any]:
        """The look as its row keeps it."""
        used = max((one["look"] or 0 for one in earlier), default=0)
        number = rules.planned_look(row, args.days, used) if args.phase == "test" else None
        if args.phase == "measure" and args.days >= WEEK_DAYS and not any(one["days"] >= WEEK_DAYS for one in earlier):
            number = 1
        judged = judge(row, args.arms, args.days, number, args.phase)
        if args.phase == "test":
            plan = rules.Plan(args.days, row["minimum_days"], row["planned_days"], row["planned_looks"], number)
            ruling = rules.ruling(judged.said, judged.days_left, plan)
        else:
            ruling = rules.measure_ruling(judged.said, args.days)
        look = {
            "experiment_id": row["id"], "phase": args.phase, "on_date": args.on_date, "days": args.days, "look": number,
            "counts": [_kept(arm) for arm in args.arms], **asdict(judged), "verdict": ruling.verdict, "said": judged.said,
            "reason": ruling.reason or judged.words, "days_left": ruling.days_left,
        }  # fmt: skip
        look.pop("words")
        look["winner"] = judged.winner if ruling.verdict in rules.DECIDING else None  # who leads has not won
        ends_on, today = self._day(row["ends_at"]), args.on_date
        return look | {"next_words": next_words(row, look, ends_on, today)}

    def _stand(self, connection: sa.Connection, row: Mapping[str, Any], look: Mapping[str, Any]) -> dict[str, Any]:
        """What the newest look changes of the experiment; a changed verdict is stated in the same transaction."""
        now, verdict = self.clock.now(), look["verdict"]
        if look["phase"] == "measure":
            was, values = row["measure_verdict"], {"measure_verdict": verdict}
        elif row["status"] in ("open", "decided") or row["shipped_at"] is None:
            was, values = row["verdict"], {"verdict": verdict, "winner": look["winner"]}
            if row["status"] in ("open", "decided"):
                is_decided = row["status"] == "decided" and verdict in ("keep_going", "inconclusive")
                if is_decided and was in rules.DECIDING:
                    return {}  # a decision stands: the counts after it were no longer needed for it
                values |= {"status": "decided" if verdict in rules.DECIDING else "open"}
                values |= {"decided_at": (row["decided_at"] or now) if verdict in rules.DECIDING else None}
        else:
            return {}
        if verdict != was:
            values |= {"judged_count": row["judged_count"] + 1}
        store.update(connection, row["id"], values, now)
        if verdict != was:
            self._tell({**row, **values}, look, connection)
        return values

    def _tell(self, row: Mapping[str, Any], look: Mapping[str, Any], connection: sa.Connection) -> None:
        told = {"experiment_id": row["id"], "kind": row["kind"], "subject": row["subject"], "phase": look["phase"]}
        told |= {"verdict": look["verdict"], "winner": look["winner"]}
        self.events.emit(connection, "experiment.judged", f"{row['id']}/{row['judged_count']}", told)

    def _day(self, at: Any) -> date:
        return local_date(at, self.settings.zone)


def _phase_is_over(row: Mapping[str, Any], phase: str) -> str | None:
    """Why counts of a phase are not taken now."""
    if phase == "test":
        if row["status"] == "closed":
            return f"phase: it is closed ({row['outcome']})"
        return None if row["shipped_at"] is None else "phase: the test is over, its winner has shipped; look at the measure"
    if row["status"] == "measuring" or (row["shipped_at"] is not None and row["status"] != "closed"):
        return None
    if rules.is_held_out(row):
        return None
    return "phase: there is nothing to measure: note when it shipped, and the share held out"


def _kept(arm: LookArm) -> dict[str, Any]:
    """An arm's counts as the table keeps them; money exact."""
    revenue = None if arm.revenue_usd is None else micro(arm.revenue_usd)
    return {
        "name": arm.name, "users": arm.users, "conversions": arm.conversions, "revenue_micro_usd": revenue,
        "revenue_variance": arm.revenue_variance,
    }  # fmt: skip


def _answer(row: Mapping[str, Any], look: Mapping[str, Any]) -> LookResult:
    money = {name: usd(look[f"{name}_micro_usd"]) for name in ("ship_now", "ship_risk", "waiting")}
    return LookResult(
        experiment_id=row["id"], on_date=look["on_date"], phase=look["phase"], status=row["status"], days=look["days"],
        verdict=look["verdict"], said=look["said"], reason=look["reason"], winner=look["winner"],
        arm=look["arm"],
        effect=effect_of(look), interval=interval_of(look),
        p_value=look["p_value"], p_always_valid=look["p_always_valid"], srm_p=look["srm_p"], power=look["power"],
        chance_to_win=look["chance_to_win"], rule=look["rule"], days_left=look["days_left"],
        next=look["next_words"], ship_now_usd_per_week=money["ship_now"], ship_risk_usd_per_week=money["ship_risk"],
        waiting_cost_usd_per_week=money["waiting"],
    )  # fmt: skip
