"""How a purchase is made at each store: the same four deeds, spoken as each vendor's customers do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Protocol

from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.sandbox.catalogue import Offer


class Till(Protocol):
    """Where money changes hands."""

    def start_trial(self, offer: Offer, customer: str, at: datetime) -> str: ...

    def buy(self, offer: Offer, customer: str, at: datetime) -> str: ...

    def cancel(self, subscription: str, at: datetime) -> None: ...

    def refund(self, subscription: str, at: datetime) -> None: ...


@dataclass(frozen=True)
class RevenueCatTill:
    """An app store, with RevenueCat behind it; the customer is the app user id."""

    fake: ModuleType
    state: FakeState

    def start_trial(self, offer: Offer, customer: str, at: datetime) -> str:
        return str(
            self.fake.public_start_trial(self.state, customer, offer.product_id, offer.price_micro_usd, offer.trial_days, at=at)
        )

    def buy(self, offer: Offer, customer: str, at: datetime) -> str:
        return str(self.fake.public_purchase(self.state, customer, offer.product_id, offer.price_micro_usd, at=at))

    def cancel(self, subscription: str, at: datetime) -> None:
        self.fake.public_cancel(self.state, subscription, at)

    def refund(self, subscription: str, at: datetime) -> None:
        self.fake.public_refund(self.state, subscription, at)


@dataclass(frozen=True)
class StripeTill:
    """A Stripe checkout page on the offer's own site; the visitor id travels in the metadata."""

    fake: ModuleType
    state: FakeState

    def start_trial(self, offer: Offer, customer: str, at: datetime) -> str:
        return self._subscribe(offer, customer, at, offer.trial_days)

    def buy(self, offer: Offer, customer: str, at: datetime) -> str:
        return self._subscribe(offer, customer, at, 0)

    def cancel(self, subscription: str, at: datetime) -> None:
        self.fake.public_cancel(self.state, subscription, at)

    def refund(self, subscription: str, at: datetime) -> None:
        self.fake.public_refund(self.state, subscription, at=at)

    def _subscribe(self, offer: Offer, customer: str, at: datetime, trial_days: int) -> str:
        made = self.fake.public_subscribe(
            self.state, f"{customer}@people.example", customer, offer.product_id, offer.price_micro_usd,
            trial_days=trial_days, metadata={"distinct_id": customer}, at=at,
        )  # fmt: skip
        return str(made)


TILLS: Mapping[str, Callable[[ModuleType, FakeState], Till]] = {"revenuecat": RevenueCatTill, "stripe": StripeTill}
