"""A test, a no and the memory of it leave the same behind on every database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.paywall import reads
from revenue_machine.domains.paywall.tables import COUNTS, LOOPS, TOLD, VARIANTS
from revenue_machine.kit.ids import content_hash
from tests.domains.paywall_house import BETTER, PaywallHouse, open_paywall_house


def live(house: PaywallHouse) -> dict[str, str]:
    """Hashes of what a week and a no left behind, by table."""
    house.test_of(BETTER)
    house.ship("reject")
    found: dict[str, Any] = {"memory": house.memories(), "metrics": house.evening(8)}
    with house.app.database.reading() as connection:
        for table in (LOOPS, VARIANTS, COUNTS, TOLD):
            found[table.name] = [_exact(dict(row)) for row in connection.execute(table.select().order_by(table.c.id)).mappings()]
        assert reads.next_due_at(connection) is None
    assert len(found[COUNTS.name]) == 1
    return {name: content_hash(json.dumps(one, sort_keys=True, default=str)) for name, one in found.items()}


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without the generated dollars, which are a float here and a decimal there."""
    return {name: value for name, value in row.items() if not name.endswith("_usd") or name.endswith("_micro_usd")}


@pytest.mark.postgres
def test_loop_is_the_same_everywhere(postgres_url: str, tmp_path: Path) -> None:
    found = []
    for name, url in (("plain", f"sqlite:///{tmp_path}/plain.db"), ("other", postgres_url)):
        with open_paywall_house(tmp_path / name, REVENUE_DATABASE_URL=url) as house:
            found.append(live(house))
    assert found[0] == found[1]
