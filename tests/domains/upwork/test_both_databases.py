"""A morning, a yes and an outcome leave the same behind on every database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from revenue_machine.integrations.upwork import fake_market as market
from revenue_machine.kit.ids import content_hash
from tests.domains.upwork_house import House, open_house


def live(house: House) -> list[str]:
    """Hashes of what the day left behind."""
    for letter, budget in zip("abcdefg", (100, 300, 500, 900, 1500, 2500, 4000), strict=True):
        house.post(f"AI agent number {letter}", budget)
    house.ask("upwork.scan")
    house.answer()
    house.press()
    job_id = house.rows(status="submitted")[0]["job_id"]
    proposal = market.public_apply(house.market, job_id, cover_letter="as approved", bid_micro_usd=900_000_000)
    market.public_decide(house.market, proposal, "hired")
    house.ask("upwork.track")
    found = [
        [_exact(row) for row in house.rows()], [_exact(row) for row in house.ledger("connects")], house.ask("upwork.stats"),
        house.ask("upwork.search", {"with_skipped": True}),
    ]  # fmt: skip
    return [content_hash(json.dumps(one, sort_keys=True, default=str)) for one in found]


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without the generated dollars, which are a float here and a decimal there."""
    return {name: value for name, value in row.items() if not name.endswith("_usd") or name.endswith("_micro_usd")}


def test_day_is_the_same_everywhere(database_url: str, tmp_path: Path) -> None:
    found = []
    for name, env in (("plain", None), ("other", {"REVENUE_DATABASE_URL": database_url})):
        (tmp_path / name).mkdir()
        with open_house(tmp_path / name, env=env) as house:
            found.append(live(house))
            assert [row["status"] for row in house.rows()].count("submitted") == 4
            assert [row["status"] for row in house.rows()].count("won") == 1
    assert found[0] == found[1]
