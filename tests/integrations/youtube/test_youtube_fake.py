"""The pretend channel: it grows, its reports lag, and it refuses as Google does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from revenue_machine.integrations.youtube import fake
from revenue_machine.integrations.youtube.youtube_client import YouTubeClient
from revenue_machine.kit.errors import OutsideAuthFailed, OutsideRateLimited
from revenue_machine.sandbox.vendors import Outside
from tests.integrations.conftest import START

OWN = {"channel_id": fake.CHANNEL, "access_token": "sk_sandbox_youtube"}
MakeClient = Callable[..., YouTubeClient]


def test_channel_grows_with_the_world(client_of: MakeClient, outside: Outside) -> None:
    client = client_of(YouTubeClient, **OWN)
    before = client.channel()
    outside.store.move_to(START + timedelta(days=30))
    after = client.channel()
    assert after.views > before.views > 0
    assert after.videos == before.videos + 8
    assert (after.subscribers or 0) > (before.subscribers or 0)


def test_parts_add_up_to_the_span(client_of: MakeClient) -> None:
    client = client_of(YouTubeClient, **OWN)
    whole = client.earnings(date(2026, 11, 1), date(2026, 11, 10))
    halves = [client.earnings(date(2026, 11, first), date(2026, 11, last)) for first, last in ((1, 5), (6, 10))]
    assert whole.views == sum(one.views for one in halves)
    assert whole.estimated_micro_usd == sum(one.estimated_micro_usd or 0 for one in halves)


def test_last_two_days_are_missing(client_of: MakeClient) -> None:
    client = client_of(YouTubeClient, **OWN)
    assert client.earnings(date(2026, 11, 21), date(2026, 11, 22)).views == 0
    ready = client.earnings(date(2026, 11, 19), date(2026, 11, 20))
    assert ready.views == client.earnings(date(2026, 11, 19), date(2026, 11, 22)).views


def test_top_videos_come_most_seen_first(client_of: MakeClient) -> None:
    found = client_of(YouTubeClient, **OWN).top_videos(date(2026, 10, 1), date(2026, 10, 28))
    assert len(found) == 10
    assert [one.views for one in found] == sorted((one.views for one in found), reverse=True)


def test_channel_without_programme_has_no_estimate(client_of: MakeClient, outside: Outside) -> None:
    fake.public_monetise(outside.state("youtube"), is_on=False)
    found = client_of(YouTubeClient, **OWN).earnings(date(2026, 10, 1), date(2026, 10, 28))
    assert found.estimated_micro_usd is None
    assert found.views > 0


def test_wrong_credentials_are_refused(client_of: MakeClient) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(YouTubeClient, **OWN, api_key="other").channel()
    with pytest.raises(OutsideAuthFailed):
        client_of(YouTubeClient, channel_id=fake.CHANNEL, access_token="other").top_videos(date(2026, 10, 1), date(2026, 10, 2))


def test_quota_of_a_day_ends(client_of: MakeClient, outside: Outside) -> None:
    outside.state("youtube").put("quota", START.date().isoformat(), {"used": fake.QUOTA_PER_DAY})
    client = client_of(YouTubeClient, **OWN)
    with pytest.raises(OutsideRateLimited):
        client.channel()
    outside.store.move_to(START + timedelta(days=1))
    assert client.channel().title == "EverReach"
