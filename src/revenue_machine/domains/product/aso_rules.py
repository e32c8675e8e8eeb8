"""Pure decisions about App Store experiments: what may be changed, how Apple counts, what is measured when, what figures prove."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from revenue_machine.domains.owner.models import Product
from revenue_machine.domains.product.aso_control import WINDOW_DAYS, Measured
from revenue_machine.domains.product.aso_models import AppleFigure, Change, Metric, ProposeArgs, Road, Status
from revenue_machine.kit.errors import BadInput

# Seed §4.9: first these three, then the rest of the owner's list.
PRIORITY = ("everreach_pro", "kindletters", "clientportal", "rork_crm", "ig_lead_finder", "social_campaigns")
LIMITS: Mapping[str, int] = {"title": 30, "subtitle": 30, "keywords": 100, "description": 4000}
# What the store calls the field.
FIELDS: Mapping[str, str] = {"title": "name", "subtitle": "subtitle", "keywords": "keywords", "description": "description"}
METRICS: Mapping[str, Metric] = {
    "title": "impressions", "subtitle": "impressions", "keywords": "impressions", "description": "product_page_conversion",
    "screenshots": "product_page_conversion", "pricing": "trial_starts", "paywall": "trial_starts",
}  # fmt: skip
WEB_TYPES = ("pricing", "paywall")
MOST_TREATMENTS = 3
# Apple's figures are complete two days late.
LATENCY_DAYS = 2
# How long missing figures, a release or a verdict are waited for before the experiment ends without one.
PATIENCE_DAYS, RELEASE_DAYS, PAGE_TEST_GRACE_DAYS = 14, 30, 14
IMPROVED_Z = 1.959964
_Z: Mapping[int, float] = {50: 0.67449, 80: 1.281552, 90: 1.644854, 95: 1.959964, 99: 2.575829}

OPEN: tuple[Status, ...] = ("awaiting_approval", "approved", "releasing", "running", "measuring")
ENDS: tuple[Status, ...] = ("improved", "neutral", "regressed", "inconclusive", "failed", "rejected", "expired")
_NOT_TRIED = frozenset[Status]({"failed", "rejected", "expired"})
MOVES: Mapping[Status, frozenset[Status]] = {
    "proposed": frozenset[Status]({"awaiting_approval"}) | _NOT_TRIED,
    "awaiting_approval": frozenset[Status]({"proposed", "approved", "releasing", "running"}) | _NOT_TRIED,
    "approved": frozenset[Status]({"releasing", "running"}) | _NOT_TRIED,
    "releasing": frozenset[Status]({"measuring"}) | _NOT_TRIED,
    "running": frozenset[Status]({"improved", "neutral", "regressed", "inconclusive", "failed"}),
    "measuring": frozenset[Status]({"improved", "neutral", "regressed", "inconclusive", "failed"}),
    **{status: frozenset[Status]() for status in ENDS},
}
# How sure a memory is: what was measured against a control, what was not, what never was.
CONFIDENCE: Mapping[str, float] = {"improved": 0.9, "regressed": 0.9, "neutral": 0.7, "inconclusive": 0.5}


def rank(app: str) -> tuple[int, str]:
    """The place of an app in the seed's order."""
    return (PRIORITY.index(app) if app in PRIORITY else len(PRIORITY), app)


def apple_length(text: str) -> int:
    """Characters as App Store Connect counts them: units of UTF-16, so most emoji are two and every combining mark is one."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean_text(text: str, field: str) -> str:
    """Words as they are sent: composed, without blanks around them. Raises: bad_input for what no store takes."""
    clean = unicodedata.normalize("NFC", text).strip()
    if not clean:
        raise BadInput("the new words are empty", field="new_text")
    lines = {"\n"} if field == "description" else set()
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in lines for sign in clean):
        raise BadInput("the new words hold a control character" + ("" if lines else " or a line break"), field="new_text")
    used, most = apple_length(clean), LIMITS[field]
    if used > most:
        raise BadInput(f"{used} characters by Apple's count; the {field} takes at most {most}", field="new_text")
    if field == "title" and used < 2:
        raise BadInput("a name has at least 2 characters", field="new_text")
    return clean


def warnings_for(change: Change, product: Product) -> list[str]:
    """What Apple takes and yet wastes: blanks and repetitions among keywords, words the name has already."""
    if change.field != "keywords" or change.after is None:
        return []
    words = [one.strip().casefold() for one in change.after.split(",")]
    found = ["blanks after commas cost characters"] if ", " in change.after else []
    twice = sorted({one for one in words if one and words.count(one) > 1})
    found += [f"{', '.join(twice)} stands twice"] if twice else []
    known = sorted(set(re.findall(r"\w+", product.name.casefold())) & set(words))
    return [*found, f"{', '.join(known)} stands in the name already"] if known else found


def change_of(args: ProposeArgs, product: Product, before: str | None) -> Change:
    """The change a proposal asks for, held against the limits. Raises: bad_input naming the field."""
    kind = args.experiment_type
    if product.bundle_id is None and kind not in WEB_TYPES:
        raise BadInput(
            f"{product.name} has no bundle_id in the owner's file, so it is no app in the store: only pricing and paywall apply",
            field="experiment_type",
        )
    if kind == "screenshots":
        return _page_of(args)
    if args.treatments or args.locales:
        raise BadInput(
            f"a {kind} experiment has no treatments: Apple tests icon, screenshots and previews only", field="treatments"
        )
    if args.new_text is None:
        raise BadInput(f"a {kind} experiment needs its new words", field="new_text")
    after = clean_text(args.new_text, kind) if kind in LIMITS else _terms(kind, args.new_text, product)
    if before is not None and before == after:
        raise BadInput("that is what stands there now", field="new_text")
    forbidden = [one for one in product.no_go if one.casefold() in after.casefold()]
    if forbidden:
        raise BadInput(f"'{forbidden[0]}' may not be said of {product.name}", field="new_text")
    return Change(FIELDS.get(kind, kind), before, after)


def _page_of(args: ProposeArgs) -> Change:
    names = [one.name for one in args.treatments]
    if not 1 <= len(names) <= MOST_TREATMENTS:
        raise BadInput(f"a product-page test has one to {MOST_TREATMENTS} treatments", field="treatments")
    if len({one.casefold() for one in [*names, "original"]}) != len(names) + 1:
        raise BadInput("treatments have names of their own; the page as it is goes by original", field="treatments")
    if args.new_text is not None:
        raise BadInput("a product-page test has treatments, no words", field="new_text")
    if not args.locales and any(one.icon is None for one in args.treatments):
        raise BadInput("name the languages the treatments have pictures in, or an icon for each treatment", field="locales")
    treatments = tuple({"name": one.name, "icon": one.icon} for one in args.treatments)
    return Change("screenshots", treatments=treatments, locales=tuple(dict.fromkeys(args.locales)))


def _terms(kind: str, text: str, product: Product) -> str:
    """A price to the cent, or the name of a paywall's variant."""
    plain = text.strip()
    if kind == "paywall":
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", plain):
            raise BadInput("a paywall experiment names its variant: letters, digits, _ and -", field="new_text")
        return plain
    try:
        price = Decimal(plain.removeprefix("$"))
    except InvalidOperation:
        raise BadInput(f"a new price of {product.name} is an amount of dollars, such as 14.99", field="new_text") from None
    if not price.is_finite() or not 0 < price <= 100_000 or price != round(price, 2):
        raise BadInput("a price is between one cent and 100000 dollars, to the cent", field="new_text")
    return f"{price:.2f}"


def road_of(args: ProposeArgs) -> Road:
    """Which way a change takes; only words of the listing can be written through Apple's API."""
    if args.experiment_type == "screenshots":
        return "product_page"
    if args.road == "api" and args.experiment_type not in LIMITS:
        raise BadInput("prices and paywalls are not written through Apple's API: leave road at delegation", field="road")
    return args.road


def metric_of(args: ProposeArgs, product: Product) -> Metric:
    """What is measured; a product on the web has neither impressions nor downloads in the store."""
    metric = args.metric_name or METRICS[args.experiment_type]
    if product.bundle_id is None and metric != "trial_starts":
        raise BadInput(f"{product.name} is sold on the web: its metric is trial_starts", field="metric_name")
    if args.experiment_type == "screenshots" and metric != "product_page_conversion":
        raise BadInput("a product-page test measures product_page_conversion", field="metric_name")
    return metric


def end_state(change: Change) -> dict[str, Any]:
    """What product.json says once the change is made."""
    if change.field == "paywall":
        return {"paywall": {"variant": change.after}}
    return {"listing": {"price_usd" if change.field == "pricing" else change.field: change.after}}


def task_words(change: Change, product: Product) -> str:
    """The change in one line, for the row and the person."""
    if change.treatments:
        arms = ", ".join(str(one["name"]) for one in change.treatments)
        return f"Test the product page of {product.name} against {arms}"
    was = f" (now '{_short(change.before)}')" if change.before else ""
    return f"Set the {change.field} of {product.name} to '{_short(change.after or '')}'{was}"


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


def shares(traffic_percent: int, treatments: int) -> tuple[float, float]:
    """(share of the page as it is, share of each treatment): Apple splits the traffic evenly among treatments."""
    shown = traffic_percent / 100
    return 1 - shown, shown / treatments


def measure_from(live_on: date) -> date:
    """The first date on which both windows are complete at Apple."""
    return live_on + timedelta(days=WINDOW_DAYS + 1 + LATENCY_DAYS)


def outcome_of(found: Measured) -> Status:
    """What the interval proves; without one nothing is proven."""
    if found.low is None or found.high is None:
        return "inconclusive"
    if found.low > 0:
        return "improved"
    return "regressed" if found.high < 0 else "neutral"


def words_of(found: Measured, metric: str) -> str:
    """The result in words, with whatever it lacks."""
    name = metric.replace("_", " ")
    if found.effect is None:
        return f"{name}: {found.reason}"
    means = f"{name} {_figure(found.before)} a day before, {_figure(found.after)} after"
    if found.low is None or found.high is None:
        against = "" if found.expected is None else f"; {_figure(found.expected)} expected from the other apps"
        return f"{means}{against}: {_percent(found.effect)}, and no interval ({found.reason}), so nothing is proven"
    apps = "1 other app" if len(found.weights or {}) == 1 else f"{len(found.weights or {})} other apps"
    return (
        f"{means}, {_figure(found.expected)} expected from {apps}: {_percent(found.effect)}, "
        f"95 % interval {_percent(found.low)} to {_percent(found.high)} from {found.placebos} placebos"
    )


def apple_outcome(figure: AppleFigure) -> tuple[Status, float, float, float]:
    """(outcome, effect, low, high) by Apple's estimate, its interval widened from Apple's confidence to our 95 %."""
    nearest = min(_Z, key=lambda level: abs(level - figure.confidence_pct))
    wider = max(1.0, IMPROVED_Z / _Z[nearest])
    effect = figure.improvement_pct / 100
    low = effect - (effect - figure.low_pct / 100) * wider
    high = effect + (figure.high_pct / 100 - effect) * wider
    outcome: Status = "improved" if low > 0 else "regressed" if high < 0 else "neutral"
    return outcome, effect, round(low, 6), round(high, 6)


def _figure(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.1f}" if value >= 1 else f"{value:.4f}"


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %"
