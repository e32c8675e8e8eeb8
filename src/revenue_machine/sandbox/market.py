"""The counters where people meet the vendors: posts, metrics, analytics, tills; a missing vendor is a closed counter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any

from revenue_machine.kit.clock import parse_instant
from revenue_machine.sandbox.catalogue import Offer
from revenue_machine.sandbox.tills import TILLS, Till
from revenue_machine.sandbox.vendors import Outside

_AHEAD = timedelta(days=365)


@dataclass(frozen=True)
class Posted:
    """A post on some network's wall, from an instant on."""

    at: datetime
    post_id: str
    document: Mapping[str, Any]


class Market:
    """Calls the `public_*` side of the fakes; nothing here is a request and nothing is journalled."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._held = -1
        self._posts: list[Posted] = []

    def has(self, service: str) -> bool:
        """Whether that vendor exists in this world."""
        return service in self._outside.vendors

    def _fake(self, service: str) -> ModuleType:
        return self._outside.vendors[service].fake

    def posts(self) -> list[Posted]:
        """Everything that is public or will be once its time comes, oldest first; read anew only when more was handed in."""
        if not self.has("blotato"):
            return []
        state = self._outside.state("blotato")
        held = state.count_all()
        if held != self._held:
            self._held, self._posts = held, self._read_posts()
        return self._posts

    def _read_posts(self) -> list[Posted]:
        store = self._outside.store
        with store.together():
            now = store.now()
            store.move_to(now + _AHEAD)
            found: list[dict[str, Any]] = self._fake("blotato").public_posts(self._outside.state("blotato"))
            store.move_to(now)
        posted = [Posted(parse_instant(str(post["published_at"])), str(post["id"]), post) for post in found]
        return sorted(posted, key=lambda one: (one.at, one.post_id))

    def show_metrics(self, url: str, counts: Mapping[str, int]) -> None:
        """Let everybody see how a post stands."""
        if url and self.has("market_research"):
            self._fake("market_research").public_set_metrics(self._outside.state("market_research"), url, **counts)

    def capture(self, event: str, distinct_id: str, properties: Mapping[str, Any], at: datetime) -> None:
        """What the product's own site tells analytics."""
        if self.has("posthog"):
            self._fake("posthog").public_capture(self._outside.state("posthog"), event, distinct_id, dict(properties), at)

    def open_mailbox(self, address: str, *, is_dead: bool) -> None:
        """A person has an address; the dead ones take no mail."""
        if self.has("resend") and is_dead:
            self._fake("resend").public_mailbox(self._outside.state("resend"), address, "hard_bounce")

    def product(self, project: str) -> Mapping[str, Any]:
        """What the product of that name shows now; empty where nobody works on it."""
        show = self._public("acd", "public_product")
        return {} if show is None else show(self._outside.state("acd"), project) or {}

    def open_test(self, product: str, variants: Mapping[str, float]) -> None:
        """Somebody set up a test of a product's paywall; shares in percent."""
        start = self._public("superwall", "public_experiment")
        if start is not None:
            start(self._outside.state("superwall"), product, dict(variants))

    def tell_paywall(self, deed: str, customer: str, product: str, variant: str, **more: Any) -> None:
        """What happens at a paywall (`open`, `trial`, `convert`, `renew`, `refund`), as Superwall's code in the app tells it."""
        tell = self._public("superwall", f"public_{deed}")
        if tell is not None:
            tell(self._outside.state("superwall"), customer, product, variant, **more)

    def open_app(self, bundle_id: str, name: str) -> None:
        """The owner has an app of that name in the store; once."""
        start = self._public("app_store", "public_app")
        if start is not None:
            start(self._outside.state("app_store"), bundle_id, name)

    def listing(self, bundle_id: str) -> Mapping[str, Any]:
        """How an app's page in the store reads now."""
        show = self._public("app_store", "public_listing")
        return {} if show is None else show(self._outside.state("app_store"), bundle_id)

    def release(self, bundle_id: str, words: Mapping[str, str]) -> None:
        """The owner's own way brings new words of the listing out."""
        tell = self._public("app_store", "public_release")
        if tell is not None:
            tell(self._outside.state("app_store"), bundle_id, dict(words))

    def page_tests(self, bundle_id: str) -> Mapping[str, Mapping[str, float]]:
        """Running tests of that page: shares of its visitors by arm."""
        show = self._public("app_store", "public_tests")
        return {} if show is None else show(self._outside.state("app_store"), bundle_id)

    def show_page(self, test: str, arm: str, *, impressions: int, conversions: int) -> None:
        """So many people saw one arm of a test of the page, and so many of them loaded the app."""
        tell = self._public("app_store", "public_expose")
        if tell is not None:
            tell(self._outside.state("app_store"), test, arm, impressions=impressions, conversions=conversions)

    def count_day(self, bundle_id: str, day: date, *, impressions: int, page_views: int, downloads: int) -> None:
        """What the store counted of an app on a date."""
        tell = self._public("app_store", "public_day")
        if tell is not None:
            counts = {"impressions": impressions, "page_views": page_views, "downloads": downloads}
            tell(self._outside.state("app_store"), bundle_id, day, **counts)

    def _public(self, service: str, name: str) -> Callable[..., Any] | None:
        return getattr(self._fake(service), name, None) if self.has(service) else None

    def sells(self, offer: Offer) -> bool:
        """Whether the offer's till is open in this world."""
        return self.has(offer.store)

    def start_trial(self, offer: Offer, customer: str, at: datetime) -> str:
        """Begin a free trial; it becomes paid by itself unless it is cancelled before its end. Returns the subscription."""
        return self._till(offer).start_trial(offer, customer, at)

    def buy(self, offer: Offer, customer: str, at: datetime) -> str:
        """Pay for the first month at once; returns the subscription."""
        return self._till(offer).buy(offer, customer, at)

    def cancel(self, offer: Offer, subscription: str, at: datetime) -> None:
        """Switch the renewal off; access lasts to the end of the period."""
        self._till(offer).cancel(subscription, at)

    def refund(self, offer: Offer, subscription: str, at: datetime) -> None:
        """Ask the last payment back."""
        self._till(offer).refund(subscription, at)

    def _till(self, offer: Offer) -> Till:
        return TILLS[offer.store](self._fake(offer.store), self._outside.state(offer.store))

    def advance(self) -> None:
        """Let every vendor catch up with the world's clock, in the order of their names."""
        for name, vendor in sorted(self._outside.vendors.items()):
            if hasattr(vendor.fake, "public_advance"):
                vendor.fake.public_advance(self._outside.state(name))
