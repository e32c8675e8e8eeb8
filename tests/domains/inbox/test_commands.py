"""Anybody in the owner's chat may ask and stop; only an approver lifts the stop; whoever writes elsewhere is not heard."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.engine.tables import AUDIT
from tests.domains.inbox.conftest import OWNER, STRANGER, Chat


def test_stop_works_at_once_and_answers(chat: Chat) -> None:
    assert chat.say("/stop something looks wrong") == ["Stopped: nothing spends or speaks until /resume."]
    stop = chat.app.switch.stopped_by()
    assert stop is not None
    assert (stop.actor, stop.reason) == ("telegram:700100200", "something looks wrong")
    assert chat.say("/resume") == ["Running again, within the limits."]
    assert not chat.app.switch.is_stopped()


def test_strangers_neither_stop_nor_resume(chat: Chat) -> None:
    assert chat.say("/stop", STRANGER) == []
    assert not chat.app.switch.is_stopped()
    chat.app.switch.set(stopped=True, actor="ada", reason="test")
    assert chat.say("/resume", STRANGER) == []
    assert chat.app.switch.is_stopped()
    assert chat.refusals() == [("telegram:999", "telegram", "bad_input")] * 2


def test_in_the_chat_anybody_stops_but_few_resume(chat: Chat) -> None:
    approval_id = chat.ask()
    chat.turn()
    card = chat.last()["message_id"]
    assert chat.say("/stop", STRANGER, chat_id=OWNER) == ["Stopped: nothing spends or speaks until /resume."]
    assert chat.say("/resume", STRANGER, chat_id=OWNER) == ["telegram:999 is not on the list of approvers"]
    assert chat.app.switch.is_stopped()
    for words in ("reject because I say so", "My own words"):
        assert chat.say(words, STRANGER, chat_id=OWNER, reply_to=card) == ["telegram:999 is not on the list of approvers"]
    assert chat.status(approval_id) == "pending"
    assert [actor for actor, _, _ in chat.refusals()] == ["telegram:999"] * 3


def test_small_talk_is_left_alone(chat: Chat) -> None:
    assert chat.say("good morning") == []
    assert chat.say("reject because I say so", STRANGER) == []
    assert chat.refusals() == []


def test_inbox_lists_titles_and_shows_more(chat: Chat) -> None:
    for number in range(1, 13):
        chat.ask(number)
    chat.turn()
    said = chat.say("/inbox")
    assert said[0].startswith("12 to decide, 0 to send by hand: https://go.sandbox.invalid/inbox\n· Question ")
    assert said[0].endswith("and 2 more")


def test_why_tells_what_a_question_rests_on(chat: Chat) -> None:
    approval_id = chat.ask(1, evidence="https://e.example", predicted_value_micro_usd=2_000_000)
    chat.turn()
    told = "Question 1\nthey asked\nhttps://e.example\nmay bring $2.00\ntoys.tell, asked 2026-11-02T06:00 UTC"
    assert chat.say("/why", reply_to=chat.last()["message_id"]) == [told]
    assert chat.say(f"/why {approval_id}") == [told]
    assert chat.say("/why apr_none") == ["there is no approval apr_none"]


def test_today_and_budget_answer(chat: Chat) -> None:
    assert "NEEDS YOU" in chat.say("/today")[0]
    assert chat.say("/budget") == ["Nothing was spent yet."]
    assert chat.say("/hello")[0].startswith("/inbox what waits")


def test_a_command_is_answered_once(chat: Chat) -> None:
    chat.say("/stop")
    for _ in range(3):
        chat.turn()
    query = sa.select(sa.func.count()).select_from(AUDIT).where(AUDIT.c.action == "switch.stop")
    with chat.app.database.reading() as connection:
        assert connection.execute(query).scalar_one() == 1
    assert len(chat.messages()) == 1
