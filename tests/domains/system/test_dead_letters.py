"""Dead letters are listed with their reason, tried once more by topic, one or all, and say when they stay dead."""

from __future__ import annotations

import json

from revenue_machine.app import App
from revenue_machine.engine.tables import HOOK_INBOX
from revenue_machine.kit.hooks import HookEvent
from tests.app_fixture import START

BODY = {"api_version": "1.0", "event": {"id": "e1", "type": "RENEWAL", "event_timestamp_ms": 1, "price": "much"}}


def give_up(app: App, *names: str) -> None:
    for name in names:
        app.inbox.store("revenuecat", HookEvent(name, "RENEWAL", None, START), json.dumps(BODY).encode())
    for _ in range(3):
        app.inbox.drain()


def test_dead_letters_say_why(app: App) -> None:
    give_up(app, "e1", "e2")
    found = app.call("system.dead_letters", {"most": 1}).result
    assert (found["count"], len(found["letters"])) == (2, 1)
    letter = found["letters"][0]
    assert (letter["service"], letter["kind"], letter["key"], letter["handler"], letter["attempts"]) == (
        "revenuecat",
        "RENEWAL",
        "e1",
        None,
        3,
    )
    assert "ValidationError" in letter["error"]


def test_unreadable_letter_stays_dead(app: App) -> None:
    give_up(app, "e1")
    first = app.call("system.dlq_retry").result
    assert (first["tried"], first["dead"]) == (1, 0)  # back in line: three more tries before it is dead again
    for _ in range(2):
        app.inbox.drain()
    assert app.call("system.dead_letters").result["count"] == 1


def test_mended_letter_is_handled_once(app: App) -> None:
    give_up(app, "e1", "e2")
    mended = json.dumps({**BODY, "event": {**BODY["event"], "price": 0}})  # type: ignore[dict-item]
    with app.database.writing() as connection:
        connection.execute(HOOK_INBOX.update().values(body=mended))
    letters = app.call("system.dead_letters").result["letters"]
    assert app.call("system.dlq_retry", {"id": letters[0]["id"]}).result["tried"] == 1
    assert [one["key"] for one in app.call("system.dead_letters").result["letters"]] == ["e2"]
    assert app.call("system.dlq_retry").result == {"tried": 1, "dead": 0, "letters": []}


def test_number_nobody_has_is_not_found(app: App) -> None:
    refused = app.call("system.dlq_retry", {"id": 77})
    assert refused.error is not None
    assert refused.error.code == "not_found"
    assert app.call("system.dlq_retry").result["tried"] == 0
