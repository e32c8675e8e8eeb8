"""Report files of a pretend App Store: a day's figures a day or two late, gzipped, tab-separated, with a checksum."""

from __future__ import annotations

import gzip
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from revenue_machine.integrations.app_store.fake_shop import Document, make_uuid
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState
from revenue_machine.kit.rng import rng

HOST = "https://analytics-segments.appstoreconnect.local"
ENGAGEMENT, DOWNLOADS = "App Store Discovery and Engagement Standard", "App Downloads Standard"
REPORTS = ((ENGAGEMENT, "APP_STORE_ENGAGEMENT"), (DOWNLOADS, "COMMERCE"))
EARLIEST, SPREAD_HOURS = timedelta(hours=24), 24.0
ADDRESS_LIVES = timedelta(minutes=30)
_DEVICES = ("iPhone", "iPad")
_HEAD = ("Date", "App Name", "App Apple Identifier")
_TAIL = ("Device", "Source Type", "Territory", "Counts", "Unique Counts")


def reports_of(request: Document) -> list[Document]:
    """The kinds of report an order brings."""
    return [
        {
            "id": make_uuid("report", request["id"], name),
            "request": request["id"],
            "app": request["app"],
            "name": name,
            "category": category,
        }
        for name, category in REPORTS
    ]


def editions(state: FakeState, request: Document, report: Document) -> list[Document]:
    """Editions that are out by now: of a standing order one per day since it was given, of a look back one with all before."""
    ordered = parse_instant(request["created"])
    days = [date.fromisoformat(one["date"]) for one in state.list(f"day:{request['app']}")]
    if request["access"] == "ONE_TIME_SNAPSHOT":
        before = sorted(day for day in days if day < ordered.date())
        out = ordered + _lateness(state, report["id"], "all")
        return [_edition(report, "all", before, out.date())] if before and out <= state.now() else []
    since = sorted(day for day in days if day >= ordered.date())
    return [
        _edition(report, day.isoformat(), [day], out.date())
        for day in since
        if (out := _end(day) + _lateness(state, report["id"], day)) <= state.now()
    ]


def _edition(report: Document, name: str, days: Sequence[date], processed: date) -> Document:
    edition_id = make_uuid("edition", report["id"], name)
    return {"id": edition_id, "report": report, "days": [day.isoformat() for day in days], "processed": processed.isoformat()}


def _lateness(state: FakeState, report_id: str, name: object) -> timedelta:
    """24 to 48 hours, the same whenever asked."""
    return EARLIEST + timedelta(hours=SPREAD_HOURS * rng(state.seed, "app_store.lateness", report_id, name).random())


def segment_of(state: FakeState, edition: Document) -> Document:
    """The one file of an edition with its signed address."""
    data = packed(state, edition)
    until = int((state.now() + ADDRESS_LIVES).timestamp())
    query = urlencode({"until": until, "seal": _seal(state, edition["id"], until)})
    return {
        "id": make_uuid("segment", edition["id"]), "checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "size": len(data), "url": f"{HOST}/segments/{edition['id']}?{query}",
    }  # fmt: skip


def is_signed(state: FakeState, request: FakeRequest, edition_id: str) -> bool:
    """Whether an address is one that was handed out, and not too old."""
    until, seal = request.param("until") or "", request.param("seal") or ""
    if not until.isdigit() or int(until) < state.now().timestamp():
        return False
    return hmac.compare_digest(seal.encode(), _seal(state, edition_id, int(until)).encode())


def _seal(state: FakeState, edition_id: str, until: int) -> str:
    return make_uuid("seal", state.api_key, edition_id, until)


def packed(state: FakeState, edition: Document) -> bytes:
    """The file: gzip of tab-separated lines."""
    report = edition["report"]
    app = state.get("app", report["app"]) or {}
    lines = ["\t".join((*_HEAD, "Download Type" if report["name"] == DOWNLOADS else "Event", *_TAIL))]
    for day in edition["days"]:
        held = state.get(f"day:{report['app']}", day) or {}
        head = [day, str(app.get("name", "")), str(app.get("id", ""))]
        for word, count in _counts(report["name"], held):
            lines += ["\t".join([*head, word, *rest]) for rest in _shares(count)]
    return gzip.compress("\n".join([*lines, ""]).encode(), mtime=0)


def _counts(name: str, held: Document) -> list[tuple[str, int]]:
    views, loads = held.get("page_views", 0), held.get("downloads", 0)
    if name == DOWNLOADS:
        return [("First-time download", loads), ("Redownload", loads // 10), ("Auto-update", loads * 2)]
    return [("Impression", held.get("impressions", 0)), ("Page view", views), ("Tap", views // 3)]


def _shares(count: int) -> list[list[str]]:
    """A count over two devices: three quarters on the phone."""
    tablet = count // 4
    found = zip(_DEVICES, (count - tablet, tablet), strict=True)
    return [[device, "App Store search", "US", str(part), str(part * 9 // 10)] for device, part in found if part]


def sales(state: FakeState, day: date) -> bytes | None:
    """The sales summary of a day over all apps, None before it is out or when nothing was sold."""
    if state.now() < _end(day) + EARLIEST:
        return None
    rows = []
    for app in state.list("app"):
        held = state.get(f"day:{app['id']}", day.isoformat())
        if held is not None and held["downloads"]:
            us = day.strftime("%m/%d/%Y")
            rows.append(
                "\t".join(["APPLE", "US", app["bundle"], app["name"], "1F", str(held["downloads"]), us, us, str(app["id"])])
            )
    head = ("Provider", "Provider Country", "SKU", "Title", "Product Type Identifier", "Units", "Begin Date", "End Date")
    lines = ["\t".join((*head, "Apple Identifier")), *rows, ""]
    return gzip.compress("\n".join(lines).encode(), mtime=0) if rows else None


def answer_file(data: bytes, content_type: str) -> FakeResponse:
    """A file as it is sent."""
    return FakeResponse(200, data, {"content-type": content_type})


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(0), UTC)
