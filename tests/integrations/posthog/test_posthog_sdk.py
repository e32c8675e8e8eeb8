"""The official `posthog` SDK captures events and reads flags from the pretend PostHog over loopback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import posthog
import pytest
from posthog.request import reset_sessions

from revenue_machine.integrations.posthog import fake
from revenue_machine.integrations.posthog.posthog_client import PostHogClient
from revenue_machine.sandbox.vendors import Outside
from tests.integrations.loopback import served

START = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.mark.parametrize("zipped", [False, True])
def test_sdk_captures_events(zipped: bool, outside: Outside, client_of: Callable[..., PostHogClient]) -> None:
    with served(outside) as base:
        sdk = posthog.Posthog("phc_sandbox", host=f"{base}/posthog", gzip=zipped, flush_at=10)
        for number in range(25):
            at = START - timedelta(minutes=number)
            sdk.capture("signup", distinct_id=f"v{number}", properties={"utm_source": "tiktok"}, timestamp=at)
        sdk.shutdown()
        reset_sessions()
    found = client_of(PostHogClient).events(
        ["signup"], date_from=START - timedelta(days=1), date_to=START, properties=["utm_source"]
    )
    assert [one.distinct_id for one in found] == [f"v{number}" for number in range(24, 0, -1)]
    assert {one.properties["utm_source"] for one in found} == {"tiktok"}


def test_sdk_reads_flags(outside: Outside) -> None:
    state = outside.state("posthog")
    fake.public_flag(state, "always")
    fake.public_flag(state, "never", 0)
    fake.public_flag(state, "paywall", 100, {"control": 0, "short": 100})
    with served(outside) as base:
        sdk = posthog.Posthog("phc_sandbox", host=f"{base}/posthog")
        flags = sdk.evaluate_flags("v1")
        sdk.shutdown()
        reset_sessions()
    assert [flags.get_flag(key) for key in ("always", "never", "paywall")] == [True, False, "short"]


def test_sdk_alias_joins_a_person(outside: Outside, client_of: Callable[..., PostHogClient]) -> None:
    with served(outside) as base:
        sdk = posthog.Posthog("phc_sandbox", host=f"{base}/posthog")
        sdk.capture("open", distinct_id="anon-1", timestamp=START - timedelta(hours=2))
        sdk.alias("anon-1", "ann", timestamp=START - timedelta(hours=1))
        sdk.capture("buy", distinct_id="ann", timestamp=START - timedelta(minutes=30))
        sdk.shutdown()
        reset_sessions()
    rows = client_of(PostHogClient).funnel(["open", "buy"], date_from=START - timedelta(days=1), date_to=START)
    assert [row.count for row in rows] == [1, 1]
