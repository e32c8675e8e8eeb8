"""An answer to a mail is classed, stops everything and waits as a card with a drafted answer, as on any other channel."""

from __future__ import annotations

from typing import Any

import pytest

from revenue_machine.domains.crm.tables import CONTACTS, INTERACTIONS
from revenue_machine.domains.outreach.tables import QUEUE
from revenue_machine.engine.switch import check_suppressed
from revenue_machine.engine.tables import HAND_TASKS
from revenue_machine.integrations.resend import fake as resend
from revenue_machine.kit.errors import Suppressed
from tests.domains.email.conftest import House
from tests.domains.email.test_webhooks import deliver


@pytest.fixture
def sent(house: House) -> dict[str, Any]:
    """Ada's first mail."""
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.until_sent(1)
    return house.sends()[0]


def answer(house: House, sent: dict[str, Any], text: str) -> None:
    """Her words arrive and are read."""
    resend.public_reply(house.outside.state("resend"), sent["provider_id"], text)
    deliver(house)
    house.send()
    house.app.events.drain()


def asked_model(house: House) -> int:
    (found,) = house.outside.store.run("select count(*) from journal where service = 'anthropic'")
    return int(found[0])


def test_a_question_by_mail_becomes_a_card(house: House, sent: dict[str, Any]) -> None:
    before = asked_model(house)
    answer(house, sent, "How much is it a year?\n\n> Unsubscribe: https://go")
    (row,) = house.rows(QUEUE)
    assert (row["action"], row["platform"], row["channel"], row["status"]) == ("reply", "email", "email_service", "draft")
    assert asked_model(house) == before, "a reaction asks no model"
    (said,) = [one for one in house.rows(INTERACTIONS) if one["direction"] == "in"]
    assert (said["intent_class"], said["id"]) == ("lead", row["answers_id"])
    house.app.ticker.tick(blocks=())
    house.app.durable.settle(timeout_s=30)
    assert asked_model(house) > before
    (card,) = [one for one in house.app.approvals.cards() if one["payload"].get("queue_id") == row["id"]]
    assert (card["topic"], card["title"]) == ("dm.send", "Answer Ada Example by mail")
    assert "they wrote (lead): “How much is it a year?”" in card["why"]


def test_an_approved_answer_goes_by_hand(house: House, sent: dict[str, Any]) -> None:
    answer(house, sent, "How much is it a year?")
    house.app.ticker.tick(blocks=())
    house.app.durable.settle(timeout_s=30)
    (row,) = house.rows(QUEUE)
    (card,) = [one for one in house.app.approvals.cards() if one["payload"].get("queue_id") == row["id"]]
    house.app.approvals.decide(card["id"], "approve", card["payload_hash"], actor="owner")
    for _ in range(30):
        house.move(hours=1)
        house.app.ticker.tick(blocks=())
        house.app.durable.settle(timeout_s=30)
        if house.rows(HAND_TASKS):
            break
    (task,) = house.rows(HAND_TASKS)
    assert (task["text"], task["link"]) == (card["payload"]["text"], "mailto:ada%40people.example")
    house.app.handwork.close(task["id"], is_done=True, text_hash=task["text_hash"], actor="owner")
    house.app.events.drain()
    (out,) = [one for one in house.rows(INTERACTIONS) if one["type"] == "email_reply" and one["direction"] == "out"]
    assert (out["channel"], out["content"]) == ("email", card["payload"]["text"])


@pytest.mark.parametrize("text", ["STOP", "Please report this as spam, I did not agree to this", "Take me off your list"])
def test_stop_words_by_mail_close_every_channel(house: House, sent: dict[str, Any], text: str) -> None:
    answer(house, sent, text)
    assert house.rows(QUEUE) == []
    (contact,) = house.rows(CONTACTS)
    assert contact["opt_out_reason"] == "asked to stop"
    with house.app.database.reading() as connection, pytest.raises(Suppressed):
        check_suppressed(connection, f"person:{contact['id']}")


def test_a_no_by_mail_is_not_answered(house: House, sent: dict[str, Any]) -> None:
    answer(house, sent, "No thanks, not interested.")
    assert house.rows(QUEUE) == []
    assert house.rows(CONTACTS)[0]["status"] == "closed_lost"


def test_the_model_classes_what_words_do_not(house: House, sent: dict[str, Any]) -> None:
    answer(house, sent, "Hm. My sister has the same name as your cat.")
    (said,) = [one for one in house.rows(INTERACTIONS) if one["direction"] == "in"]
    assert said["intent_class"] is None
    house.app.ticker.tick(blocks=())
    house.app.durable.settle(timeout_s=30)
    (said,) = [one for one in house.rows(INTERACTIONS) if one["direction"] == "in"]
    assert said["intent_class"] is not None
