"""One sale on one page: what its person passed, how each model shares it, what was taken off, and what came back."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution import reads
from revenue_machine.domains.attribution.asked import Booking, ExplainArgs, ExplainResult, PostCost, TouchShare
from revenue_machine.domains.attribution.models import MODELS, RULES
from revenue_machine.domains.attribution.summary import read_credits
from revenue_machine.domains.attribution.summing import parts_of_values
from revenue_machine.kit.errors import NotFound
from revenue_machine.kit.money import dollars, micro, show

Row = Mapping[str, Any]
WORDS = {"click": "clicked", "email_click": "opened a mail of", "signup": "signed up by"}


def explain(connection: sa.Connection, args: ExplainArgs) -> ExplainResult:
    """The page of one step. Raises: not_found with near matches."""
    step = reads.step_named(connection, args.sale)
    if step is None:
        raise NotFound(f"there is no sale {args.sale}{_near(connection, args.sale)}", field="sale")
    credited = reads.credits_of(connection, step["id"])
    shares = _shares(connection, credited, args.dimension)
    amount = int(step["revenue_micro_usd"])
    journey = [
        _touch(connection, row, args.dimension, {name: parts[at] for name, parts in shares.items()}, amount)
        for at, row in enumerate(credited)
    ]
    booked = [_booking(row) for row in reads.bookings_of(connection, step["payment_id"])]
    refunds = [_booking(row) for row in reads.refunds_of(connection, step["payment_id"])]
    costs = reads.profits_of(connection, sorted({row["post_id"] for row in credited if row["post_id"] is not None}))
    posts = [
        PostCost(post_id=one.post_id, cost_usd=dollars(one.cost_micro_usd), profit_usd=dollars(one.profit_micro_usd))
        for one in costs
    ]
    net = amount + int(step["deducted_micro_usd"] or 0)
    person = credited[0]["person_id"] if credited else step["user_id"]
    found = ExplainResult(
        id=step["id"], event=step["event_type"], at=step["occurred_at"], product=step["product"], person=person,
        revenue_usd=dollars(amount), net_revenue_usd=dollars(net), journey=journey, bookings=booked, refunds=refunds, posts=posts,
        page=[],
    )  # fmt: skip
    return found.model_copy(update={"page": list(_page(found, args.dimension))})


def _shares(connection: sa.Connection, credited: Sequence[Row], dimension: str) -> dict[str, list[float]]:
    """Every model's share of each touch; where a model credits values, the touches of one value share it evenly."""
    found: dict[str, list[float]] = {model: [float(row[f"{model}_share"]) for row in credited] for model in RULES}
    values = [str(row[dimension]) for row in credited]
    effects = read_credits(connection).effects_of(dimension) if len(set(values)) > 1 else {}
    found["markov"] = [float(part) for part in parts_of_values(values, effects)]
    found["shapley"] = [float(part) for part in parts_of_values(values, dict.fromkeys(values, 1.0))]
    return {model: found[model] for model in MODELS}


def _touch(connection: sa.Connection, row: Row, dimension: str, shares: Mapping[str, float], amount: int) -> TouchShare:
    kind = reads.kind_of(connection, row["touch_id"]) if row["touch_id"] else None
    source = row["post_id"] or ("nobody known" if row["utm_source"] == "unknown" else row["utm_source"])
    money = {model: round(part * amount) for model, part in shares.items()}
    money |= {model: int(row[f"{model}_revenue_micro_usd"]) for model in RULES}
    return TouchShare(
        at=row["touched_at"], what=f"{WORDS.get(str(kind), 'came by')} {source}", post_id=row["post_id"],
        utm_source=row["utm_source"], value=row[dimension], shares={name: round(part, 6) for name, part in shares.items()},
        revenue_usd={name: dollars(value) for name, value in money.items()},
    )  # fmt: skip


def _booking(row: Row) -> Booking:
    return Booking(kind=row["kind"], amount_usd=dollars(int(row["amount_micro_usd"])), at=row["occurred_at"], id=row["id"])


def _page(found: ExplainResult, dimension: str) -> Iterator[str]:
    money = f"{_usd(found.revenue_usd)} ({_usd(found.net_revenue_usd)} net)"
    yield f"{found.event} of {money} on {_moment(found.at)}, {found.product or 'no product named'}"
    yield f"by {found.person or 'somebody nobody knows'}, {found.id}"
    for place, one in enumerate(found.journey, 1):
        yield f"{place}. {_moment(one.at)} {one.what} ({dimension} {one.value})"
        yield "   " + ", ".join(f"{name} {share:.0%} {_usd(one.revenue_usd[name])}" for name, share in one.shares.items())
    for entry in (*found.bookings, *found.refunds):
        yield f"{entry.kind.replace('_', ' ')} {_usd(entry.amount_usd)} on {_moment(entry.at)} ({entry.id})"
    for post in found.posts:
        yield f"{post.post_id} cost {_usd(post.cost_usd)} and has earned {_usd(post.profit_usd)} in all"


def _usd(amount: Decimal) -> str:
    return show(micro(amount))


def _moment(at: datetime | None) -> str:
    return "some time" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _near(connection: sa.Connection, wanted: str) -> str:
    names = reads.sale_names(connection)
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.6) or [one for one in names if one.startswith(wanted[:8])][:3]
    if close:
        return f"; did you mean {', '.join(close)}?"
    return f"; the newest are {', '.join(names[:3])}" if names else "; nothing was sold yet"
