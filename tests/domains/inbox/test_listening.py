"""Taps arrive by webhook or by asking, and either way they are handled alike and once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from revenue_machine.app import App
from revenue_machine.domains.inbox.listening import Ears
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.inbox import Inbox
from revenue_machine.integrations.telegram import fake
from revenue_machine.integrations.telegram.telegram_client import approver_ids
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.settings import ServiceSettings, Settings
from tests.domains.inbox.conftest import OWNER, Chat


def ears_of(app: App, **changes: object) -> Ears:
    settings: Settings = app.settings.model_copy(update=changes)
    return Ears(app.container.get(Inbox), app.container.get(Clients), settings)


def test_an_update_is_kept_once_and_confirmed(app: App, chat: Chat) -> None:
    for number in range(5):
        fake.public_say(chat.state, OWNER, f"hello {number}")
    ears = ears_of(app)
    assert [ears.listen(), ears.listen(), ears_of(app).listen()] == [5, 0, 0]


def test_more_than_a_page_is_heard(app: App, chat: Chat) -> None:
    for number in range(130):
        fake.public_say(chat.state, OWNER, f"hello {number}")
    assert ears_of(app).listen() == 130


def test_only_an_unreachable_house_asks(app: App) -> None:
    assert ears_of(app, mode="live", public_url=None).asks
    assert not ears_of(app, mode="live", public_url="https://me.example").asks
    assert ears_of(app).asks


def test_a_reachable_house_is_called(app: App, chat: Chat, deliver: Callable[[], int]) -> None:
    assert not ears_of(app).subscribe()
    assert ears_of(app, mode="live", public_url="https://me.example").subscribe()
    approval_id = chat.ask()
    app.events.drain()
    assert app.call("inbox.tell").ok
    fake.public_tap(chat.state, OWNER, chat.button(chat.last(), "Approve"), chat.last()["message_id"])
    assert deliver() == 1
    assert app.call("inbox.answer").result == {"words": 1, "edits": 1}
    assert chat.status(approval_id) == "approved"


APPROVERS = [
    ({"chat_id": "42"}, {42}), ({"chat_id": "-42"}, set()), ({"chat_id": "@channel"}, set()), ({}, set()),
    ({"chat_id": "42", "approver_ids": "7, 8"}, {7, 8}), ({"chat_id": "42", "approver_ids": ""}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("options", "ids"), APPROVERS)
def test_who_may_approve(options: dict[str, str], ids: set[int]) -> None:
    assert approver_ids(ServiceSettings.model_validate(options)) == ids


@pytest.mark.parametrize("wrong", ["ada", "7;8", "0", "-7"])
def test_approvers_are_numbers(wrong: str) -> None:
    with pytest.raises(BadInput):
        approver_ids(ServiceSettings.model_validate({"approver_ids": wrong}))
