"""A pretend Superwall's charts: which metrics, dimensions and breakdowns there are, and the numbers of a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.money import json_dollars

Document = dict[str, Any]
Numbers = dict[str, float | int]
DATES = ("tsDate", "installDate", "purchaseDate")
_METRICS = (
    ("paywallUsers", "Paywall Users", "Unique users who opened a paywall", "number"),
    ("paywallOpens", "Paywall Opens", "Paywall presentations", "number"),
    ("conversions", "Conversions", "Transactions completed on a paywall, reported by the SDK", "number"),
    ("trialStarts", "Trial Starts", "Free trials started, reported by the store", "number"),
    ("subscriptionStarts", "Subscription Starts", "First payments, reported by the store", "number"),
    ("netProceeds", "Net Proceeds", "Proceeds less refunds", "currency"),
    ("grossProceeds", "Gross Proceeds", "Proceeds before refunds", "currency"),
    ("refunds", "Refunds", "Money given back", "currency"),
    ("conversionRate", "Conversion Rate", "Conversions per paywall user", "percentage"),
    ("proceedsPerUser", "Proceeds Per User", "Net proceeds per paywall user", "currency"),
)
_AXES = (
    ("tsDate", "Date", "When it happened"),
    ("installDate", "Install Date", "When the user installed the app"),
    ("purchaseDate", "Purchase Date", "When the user first purchased"),
)
_BREAKDOWNS = (
    ("experimentId", "Experiment", "experiments"), ("variantId", "Variant", "experiments"), ("paywallId", "Paywall", "experiments"),
    ("placement", "Placement", "paywalls"), ("countryCode", "Country", "users"),
)  # fmt: skip
_FILTERS = ("experiment_id", "variant_id", "paywall_id", "campaign_id", "placement", "country_code", "environment")
_INTERVALS = ("auto", "hour", "day", "week", "month", "quarter", "year", "totals")
_PRESETS = (
    "last_24_hours", "today", "yesterday", "last_7_days", "last_30_days", "last_90_days", "last_180_days", "last_365_days",
    "year_to_date", "custom",
)  # fmt: skip
_PRESET_DAYS = {"today": 1, "last_24_hours": 1, "last_7_days": 7, "last_30_days": 30, "last_90_days": 90, "last_180_days": 180}


class Refused(Exception):
    """A question the charts do not answer; its text is the vendor's message."""


@dataclass(frozen=True)
class _Variant:
    experiment: str
    number: str
    paywall: str
    name: str


def definitions() -> Document:
    """What a chart can show."""
    return {
        "object": "chart_definitions",
        "y_axis": [_axis(*one) for one in _METRICS],
        "x_axis": [_axis(key, name, words, "date") for key, name, words in _AXES],
        "breakdowns": _breakdowns(None),
        "filters": _filters({}),
        "chart_types": [
            {
                "key": "paywallConversion", "name": "Paywall Conversion", "description": "Conversions by day", "x_axis": "tsDate",
                "y_axis": "conversions", "date_dimension": "tsDate", "include": ["paywallUsers"],
            }
        ],
        "date_intervals": [{"key": one, "name": one.title(), "description": f"By {one}"} for one in _INTERVALS],
        "date_presets": list(_PRESETS),
    }  # fmt: skip


def answer(state: FakeState, asked: Document) -> Document:
    """The numbers of a question. Raises: Refused."""
    first, last = _range(state, asked)
    breakdown = asked.get("breakdown")
    metrics = [asked["y_axis"], *asked.get("include", [])]
    known = {one[0] for one in _METRICS}
    unknown = sorted(set(metrics) - known)
    if unknown:
        raise Refused(f"Unknown metric: {unknown[0]}")
    if breakdown is not None and breakdown not in {one[0] for one in _BREAKDOWNS}:
        raise Refused(f"Unknown breakdown: {breakdown}")
    dimension = (asked.get("date_filter") or {}).get("dimension", asked["x_axis"])
    if asked["x_axis"] not in DATES or dimension not in DATES:
        raise Refused("x_axis and date_filter.dimension must be a known date dimension")
    shown = _variants(state, asked)
    is_total = asked.get("date_interval", "auto") == "totals"
    days = [(first, last)] if is_total else [(one, one) for one in _days(first, last)]
    spent = _Counts(state, shown, dimension, (first, last))
    data = [_point(state, spent.of(*span), span, breakdown, metrics) for span in days]
    keys = sorted({key for point in data for key in point["values"]})
    body = {
        "object": "chart_data", "request_id": f"req_{state.next_number('request')}", "data": data,
        "series": [{"breakdown": breakdown or "total", "key": key if breakdown else None} for key in keys],
        "breakdowns": _breakdowns(breakdown), "filters": _filters(asked), "enriched_data": _names(shown, breakdown),
        "date_filters": [_date_filter(one, dimension, asked, (first, last)) for one in DATES],
        "duration": {"start_time": 0, "end_time": 0, "duration_ms": 0},
    }  # fmt: skip
    metric = next(one for one in _METRICS if one[0] == asked["y_axis"])
    axis = next(one for one in _AXES if one[0] == asked["x_axis"])
    return body | {"y_axis": _axis(*metric), "x_axis": _axis(*axis, "date")}


class _Counts:
    """Everything the asked variants did on the days of a dimension."""

    def __init__(self, state: FakeState, shown: Sequence[_Variant], dimension: str, span: tuple[str, str]) -> None:
        self._dimension, self._shown = dimension, {(one.experiment, one.number): one for one in shown}
        experiments = sorted({one.experiment for one in shown})
        self._documents = [(name, held) for name in experiments for held in state.list(f"day/{name}")]
        self._span = span

    def of(self, first: str, last: str) -> dict[_Variant, Numbers]:
        """Sums per variant from one day to another, both included."""
        sums: dict[_Variant, Numbers] = {}
        for experiment, held in self._documents:
            variant = self._shown.get((experiment, held["variant"]))
            if variant is None:
                continue
            for place, numbers in held["cells"].items():
                if first <= self._date(held["day"], place) <= last:
                    _add(sums.setdefault(variant, {}), numbers, first if self._dimension == "tsDate" else "")
        return sums

    def _date(self, day: str, place: str) -> str:
        install, purchase = place.split("|")
        return {"tsDate": day, "installDate": install, "purchaseDate": purchase}[self._dimension]


def _add(sums: Numbers, numbers: Mapping[str, int], first: str) -> None:
    """Add counts; a person whose last open lies within the range was counted on that day already."""
    for name, count in numbers.items():
        if not name.startswith("users_after:"):
            sums[name] = sums.get(name, 0) + count
        elif (before := name.removeprefix("users_after:")) == "" or before < first:
            sums["users"] = sums.get("users", 0) + count


def _point(
    state: FakeState, sums: Mapping[_Variant, Numbers], span: tuple[str, str], breakdown: str | None, metrics: Sequence[str]
) -> Document:
    grouped: dict[str, Numbers] = {}
    for variant, numbers in sums.items():
        into = grouped.setdefault(_series_key(variant, breakdown), {})
        for name, count in numbers.items():
            into[name] = into.get(name, 0) + count
    values = {
        key: {"y": _metric(numbers, metrics[0]), "extra": {name: _metric(numbers, name) for name in metrics[1:]}}
        for key, numbers in sorted(grouped.items())
    }
    return {"x": span[0], "incomplete": span[1] >= state.now().date().isoformat(), "values": values}


def _series_key(variant: _Variant, breakdown: str | None) -> str:
    keys = {"experimentId": variant.experiment, "variantId": variant.number, "paywallId": variant.paywall}
    return keys.get(breakdown or "", "total")


def _metric(numbers: Numbers, name: str) -> float | int:
    users = numbers.get("users", 0)
    plain = {
        "paywallUsers": users, "paywallOpens": numbers.get("opens", 0), "conversions": numbers.get("conversions", 0),
        "trialStarts": numbers.get("trials", 0), "subscriptionStarts": numbers.get("subscriptions", 0),
        "netProceeds": json_dollars(int(numbers.get("net", 0))), "refunds": json_dollars(int(numbers.get("refunded", 0))),
        "grossProceeds": json_dollars(int(numbers.get("gross", 0) + numbers.get("refunded", 0))),
        "conversionRate": numbers.get("conversions", 0) / users if users else 0,
        "proceedsPerUser": json_dollars(int(numbers.get("net", 0) // users)) if users else 0,
    }  # fmt: skip
    return plain[name] or 0


def _variants(state: FakeState, asked: Document) -> list[_Variant]:
    """The variants a question is about; filters narrow it, an empty filter does not."""
    found = []
    for campaign in state.list("campaign"):
        if campaign["app"] != asked["application_id"] or not _fits(asked, "campaign_id", campaign["id"]):
            continue
        for one in campaign["variants"]:
            variant = _Variant(campaign["experiment"], one["id"], one["paywall"] or "", one["name"])
            fits = (("experiment_id", variant.experiment), ("variant_id", variant.number), ("paywall_id", variant.paywall))
            if all(_fits(asked, name, value) for name, value in fits):
                found.append(variant)
    return found


def _fits(asked: Document, name: str, value: str) -> bool:
    wanted = asked.get(name) or []
    return not wanted or value in wanted


def _names(shown: Sequence[_Variant], breakdown: str | None) -> dict[str, str]:
    return {one.number: one.name for one in shown} if breakdown == "variantId" else {}


def _range(state: FakeState, asked: Document) -> tuple[str, str]:
    """The asked days, both included."""
    today = state.now().date()
    given = asked.get("date_filter") or {"preset": "last_30_days"}
    preset = given.get("preset", "custom" if given.get("range") else "last_30_days")
    if preset == "custom":
        span = given.get("range")
        if not span:
            raise Refused("date_filter.range is required when preset is custom")
        try:
            return date.fromisoformat(span["from"][:10]).isoformat(), date.fromisoformat(span["to"][:10]).isoformat()
        except (KeyError, ValueError) as error:
            raise Refused("date_filter.range takes ISO 8601 dates") from error
    if preset == "yesterday":
        day = (today - timedelta(days=1)).isoformat()
        return day, day
    if preset not in _PRESET_DAYS:
        raise Refused(f"Unsupported preset: {preset}")
    return (today - timedelta(days=_PRESET_DAYS[preset] - 1)).isoformat(), today.isoformat()


def _days(first: str, last: str) -> list[str]:
    day, end, found = date.fromisoformat(first), date.fromisoformat(last), []
    while day <= end:
        found.append(day.isoformat())
        day += timedelta(days=1)
    return found


def _axis(key: str, name: str, description: str, value_type: str) -> Document:
    return {"key": key, "name": name, "description": description, "value_type": value_type}


def _breakdowns(active: str | None) -> list[Document]:
    return [{"active": key == active, "description": name, "group": group, **_named(key, name)} for key, name, group in _BREAKDOWNS]


def _filters(asked: Mapping[str, Any]) -> list[Document]:
    return [{"active": bool(asked.get(key)), "description": key, **_named(key, key)} for key in _FILTERS]


def _named(key: str, name: str) -> Document:
    return {"key": key, "name": name, "value_type": "string"}


def _date_filter(name: str, dimension: str, asked: Document, span: tuple[str, str]) -> Document:
    preset = (asked.get("date_filter") or {}).get("preset", "custom" if asked.get("date_filter") else "last_30_days")
    return {
        "active": name == dimension, "name": name, "preset": preset,
        "range": {"from": f"{span[0]}T00:00:00.000Z", "to": f"{span[1]}T23:59:59.999Z"},
    }  # fmt: skip
