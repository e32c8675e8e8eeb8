"""A topic call answers with an envelope and a code, whatever happens."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.engine.call import Call
from revenue_machine.engine.dispatch import Envelope
from revenue_machine.kit.clock import PushedClock
from tests.engine.toy_house.toys.recipes import ToyVendor
from tests.engine.toy_house.toys.tables import NOTES


def code(envelope: Envelope) -> str:
    return str(envelope.as_dict()["error"]["code"])


def test_a_topic_answers_its_result(toys: App) -> None:
    assert toys.call("toys.echo", {"words": "ab", "times": 2}).result == {"words": "abab", "count": 2}


def test_an_alias_reaches_its_topic(toys: App) -> None:
    assert toys.call("echo").topic == "toys.echo"


def test_an_unknown_topic_suggests_near_ones(toys: App) -> None:
    envelope = toys.call("toys.eco")
    assert code(envelope) == "not_found"
    assert "toys.echo" in envelope.as_dict()["error"]["message"]


def test_an_unknown_field_is_refused_by_name(toys: App) -> None:
    envelope = toys.call("toys.echo", {"word": "x"})
    assert (code(envelope), envelope.as_dict()["error"]["field"]) == ("bad_input", "word")


def test_a_planned_topic_names_its_issue(toys: App) -> None:
    envelope = toys.call("toys.later")
    assert code(envelope) == "not_configured"
    assert "issue 9" in envelope.as_dict()["error"]["message"]


def test_a_dry_run_does_nothing(toys: App, vendor: ToyVendor) -> None:
    call = Call("toys.shout", "k", "run")
    envelope = toys.dispatcher.call(call, {"words": "a"}, dry_run=True)
    assert envelope.result["effect"] == "SPEAKS"
    assert vendor.acted == []


def test_a_reaction_sees_each_fact_once(toys: App) -> None:
    for _ in range(3):
        toys.call("toys.note", {"words": "a"})
    with toys.database.reading() as connection:
        assert connection.execute(sa.select(NOTES.c.seen)).scalar_one() == 1


def test_approval_binds_bytes_and_is_used_once(toys: App, vendor: ToyVendor, clock: PushedClock) -> None:
    envelope = toys.call("toys.ask", {"words": "a"}, key="k")
    assert code(envelope) == "approval_required"
    approval_id = envelope.as_dict()["error"]["approval_id"]
    (card,) = toys.approvals.cards()
    assert card["id"] == approval_id
    toys.approvals.decide(approval_id, "approve", card["payload_hash"], actor="ada")
    other = Call("toys.ask", "k", "run", approval_id=approval_id)
    assert code(toys.dispatcher.call(other, {"words": "b"})) == "approval_required"
    assert toys.ticker.tick() == 1
    assert toys.ticker.tick() == 0
    assert vendor.acted == ["a"]


def test_a_key_with_other_input_conflicts(toys: App) -> None:
    first = toys.dispatcher.call_once(Call("toys.echo", "k", "run"), {"words": "a"})
    again = toys.dispatcher.call_once(Call("toys.echo", "k", "run"), {"words": "a"})
    other = toys.dispatcher.call_once(Call("toys.echo", "k", "run"), {"words": "b"})
    assert isinstance(first, Envelope)
    assert isinstance(again, dict)
    assert isinstance(other, dict)
    assert again == first.as_dict()
    assert other["error"]["code"] == "conflict"
