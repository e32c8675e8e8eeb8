"""People of every source beside the money they brought, equal to the ledger."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.errors import Failure
from tests.domains.analytics.conftest import Shelf
from tests.domains.revenue.house import START, House


def book(house: House, key: str, kind: str, amount_micro_usd: int) -> None:
    with house.app.database.writing() as connection:
        entry = Entry(
            key=key, kind=kind, service="stripe", amount_micro_usd=amount_micro_usd, cause_type="payment", cause_id=f"pay/{key}",
            occurred_at=START + timedelta(hours=3),
        )  # fmt: skip
        house.app.container.get(Ledger).book(connection, entry)


def came(house: House, shelf: Shelf) -> None:
    shelf.keep(
        ("a", "open", "2026-11-02T06:00:00Z", {"utm_source": "X"}), ("a", "purchase", "2026-11-02T09:00:00Z"),
        ("b", "open", "2026-11-02T06:00:00Z", {"utm_source": "tiktok"}), ("c", "open", "2026-11-02T12:00:00Z"),
    )  # fmt: skip
    house.clock.move_to(START + timedelta(hours=6))


def ask(house: House, **payload: Any) -> dict[str, Any]:
    envelope = house.app.call("posthog.funnel_by_source", {"steps": ["open", "purchase"], "source": "local", **payload})
    assert envelope.error is None, envelope.error
    found: dict[str, Any] = envelope.result
    return found


def test_rows_add_up_to_the_ledger(house: House, tmp_path: Path) -> None:
    came(house, Shelf(house.app, tmp_path))
    book(house, "sale", "revenue", 30_000_000)
    book(house, "back", "refund", -10_000_000)
    answer = ask(house)
    assert (answer["ledger_micro_usd"], answer["source"], answer["attribution"]) == (20_000_000, "local", "first")
    assert sum(row["revenue_micro_usd"] + row["refund_micro_usd"] for row in answer["rows"]) == 20_000_000
    assert (answer["revenue_micro_usd"] + answer["refund_micro_usd"], answer["net_micro_usd"]) == (20_000_000, 20_000_000)
    people = {row["value"]: [step["people"] for step in row["steps"]] for row in answer["rows"] if row["is_tracked"]}
    assert people == {"X": [1, 1], "tiktok": [1, 0], "no value": [1, 0]}


def test_source_nobody_visited_from_still_sells(house: House, tmp_path: Path) -> None:
    came(house, Shelf(house.app, tmp_path))
    book(house, "sale", "revenue", 30_000_000)
    top = ask(house)["rows"][0]
    assert (top["net_micro_usd"], top["value"] in ("no value", "not credited yet")) == (30_000_000, True)


def test_other_breakdowns_keep_money_whole(house: House, tmp_path: Path) -> None:
    came(house, Shelf(house.app, tmp_path))
    book(house, "sale", "revenue", 30_000_000)
    answer = ask(house, breakdown="device")
    assert [(row["value"], row["net_micro_usd"]) for row in answer["rows"]] == [("no value", 30_000_000)]
    assert answer["notes"][-1].startswith("sales are not told apart by device")


def test_breakdown_must_be_said(house: House) -> None:
    error = house.app.call("posthog.funnel_by_source", {"breakdown": None}).error
    assert isinstance(error, Failure)
    assert (error.code, error.field) == ("bad_input", "breakdown")
