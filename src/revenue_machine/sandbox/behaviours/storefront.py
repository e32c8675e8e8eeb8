"""People meet the apps in the store: they see them in lists, open their pages, load them; changed words and pictures move them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from revenue_machine.kit.rng import array_rng
from revenue_machine.sandbox.catalogue import Listing
from revenue_machine.sandbox.truth import Exposure

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 6
NAME = "storefront"
FIRST_LISTING = "first_listing"
ORIGINAL = "original"
# What of a listing people read before they open the page, and what they see on it.
WORDS = ("name", "subtitle", "keywords")
PAGE = ("description", "screenshots")
RELEASED = (*WORDS, "description")


def turn(world: World, start: datetime, end: datetime) -> None:
    """At every midnight (UTC) the day before is counted, as the store counts it."""
    midnight = datetime.combine(end.astimezone(UTC).date(), time(), UTC)
    if not start < midnight <= end or not world.market.has("app_store"):
        return
    with world.living(NAME, end):
        for offer, listing in world.rates.listings.items():
            _live_day(world, offer, listing, (midnight - timedelta(days=1)).date())


def factors(listing: Listing, first: Mapping[str, object], now: Mapping[str, object]) -> tuple[float, float]:
    """(on page views, on downloads per page view) of a listing that was changed since the world began."""
    changed = {name for name in {*first, *now} if (first.get(name) or "") != (now.get(name) or "")}
    return (listing.words if changed & set(WORDS) else 1.0, listing.page if changed & set(PAGE) else 1.0)


def _live_day(world: World, offer: str, listing: Listing, day: date) -> None:
    """Draw one app's day; a test of its page shares the visitors out."""
    stands, deployed = world.market.listing(listing.bundle_id), world.deployed(offer).listing
    # The harness only edits files; what brings them out is the owner's release, at night.
    words = {name: text for name, text in deployed.items() if name in RELEASED and isinstance(text, str)}
    if stands and any(stands.get(name) != text for name, text in words.items()):
        world.market.release(listing.bundle_id, words)
    shown = {**stands, **deployed}
    first = world.notes.get(FIRST_LISTING, offer)
    if first is None:
        first = shown
        world.notes.put(FIRST_LISTING, offer, shown)
    on_views, on_downloads = factors(listing, first, shown)
    draws = array_rng(world.seed, "storefront", offer, day.isoformat())
    impressions = int(draws.poisson(listing.impressions_per_day))
    views = int(draws.binomial(impressions, min(listing.view_share * on_views, 1.0)))
    usual = min(listing.download_share * on_downloads, 1.0)
    downloads = 0
    arms = world.market.page_tests(listing.bundle_id) or {"": {ORIGINAL: 1.0}}
    test, shares = next(iter(sorted(arms.items())))
    chances = {arm: usual if arm == ORIGINAL else min(usual * listing.page, 1.0) for arm in shares}
    for arm, count in zip(shares, draws.multinomial(views, list(shares.values())).tolist(), strict=True):
        loaded = int(draws.binomial(count, chances[arm]))
        downloads += loaded
        if test:
            world.market.show_page(test, arm, impressions=count, conversions=loaded)
            at = datetime.combine(day, time(12), UTC)
            world.expose(Exposure(at, offer, f"page/{test}", "", arm, chances, people=count))
    world.market.count_day(listing.bundle_id, day, impressions=impressions, page_views=views, downloads=downloads)
