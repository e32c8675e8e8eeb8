"""Carries one change of an app's page in the store from a proposal to its question: checked, asked once, one per app at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.product import aso_reads, aso_rules, aso_store
from revenue_machine.domains.product.aso_control import WINDOW_DAYS
from revenue_machine.domains.product.aso_models import (
    AsoExperiment,
    Change,
    ExperimentsArgs,
    ExperimentsResult,
    ProposeArgs,
    ProposeResult,
    StartArgs,
)
from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.call import Call
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.integrations.app_store.app_store_client import AppStoreClient
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Conflict, Failure, NotFound
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.money import micro

START = "aso.start"
Row = Mapping[str, Any]
# Seed §4.11, the middle of both bands: of those who load an app 40 % begin a trial, 15 % of those pay once.
PAYING_PER_MILLION_DOWNLOADS = 60_000
MILLION = 1_000_000


@dataclass(frozen=True)
class AsoLoop:
    """Proposals and their questions; `aso_at_apple` and `aso_review` go on from a yes."""

    database: Database
    clock: Clock
    business: Business
    clients: Clients
    approvals: Approvals

    def propose(self, args: ProposeArgs, call: Call, topics: Topics) -> ProposeResult:
        """Write a change down and ask about it, unless another one of the app is on its way.

        Raises: not_found (no such product); bad_input naming the field; conflict (a person said no to exactly this).
        """
        product = self.product(args.app)
        before, unheard = self._words_now(product, args)
        change = aso_rules.change_of(args, product, before)
        row, is_new = self._write(args, product, change)
        row = self.advance(row, call, topics)
        kind = args.experiment_type
        return ProposeResult(
            aso_id=row["id"], experiment_id=row["experiment_id"], status=row["status"], road=row["road"], is_new=is_new,
            approval_id=row["approval_id"], delegation_id=row["delegation_id"], reason=row["waits_for"] or row["result"],
            characters=aso_rules.apple_length(change.after) if change.after and kind in aso_rules.LIMITS else None,
            most=aso_rules.LIMITS.get(kind), warnings=[*aso_rules.warnings_for(change, product), *unheard],
        )  # fmt: skip

    def advance(self, row: Row, call: Call, topics: Topics) -> dict[str, Any]:
        """Ask about a proposal once its app is free; asked already, nothing more happens."""
        now = self.clock.now()
        if row["status"] == "proposed" and not aso_store.take_place(self.database, row, now):
            words = f"another experiment of {row['app']} is on its way: one at a time can be told apart"
            with self.database.writing() as connection:
                aso_store.note(connection, row, now, waits_for=words)
            return self.found(row["id"])
        row = self.found(row["id"])
        if row["status"] == "awaiting_approval" and row["approval_id"] is None:
            if row["road"] == "delegation":
                self._delegate(row, topics)
            else:
                self._ask(row, call)
        return self.found(row["id"])

    def product(self, app: str) -> Product:
        """A product of the owner's file; `not_found`."""
        product = self.business.product(app)
        if product is None:
            known = ", ".join(one.key for one in self.business.products)
            raise NotFound(f"there is no product {app}; the owner's file has {known}", field="app")
        return product

    def found(self, aso_id: str) -> dict[str, Any]:
        """The row as it stands; `not_found`."""
        with self.database.reading() as connection:
            row = aso_reads.experiment(connection, aso_id)
        if row is None:
            raise NotFound(f"there is no App Store experiment {aso_id}", field="aso_id")
        return row

    def listed(self, args: ExperimentsArgs) -> ExperimentsResult:
        """Experiments, newest first."""
        with self.database.reading() as connection:
            rows = aso_reads.experiments(connection, args.which, args.app)
        return ExperimentsResult(total=len(rows), experiments=[shown(row) for row in rows[: args.limit]])

    def _write(self, args: ProposeArgs, product: Product, change: Change) -> tuple[dict[str, Any], bool]:
        """(row, whether it is new): the same change again is the same experiment until that one is over."""
        metric, road = aso_rules.metric_of(args, product), aso_rules.road_of(args)
        wanted = content_hash([change.field, change.after, list(change.treatments), list(change.locales), args.locale])
        with self.database.writing() as connection:
            self.database.lock(connection, f"aso/{args.app}")
            same = [
                row
                for row in aso_reads.rounds(connection, args.app, args.experiment_type)
                if row["decision_key"].split("/")[2] == wanted
            ]
            if same and same[-1]["status"] not in aso_rules.ENDS:
                return same[-1], False
            if same and same[-1]["status"] == "rejected" and not args.again:
                words = f"a person said no to exactly this on {same[-1]['ended_at']:%Y-%m-%d}; say again=true to ask once more"
                raise Conflict(words, aso_id=same[-1]["id"])
            key = f"aso/{args.app}/{wanted}/{len(same) + 1}"
            aso_id = make_id("aso", key)
            row = {
                "id": aso_id, "app": args.app, "experiment_type": args.experiment_type, "hypothesis": args.hypothesis.strip(),
                "acd_task": aso_rules.task_words(change, product), "metric_name": metric, "road": road, "decision_key": key,
                "experiment_id": make_id("exp", "aso", args.app, aso_id), "bundle_id": product.bundle_id, "locale": args.locale,
                "change": change.as_dict(), "traffic_percent": args.traffic_percent if road == "product_page" else None,
                "planned_days": args.days if road == "product_page" else WINDOW_DAYS,
                "value_per_conversion_micro_usd": _value(args, product),
            }  # fmt: skip
            aso_store.put_new(connection, self.database, row, self.clock.now())
            kept = aso_reads.experiment(connection, aso_id)
        return kept or row, True

    def _words_now(self, product: Product, args: ProposeArgs) -> tuple[str | None, list[str]]:
        """(the words that stand there, why they are not known); None where the store cannot be asked."""
        field = aso_rules.FIELDS.get(args.experiment_type)
        client = self.clients.maybe(AppStoreClient)
        if field is None or product.bundle_id is None or client is None:
            return None, []
        try:
            app = client.app(product.bundle_id)
            listing = client.listing(app, args.locale) if app else None
        except Failure as failure:
            return None, [f"the words that stand there now are not known: {failure.message}"]
        if listing is None:
            return None, [f"App Store Connect has no version of {product.bundle_id} that is out"]
        return getattr(listing, field) or "", []

    def _delegate(self, row: Row, topics: Topics) -> None:
        """One decision, one delegation: the same key again finds the one that stands."""
        answer = topics.call("acd.propose", self._brief(row), key=f"{row['decision_key']}/ship")
        now = self.clock.now()
        with self.database.writing() as connection:
            if answer.error is not None:
                aso_store.move(connection, row, "proposed", now, waits_for=f"it could not be delegated: {answer.error.message}")
                return
            known = {"delegation_id": answer.result["delegation_id"], "approval_id": answer.result["approval_id"]}
            status = answer.result["status"]
            if status in ("rejected", "expired", "failed"):
                aso_store.move(connection, row, status, now, result=answer.result["reason"] or status, **known)
            else:
                aso_store.note(connection, row, now, waits_for="your yes to the delegation", **known)

    def _brief(self, row: Row) -> dict[str, Any]:
        product, change = self.product(row["app"]), row["change"]
        facts: dict[str, Any] = {"words_now": change.get("before"), "hypothesis": row["hypothesis"], "language": row["locale"]}
        is_words = row["experiment_type"] in aso_rules.LIMITS
        if is_words:
            facts |= {
                "characters": aso_rules.apple_length(change["after"]),
                "characters_allowed": aso_rules.LIMITS[row["experiment_type"]],
            }
        else:
            facts["request"] = _REQUESTS[row["experiment_type"]].format(product=product.name, after=change["after"])
        return {
            "kind": "change_listing" if is_words else "free", "project": row["app"], "decision_key": f"{row['decision_key']}/ship",
            "task_type": "features", "facts": {name: value for name, value in facts.items() if value is not None},
            "end_state": aso_rules.end_state(Change(change["field"], after=change["after"])), "experiment_id": row["experiment_id"],
            "why": f"{row['acd_task']}. {row['hypothesis']} Measured by {row['metric_name']} over 14 days against other apps",
        }  # fmt: skip

    def _ask(self, row: Row, call: Call) -> None:
        payload = start_payload(row)
        how = (
            "Apple shows it to the public after its review; its results stand on the web page only"
            if row["road"] == "product_page"
            else "written into the version you opened; the public has it once you release that version"
        )
        question = Question(
            topic=START, call_key=call_key(row["id"]), payload=payload, title=row["acd_task"], why=f"{row['hypothesis']} ({how})",
            requested_by=call.actor,
        )  # fmt: skip
        with self.database.writing() as connection:
            approval_id = self.approvals.file(connection, question)
            aso_store.note(connection, row, self.clock.now(), approval_id=approval_id, waits_for="your yes")


_REQUESTS = {
    "pricing": (
        "Set the price of {product} to ${after} wherever this project states it or charges by it: price constants, the billing "
        "configuration, the pricing page and its tests. Change nothing for people who pay already."
    ),
    "paywall": (
        "Let {product} show the billing step in its variant {after}; keep the present one as it is, so that it can be put back."
    ),
}


def call_key(aso_id: str) -> str:
    """The business key under which a start is asked about: one question at a time."""
    return f"aso/{aso_id}"


def start_payload(row: Row) -> dict[str, Any]:
    """Exactly what a person says yes to."""
    args = StartArgs(aso_id=row["id"], app=row["app"], change=row["change"], traffic_percent=row["traffic_percent"])
    return args.model_dump(mode="json")


def shown(row: Row) -> AsoExperiment:
    """A row as a person reads it."""
    interval = None if row["effect_low"] is None else [row["effect_low"], row["effect_high"]]
    same = (
        "experiment_id", "app", "experiment_type", "hypothesis", "change", "metric_name", "status", "road", "baseline_metric",
        "post_metric", "effect", "p_value", "control", "live_on", "result", "waits_for", "delegation_id", "approval_id",
        "external_id", "created_at", "ended_at",
    )  # fmt: skip
    return AsoExperiment(aso_id=row["id"], interval=interval, **{name: row[name] for name in same})


def _value(args: ProposeArgs, product: Product) -> int:
    """Micro-dollars of one more conversion: what the owner said, else the first payment by the seed's own rates."""
    if args.value_per_conversion_usd is not None:
        return micro(args.value_per_conversion_usd)
    price = min((one.price_micro_usd for one in product.offers), default=0)
    return price * PAYING_PER_MILLION_DOWNLOADS // MILLION
