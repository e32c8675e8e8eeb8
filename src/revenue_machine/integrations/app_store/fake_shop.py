"""What a pretend App Store keeps: apps, versions and their words, product-page tests, and what visitors did each day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.ids import content_hash

Document = dict[str, Any]
LIVE, DRAFT = "READY_FOR_DISTRIBUTION", "PREPARE_FOR_SUBMISSION"
# Apple's review of a test: it waits, is looked at, and is through a day after it was handed in.
LOOKED_AT_AFTER, JUDGED_AFTER = timedelta(hours=12), timedelta(hours=24)
RUNS_FOR = timedelta(days=90)
CONTROL = "original"
_HEAD, _BODY = ("name", "subtitle"), ("keywords", "description")


def public_app(
    state: FakeState,
    bundle_id: str,
    name: str,
    *,
    locale: str = "en-US",
    listing: Mapping[str, str] | None = None,
    is_live: bool = True,
) -> str:
    """An app of the account with a first version, out unless told; the same bundle id once. Returns Apple's id of it."""
    known = find_app(state, bundle_id)
    if known is not None:
        return str(known["id"])
    app_id = str(6_400_000_000 + state.next_number("app"))
    words = {"name": name, "subtitle": "", "keywords": "", "description": name, **(listing or {})}
    state.put("app", app_id, {"id": app_id, "bundle": bundle_id, "name": name, "locale": locale})
    add_version(state, app_id, "1.0", LIVE if is_live else DRAFT, {locale: words})
    return app_id


def public_release(state: FakeState, bundle_id: str, listing: Mapping[str, str], version: str | None = None) -> None:
    """The owner's own way: the version in preparation, or a new one, passes review with these words on top and is out now."""
    app = _known(state, bundle_id)
    held = live_version(state, app["id"])
    draft = next((one for one in versions_of(state, app["id"]) if one["state"] == DRAFT), None)
    words = _words_of(draft or held, app["locale"])
    words[app["locale"]] |= {name: text for name, text in listing.items() if name in (*_HEAD, *_BODY)}
    if held is not None:
        state.put("version", held["id"], {**held, "state": "REPLACED_WITH_NEW_VERSION"})
    if draft is None:
        nth = state.next_number(f"version:{app['id']}")
        add_version(state, app["id"], version or f"1.{nth}", LIVE, words)
    else:
        state.put("version", draft["id"], {**draft, "state": LIVE, "words": words})


def _words_of(held: Document | None, locale: str) -> dict[str, dict[str, str]]:
    return {place: dict(texts) for place, texts in held["words"].items()} if held else {locale: {}}


def public_draft(state: FakeState, bundle_id: str, version: str) -> str:
    """The owner opens a new version for editing; it begins with the words that are out. Returns its id."""
    app = _known(state, bundle_id)
    return add_version(state, app["id"], version, DRAFT, _words_of(live_version(state, app["id"]), app["locale"]))


def public_listing(state: FakeState, bundle_id: str) -> dict[str, str]:
    """Name, subtitle, keywords and description as the public has them now; empty while nothing is out."""
    app = find_app(state, bundle_id)
    held = live_version(state, app["id"]) if app else None
    return dict(held["words"][app["locale"]]) if app and held else {}


def public_day(
    state: FakeState, bundle_id: str, on: date, *, impressions: int = 0, page_views: int = 0, downloads: int = 0
) -> None:
    """So many more people saw the app, opened its page and loaded it on a date."""
    app = _known(state, bundle_id)
    held = state.get(f"day:{app['id']}", on.isoformat()) or {
        "date": on.isoformat(),
        "impressions": 0,
        "page_views": 0,
        "downloads": 0,
    }
    more = {"impressions": impressions, "page_views": page_views, "downloads": downloads}
    state.put(f"day:{app['id']}", on.isoformat(), held | {name: held[name] + count for name, count in more.items()})


def public_review(state: FakeState, bundle_id: str, rating: int, title: str, body: str) -> None:
    """A customer writes a review."""
    app = _known(state, bundle_id)
    number = state.next_number("review")
    said = {"rating": rating, "title": title, "body": body, "reviewerNickname": f"customer{number}", "territory": "USA"}
    review_id = make_uuid("review", number)
    state.put("review", review_id, {"id": review_id, "app": app["id"], **said, "createdDate": iso(state.now())})


def public_submit(state: FakeState, experiment_id: str) -> None:
    """The owner has put the pictures in and hands a test over to Apple's review."""
    held = _test(state, experiment_id)
    if stage(state, held) in (DRAFT, "READY_FOR_REVIEW"):
        state.put("experiment", experiment_id, {**held, "submitted": iso(state.now())})


def public_doom(state: FakeState, experiment_id: str) -> None:
    """Apple's review will refuse this test."""
    state.put("experiment", experiment_id, {**_test(state, experiment_id), "is_doomed": True})


def public_tests(state: FakeState, bundle_id: str) -> dict[str, dict[str, float]]:
    """Running tests of an app: the share of visitors each arm gets, `original` among them; treatments share theirs evenly."""
    app = find_app(state, bundle_id)
    found = {}
    for held in tests_of(state, app["id"]) if app else []:
        arms = [one["name"] for one in treatments_of(state, held["id"])]
        if is_running(state, held) and arms:
            shown = held["traffic"] / 100
            found[str(held["id"])] = {CONTROL: 1 - shown, **{name: shown / len(arms) for name in arms}}
    return found


def public_expose(state: FakeState, experiment_id: str, arm: str, *, impressions: int, conversions: int) -> None:
    """So many more people were shown one arm of a test, and so many of them loaded the app."""
    seen = state.get("result", f"{experiment_id}/{arm}") or {"arm": arm, "impressions": 0, "conversions": 0}
    more = {"impressions": seen["impressions"] + impressions, "conversions": seen["conversions"] + conversions}
    state.put("result", f"{experiment_id}/{arm}", {**seen, **more})


def public_results(state: FakeState, experiment_id: str) -> dict[str, tuple[int, int]]:
    """(impressions, conversions) of each arm as the web page shows them to the owner; the API never says them."""
    names = [CONTROL, *(one["name"] for one in treatments_of(state, experiment_id))]
    found = {name: state.get("result", f"{experiment_id}/{name}") for name in names}
    return {name: (held["impressions"], held["conversions"]) if held else (0, 0) for name, held in found.items()}


def add_version(state: FakeState, app_id: str, number: str, stage_of_it: str, words: Mapping[str, Mapping[str, str]]) -> str:
    """One more version of an app with its words per language; its id."""
    version_id = make_uuid("version", app_id, number)
    held = {"id": version_id, "app": app_id, "number": number, "state": stage_of_it, "created": iso(state.now())}
    state.put("version", version_id, {**held, "words": {place: dict(texts) for place, texts in words.items()}})
    return version_id


def versions_of(state: FakeState, app_id: str) -> list[Document]:
    """Versions of an app, newest first."""
    return [one for one in reversed(state.list("version")) if one["app"] == app_id]


def live_version(state: FakeState, app_id: str) -> Document | None:
    """The version the public has."""
    return next((one for one in versions_of(state, app_id) if one["state"] == LIVE), None)


def find_app(state: FakeState, bundle_id: str) -> Document | None:
    """The app of a bundle id."""
    return next((one for one in state.list("app") if one["bundle"] == bundle_id), None)


def tests_of(state: FakeState, app_id: str) -> list[Document]:
    """Product-page tests of an app, oldest first."""
    return [one for one in state.list("experiment") if one["app"] == app_id]


def treatments_of(state: FakeState, experiment_id: str) -> list[Document]:
    """Arms of a test, oldest first."""
    return [one for one in state.list("treatment") if one["experiment"] == experiment_id]


def localizations_of(state: FakeState, treatment_id: str) -> list[Document]:
    """Languages of an arm, oldest first."""
    return [one for one in state.list("treatment_localization") if one["treatment"] == treatment_id]


def needs_review(state: FakeState, held: Document) -> bool:
    """Pictures of its own in any language have to be looked at; icons lie in a build that was."""
    return any(localizations_of(state, one["id"]) for one in treatments_of(state, held["id"]))


def stage(state: FakeState, held: Document) -> str:
    """The state of a test, worked out from what happened to it and when."""
    now = state.now()
    if held.get("stopped"):
        return "STOPPED"
    if held.get("started"):
        return "COMPLETED" if now >= _at(held["started"]) + RUNS_FOR else "APPROVED"
    if not held.get("submitted"):
        return DRAFT
    age = now - _at(held["submitted"])
    if age < LOOKED_AT_AFTER:
        return "WAITING_FOR_REVIEW"
    if age < JUDGED_AFTER:
        return "IN_REVIEW"
    return "REJECTED" if held.get("is_doomed") else "ACCEPTED"


def is_running(state: FakeState, held: Document) -> bool:
    """Whether visitors are being shown its arms."""
    return bool(held.get("started")) and stage(state, held) == "APPROVED"


def make_uuid(*natural_key: object) -> str:
    """An id that looks like Apple's and is the same for the same thing."""
    digits = content_hash("/".join(map(str, natural_key)))
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def _known(state: FakeState, bundle_id: str) -> Document:
    """The app of a bundle id; one nobody described is out without a word on its page."""
    blank = {"name": "", "description": ""}
    return find_app(state, bundle_id) or state.get("app", public_app(state, bundle_id, bundle_id, listing=blank)) or {}


def _test(state: FakeState, experiment_id: str) -> Document:
    held = state.get("experiment", experiment_id)
    if held is None:
        raise LookupError(f"no test {experiment_id}")
    return held


def _at(text: str) -> datetime:
    return parse_instant(text)
