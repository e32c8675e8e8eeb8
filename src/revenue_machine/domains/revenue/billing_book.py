"""Turns what the tills tell into subscriptions, exact ledger entries and billing facts, in any order of arrival."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.revenue import reads, rules, store
from revenue_machine.domains.revenue.models import Fact, FactKind, Reading, SubscriptionState
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.ids import make_id

EVENT_OF = {"purchase": "billing.purchased", "renewal": "billing.renewed", "refund": "billing.refunded"}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Worth:
    """What a payment is worth in dollars, and by which dated rate when it was not paid in dollars."""

    amount_micro_usd: int
    fx_rate: str | None = None
    fx_date: Any = None


class BillingBook:
    """The one writer of income; every method works inside the caller's transaction and may be repeated."""

    def __init__(self, database: Database, ledger: Ledger, events: Events, business: Business, clock: Clock) -> None:
        self._database, self._ledger, self._events, self._business, self._clock = database, ledger, events, business, clock

    def record(self, connection: sa.Connection, reading: Reading) -> None:
        """Keep what an event said and draw every conclusion that follows by now."""
        now = self._clock.now()
        for move in reading.moves:
            store.keep_move(self._database, connection, reading.provider, move, now)
        people = [move.from_user_id for move in reading.moves]
        touched = reads.subscriptions_touched_by(connection, reading.provider, people) if people else []
        if reading.subscription_key is not None:
            own = (reading.provider, reading.subscription_key)
            for fact in reading.facts:
                store.keep_fact(self._database, connection, own, fact, now)
            touched.append(own)
        for key in touched:
            self._refold(connection, key)
        self._keep_payments(connection, reading, now)

    def retry_open(self, connection: sa.Connection, give_up_before: datetime) -> None:
        """Look again at payments that wait or are parked; those kept before a time no longer wait for a companion."""
        for row in reads.open_payments(connection):
            self._settle(connection, row, is_final=row["created_at"] <= give_up_before)

    def _keep_payments(self, connection: sa.Connection, reading: Reading, now: datetime) -> None:
        own = None if reading.subscription_key is None else store.subscription_id(reading.provider, reading.subscription_key)
        for payment in reading.payments:
            store.keep_payment(self._database, connection, reading.provider, payment, subscription=own, now=now)
        people = [one.customer_hash for one in reading.payments] + [one.customer_hash for one in reading.facts]
        waiting: dict[str, Row] = {}
        if own is not None:
            waiting |= {row["id"]: row for row in reads.open_payments(connection, subscription_id=own)}
        for customer in sorted({name for name in people if name}):
            waiting |= {row["id"]: row for row in reads.open_payments(connection, customer_hash=customer)}
        for payment in reading.payments:
            kept = reads.payment(connection, store.payment_id(reading.provider, payment.key))
            if kept is not None and kept["status"] in ("waiting", "parked"):
                waiting[kept["id"]] = kept
        if any(one.kind != "refund" for one in reading.payments):
            # A bank that takes money back names the charge and nobody.
            links = {link for one in reading.payments for link in one.links}
            taken_back = [
                row for row in reads.open_payments(connection) if row["kind"] == "refund" and row["customer_hash"] is None
            ]
            waiting |= {row["id"]: row for row in taken_back if links & set(row["links"])}
        # What another provider told of the same sale may have waited for this.
        for row in list(waiting.values()):
            waiting |= {one["id"]: one for one in self._beside(connection, row) if one["status"] in ("waiting", "parked")}
        # Sales first: a refund finds its sale in the same breath.
        for row in sorted(waiting.values(), key=lambda one: (one["kind"] == "refund", one["occurred_at"], one["id"])):
            self._settle(connection, row, is_final=False)

    def _refold(self, connection: sa.Connection, key: tuple[str, str], *, spreads: bool = True) -> None:
        """The subscription as all its facts together mean it, and what the world should hear of it.

        Other providers' reports of the same one settle with it what was sold and whose money counts (`spreads`).
        """
        facts = reads.facts_of(connection, store.subscription_id(*key))
        if not facts:
            return
        state = rules.fold(facts, reads.moves_at(connection, key[0]))
        beside = store.siblings(connection, key)
        told = [(key[0], [*state.store_ids]), *((one["provider"], _names(reads.facts_of(connection, one["id"]))) for one in beside)]
        product = rules.product_among(self._business, sorted(told))
        is_revenue = rules.source_of(product, [key[0], *(one["provider"] for one in beside)]) == key[0]
        name = rules.product_name(product, state.store_ids)
        subscription = store.keep_subscription(
            self._database, connection, key, state, product=name, is_revenue=is_revenue, now=self._clock.now()
        )  # fmt: skip
        if is_revenue and state.is_production:
            self._tell_life(connection, subscription, state, name)
        for one in beside if spreads else ():
            # Only now does it become clear what the other report is about, or that both were taken for money of their own.
            if one["product"] != name or (one["is_revenue"] and is_revenue):
                self._refold(connection, (one["provider"], one["external_id"]), spreads=False)

    def _tell_life(self, connection: sa.Connection, subscription: str, state: SubscriptionState, product: str | None) -> None:
        payload = {
            "subscription_id": subscription, "user_id": state.user_id, "product": product, "amount_micro_usd": 0,
            "ledger_key": None,
        }  # fmt: skip
        if state.trial_started_at is not None:
            self._events.emit(connection, "billing.trial_started", subscription, payload, state.trial_started_at)
        for ended_at in state.churned_at:
            self._events.emit(connection, "billing.churned", f"{subscription}/{iso(ended_at)}", payload, ended_at)

    def _settle(self, connection: sa.Connection, row: Row, *, is_final: bool) -> None:
        """Decide about one payment: count it, keep it apart, park it with an alert, or go on waiting."""
        if not row["is_production"]:
            store.settle_payment(connection, row["id"], {"status": "sandbox"})
            return
        original = self._original(connection, row)
        if not is_final and self._waits(connection, row, original):
            return
        subscription = row["subscription_id"] or (original or {}).get("subscription_id")
        held = reads.subscription(connection, subscription) if subscription else None
        names = [*row["store_ids"], *[one["product"] for one in (original, held) if one is not None and one["product"]]]
        beside = self._beside(connection, row)
        told = [(row["provider"], names), *((one["provider"], list(one["store_ids"])) for one in beside)]
        product = rules.product_among(self._business, sorted(told))
        source = rules.source_of(product, [row["provider"], *(one["provider"] for one in beside)])
        if source is None:
            self._park(connection, row, "product_unknown", f"{row['provider']} took money for a product revenue.toml does not list")
            return
        # Never twice: not by two providers, and not back from where it was not counted.
        is_elsewhere = any(one["status"] == "counted" for one in beside) or (original or {}).get("status") == "reconciled"
        names_of_it = (row["external_id"], *row["links"])
        is_elsewhere = is_elsewhere or (row["kind"] != "refund" and reads.is_imported(connection, names_of_it))
        if source != row["provider"] or is_elsewhere:
            store.settle_payment(connection, row["id"], {"status": "reconciled", "subscription_id": subscription})
            return
        worth = self._worth(connection, row)
        if worth is not None:
            name = rules.product_name(product, names)
            found = {"product": name, "subscription_id": subscription, "held": held, "original": original}
            self._count(connection, row, worth, found)

    def _beside(self, connection: sa.Connection, row: Row) -> list[dict[str, Any]]:
        key = reads.subscription_key(connection, row["subscription_id"]) if row["subscription_id"] else None
        return store.payments_beside(connection, row, key)

    def _waits(self, connection: sa.Connection, row: Row, original: Row | None) -> bool:
        """Refunds need the payment they give back to be understood, Stripe's bills their subscription."""
        if row["kind"] == "refund":
            return original is None or original["status"] == "waiting"
        if row["provider"] != "stripe":
            return False
        bills_for = row["subscription_id"] if row["kind"] == "invoice" else None
        return bills_for is not None and not reads.has_snapshot(connection, bills_for)

    def _original(self, connection: sa.Connection, row: Row) -> Row | None:
        if row["kind"] != "refund":
            return None
        taken = reads.payments_taken(connection, row["provider"], row["customer_hash"])
        known = [rules.Candidate(one["id"], tuple(one["links"]), one["minor"], one["occurred_at"]) for one in taken]
        found = rules.refunded_payment(row["links"], row["charge_minor"], row["charged_at"], known)
        return next((one for one in taken if one["id"] == found), None)

    def _worth(self, connection: sa.Connection, row: Row) -> Worth | None:
        """Dollars as reported, else at the dated rate; parked with an alert while neither is there."""
        if row["amount_micro_usd"] is not None:
            return Worth(row["amount_micro_usd"], row["fx_rate"], row["fx_date"])
        if row["minor"] is None:
            self._park(connection, row, "price_unknown", f"{row['provider']} does not say what {row['external_id']} cost")
            return None
        rate = reads.rate_at(connection, row["currency"], row["occurred_at"].date())
        if rate is None:
            words = f"a payment in {row['currency']} waits for the exchange rate of {row['occurred_at'].date().isoformat()}"
            self._park(connection, row, "no_fx_rate", words)
            return None
        return Worth(rules.converted_micro_usd(row["minor"], row["currency"], rate[1]), format(rate[1], "f"), rate[0])

    def _park(self, connection: sa.Connection, row: Row, reason: str, text: str) -> None:
        store.settle_payment(connection, row["id"], {"status": "parked", "reason": reason})
        key = f"payment/{row['id']}/{reason}"
        self._events.emit(connection, "alert.raised", key, {"kind": f"payment_{reason}", "text": text, "key": key})

    def _count(self, connection: sa.Connection, row: Row, worth: Worth, found: Mapping[str, Any]) -> None:
        """Book the money and its deductions once, and tell it."""
        held, original = found["held"], found["original"]
        kind = self._kind(row, held)
        user = _user(row, held, original)
        decided = {
            "kind": kind, "status": "counted", "reason": None, "product": found["product"], "user_id": user,
            "subscription_id": found["subscription_id"], "refunds_id": None if original is None else original["id"],
            "amount_micro_usd": worth.amount_micro_usd, "fx_rate": worth.fx_rate, "fx_date": worth.fx_date,
        }  # fmt: skip
        store.settle_payment(connection, row["id"], decided)
        settled = {**row, **decided}
        ledger_kind = "refund" if kind == "refund" else "revenue"
        self._post(connection, settled, ledger_kind, worth.amount_micro_usd)
        self._post(connection, settled, "store_commission", row["commission_micro_usd"])
        self._post(connection, settled, "tax", row["tax_micro_usd"])
        ledger_key = _ledger_key(row)
        payload = {
            "subscription_id": found["subscription_id"], "user_id": user, "product": found["product"],
            "amount_micro_usd": worth.amount_micro_usd, "ledger_key": ledger_key, "payment_id": row["id"],
            "ledger_id": make_id("led", ledger_kind, ledger_key), "refunds_payment_id": decided["refunds_id"],
        }  # fmt: skip
        self._events.emit(connection, EVENT_OF[kind], ledger_key, payload, row["occurred_at"])
        if kind == "refund" and row["provider"] == "stripe" and original is not None and _is_whole(row, original):
            self._mark_refunded(connection, row, original)

    def _kind(self, row: Row, held: Row | None) -> str:
        """Purchase, renewal or refund; a bill without subscription is a purchase."""
        if row["kind"] != "invoice":
            return str(row["kind"])
        if held is None:
            return "purchase"
        return "purchase" if rules.is_first_invoice(row["detail"], row["occurred_at"], held["trial_ends_at"]) else "renewal"

    def _mark_refunded(self, connection: sa.Connection, row: Row, original: Row) -> None:
        """All of a payment went back, or came back after all: the subscription counts as refunded until then, or paid again."""
        key = reads.subscription_key(connection, original["subscription_id"]) if original["subscription_id"] else None
        if key is not None:
            word: FactKind = "refund_reversed" if row["detail"] == "reversed" else "refunded"
            fact = Fact(key=row["external_id"], kind=word, occurred_at=row["occurred_at"], is_production=True)
            store.keep_fact(self._database, connection, key, fact, self._clock.now())
            self._refold(connection, key)

    def _post(self, connection: sa.Connection, row: Row, kind: str, amount_micro_usd: int) -> None:
        if amount_micro_usd == 0:
            return
        foreign = row["fx_rate"] is not None
        said = row["original_amount"]
        original = format(rules.major_units(row["minor"], row["currency"]), "f") if foreign and said is None else said
        self._ledger.book(connection, Entry(
            key=_ledger_key(row), kind=kind, service=row["provider"], amount_micro_usd=amount_micro_usd, cause_type="payment",
            cause_id=row["id"], occurred_at=row["occurred_at"], currency=row["currency"], original_amount=original,
            product=row["product"], units={"fx_rate": row["fx_rate"], "fx_date": row["fx_date"].isoformat()} if foreign else None,
        ))  # fmt: skip

    def post_fee(self, connection: sa.Connection, key: str, fee_micro_usd: int, at: datetime, paid: Row | None) -> None:
        """What the payment service kept of a charge; `paid` is the payment it belongs to, where known."""
        self._ledger.book(connection, Entry(
            key=f"stripe/{key}", kind="payment_fee", service="stripe", amount_micro_usd=-fee_micro_usd,
            cause_type="payment" if paid is not None else "balance_transaction", cause_id=paid["id"] if paid is not None else key,
            occurred_at=at, product=paid["product"] if paid is not None else self._only_product(),
        ))  # fmt: skip

    def _only_product(self) -> str | None:
        product: Product | None = rules.product_of(self._business, "stripe", ())
        return None if product is None else product.key


def _names(facts: Sequence[Fact]) -> list[str]:
    """Every name a till gave to what it sold, newest first."""
    return [name for fact in reversed(facts) for name in fact.store_ids]


def _is_whole(row: Row, original: Row) -> bool:
    """Whether a refund or dispute is about all of its payment."""
    return row["detail"] == "full" or (row["detail"] in ("dispute", "reversed") and abs(row["minor"] or 0) == original["minor"])


def _ledger_key(row: Row) -> str:
    return f"{row['provider']}/{row['external_id']}"


def _user(row: Row, held: Row | None, original: Row | None) -> str | None:
    """Who it was: RevenueCat names the person in each event, Stripe's subscription knows better than its bills."""
    named = [row["user_id"], *[one["user_id"] for one in (held, original) if one is not None]]
    if row["provider"] == "stripe":
        named = [one["user_id"] for one in (held, original) if one is not None] + [row["user_id"]]
    return next((name for name in named if name is not None), None)
