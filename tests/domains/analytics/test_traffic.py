"""Whose event it is, and history judged again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.analytics.traffic import traffic_of
from tests.app_fixture import make_app
from tests.domains.analytics.conftest import Shelf

OWN = frozenset(("me@shop.example", "shop.example", "10.0.0.7", "founder"))


@pytest.mark.parametrize(
    ("person", "properties", "expected"),
    [
        ("u1", {}, "person"), ("u1", {"$raw_user_agent": "Mozilla/5.0 (X11)"}, "person"),
        ("u1", {"$raw_user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "bot"), ("u1", {"$is_bot": True}, "bot"),
        ("u1", {"environment": "sandbox"}, "sandbox"), ("u1", {"is_sandbox": "true"}, "sandbox"),
        ("u1", {"environment": "production"}, "person"), ("u1", {"$host": "localhost:3000"}, "internal"),
        ("founder", {}, "internal"), ("ann@shop.example", {}, "internal"), ("u1", {"$ip": "10.0.0.7"}, "internal"),
        ("u1", {"$set": {"email": "Me@shop.example"}}, "internal"), ("u1", {"email": "ann@people.example"}, "person"),
        ("u1", {"is_internal": 1}, "internal"),
    ],
)  # fmt: skip
def test_traffic_is_told_apart(person: str, properties: dict[str, Any], expected: str) -> None:
    assert traffic_of(person, properties, OWN) == expected


def test_other_traffic_is_counted_apart(shelf: Shelf) -> None:
    bot = {"$raw_user_agent": "Googlebot/2.1"}
    report = shelf.keep(
        ("a", "open", "2026-01-01"), ("b", "open", "2026-01-01", bot), ("b", "buy", "2026-01-02", bot), ("a", "buy", "2026-01-02")
    )
    assert "counted apart by traffic rule 1: bot 2" in report.notes
    answer = shelf.ask("posthog.funnel", steps=["open", "buy"])
    assert [row["people"] for row in answer["rows"]] == [1, 1]
    assert (answer["excluded"], answer["notes"]) == ({"bot": 2}, ["events left out by traffic rule 1: bot 2"])


def test_history_is_judged_again(tmp_path: Path) -> None:
    app, _, _ = make_app(tmp_path)
    Shelf(app, tmp_path).keep(("founder", "open", "2026-01-01"), ("a", "open", "2026-01-01"))
    app.close()
    app, _, _ = make_app(tmp_path, REVENUE_POSTHOG__INTERNAL="Founder, shop.example")
    shelf = Shelf(app, tmp_path)
    assert shelf.ask("posthog.recut") == {"rule": 1, "changed": 1, "traffic": {"internal": 1, "person": 1}}
    assert shelf.ask("posthog.recut")["changed"] == 0
    assert shelf.people(["open", "buy"]) == [(None, 1), (None, 0)]
    app.close()
