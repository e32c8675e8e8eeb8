"""The pretend X and Instagram take what their platforms would, count it, and tell it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from revenue_machine.integrations.direct_message import fake
from revenue_machine.integrations.direct_message.direct_message_client import DirectMessageClient
from revenue_machine.kit.errors import Failure, OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

Make = Callable[..., DirectMessageClient]
Own = Callable[[str, str], bytes]
TOKEN = "sk_sandbox_instagram"


@pytest.fixture
def client(client_of: Make) -> DirectMessageClient:
    return client_of(DirectMessageClient, instagram_token=TOKEN)


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("direct_message")


@pytest.fixture
def ada(state: ServiceState) -> dict[str, str]:
    return {
        "x": fake.public_add_profile(state, "ada", platform="x", handle="ada_builds", name="Ada"),
        "instagram": fake.public_add_profile(state, "ada", platform="instagram", handle="ada.builds"),
    }


def wait(state: ServiceState, **span: float) -> None:
    state.store.move_to(state.now() + timedelta(**span))


def reason_of(call: Callable[[], object]) -> object:
    with pytest.raises((OutsideRejected, OutsideAuthFailed)) as refusal:
        call()
    return refusal.value.details.get("reason")


def test_message_on_x_arrives(client: DirectMessageClient, state: ServiceState, ada: dict[str, str]) -> None:
    found = client.recipient("x", "Ada_Builds")
    assert found is not None
    assert found.id == ada["x"]
    sent = client.send("x", found.id, "Hello Ada")
    wait(state, minutes=1)
    fake.public_reply(state, "ada", "Tell me more", platform="x")
    assert [(one["platform"], one["id"], one["text"]) for one in fake.public_inbox(state, "ada")] == [("x", sent.id, "Hello Ada")]
    heard = client.messages("x", state.now() - timedelta(hours=1))
    assert [(one.text, one.is_ours, one.person_id) for one in heard] == [
        ("Hello Ada", True, ada["x"]),
        ("Tell me more", False, ada["x"]),
    ]
    assert client.recipient("x", "nobody") is None


def test_instagram_opens_for_a_day(client: DirectMessageClient, state: ServiceState, ada: dict[str, str]) -> None:
    her = ada["instagram"]
    assert client.recipient("instagram", "ada.builds") is None
    assert client.writable_until("instagram", her, state.now()) is None
    assert reason_of(lambda: client.send("instagram", her, "Hello")) == "window_closed"
    fake.public_reply(state, "ada", "Hi", platform="instagram")
    opened = state.now()
    found = client.recipient("instagram", "ada.builds")
    assert found is not None
    assert found.id == her
    assert client.writable_until("instagram", her, opened) == opened + timedelta(hours=24)
    wait(state, hours=24)
    client.send("instagram", her, "Hello")
    wait(state, seconds=1)
    assert reason_of(lambda: client.send("instagram", her, "Again")) == "window_closed"
    assert client.writable_until("instagram", her, state.now()) is None


@pytest.mark.parametrize("platform", ["x", "instagram"])
def test_unknown_sending_is_settled(
    platform: str, client: DirectMessageClient, state: ServiceState, outside: Outside, ada: dict[str, str]
) -> None:
    fake.public_reply(state, "ada", "Hi", platform=platform)
    began = state.now()
    assert client.sent_message(platform, ada[platform], "Hello", began) is None
    outside.add_fault("direct_message", "messages", "act_then_drop", 1)
    with pytest.raises(Failure) as failure:
        client.send(platform, ada[platform], "Hello")
    assert not failure.value.nothing_happened
    assert client.sent_message(platform, ada[platform], "Hello", began) is not None
    wait(state, minutes=5)
    assert client.sent_message(platform, ada[platform], "Hello", state.now()) is None


def test_closed_door_opens_when_they_write(client: DirectMessageClient, state: ServiceState) -> None:
    shy = fake.public_add_profile(state, "shy", platform="x", handle="shy", takes_messages=False)
    assert reason_of(lambda: client.send("x", shy, "Hello")) == "not_allowed"
    fake.public_reply(state, "shy", "Hello you", platform="x")
    client.send("x", shy, "Hello")


@pytest.mark.parametrize("platform", ["x", "instagram"])
def test_blocked_and_unknown_people(platform: str, client: DirectMessageClient, state: ServiceState, ada: dict[str, str]) -> None:
    fake.public_reply(state, "ada", "Hi", platform=platform)
    fake.public_block(state, "ada", platform=platform)
    assert reason_of(lambda: client.send(platform, ada[platform], "Hello")) == (
        "blocked" if platform == "instagram" else "not_allowed"
    )
    assert reason_of(lambda: client.send(platform, "5", "Hello")) == "unknown"


@pytest.mark.parametrize(("platform", "other"), [("x", "instagram"), ("instagram", "x")])
def test_reports_restrict_one_platform(
    platform: str, other: str, client: DirectMessageClient, state: ServiceState, ada: dict[str, str]
) -> None:
    for number in range(3):
        fake.public_add_profile(state, f"p{number}", platform=platform, handle=f"p{number}")
        fake.public_report(state, f"p{number}", platform=platform)
    for one in ("x", "instagram"):
        fake.public_reply(state, "ada", "Hi", platform=one)
    assert reason_of(lambda: client.send(platform, ada[platform], "Hello")) == "restricted"
    client.send(other, ada[other], "Hello")
    fake.public_restore(state, platform=platform)
    client.send(platform, ada[platform], "Hello")


def test_sixteenth_message_waits(client: DirectMessageClient, state: ServiceState, ada: dict[str, str]) -> None:
    for _ in range(15):
        client.send("x", ada["x"], "Hello")
    with pytest.raises(OutsideRateLimited) as refusal:
        client.send("x", ada["x"], "Hello")
    assert refusal.value.retry_after_s == 900.0
    assert state.count("message") == 15
    wait(state, minutes=15)
    client.send("x", ada["x"], "Hello")


def test_x_pages_and_forgets(client: DirectMessageClient, state: ServiceState, ada: dict[str, str]) -> None:
    for number in range(230):
        fake.public_reply(state, "ada", str(number), platform="x")
    start = state.now()
    assert [one.text for one in client.messages("x", start)] == [str(number) for number in range(230)]
    wait(state, days=31)
    assert client.messages("x", start) == []


def test_instagram_pages_conversations(client: DirectMessageClient, state: ServiceState) -> None:
    for number in range(30):
        fake.public_add_profile(state, f"p{number}", platform="instagram", handle=f"p{number}")
        fake.public_reply(state, f"p{number}", "Hi", platform="instagram")
    assert len({one.person_id for one in client.messages("instagram", state.now())}) == 30


def test_wrong_keys_are_refused(client_of: Make, ada: dict[str, str]) -> None:
    wrong = client_of(DirectMessageClient, api_key="wrong", instagram_token="wrong")
    for platform in ("x", "instagram"):
        assert reason_of(lambda name=platform: wrong.send(name, ada[name], "Hello")) == "key"  # type: ignore[misc]


def call(state: ServiceState, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {state.api_key if path.startswith('/2/') else TOKEN}"}
    answer = fake.respond(state, FakeRequest(method, path, tuple(query.items()), headers, json.dumps(body).encode()))
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404), ("GET", "/2/nowhere", None, 404), ("GET", "/v24.0/nowhere", None, 400),
        ("POST", "/2/dm_conversations/with/5/messages", {"text": ""}, 400), ("POST", "/2/dm_conversations/with/5/messages", [], 400),
        ("POST", "/v24.0/me/messages", {"recipient": {"id": "5"}, "message": {"text": "a" * 1001}}, 400),
        ("POST", "/v24.0/me/messages", [], 400),
    ],
)  # fmt: skip
def test_mistakes_are_told(method: str, path: str, body: object, status: int, state: ServiceState) -> None:
    assert call(state, method, path, body)[0] == status


@pytest.mark.parametrize("query", [{"max_results": "0"}, {"max_results": "101"}, {"pagination_token": "nonsense"}])
def test_bad_paging_is_refused(query: dict[str, str], state: ServiceState) -> None:
    assert call(state, "GET", "/2/dm_events", **query)[0] == 400


def test_same_seed_same_bytes(tmp_path: Path, outside: Outside) -> None:
    def live(place: Path) -> list[tuple[Any, ...]]:
        store = WorldStore(place)
        store.move_to(outside.store.now())
        state = Outside(store, 7).state("direct_message")
        person_id = fake.public_add_profile(state, "ada", platform="x", handle="ada")
        call(state, "POST", f"/2/dm_conversations/with/{person_id}/messages", {"text": "Hello"})
        rows = store.run("select key, document from documents order by place")
        store.close()
        return rows

    assert live(tmp_path / "one.db") == live(tmp_path / "two.db")


def answers(state: ServiceState, ada: dict[str, str]) -> dict[str, Any]:
    """One answer of the fake for every fixture that is an answer."""
    fake.public_reply(state, "ada", "Hi", platform="instagram")
    return {
        "x_me": call(state, "GET", "/2/users/me")[1], "x_user": call(state, "GET", "/2/users/by/username/ada_builds")[1],
        "x_sent": call(state, "POST", f"/2/dm_conversations/with/{ada['x']}/messages", {"text": "Hello"})[1],
        "x_events": call(state, "GET", "/2/dm_events")[1], "instagram_me": call(state, "GET", "/v24.0/me")[1],
        "instagram_sent": call(
            state, "POST", "/v24.0/me/messages", {"recipient": {"id": ada["instagram"]}, "message": {"text": "Hello"}}
        )[1],
        "instagram_conversations": call(state, "GET", "/v24.0/me/conversations")[1],
    }  # fmt: skip


def same_keys(held: Any, made: Any, path: str) -> None:
    """A fixture and a fake's answer have the same fields all the way down."""
    if isinstance(held, dict) and isinstance(made, dict):
        assert set(held) == set(made), path
        for name in held:
            same_keys(held[name], made[name], f"{path}.{name}")
    if isinstance(held, list) and isinstance(made, list) and held and made:
        same_keys(held[0], made[0], f"{path}[]")


def test_fixtures_and_fake_agree(state: ServiceState, ada: dict[str, str], own: Own) -> None:
    for name, answer in answers(state, ada).items():
        same_keys(json.loads(own("direct_message", f"{name}.json")), answer, name)


def test_contract_of_x_is_kept(shared: Path, state: ServiceState, ada: dict[str, str], own: Own) -> None:
    contract = json.loads((shared / "contracts" / "x" / "openapi.trimmed.json").read_text(encoding="utf-8"))
    schemas = contract["components"]["schemas"]
    made = answers(state, ada)
    for name, schema in {
        "x_me": "GetUsersMeResponse", "x_user": "GetUsersByUsernameResponse", "x_events": "GetDirectMessagesEventsResponse",
        "x_sent": "CreateDirectMessagesByParticipantIdResponse",
    }.items():  # fmt: skip
        for payload in (made[name], json.loads(own("direct_message", f"{name}.json"))):
            OAS31Validator({**schemas[schema], "components": contract["components"]}).validate(payload)
    for path in ("/2/dm_conversations/with/{participant_id}/messages", "/2/dm_events", "/2/users/me"):
        assert path in contract["paths"]
