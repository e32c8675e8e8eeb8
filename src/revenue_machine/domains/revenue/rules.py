"""Pure decisions about money and subscriptions: the fold of facts, who takes the money, what a foreign amount is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.revenue.models import Fact, Move, SnapshotState, Status, SubscriptionState
from revenue_machine.kit.ids import make_id

# Facts of one instant in the order in which they make sense.
_RANK = {
    "trial_started": 0, "snapshot": 1, "named": 2, "paid": 3, "renewal_on": 4, "renewal_off": 5, "extended": 6,
    "grace": 7, "refunded": 8, "refund_reversed": 9, "ended": 10,
}  # fmt: skip
_SNAPSHOT_RANK = {"trialing": 0, "active": 1, "past_due": 2, "unpaid": 3, "paused": 4, "canceled": 5, "incomplete_expired": 6}
ENDED_WORDS = frozenset({"canceled", "incomplete_expired", "paused"})
GRACE_WORDS = frozenset({"past_due", "unpaid"})
# What a store keeps when nobody says: the standard rate, so that net money is never promised too high.
STORE_COMMISSION = {"APP_STORE": Decimal("0.30"), "MAC_APP_STORE": Decimal("0.30"), "PLAY_STORE": Decimal("0.30"),
                    "AMAZON": Decimal("0.30")}  # fmt: skip
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
RATE_REACH = timedelta(days=5)
FIRST_INVOICE_REACH = timedelta(days=2)
REFUND_REACH = timedelta(hours=3)


@dataclass
class _Life:
    """A subscription while its facts are laid on each other."""

    user_id: str | None = None
    user_rank: int = -1
    user_since: datetime | None = None
    customer_hash: str | None = None
    store_ids: tuple[str, ...] = ()
    price_micro_usd: int | None = None
    started_at: datetime | None = None
    trial_started_at: datetime | None = None
    trial_ends_at: datetime | None = None
    paid_at: datetime | None = None
    ends_at: datetime | None = None
    ended_at: datetime | None = None
    is_renewing: bool = True
    is_grace: bool = False
    is_refunded: bool = False
    has_snapshot: bool = False
    churned_at: list[datetime] = field(default_factory=list)


def fold(facts: Sequence[Fact], moves: Sequence[Move] = ()) -> SubscriptionState:
    """The state all facts together mean, in whatever order they arrived; at least one fact."""
    ordered = sorted(facts, key=_order)
    life = _Life()
    for fact in ordered:
        _name(life, fact)
        _prove_payment(life, fact)
        _STEPS[fact.kind](life, fact)
    _hand_over(life, moves)
    first, last = ordered[0], ordered[-1]
    return SubscriptionState(
        status=_status(life), is_production=all(fact.is_production for fact in facts), user_id=life.user_id,
        user_since=life.user_since or first.occurred_at, customer_hash=life.customer_hash, store_ids=life.store_ids,
        price_micro_usd=life.price_micro_usd, started_at=life.started_at or first.occurred_at,
        trial_started_at=life.trial_started_at, trial_ends_at=life.trial_ends_at, paid_at=life.paid_at, ends_at=life.ends_at,
        ended_at=life.ended_at, newest_event_at=last.occurred_at, has_snapshot=life.has_snapshot, churned_at=tuple(life.churned_at),
    )  # fmt: skip


def _order(fact: Fact) -> tuple[datetime, int, int, str]:
    inner = _SNAPSHOT_RANK.get(fact.state.status, 3) if fact.state is not None else 0
    return fact.occurred_at, _RANK[fact.kind], inner, fact.key


def _name(life: _Life, fact: Fact) -> None:
    """Who and what: the surest name, of those the newest; what is sold, as last said."""
    if fact.user_id is not None and fact.user_rank >= life.user_rank:
        life.user_id, life.user_rank, life.user_since = fact.user_id, fact.user_rank, fact.occurred_at
    life.customer_hash = fact.customer_hash or life.customer_hash
    life.store_ids = fact.store_ids or life.store_ids
    life.price_micro_usd = life.price_micro_usd if fact.price_micro_usd is None else fact.price_micro_usd


def _prove_payment(life: _Life, fact: Fact) -> None:
    if fact.paid_since is not None:
        life.paid_at = fact.paid_since if life.paid_at is None else min(life.paid_at, fact.paid_since)


def _trial_started(life: _Life, fact: Fact) -> None:
    life.trial_started_at = life.trial_started_at or fact.occurred_at
    life.trial_ends_at = fact.ends_at
    _open(life, fact)


def _paid(life: _Life, fact: Fact) -> None:
    life.is_refunded = life.is_grace = False
    _open(life, fact)


def _open(life: _Life, fact: Fact) -> None:
    """A period that reaches behind the end revives the subscription."""
    if fact.ends_at is None:
        return
    life.is_renewing = True
    life.ends_at = fact.ends_at
    if life.ended_at is not None and fact.ends_at > life.ended_at:
        life.ended_at = None


def _renewal_on(life: _Life, fact: Fact) -> None:
    life.is_renewing = True
    life.ends_at = fact.ends_at or life.ends_at


def _renewal_off(life: _Life, fact: Fact) -> None:
    life.is_renewing = False
    life.ends_at = fact.ends_at or life.ends_at


def _extended(life: _Life, fact: Fact) -> None:
    life.ends_at = fact.ends_at or life.ends_at


def _grace(life: _Life, fact: Fact) -> None:
    life.is_grace = True
    life.ends_at = fact.ends_at or life.ends_at


def _refunded(life: _Life, fact: Fact) -> None:
    life.is_refunded = True


def _refund_reversed(life: _Life, fact: Fact) -> None:
    life.is_refunded = False


def _ended(life: _Life, fact: Fact) -> None:
    _end(life, fact.occurred_at)
    life.ends_at = fact.ends_at or life.ends_at


def _end(life: _Life, at: datetime) -> None:
    """The first word of an end counts; that it is said again later is no second farewell."""
    is_news = life.ended_at is None
    life.ended_at, life.is_renewing = at if is_news else life.ended_at, False
    if is_news and life.paid_at is not None and at not in life.churned_at:
        life.churned_at.append(at)


def _named(life: _Life, fact: Fact) -> None:
    """Only says who it is."""


def _snapshot(life: _Life, fact: Fact) -> None:
    state = _state(fact)
    life.has_snapshot = True
    life.started_at = state.started_at if life.started_at is None else min(life.started_at, state.started_at)
    life.trial_started_at = life.trial_started_at or state.trial_started_at
    life.trial_ends_at = state.trial_ends_at or life.trial_ends_at
    life.is_renewing, life.is_grace = state.is_renewing, state.status in GRACE_WORDS
    life.ends_at = fact.ends_at or life.ends_at
    if state.status in ENDED_WORDS:
        _end(life, state.ended_at or fact.occurred_at)
    else:
        life.ended_at = None


def _state(fact: Fact) -> SnapshotState:
    if fact.state is None:
        raise ValueError(f"the snapshot {fact.key} holds no state")
    return fact.state


_STEPS = {
    "trial_started": _trial_started, "paid": _paid, "renewal_on": _renewal_on, "renewal_off": _renewal_off, "grace": _grace,
    "extended": _extended, "snapshot": _snapshot, "named": _named, "refunded": _refunded,
    "refund_reversed": _refund_reversed, "ended": _ended,
}  # fmt: skip


def _hand_over(life: _Life, moves: Sequence[Move]) -> None:
    """Follow the purchases to whoever got them after the person was last named."""
    for move in sorted(moves, key=lambda one: (one.occurred_at, one.key)):
        if life.user_id == move.from_user_id and life.user_since is not None and move.occurred_at >= life.user_since:
            life.user_id, life.user_since = move.to_user_id, move.occurred_at


def _status(life: _Life) -> Status:
    if life.is_refunded:
        return "refunded"
    if life.ended_at is not None:
        return "expired"
    if life.is_grace:
        return "grace"
    if not life.is_renewing:
        return "cancelled_at_period_end"
    return "trial" if life.paid_at is None and life.trial_started_at is not None else "active"


def person_id(vendor_id: str) -> str:
    """The person's id as events may hold it: an address becomes a hash, anything else stays."""
    return make_id("usr", vendor_id.strip().lower()) if "@" in vendor_id else vendor_id


def product_of(business: Business, provider: str, store_ids: Iterable[str]) -> Product | None:
    """The owner's product a vendor's names mean.

    By its store product ids, else by key; else the only product whose money that provider takes. None is never guessed at.
    """
    found = _listed(business, store_ids)
    if found is not None:
        return found
    own = [product for product in business.products if product.money_source == provider]
    return own[0] if provider == "stripe" and len(own) == 1 else None


def product_among(business: Business, told: Sequence[tuple[str, Sequence[str]]]) -> Product | None:
    """The product several reports (provider, its names) of one sale mean: whatever one of them names, before any default."""
    named = next((found for _, names in told if (found := _listed(business, names)) is not None), None)
    return named or next((found for provider, names in told if (found := product_of(business, provider, names)) is not None), None)


def _listed(business: Business, names: Iterable[str]) -> Product | None:
    return next((found for name in names if (found := business.sold_as(name) or business.product(name)) is not None), None)


def source_of(product: Product | None, reporters: Iterable[str]) -> str | None:
    """Whose report of a sale counts: the product's money source; of a product nobody knows RevenueCat's, else nobody's."""
    if product is not None:
        return product.money_source
    return "revenuecat" if "revenuecat" in set(reporters) else None


def money_source(product: Product | None) -> str:
    """The one provider whose reports of a product are revenue; RevenueCat unless the owner says otherwise."""
    return "revenuecat" if product is None else product.money_source


def product_name(product: Product | None, store_ids: Sequence[str]) -> str | None:
    """How the books call what was sold."""
    return product.key if product is not None else (store_ids[0] if store_ids else None)


def share_micro_usd(amount_micro_usd: int, share: Decimal) -> int:
    """A share of an amount, rounded half to even on the micro-dollar."""
    return int((Decimal(amount_micro_usd) * share).to_integral_value(ROUND_HALF_EVEN))


def store_commission_share(store: str | None, commission: Decimal | None, takehome: Decimal | None, tax: Decimal | None) -> Decimal:
    """What the store keeps: as reported, else from the take-home share, else the store's standard rate."""
    if commission is not None:
        return commission
    if takehome is not None:
        return max(Decimal(0), 1 - takehome - (tax or Decimal(0)))
    return STORE_COMMISSION.get(store or "", Decimal(0))


def major_units(minor: int, currency: str) -> Decimal:
    """An amount in minor units as an exact amount of its currency."""
    places = 0 if currency.lower() in ZERO_DECIMAL else 3 if currency.lower() in THREE_DECIMAL else 2
    return Decimal(minor).scaleb(-places)


def converted_micro_usd(minor: int, currency: str, usd_per_unit: Decimal) -> int:
    """A foreign amount at a dated rate, in micro-dollars, half to even."""
    return int((major_units(minor, currency) * usd_per_unit * 1_000_000).to_integral_value(ROUND_HALF_EVEN))


def exact_micro_usd(usd: Decimal) -> int:
    """Dollars of any precision as micro-dollars, half to even."""
    return int((usd * 1_000_000).to_integral_value(ROUND_HALF_EVEN))


def is_first_invoice(billing_reason: str | None, created_at: datetime, trial_ends_at: datetime | None) -> bool:
    """Whether a paid invoice makes a customer: the one at the start, or the first one after the trial."""
    if billing_reason == "subscription_create":
        return True
    if billing_reason != "subscription_cycle" or trial_ends_at is None:
        return False
    return abs(created_at - trial_ends_at) <= FIRST_INVOICE_REACH


@dataclass(frozen=True)
class Candidate:
    """A payment that a refund might give back."""

    id: str
    links: tuple[str, ...]
    minor: int | None
    occurred_at: datetime


def refunded_payment(
    links: Sequence[str], charge_minor: int | None, charged_at: datetime | None, known: Sequence[Candidate]
) -> str | None:
    """The payment a refunded charge belongs to: by a shared vendor id, else the same amount at the same time."""
    wanted = set(links)
    by_link = sorted(one.id for one in known if wanted & set(one.links))
    if by_link:
        return by_link[0]
    if charge_minor is None or charged_at is None:
        return None
    near = [one for one in known if one.minor == charge_minor and abs(one.occurred_at - charged_at) <= REFUND_REACH]
    best = min(near, key=lambda one: (abs(one.occurred_at - charged_at), one.id), default=None)
    return None if best is None else best.id
