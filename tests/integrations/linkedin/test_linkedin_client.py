"""What the LinkedIn client asks, how it reads answers, and what every refusal means."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest

from revenue_machine.integrations.linkedin.linkedin_client import LinkedinClient, PeopleSearch
from revenue_machine.kit.errors import BadInput, ContractBroken, Failure, NotConfigured, OutsideUnanswered

Own = Callable[[str, str], bytes]
Hearing = Callable[..., LinkedinClient]
ADA = "ACoAAown1"
SINCE = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


class Line:
    """Answers one request after the other and keeps what was asked; the last answer repeats."""

    def __init__(self, *bodies: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.bodies, self.status, self.headers = list(bodies), status, headers or {}
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        body = self.bodies[min(len(self.asked), len(self.bodies)) - 1]
        return httpx2.Response(self.status, content=body, headers=self.headers)


@pytest.fixture
def hearing(client_hearing: Hearing) -> Hearing:
    return lambda line: client_hearing(LinkedinClient, line, account_id="acc_own1")


def test_search_is_sent_as_documented(hearing: Hearing, own: Own) -> None:
    line = Line(own("linkedin", "search_people.json"))
    search = PeopleSearch(keywords="app founder", title="founder", location_ids=("103035651",), degrees=(2,))
    page = hearing(line).search_people(search, offset=25, limit=25)
    assert (page.data[0].id, page.data[0].network_distance, page.total_count) == (ADA, "SECOND_DEGREE", 31)
    assert str(line.asked[0].url) == "https://api.unipile.com/v2/acc_own1/linkedin/search/people?offset=25&limit=25"
    assert line.asked[0].headers["x-api-key"] == "sk_sandbox_linkedin"
    assert json.loads(line.asked[0].content) == json.loads(own("linkedin", "search_request.json"))


def test_empty_search_is_not_sent(hearing: Hearing) -> None:
    line = Line(b"{}")
    with pytest.raises(BadInput):
        hearing(line).search_people(PeopleSearch())
    assert line.asked == []


def test_invitation_is_sent_as_documented(hearing: Hearing, own: Own) -> None:
    line = Line(own("linkedin", "invitation.json"), status=201)
    invitation = hearing(line).invite(ADA, "Hello Ada")
    assert (invitation.id, invitation.type, invitation.message) == ("7400000000000104729", "sent", "Hello Ada")
    assert str(line.asked[0].url) == "https://api.unipile.com/v2/acc_own1/users/me/relation-requests"
    assert json.loads(line.asked[0].content) == json.loads(own("linkedin", "invite_request.json"))


@pytest.mark.parametrize("note", ["", "  ", "a" * 301])
def test_unfit_note_is_not_sent(note: str, hearing: Hearing) -> None:
    line = Line(b"{}")
    with pytest.raises(BadInput) as refusal:
        hearing(line).invite(ADA, note)
    assert refusal.value.field == "note"
    assert line.asked == []


def test_first_message_is_sent_as_documented(hearing: Hearing, own: Own) -> None:
    line = Line(own("linkedin", "chat_started.json"))
    sent = hearing(line).start_chat(ADA, "Thank you for connecting")
    assert (sent.chat_id, sent.first_id) == ("chat_own1", "msg_own0")
    assert str(line.asked[0].url) == "https://api.unipile.com/v2/acc_own1/chats/send"
    assert json.loads(line.asked[0].content) == json.loads(own("linkedin", "start_chat_request.json"))


@pytest.mark.parametrize(("told", "first"), [('["a","b"]', "a"), ("null", None), ('[null,"b"]', "b"), ('"a"', "a")])
def test_message_ids_come_in_several_shapes(told: str, first: str | None, hearing: Hearing) -> None:
    line = Line(b'{"object":"MessageSent","message_id":%s}' % told.encode())
    assert hearing(line).send_message("chat_own1", "More").first_id == first
    assert line.asked[0].url.raw_path == b"/v2/acc_own1/chats/chat_own1/messages/send"


def test_profile_tells_position_and_distance(hearing: Hearing, own: Own) -> None:
    line = Line(own("linkedin", "profile.json"))
    profile = hearing(line).profile("ada/example")
    assert profile.position is not None
    assert (profile.position.job_title, profile.position.company.name, profile.is_connected) == ("Founder", "Example Apps", False)
    assert line.asked[0].url.raw_path == b"/v2/acc_own1/users/ada%2Fexample?with_sections=experience"


def test_account_and_accounts_are_read(hearing: Hearing, own: Own) -> None:
    line = Line(own("linkedin", "account.json"), own("linkedin", "accounts.json"))
    client = hearing(line)
    assert client.account().status == "running"
    assert [one.id for one in client.accounts()] == ["acc_own1"]
    assert [one.url.path for one in line.asked] == ["/v2/accounts/acc_own1", "/v2/accounts/"]


def test_lists_are_read(hearing: Hearing, own: Own) -> None:
    names = ["locations", "relations", "chats", "messages"]
    client = hearing(Line(*[own("linkedin", f"{name}.json") for name in names]))
    assert client.locations("berlin")[0].name == "Berlin, Germany"
    assert client.relations().data[0].user.id == ADA
    assert client.chats().data[0].unread_count == 1
    assert [one.is_sender for one in client.messages("chat_own1").data] == [False, True]


def test_lookup_turns_every_page(hearing: Hearing, own: Own) -> None:
    first = json.loads(own("linkedin", "invitations.json"))
    first["data"][0]["user"]["id"] = "somebody"
    first["next_cursor"] = "c1"
    line = Line(json.dumps(first).encode(), own("linkedin", "invitations.json"))
    found = hearing(line).sent_invitation_to(ADA)
    assert found is not None
    assert dict(line.asked[1].url.params) == {"type": "sent", "cursor": "c1", "limit": "100"}


def test_endless_list_breaks_the_contract(hearing: Hearing, own: Own) -> None:
    page = {**json.loads(own("linkedin", "invitations.json")), "next_cursor": "c1"}
    with pytest.raises(ContractBroken):
        hearing(Line(json.dumps(page).encode())).sent_invitation_to("nobody")


def test_sent_message_is_found_again(hearing: Hearing, own: Own) -> None:
    line = Line(own("linkedin", "user_chat.json"), own("linkedin", "messages.json"))
    found = hearing(line).sent_message(ADA, "Thank you for connecting", SINCE)
    assert found is not None
    assert found.id == "msg_own0"
    assert line.asked[1].url.params["after"] == "2026-11-22T07:29:59+00:00"


def test_their_words_are_not_ours(hearing: Hearing, own: Own) -> None:
    line = Line(own("linkedin", "user_chat.json"), own("linkedin", "messages.json"))
    assert hearing(line).sent_message(ADA, "Tell me more", SINCE) is None


def test_every_error_means_a_failure(hearing: Hearing, own: Own) -> None:
    told = []
    for case in json.loads(own("linkedin", "errors.json")):
        with pytest.raises(Failure) as failure:
            hearing(Line(json.dumps(case["body"]).encode(), status=case["status"])).invite(ADA)
        told.append((case["body"]["type"], failure.value.code, failure.value.details.get("reason"), failure.value.nothing_happened))
    assert told == [
        ("api/missing_authorization", "outside_auth_failed", "key", True),
        ("provider/invalid_credentials", "outside_auth_failed", "disconnected", True),
        ("api/account_restricted", "outside_auth_failed", "restricted", True),
        ("provider/insufficient_permissions", "outside_rejected", "not_allowed", True),
        ("provider/resource_not_found", "outside_rejected", "unknown", True),
        ("provider/conflict", "outside_rejected", "already", True),
        ("provider/unprocessable_entity", "outside_rejected", "refused", True),
        ("provider/too_many_requests", "outside_rate_limited", "provider_limit", True),
        ("api/too_many_requests", "outside_rate_limited", None, True),
        ("provider/server_error", "outside_unavailable", None, False),
    ]


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        ("errors/already_invited_recently", "outside_rejected", "already"), ("errors/limit_exceeded", "outside_rate_limited", "provider_limit"),
        ("errors/disconnected_account", "outside_auth_failed", "disconnected"), ("errors/new_word", "outside_rejected", None),
    ],
)  # fmt: skip
def test_older_words_are_understood(kind: str, code: str, reason: str | None, hearing: Hearing) -> None:
    with pytest.raises(Failure) as failure:
        hearing(Line(json.dumps({"type": kind, "status": 422}).encode(), status=422)).invite(ADA)
    assert (failure.value.code, failure.value.details.get("reason")) == (code, reason)


def test_what_the_vendor_cannot_do_says_nothing_of_a_person(hearing: Hearing) -> None:
    with pytest.raises(Failure) as failure:
        hearing(Line(b'{"type":"api/not_implemented","status":501}', status=501)).invite(ADA)
    assert (failure.value.code, failure.value.details.get("reason")) == ("outside_rejected", "refused")


def test_waiting_time_is_kept(hearing: Hearing) -> None:
    body = b'{"object":"Error","type":"api/too_many_requests","status":429}'
    with pytest.raises(Failure) as failure:
        hearing(Line(body, status=429, headers={"retry-after": "3600"})).invite(ADA)
    assert failure.value.retry_after_s == 3600.0


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id":"","type":"sent"}', b'{"id":"1","type":"other"}'])
def test_strange_answer_breaks_the_contract(body: bytes, hearing: Hearing) -> None:
    with pytest.raises(ContractBroken):
        hearing(Line(body, status=201)).invite(ADA)


def test_lost_answer_leaves_the_outcome_open(hearing: Hearing) -> None:
    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    with pytest.raises(OutsideUnanswered):
        hearing(lost).invite(ADA)


def test_missing_account_is_named(client_hearing: Hearing) -> None:
    with pytest.raises(NotConfigured) as failure:
        client_hearing(LinkedinClient, Line(b"{}"))
    assert failure.value.field == "REVENUE_LINKEDIN__ACCOUNT_ID"
