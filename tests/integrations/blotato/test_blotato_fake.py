"""The pretend Blotato takes what its contract allows and shows it to the world when its time comes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator

from revenue_machine.integrations.blotato import fake
from revenue_machine.integrations.blotato.blotato_client import PLATFORMS, BlotatoClient
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.errors import OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.store import ServiceState
from revenue_machine.sandbox.vendors import Outside

Make = Callable[..., BlotatoClient]
Own = Callable[[str, str], bytes]
FILE = ["https://cdn.example.com/a.mp4"]
FIELDS: dict[str, dict[str, Any]] = {
    "facebook": {"pageId": "771050001"},
    "youtube": {"title": "How", "privacyStatus": "public"},
    "tiktok": {
        "privacyLevel": "PUBLIC_TO_EVERYONE", "disabledComments": False, "disabledDuet": False, "disabledStitch": False,
        "isBrandedContent": False, "isYourBrand": True, "isAiGenerated": True,
    },
}  # fmt: skip


@pytest.fixture
def client(client_of: Make) -> BlotatoClient:
    return client_of(BlotatoClient)


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("blotato")


def call(state: ServiceState, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, Any]:
    headers = {"blotato-api-key": state.api_key if key is None else key}
    answer = fake.respond(state, FakeRequest(method, path, (), headers, json.dumps(body).encode()))
    return answer.status, json.loads(answer.body)


def wait(state: ServiceState, seconds: int) -> None:
    state.store.move_to(state.now() + timedelta(seconds=seconds))


def post_on(client: BlotatoClient, platform: str, **rest: Any) -> str:
    [account] = client.accounts(platform)
    return client.publish(account.id, platform, "hi", media_urls=FILE, target_fields=FIELDS.get(platform), **rest)


@pytest.mark.parametrize(
    ("platform", "beginning"),
    [
        ("x", "https://x.com/solo_growth_lab/status/"), ("threads", "https://www.threads.net/@solo.growth.lab/post/"),
        ("instagram", "https://www.instagram.com/p/"), ("tiktok", "https://www.tiktok.com/@solo.growth.lab/video/"),
        ("facebook", "https://www.facebook.com/771050001/posts/"), ("youtube", "https://www.youtube.com/watch?v="),
        ("linkedin", "https://www.linkedin.com/feed/update/urn:li:share:"),
    ],
)  # fmt: skip
def test_every_platform_goes_public(platform: str, beginning: str, client: BlotatoClient, state: ServiceState) -> None:
    submission_id = post_on(client, platform)
    assert client.status(submission_id).status == "in-progress"
    assert fake.public_posts(state) == []
    wait(state, 30)
    told = client.status(submission_id)
    assert told.status == "published"
    assert told.public_url is not None
    assert told.public_url.startswith(beginning)
    [seen] = fake.public_posts(state)
    assert (seen["id"], seen["platform"], seen["url"], seen["text"]) == (submission_id, platform, told.public_url, "hi")
    assert (
        timedelta(0) < parse_instant(seen["published_at"]) - datetime.fromisoformat("2026-11-22T06:00:00Z") <= timedelta(seconds=30)
    )


def test_every_platform_of_ours_has_an_account(client: BlotatoClient) -> None:
    platforms = [account.platform for account in client.accounts()]
    assert set(PLATFORMS.values()) <= set(platforms)
    assert len(platforms) == len(set(platforms)) == 9
    assert [page.id for page in client.subaccounts("9105")] == ["771050001"]


def test_thread_shows_its_parts(client: BlotatoClient, state: ServiceState) -> None:
    client.publish("9101", "x", "one", additional_posts=["two", "three"])
    wait(state, 30)
    assert [post["additional_texts"] for post in fake.public_posts(state)] == [["two", "three"]]


def test_urls_are_never_shared(client: BlotatoClient, state: ServiceState) -> None:
    for _ in range(5):
        for platform in PLATFORMS:
            post_on(client, platform)
        wait(state, 60)
    urls = [post["url"] for post in fake.public_posts(state)]
    assert len(urls) == len(set(urls)) == 35


def test_scheduled_post_waits_for_its_time(client: BlotatoClient, state: ServiceState) -> None:
    at = state.now() + timedelta(hours=3)
    submission_id = client.publish("9101", "x", "later", scheduled_at=at)
    wait(state, 3 * 3600 - 1)
    assert client.status(submission_id).status == "in-progress"
    wait(state, 1)
    assert client.status(submission_id).status == "published"
    assert fake.public_posts(state)[0]["published_at"] == "2026-11-22T09:00:00+00:00"


def test_misplaced_time_publishes_at_once(state: ServiceState, own: Own) -> None:
    body = json.loads(own("blotato", "publish_thread_request.json"))
    body["post"]["scheduledTime"] = body.pop("scheduledTime")
    assert call(state, "POST", "/posts", body)[0] == 201
    wait(state, 30)
    assert len(fake.public_posts(state)) == 1


def test_broken_platform_fails_the_post(client: BlotatoClient, state: ServiceState) -> None:
    fake.public_break(state, "twitter", "The account has to be connected again")
    submission_id = post_on(client, "x")
    wait(state, 30)
    assert (client.status(submission_id).status, client.status(submission_id).error) == (
        "failed",
        "The account has to be connected again",
    )
    assert fake.public_posts(state) == []
    fake.public_mend(state, "twitter")
    post_on(client, "x")
    wait(state, 30)
    assert len(fake.public_posts(state)) == 1


def test_private_post_is_not_seen(client: BlotatoClient, state: ServiceState) -> None:
    fields = {"title": "How", "privacyStatus": "private"}
    submission_id = client.publish("9106", "youtube", "hi", media_urls=FILE, target_fields=fields)
    wait(state, 30)
    assert client.status(submission_id).status == "published"
    assert fake.public_posts(state) == []


def test_thirty_first_post_in_a_minute_waits(client: BlotatoClient, state: ServiceState) -> None:
    for _ in range(30):
        client.publish("9101", "x", "hi")
    with pytest.raises(OutsideRateLimited):
        client.publish("9101", "x", "hi")
    assert state.count("post") == 30
    wait(state, 60)
    client.publish("9101", "x", "hi")


def test_eleventh_upload_in_a_minute_waits(client: BlotatoClient) -> None:
    urls = {client.upload_media(f"https://cdn.example.com/{number}.png") for number in range(10)}
    assert len(urls) == 10
    with pytest.raises(OutsideRateLimited):
        client.upload_media("https://cdn.example.com/10.png")


def test_wrong_key_is_refused(client_of: Make) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(BlotatoClient, api_key="blt_wrong").accounts()


def test_unknown_submission_is_told(client: BlotatoClient) -> None:
    with pytest.raises(OutsideRejected) as refusal:
        client.status("nobody")
    assert refusal.value.details == {"reason": "unknown"}


MISTAKES: list[tuple[tuple[str, ...], object, str]] = [
    (("post",), None, "post"),
    (("post", "content"), [], "post.content"),
    (("post", "target"), "tiktok", "post.target"),
    (("post", "accountId"), "1", "post.accountId"),
    (("post", "accountId"), "9101", "post.accountId"),
    (("post", "content", "platform"), "myspace", "post.content.platform"),
    (("post", "content", "platform"), "twitter", "post.target.targetType"),
    (("post", "content", "text"), None, "post.content.text"),
    (("post", "content", "mediaUrls"), [], "post.content.mediaUrls"),
    (("post", "content", "mediaUrls"), ["file:///a"], "post.content.mediaUrls"),
    (("post", "content", "mediaUrls"), FILE * 21, "post.content.mediaUrls"),
    (("post", "content", "additionalPosts"), [{"text": "a", "mediaUrls": []}] * 11, "post.content.additionalPosts"),
    (("post", "content", "additionalPosts"), [{"text": "a"}], "post.content.additionalPosts.0.mediaUrls"),
    (("post", "target", "privacyLevel"), "EVERYONE", "post.target.privacyLevel"),
    (("post", "target", "isAiGenerated"), None, "post.target.isAiGenerated"),
    (("post", "target", "isYourBrand"), "true", "post.target.isYourBrand"),
    (("scheduledTime",), "tomorrow", "scheduledTime"),
    (("scheduledTime",), "2026-11-23T06:00:00", "scheduledTime"),
]


@pytest.mark.parametrize(("place", "value", "path"), MISTAKES)
def test_invalid_posts_are_refused(place: tuple[str, ...], value: object, path: str, state: ServiceState, own: Own) -> None:
    body = json.loads(own("blotato", "publish_tiktok_request.json"))
    assert call(state, "POST", "/posts", copy.deepcopy(body))[0] == 201
    inner = body
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    status, answer = call(state, "POST", "/posts", body)
    assert (status, answer["errors"][0]["path"]) == (422, path)
    assert state.count("post") == 1


def test_contract_is_kept(shared: Path, state: ServiceState, own: Own) -> None:
    text = (shared / "contracts" / "blotato" / "openapi.v2.api-evangelist.yaml").read_text(encoding="utf-8")
    contract = yaml.safe_load(text)
    schemas = contract["components"]["schemas"]

    def check(name: str, payload: object) -> None:
        OAS30Validator({**schemas[name], "components": contract["components"]}).validate(payload)

    for name in ("publish_thread_request.json", "publish_tiktok_request.json"):
        body = json.loads(own("blotato", name))
        check("PublishPostRequest", body)
        status, answer = call(state, "POST", "/posts", body)
        assert str(status) in contract["paths"]["/posts"]["post"]["responses"]
        check("PublishPostResponse", answer)
        check("PostStatusResponse", call(state, "GET", f"/posts/{answer['postSubmissionId']}")[1])
    check("UploadMediaResponse", call(state, "POST", "/media", {"url": FILE[0]})[1])
    enum = schemas["PostContent"]["properties"]["platform"]["enum"]
    assert set(fake.ACCOUNT_IDS) == set(enum) - {"other"}
    assert contract["components"]["securitySchemes"]["blotatoApiKey"]["name"] == "blotato-api-key"


def test_facts_are_kept(shared: Path) -> None:
    facts = json.loads((shared / "contracts" / "blotato" / "facts.json").read_text(encoding="utf-8"))
    limits = facts["rate_limits_per_user"]
    assert limits == {f"POST /{name}": f"{calls}/min" for name, calls in fake.CALLS_PER_MINUTE.items()}
    assert set(fake._MEDIA_FIRST) == set(facts["media_required"])
    for platform, needs in fake._TARGET_NEEDS.items():
        published = " ".join(facts["target_fields"][platform])
        assert all(name in published for name in needs), platform
