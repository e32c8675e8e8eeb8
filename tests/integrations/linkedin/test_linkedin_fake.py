"""The pretend LinkedIn remembers who was asked, who answered, and how often; in the shapes its contract prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from revenue_machine.integrations.linkedin import fake
from revenue_machine.integrations.linkedin.linkedin_client import LinkedinClient, PeopleSearch
from revenue_machine.kit.errors import Failure, OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

Make = Callable[..., LinkedinClient]
Own = Callable[[str, str], bytes]
ACCOUNT = "acc_sandbox_owner"
WORDS = {
    "location": "Berlin, Germany",
    "company": "Example Apps",
    "title": "Founder",
    "about": "I build apps.",
    "industry": "Software",
}


@pytest.fixture
def client(client_of: Make) -> LinkedinClient:
    return client_of(LinkedinClient, account_id=ACCOUNT)


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("linkedin")


@pytest.fixture
def ada(state: ServiceState) -> str:
    return fake.public_add_profile(state, "ada", name="Ada Example", headline="Founder at Example Apps", **WORDS)


def wait(state: ServiceState, **span: float) -> None:
    state.store.move_to(state.now() + timedelta(**span))


def reason(failure: pytest.ExceptionInfo[Failure]) -> object:
    return failure.value.details.get("reason")


def connect(client: LinkedinClient, state: ServiceState, person: str, member_id: str) -> None:
    client.invite(member_id)
    assert fake.public_accept_invitation(state, person)


def hooks(state: ServiceState) -> list[dict[str, Any]]:
    return [json.loads(row[0]) for row in state.store.run("select body from hooks where service = 'linkedin' order by place")]


def test_same_person_keeps_the_member(state: ServiceState, ada: str) -> None:
    again = fake.public_add_profile(state, "ada", name="Ada Example", headline="Founder, hiring", is_hiring=True)
    assert again == ada
    [member] = fake.public_people(state)
    assert (member["headline"], member["is_hiring"], member["company"], member["standing"]) == (
        "Founder, hiring", True, "Example Apps", "none",
    )  # fmt: skip


def test_search_filters_and_pages(client: LinkedinClient, state: ServiceState) -> None:
    for number in range(30):
        place = "Berlin, Germany" if number % 2 else "Austin, Texas"
        fake.public_add_profile(state, f"p{number}", name=f"Person {number}", headline="App founder", location=place, degree=2)
    [berlin] = client.locations("berlin")
    search = PeopleSearch(keywords="app", title="founder", location_ids=(berlin.id,), degrees=(2,))
    first = client.search_people(search, limit=10)
    second = client.search_people(search, offset=10, limit=10)
    assert (len(first.data), len(second.data), first.total_count) == (10, 5, 15)
    assert {one.location for one in [*first.data, *second.data]} == {"Berlin, Germany"}
    assert len({one.id for one in [*first.data, *second.data]}) == 15
    assert client.search_people(PeopleSearch(keywords="dentist")).data == []
    assert client.search_people(PeopleSearch(degrees=(3,))).total_count == 0


def test_invitation_reaches_and_connects(client: LinkedinClient, state: ServiceState, ada: str) -> None:
    invitation = client.invite(ada, "Hello Ada")
    assert client.profile(ada).specifics.relation_request_status == "PENDING"
    assert client.sent_invitation_to(ada) == invitation
    [held] = fake.public_inbox(state, "ada")
    assert (held["kind"], held["text"], held["status"]) == ("invitation", "Hello Ada", "PENDING")
    assert fake.public_accept_invitation(state, "ada")
    assert not fake.public_accept_invitation(state, "ada")
    assert client.sent_invitation_to(ada) is None
    found = client.relation_with(ada)
    assert found is not None
    assert client.profile(ada).is_connected
    [event] = hooks(state)
    assert (event["type"], event["payload"]["user"]["id"], event["application_production"]) == ("relation.new", ada, False)


def test_acceptance_is_noticed_later(client: LinkedinClient, state: ServiceState, ada: str) -> None:
    connect(client, state, "ada", ada)
    [(due_at,)] = state.store.run("select due_at from hooks where service = 'linkedin'")
    assert "2026-11-22T06:05:00+00:00" <= due_at <= "2026-11-22T14:00:00+00:00"


def test_conversation_goes_both_ways(client: LinkedinClient, state: ServiceState, ada: str) -> None:
    connect(client, state, "ada", ada)
    assert client.chat_with(ada) is None
    sent = client.start_chat(ada, "Thank you")
    assert sent.chat_id is not None
    wait(state, minutes=5)
    reply_id = fake.public_reply(state, "ada", "Tell me more")
    assert [one.text for one in client.messages(sent.chat_id).data] == ["Tell me more", "Thank you"]
    assert [one.id for one in client.messages(sent.chat_id, after=state.now() - timedelta(minutes=1)).data] == [reply_id]
    assert [one.id for one in client.chats(is_unread=True).data] == [sent.chat_id]
    client.send_message(sent.chat_id, "Gladly")
    assert client.chats(is_unread=True).data == []
    assert [one["text"] for one in fake.public_inbox(state, "ada") if one["kind"] == "message"] == ["Thank you", "Gladly"]
    assert [one["payload"].get("is_sender") for one in hooks(state)] == [None, True, False, True]


def test_unknown_sending_is_settled_by_looking(client: LinkedinClient, state: ServiceState, outside: Outside, ada: str) -> None:
    connect(client, state, "ada", ada)
    began = state.now()
    assert client.sent_message(ada, "Hello", began) is None
    outside.add_fault("linkedin", "/chats/send", "act_then_drop", 1)
    with pytest.raises(Failure) as failure:
        client.start_chat(ada, "Hello")
    assert not failure.value.nothing_happened
    assert client.sent_message(ada, "Hello", began) is not None
    wait(state, minutes=5)
    assert client.sent_message(ada, "Hello", state.now()) is None


def test_stranger_cannot_be_written_to(client: LinkedinClient, state: ServiceState, ada: str) -> None:
    with pytest.raises(OutsideRejected) as refusal:
        client.start_chat(ada, "Hello")
    assert reason(refusal) == "refused"
    assert fake.public_reply(state, "ada", "Who is this?") is None


def test_second_invitation_is_a_conflict(client: LinkedinClient, state: ServiceState, ada: str) -> None:
    client.invite(ada)
    with pytest.raises(OutsideRejected) as again:
        client.invite(ada)
    fake.public_accept_invitation(state, "ada")
    with pytest.raises(OutsideRejected) as connected:
        client.invite(ada)
    assert (reason(again), reason(connected)) == ("already", "already")
    assert state.count("request") == 1


@pytest.mark.parametrize("how", ["withdrawn", "ignored"])
def test_refused_invitation_needs_three_weeks(how: str, client: LinkedinClient, state: ServiceState, ada: str) -> None:
    invitation = client.invite(ada)
    if how == "withdrawn":
        client.cancel_invitation(invitation.id)
    else:
        assert fake.public_ignore_invitation(state, "ada")
    with pytest.raises(OutsideRejected) as refusal:
        client.invite(ada)
    assert reason(refusal) == "refused"
    wait(state, days=21)
    client.invite(ada)


def test_blocked_member_is_gone(client: LinkedinClient, state: ServiceState, ada: str) -> None:
    connect(client, state, "ada", ada)
    sent = client.start_chat(ada, "Hello")
    assert sent.chat_id is not None
    fake.public_block(state, "ada")
    told = []
    for call in (lambda: client.profile(ada), lambda: client.invite(ada), lambda: client.send_message(str(sent.chat_id), "Hello?")):
        with pytest.raises(OutsideRejected) as refusal:
            call()
        told.append(reason(refusal))
    assert told == ["unknown", "unknown", "not_allowed"]
    assert client.search_people(PeopleSearch(keywords="founder")).data == []
    assert client.relation_with(ada) is None
    assert fake.public_people(state)[0]["standing"] == "blocked"


def test_third_report_restricts_the_account(client: LinkedinClient, state: ServiceState) -> None:
    for number in range(3):
        fake.public_add_profile(state, f"p{number}", name=f"Person {number}", headline="Founder")
        fake.public_report(state, f"p{number}")
    with pytest.raises(OutsideAuthFailed) as refusal:
        client.chats()
    assert reason(refusal) == "restricted"
    assert client.account().status == "disconnected"
    assert [one["type"] for one in hooks(state)] == ["account.status.disconnected"]
    fake.public_reconnect(state)
    assert client.chats().data == []


def test_lost_session_needs_the_owner(client: LinkedinClient, state: ServiceState) -> None:
    fake.public_disconnect(state)
    with pytest.raises(OutsideAuthFailed) as refusal:
        client.relations()
    assert reason(refusal) == "disconnected"


def invite_many(client: LinkedinClient, state: ServiceState, start: int, count: int) -> None:
    for number in range(start, start + count):
        client.invite(fake.public_add_profile(state, f"p{number}", name=f"Person {number}", headline="Founder"))


def test_day_and_week_limit_invitations(client: LinkedinClient, state: ServiceState, ada: str) -> None:
    invite_many(client, state, 0, 100)
    with pytest.raises(OutsideRateLimited) as daily:
        client.invite(ada)
    assert (reason(daily), daily.value.retry_after_s) == (None, 86400.0)
    wait(state, days=1)
    invite_many(client, state, 100, 100)
    wait(state, days=1)
    with pytest.raises(OutsideRateLimited) as weekly:
        client.invite(ada)
    assert (reason(weekly), weekly.value.retry_after_s) == ("provider_limit", None)
    wait(state, days=5)
    client.invite(ada)
    assert state.count("request") == 201


def test_invitations_page_by_cursor(client: LinkedinClient, state: ServiceState) -> None:
    invite_many(client, state, 0, 7)
    first = client.sent_invitations(limit=3)
    invite_many(client, state, 7, 1)
    second = client.sent_invitations(first.next_cursor, 3)
    third = client.sent_invitations(second.next_cursor, 3)
    names = [one.user.display_name for page in (first, second, third) for one in page.data if one.user]
    assert names == [f"Person {number}" for number in (6, 5, 4, 3, 2, 1, 0)]
    assert third.next_cursor is None


def call(state: ServiceState, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
    request = FakeRequest(method, path, tuple(query.items()), {"x-api-key": state.api_key}, json.dumps(body).encode())
    answer = fake.respond(state, request)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "kind"),
    [
        ("GET", "/nowhere/at/all/here/now", None, {}, "api/resource_not_found"),
        ("GET", "/acc_other/chats", None, {}, "api/resource_not_found"),
        ("GET", f"/{ACCOUNT}/chats", None, {"limit": "0"}, "api/invalid_parameters"),
        ("GET", f"/{ACCOUNT}/chats", None, {"limit": "many"}, "api/invalid_parameters"),
        ("GET", f"/{ACCOUNT}/chats", None, {"cursor": "%%"}, "api/invalid_parameters"),
        ("GET", f"/{ACCOUNT}/chats/nobody/messages", None, {}, "provider/resource_not_found"),
        ("GET", f"/{ACCOUNT}/users/me/relation-requests", None, {}, "api/invalid_parameters"),
        ("GET", f"/{ACCOUNT}/linkedin/search/parameters", None, {"type": "COMPANY"}, "api/invalid_parameters"),
        ("POST", f"/{ACCOUNT}/users/me/relation-requests", {"user_id": 5}, {}, "api/invalid_parameters"),
        ("POST", f"/{ACCOUNT}/users/me/relation-requests", {"user_id": "a", "message": "a" * 301}, {}, "api/invalid_parameters"),
        ("POST", f"/{ACCOUNT}/users/me/relation-requests/1/cancel", {}, {}, "provider/resource_not_found"),
        ("POST", f"/{ACCOUNT}/chats/send", {"users_ids": [], "text": "a"}, {}, "api/invalid_parameters"),
        ("POST", f"/{ACCOUNT}/linkedin/search/people", [], {}, "api/invalid_parameters"),
    ],
)
def test_mistakes_are_told(method: str, path: str, body: object, query: dict[str, str], kind: str, state: ServiceState) -> None:
    status, answer = call(state, method, path, body, **query)
    assert (answer["type"], answer["object"], answer["status"]) == (kind, "Error", status)
    assert status in (400, 404)


def test_wrong_key_is_refused(client_of: Make) -> None:
    with pytest.raises(OutsideAuthFailed) as refusal:
        client_of(LinkedinClient, account_id=ACCOUNT, api_key="wrong").account()
    assert reason(refusal) == "key"


def test_same_seed_same_bytes(tmp_path: Path, outside: Outside) -> None:
    def live(place: Path) -> list[tuple[Any, ...]]:
        store = WorldStore(place)
        store.move_to(outside.store.now())
        state = Outside(store, 7).state("linkedin")
        member_id = fake.public_add_profile(state, "ada", name="Ada Example", headline="Founder")
        call(state, "POST", f"/{ACCOUNT}/users/me/relation-requests", {"user_id": member_id})
        fake.public_accept_invitation(state, "ada")
        fake.public_reply(state, "ada", "Hello")
        rows = store.run("select key, document from documents order by place")
        rows += store.run("select key, body, due_at from hooks order by place")
        store.close()
        return rows

    assert live(tmp_path / "one.db") == live(tmp_path / "two.db")


def same_keys(held: Any, made: Any, path: str = "") -> None:
    """A fixture and a fake's answer have the same fields all the way down."""
    if isinstance(held, dict) and isinstance(made, dict):
        assert set(held) == set(made), path
        for name in held:
            same_keys(held[name], made[name], f"{path}.{name}")
    if isinstance(held, list) and isinstance(made, list) and held and made:
        same_keys(held[0], made[0], f"{path}[]")


def answers(client: LinkedinClient, state: ServiceState, ada: str) -> dict[str, Any]:
    """One answer of the fake for every fixture that is an answer."""
    me = f"/{ACCOUNT}"
    made = {"search_people": call(state, "POST", f"{me}/linkedin/search/people", {"keywords": "founder"})[1]}
    made["invitation"] = call(state, "POST", f"{me}/users/me/relation-requests", {"user_id": ada, "message": "Hello"})[1]
    made["invitations"] = call(state, "GET", f"{me}/users/me/relation-requests", type="sent")[1]
    made["profile"] = call(state, "GET", f"{me}/users/{ada}", with_sections="experience")[1]
    fake.public_accept_invitation(state, "ada")
    made["chat_started"] = call(state, "POST", f"{me}/chats/send", {"users_ids": ada, "text": "Hello"})[1]
    fake.public_reply(state, "ada", "Tell me more")
    chat_id = made["chat_started"]["chat_id"]
    made["message_sent"] = call(state, "POST", f"{me}/chats/{chat_id}/messages/send", {"text": "More"})[1]
    for name, path in {
        "relations": "/users/me/relations", "chats": "/chats", "messages": f"/chats/{chat_id}/messages", "user_chat": f"/users/{ada}/chat",
    }.items():  # fmt: skip
        made[name] = call(state, "GET", me + path)[1]
    made["account"], made["accounts"] = call(state, "GET", f"/accounts{me}")[1], call(state, "GET", "/accounts/")[1]
    made["locations"] = call(state, "GET", f"{me}/linkedin/search/parameters", type="LOCATION", keywords="ber")[1]
    return made


def test_fixtures_and_fake_agree(client: LinkedinClient, state: ServiceState, ada: str, own: Own) -> None:
    made = answers(client, state, ada)
    made["profile"]["specifics"]["relation_request"] = None
    for name, answer in made.items():
        same_keys(json.loads(own("linkedin", f"{name}.json")), answer, name)
    events = {event["type"]: event for event in hooks(state)}
    same_keys(json.loads(own("linkedin", "event_relation_new.json")), events["relation.new"])
    same_keys(json.loads(own("linkedin", "event_message_new.json")), events["message.new"])


SCHEMAS = {
    "search_people": "PerformClassicPeopleSearch200Response", "invitation": "LinkedInRelationRequest",
    "invitations": "GetRelationRequestsList200Response", "profile": "GetUserProfile200Response", "chat_started": "StartChat200Response",
    "message_sent": "SendMessage200Response", "relations": "GetUserRelations200Response", "chats": "GetChatsList200Response",
    "messages": "GetMessagesList200Response", "user_chat": "GetUserChat200Response", "account": "Account1",
    "accounts": "ListAccounts200Response", "locations": "GetClassicSearchParameters200Response",
}  # fmt: skip


def test_contract_is_kept(shared: Path, client: LinkedinClient, state: ServiceState, ada: str, own: Own) -> None:
    text = (shared / "contracts" / "unipile_linkedin" / "openapi.v2.derived.json").read_text(encoding="utf-8")
    contract = json.loads(text)
    schemas = contract["components"]["schemas"]

    def check(name: str, payload: object) -> None:
        OAS31Validator({**schemas[name], "components": contract["components"]}).validate(payload)

    for name, answer in answers(client, state, ada).items():
        check(SCHEMAS[name], answer)
        check(SCHEMAS[name], json.loads(own("linkedin", f"{name}.json")))
    check("PerformClassicPeopleSearchRequest", json.loads(own("linkedin", "search_request.json")))
    check("CreateRelationRequestRequest", json.loads(own("linkedin", "invite_request.json")))
    check("StartChatRequest", json.loads(own("linkedin", "start_chat_request.json")))
    assert contract["components"]["securitySchemes"]["key"]["name"].lower() == "x-api-key"


def test_every_method_is_in_the_contract(shared: Path) -> None:
    text = (shared / "contracts" / "unipile_linkedin" / "openapi.v2.derived.json").read_text(encoding="utf-8")
    paths = {path.rstrip("/"): set(methods) for path, methods in json.loads(text)["paths"].items()}
    for method, parts, _ in fake.routes._rows:
        path = "/v2/" + "/".join(parts).replace("users/me/relations", "users/{user_id}/relations")
        assert method.lower() in paths[path], path
