"""The daily look at every App Store experiment: each goes one step on, and what has ended is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from revenue_machine.domains.product import aso_reads, aso_rules, aso_store
from revenue_machine.domains.product.aso import AsoLoop
from revenue_machine.domains.product.aso_at_apple import PageTests
from revenue_machine.domains.product.aso_control import HISTORY_DAYS, WINDOW_DAYS, Measured, measure
from revenue_machine.domains.product.aso_figures import AsoFigures, Fetched
from revenue_machine.domains.product.aso_models import ReviewResult, Status
from revenue_machine.engine.call import Call
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.handwork import HandTask
from revenue_machine.integrations.app_store.app_store_client import AppStoreClient
from revenue_machine.kit.clock import local_date
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.settings import Settings

Row = Mapping[str, Any]
# The files of a week wait at Apple: they are fetched on Mondays, and when something is to be judged.
FETCHED_ON = 0


@dataclass(frozen=True)
class AsoReview:
    """One look a day; a second one finds nothing left to do."""

    loop: AsoLoop
    tests: PageTests
    figures: AsoFigures
    settings: Settings

    def review(self, call: Call, topics: Topics, outside: Outside) -> ReviewResult:
        """Fetch figures, let every experiment go on by the seed's order of apps, and put what ended into memory."""
        with self.loop.database.reading() as connection:
            rows = sorted(aso_reads.to_do(connection), key=lambda row: aso_rules.rank(row["app"]))
        today = self.today()
        fetched = self.figures.fetch(outside) if _wants_figures(rows, today) else Fetched()
        notes, moved, remembered = list(fetched.notes), 0, 0
        for row in rows:
            try:
                moved += self._step(row, call, topics, outside)
                remembered += self._remember(self.loop.found(row["id"]), topics)
            except Failure as failure:
                notes.append(f"{row['app']}, {row['experiment_type']}: {failure.message}")
        return ReviewResult(
            looked_at=len(rows),
            moved=moved,
            remembered=remembered,
            report_files=fetched.files,
            waiting=self._waiting(),
            notes=notes,
        )

    def today(self) -> date:
        """The owner's date."""
        return local_date(self.loop.clock.now(), self.settings.zone)

    def _waiting(self) -> list[str]:
        with self.loop.database.reading() as connection:
            rows = sorted(aso_reads.experiments(connection, "open"), key=lambda row: (aso_rules.rank(row["app"]), row["id"]))
        return [line(row) for row in rows]

    def _step(self, row: Row, call: Call, topics: Topics, outside: Outside) -> bool:
        """Let one experiment go as far as it can now; whether its state changed."""
        status = row["status"]
        if status in ("proposed", "awaiting_approval"):
            return bool(self.loop.advance(row, call, topics)["status"] != status)
        if status == "releasing":
            return self._look_for_release(row)
        if status == "measuring":
            return self._measure(row, topics)
        if status == "running":
            return self._look_at_test(row, outside)
        return False

    # --- a change of words or price ---

    def _look_for_release(self, row: Row) -> bool:
        """From the day the public has the change it is measured; a change nobody released is no experiment."""
        since = local_date(row["started_at"], self.settings.zone)
        if row["bundle_id"] is None or row["experiment_type"] in aso_rules.WEB_TYPES:
            return self.set_live(row, since, "the harness changed it on that day")
        is_out, words = self._is_out(row)
        if is_out:
            return self.set_live(row, self.today(), words)
        if self.today() > since + timedelta(days=aso_rules.RELEASE_DAYS):
            return self.end(row, "expired", result=f"not released within {aso_rules.RELEASE_DAYS} days: {words}")
        self._ask_for_release(row)
        self._note(row, f"your release of the version with the new words ({words}); say the day by aso.record_result live_on")
        return False

    def _is_out(self, row: Row) -> tuple[bool, str]:
        client = self.loop.clients.maybe(AppStoreClient)
        if client is None:
            return False, "the store cannot be asked: no App Store Connect key is set"
        try:
            app = client.app(row["bundle_id"])
            listing = client.listing(app, row["locale"]) if app else None
        except Failure as failure:
            return False, failure.message
        if listing is None:
            return False, "App Store Connect shows no version that is out"
        if getattr(listing, row["change"]["field"]) == row["change"]["after"]:
            return True, "App Store Connect shows the new words from that day on"
        return False, "App Store Connect still shows other words"

    def _ask_for_release(self, row: Row) -> None:
        text = f"{row['acd_task']}: release the version that holds it, then press done; it is measured from that day on."
        self.tests.handwork.hand_over(
            HandTask(
                key=release_key(row["id"]), topic="aso.review", channel="app_store", intent_key=release_key(row["id"]),
                title=row["acd_task"], text=text, link="https://appstoreconnect.apple.com",
            )
        )  # fmt: skip

    def set_live(self, row: Row, live_on: date, words: str) -> bool:
        """The public has the change since that date."""
        until = aso_rules.measure_from(live_on)
        with self.loop.database.writing() as connection:
            waits = f"14 days of figures and Apple's two days: measured on {until.isoformat()}"
            return aso_store.move(
                connection, row, "measuring", self.loop.clock.now(), live_on=live_on, live_words=words, waits_for=waits
            )

    def _measure(self, row: Row, topics: Topics) -> bool:
        """Judge the two windows once they are complete; figures that are missing are waited for, not for ever."""
        ready_on = aso_rules.measure_from(row["live_on"])
        if self.today() < ready_on:
            return False
        found = self.judged(row)
        if found.effect is None and self.today() < ready_on + timedelta(days=aso_rules.PATIENCE_DAYS):
            self._note(row, f"figures: {found.reason}; import them with `revenue import app_store_report FILE`")
            return False
        outcome = aso_rules.outcome_of(found)
        kept = {
            "baseline_metric": found.before, "post_metric": found.after, "effect": found.effect, "effect_low": found.low,
            "effect_high": found.high, "p_value": found.p_value, "control": _control(found),
            "result": aso_rules.words_of(found, row["metric_name"]),
        }  # fmt: skip
        is_new = self.end(row, outcome, **kept)
        if is_new and outcome == "regressed" and row["delegation_id"] is not None:
            self._take_back(self.loop.found(row["id"]), topics)
        return is_new

    def judged(self, row: Row) -> Measured:
        """What the figures say of one change by now."""
        first, last = row["live_on"] - timedelta(days=HISTORY_DAYS), row["live_on"] + timedelta(days=WINDOW_DAYS)
        with self.loop.database.reading() as connection:
            series = aso_reads.series(connection, row["metric_name"], first, last)
            touched = aso_reads.touched_between(connection, row["live_on"] - timedelta(days=2 * WINDOW_DAYS), last)
        return measure(row["app"], series, row["live_on"], [name for name in series if name not in touched])

    def _take_back(self, row: Row, topics: Topics) -> None:
        """Ask to put the old words back; whether somebody says yes is another decision."""
        wish = {
            "kind": "revert", "project": row["app"], "decision_key": f"{row['decision_key']}/revert",
            "reverts_id": row["delegation_id"], "experiment_id": row["experiment_id"], "why": f"It did harm: {row['result']}",
        }  # fmt: skip
        answer = topics.call("acd.propose", wish, key=f"{row['decision_key']}/revert")
        words = answer.error.message if answer.error is not None else None
        with self.loop.database.writing() as connection:
            follow_up = None if words else answer.result["delegation_id"]
            waits = f"taking it back could not be asked for: {words}" if words else None
            aso_store.note(connection, row, self.loop.clock.now(), follow_up_id=follow_up, waits_for=waits)

    # --- a test of the product page ---

    def _look_at_test(self, row: Row, outside: Outside) -> bool:
        """A test that ended at Apple, or that nobody typed figures in for, ends here too."""
        stands = self.tests.standing(row)
        day = local_date(row["started_at"], self.settings.zone)
        late = day + timedelta(days=row["planned_days"] + aso_rules.PAGE_TEST_GRACE_DAYS)
        if stands.is_ended:
            return self.end(row, "inconclusive", result=f"the test is {stands.state} at Apple and no figures decided it")
        if self.today() > late:
            self.tests.stop(row, outside)
            return self.end(
                row, "inconclusive", result=f"stopped: {row['planned_days']} days and two weeks went by without a decision"
            )
        return False

    # --- endings ---

    def end(self, row: Row, status: Status, **changes: Any) -> bool:
        """End an experiment; False when it ended meanwhile."""
        with self.loop.database.writing() as connection:
            return aso_store.move(connection, row, status, self.loop.clock.now(), **changes)

    def _remember(self, row: Row, topics: Topics) -> bool:
        """Close the book and write into memory what was learned, once; it is tried again tomorrow until it worked."""
        if row["status"] not in aso_rules.ENDS or row["remembered_at"] is not None:
            return False
        if row["road"] == "product_page":
            answer = topics.call("experiments.close", closing(row), key=f"{row['id']}/close")
            if answer.error is not None and answer.error.code not in ("not_found", "conflict"):
                raise answer.error
        answer = topics.call("memory.write_knowledge", knowledge(row), key=f"{row['id']}/memory")
        if answer.error is not None:
            raise answer.error
        now = self.loop.clock.now()
        with self.loop.database.writing() as connection:
            return aso_store.note(connection, row, now, remembered_at=now)

    def _note(self, row: Row, waits_for: str) -> None:
        if row["waits_for"] != waits_for:
            with self.loop.database.writing() as connection:
                aso_store.note(connection, row, self.loop.clock.now(), waits_for=waits_for)


def _wants_figures(rows: list[dict[str, Any]], today: date) -> bool:
    is_due = any(row["status"] == "measuring" and today >= aso_rules.measure_from(row["live_on"]) for row in rows)
    return is_due or today.weekday() == FETCHED_ON


def release_key(aso_id: str) -> str:
    """The business key of the owner's task to release a version."""
    return f"aso/{aso_id}/release"


def line(row: Row) -> str:
    """An open experiment in one line: what, since when, how it stands, what it waits for."""
    since: datetime = row["created_at"]
    stands = f"{row['status'].replace('_', ' ')}, proposed {since:%Y-%m-%d}"
    return f"{row['app']}: {row['acd_task']}; {stands}; waits for {row['waits_for'] or 'its turn'}"


def closing(row: Row) -> dict[str, Any]:
    """How the book ends a test of the product page."""
    interval = None if row["effect_low"] is None else [row["effect_low"], row["effect_high"]]
    said = {"experiment_id": row["experiment_id"], "outcome": row["status"], "words": row["result"] or row["status"]}
    return said | {"effect": None if row["effect"] is None else {"relative": row["effect"]}, "interval": interval}


def knowledge(row: Row) -> dict[str, Any]:
    """What memory keeps of an ended experiment."""
    evidence = [row["id"], row["experiment_id"], *([row["delegation_id"]] if row["delegation_id"] else [])]
    words = f"{row['acd_task']}: {row['status']}. {row['result'] or ''}".strip()
    return {
        "subject": f"app store {row['app']}", "statement": words[:2000], "evidence": evidence,
        "confidence": aso_rules.CONFIDENCE.get(row["status"], 0.5), "tags": ["aso", row["experiment_type"], row["metric_name"]],
    }  # fmt: skip


def _control(found: Measured) -> dict[str, Any]:
    return {
        "weights": dict(found.weights or {}), "placebos": found.placebos, "days_fitted": found.days_fitted,
        "expected": found.expected, "plain": None if found.plain is None else round(found.plain, 6), "reason": found.reason,
    }  # fmt: skip
