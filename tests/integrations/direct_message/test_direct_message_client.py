"""What is asked of X and Instagram, and what each of their refusals means."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest

from revenue_machine.integrations.direct_message.direct_message_client import DirectMessageClient
from revenue_machine.integrations.direct_message.wire import DirectMessage, Recipient
from revenue_machine.kit.errors import BadInput, ContractBroken, Failure, NotConfigured, OutsideUnanswered
from revenue_machine.kit.service import Exchange

Own = Callable[[str, str], bytes]
Hearing = Callable[..., DirectMessageClient]
ADA, SHE = "1000000000000000007", "1000000000000007"
SINCE = datetime(2026, 11, 22, 5, tzinfo=UTC)


class Line:
    """Answers one request after the other and keeps what was asked; the last answer repeats."""

    def __init__(self, *bodies: bytes, status: int = 200) -> None:
        self.bodies, self.status = list(bodies), status
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return httpx2.Response(self.status, content=self.bodies[min(len(self.asked), len(self.bodies)) - 1])


@pytest.fixture
def hearing(client_hearing: Hearing) -> Hearing:
    return lambda line, **options: client_hearing(DirectMessageClient, line, **{"instagram_token": "ig_secret", **options})


def test_message_on_x_is_sent_as_documented(hearing: Hearing, own: Own) -> None:
    line = Line(own("direct_message", "x_sent.json"), status=201)
    sent = hearing(line).send("x", ADA, "Hello Ada")
    assert (sent.platform, sent.id, sent.person_id) == ("x", "1800000000000104729", ADA)
    assert str(line.asked[0].url) == f"https://api.x.com/2/dm_conversations/with/{ADA}/messages"
    assert line.asked[0].headers["authorization"] == "Bearer sk_sandbox_direct_message"
    assert json.loads(line.asked[0].content) == {"text": "Hello Ada"}


def test_message_on_instagram_is_sent_as_documented(hearing: Hearing, own: Own) -> None:
    line = Line(own("direct_message", "instagram_sent.json"))
    assert hearing(line).send("instagram", SHE, "Hello Ada").id == "igm_own1"
    assert str(line.asked[0].url) == "https://graph.instagram.com/v24.0/me/messages"
    assert line.asked[0].headers["authorization"] == "Bearer ig_secret"
    assert json.loads(line.asked[0].content) == json.loads(own("direct_message", "instagram_send_request.json"))


def test_one_address_stands_for_both(hearing: Hearing, own: Own) -> None:
    line = Line(own("direct_message", "instagram_sent.json"), own("direct_message", "x_sent.json"))
    client = hearing(line, base_url="http://127.0.0.1:9/dm")
    client.send("instagram", SHE, "Hello")
    client.send("x", ADA, "Hello")
    assert [str(one.url) for one in line.asked] == [
        "http://127.0.0.1:9/dm/v24.0/me/messages",
        f"http://127.0.0.1:9/dm/2/dm_conversations/with/{ADA}/messages",
    ]


def test_token_of_instagram_is_not_recorded(hearing: Hearing, exchanges: list[Exchange]) -> None:
    body = b'{"error":{"message":"bad ig_secret","code":190}}'
    with pytest.raises(Failure) as failure:
        hearing(Line(body, status=401)).send("instagram", SHE, "Hello")
    assert "ig_secret" not in failure.value.message
    assert "ig_secret" not in exchanges[0].answer_text


@pytest.mark.parametrize(("platform", "text"), [("x", ""), ("x", " "), ("x", "a" * 10_001), ("instagram", "a" * 1_001)])
def test_unfit_text_is_not_sent(platform: str, text: str, hearing: Hearing) -> None:
    line = Line(b"{}")
    with pytest.raises(BadInput):
        hearing(line).send(platform, ADA, text)
    assert line.asked == []


@pytest.mark.parametrize("platform", ["tiktok", "threads", "linkedin"])
def test_platform_without_api_names_the_assisted_channel(platform: str, hearing: Hearing) -> None:
    line = Line(b"{}")
    with pytest.raises(NotConfigured, match="assisted channel"):
        hearing(line).send(platform, ADA, "Hello")
    assert line.asked == []


def test_missing_instagram_token_is_named(client_hearing: Hearing) -> None:
    with pytest.raises(NotConfigured) as failure:
        client_hearing(DirectMessageClient, Line(b"{}")).send("instagram", SHE, "Hello")
    assert failure.value.field == "REVENUE_DIRECT_MESSAGE__INSTAGRAM_TOKEN"


def test_recipient_on_x_is_found(hearing: Hearing, own: Own) -> None:
    line = Line(own("direct_message", "x_user.json"))
    assert hearing(line).recipient("x", "@ada_builds") == Recipient("x", ADA, "ada_builds", "Ada")
    assert line.asked[0].url.path == "/2/users/by/username/ada_builds"
    assert hearing(Line(b'{"errors":[{"title":"Not Found Error"}]}')).recipient("x", "nobody") is None


def test_recipient_on_instagram_is_who_wrote(hearing: Hearing, own: Own) -> None:
    line = Line(own("direct_message", "instagram_conversations.json"), own("direct_message", "instagram_me.json"))
    assert hearing(line).recipient("instagram", "Ada.Builds") == Recipient("instagram", SHE, "ada.builds", None)
    assert hearing(Line(b'{"data":[]}')).recipient("instagram", "nobody") is None


def test_messages_of_both_platforms_look_alike(hearing: Hearing, own: Own) -> None:
    x = hearing(Line(own("direct_message", "x_me.json"), own("direct_message", "x_events.json"))).messages("x", SINCE)
    line = Line(own("direct_message", "instagram_me.json"), own("direct_message", "instagram_conversations.json"))
    instagram = hearing(line).messages("instagram", SINCE)
    assert [(one.person_id, one.text, one.is_ours) for one in x] == [(ADA, "Hello Ada", True), (ADA, "Tell me more", False)]
    assert instagram == [
        DirectMessage("instagram", "igm_own0", SHE, "Hi", datetime(2026, 11, 22, 5, 40, tzinfo=UTC), False),
        DirectMessage("instagram", "igm_own1", SHE, "Hello Ada", datetime(2026, 11, 22, 5, 50, tzinfo=UTC), True),
    ]


def test_sent_message_is_found_again(hearing: Hearing, own: Own) -> None:
    client = hearing(Line(own("direct_message", "x_me.json"), own("direct_message", "x_events.json")))
    found = client.sent_message("x", ADA, "Hello Ada", SINCE)
    assert found is not None
    assert found.id == "1800000000000104729"
    assert client.sent_message("x", ADA, "Tell me more", SINCE) is None
    assert client.sent_message("x", ADA, "Hello Ada", SINCE.replace(minute=45)) is None


@pytest.mark.parametrize(("platform", "name"), [("x", "x_errors.json"), ("instagram", "instagram_errors.json")])
def test_every_error_means_a_failure(platform: str, name: str, hearing: Hearing, own: Own) -> None:
    for case in json.loads(own("direct_message", name)):
        with pytest.raises(Failure) as failure:
            hearing(Line(json.dumps(case["body"]).encode(), status=case["status"])).send(platform, ADA, "Hello")
        assert (failure.value.code, failure.value.details.get("reason")) == (case["code"], case["reason"]), case["body"]
        assert failure.value.nothing_happened is (case["code"] != "outside_unavailable")


@pytest.mark.parametrize("platform", ["x", "instagram"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data":{"dm_event_id":""}}', b'{"recipient_id":"1","message_id":""}'])
def test_strange_answer_breaks_the_contract(body: bytes, platform: str, hearing: Hearing) -> None:
    with pytest.raises(ContractBroken):
        hearing(Line(body)).send(platform, ADA, "Hello")


def test_lost_answer_leaves_the_outcome_open(hearing: Hearing) -> None:
    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    with pytest.raises(OutsideUnanswered):
        hearing(lost).send("instagram", SHE, "Hello")
