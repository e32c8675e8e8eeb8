"""The pretend Superwall: sticky variants, charts that agree with what people did, pages, refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from revenue_machine.integrations.superwall import fake
from revenue_machine.integrations.superwall.superwall_client import ChartQuestion, SuperwallClient
from revenue_machine.kit.errors import OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.sandbox.store import ServiceState
from revenue_machine.sandbox.vendors import Outside

ClientOf = Callable[..., SuperwallClient]
START = datetime(2026, 11, 22, 6, tzinfo=UTC)
METRICS = ("paywallUsers", "paywallOpens", "conversions", "trialStarts", "subscriptionStarts", "netProceeds", "refunds")
PRICE = 20_000_000


def on(day: int) -> datetime:
    return START + timedelta(days=day)


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("superwall")


@pytest.fixture
def client(outside: Outside, client_of: ClientOf) -> SuperwallClient:
    return client_of(SuperwallClient)


def numbers(client: SuperwallClient, first: int, last: int, dimension: str = "tsDate", **more: object) -> dict[str, list[Decimal]]:
    """METRICS by variant of app 1 between two days."""
    asked = ChartQuestion("1", METRICS, on(first).date(), on(last).date(), dimension, "variantId", **more)  # type: ignore[arg-type]
    (point,) = client.chart(asked).data
    return {key: [values.y, *(values.extra[name] for name in METRICS[1:])] for key, values in point.values.items()}


def test_people_are_counted_once_per_range(state: ServiceState, client: SuperwallClient) -> None:
    for day, user in ((0, "ann"), (0, "ann"), (1, "ann"), (3, "ann"), (1, "bob")):
        fake.public_open(state, user, "notes", "A", on(day))
    assert numbers(client, 0, 3)["70001"][:2] == [2, 5]
    assert numbers(client, 1, 1)["70001"][:2] == [2, 2]
    assert numbers(client, 2, 3)["70001"][:2] == [1, 1]
    assert numbers(client, 2, 2) == {}
    assert numbers(client, 0, 9, "installDate")["70001"][:2] == [2, 5]
    assert numbers(client, 1, 9, "installDate")["70001"][:2] == [1, 1]


def test_money_belongs_to_the_first_purchase(state: ServiceState, client: SuperwallClient) -> None:
    fake.public_open(state, "ann", "notes", "B", on(0))
    fake.public_trial(state, "ann", "notes", "B", at=on(0), price_micro_usd=PRICE)
    assert numbers(client, 0, 0)["70002"] == [1, 1, 1, 1, 0, 0, 0]
    fake.public_convert(state, "ann", "notes", "B", at=on(7), price_micro_usd=PRICE)
    assert numbers(client, 0, 6)["70002"][4:] == [0, 0, 0]
    assert numbers(client, 7, 7)["70002"][2:] == [0, 0, 1, 17, 0]
    assert numbers(client, 0, 0, "purchaseDate")["70002"][2:] == [1, 1, 1, 17, 0]
    fake.public_refund(state, "ann", "notes", "B", at=on(9), price_micro_usd=PRICE)
    assert numbers(client, 0, 9)["70002"][5:] == [0, 20]
    assert numbers(client, 9, 9)["70002"][5:] == [-17, 20]


def test_assignment_is_sticky_and_follows_percentages(state: ServiceState) -> None:
    fake.public_experiment(state, "notes", {"A": 80, "B": 20})
    first = {f"user-{number}": fake.public_assign(state, f"user-{number}", "notes") for number in range(500)}
    assert 70 <= Counter(first.values())["B"] <= 130
    fake.public_percentages(state, "notes", {"A": 0, "B": 100})
    assert {user: fake.public_open(state, user, "notes", None, on(0)) for user in list(first)[:50]} == dict(
        list(first.items())[:50]
    )
    assert {fake.public_assign(state, f"late-{number}", "notes") for number in range(50)} == {"B"}


def test_experiment_is_told_from_another(state: ServiceState, client: SuperwallClient) -> None:
    fake.public_open(state, "ann", "notes", "A", on(0))
    second = fake.public_experiment(state, "notes", {"B": 50, "C": 50})
    fake.public_open(state, "ann", "notes", "C", on(0))
    asked = ChartQuestion("1", ("paywallUsers",), on(0).date(), on(0).date(), breakdown="experimentId")
    assert {key: values.y for key, values in client.chart(asked).data[0].values.items()} == {"9001": 1, second: 1}
    assert numbers(client, 0, 0, experiment_ids=(second,))["70004"][0] == 1
    assert [one.identifier for one in client.paywalls("1")] == ["A", "B", "C"]
    assert [[(one.id, one.percentage) for one in held.audiences[0].variants] for held in client.campaigns("1")] == [
        [("70001", 50), ("70002", 50)], [("70003", 50), ("70004", 50)],
    ]  # fmt: skip


def test_deleted_campaign_is_gone_from_charts(state: ServiceState, client: SuperwallClient) -> None:
    fake.public_open(state, "ann", "notes", "A", on(0))
    fake.public_end_experiment(state, "notes")
    assert numbers(client, 0, 0) == {}
    assert client.campaigns("1") == []


def test_pages_go_forward_by_cursor(state: ServiceState, client: SuperwallClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        fake.public_experiment(state, "notes", {f"P{number}": 100})
    monkeypatch.setattr("revenue_machine.integrations.superwall.superwall_client.PAGE", 3)
    assert [one.identifier for one in client.paywalls("1")] == [f"P{number}" for number in range(7)]


def test_day_that_is_not_over_is_incomplete(state: ServiceState, client: SuperwallClient) -> None:
    fake.public_open(state, "ann", "notes", "A", on(0))
    asked = ChartQuestion("1", ("paywallUsers",), on(-1).date(), on(0).date(), interval="day")
    assert [(one.x, one.incomplete, list(one.values)) for one in client.chart(asked).data] == [
        ("2026-11-21", False, []), ("2026-11-22", True, ["total"]),
    ]  # fmt: skip


def test_wrong_questions_are_refused(state: ServiceState, client: SuperwallClient) -> None:
    fake.public_open(state, "ann", "notes", "A", on(0))
    day = date(2026, 11, 22)
    for asked in (
        ChartQuestion("2", ("paywallUsers",), day, day),
        ChartQuestion("1", ("happiness",), day, day),
        ChartQuestion("1", ("paywallUsers",), day, day, breakdown="mood"),
        ChartQuestion("1", ("paywallUsers",), day, day, "mrrDate"),
    ):
        with pytest.raises(OutsideRejected):
            client.chart(asked)
    with pytest.raises(OutsideRejected, match="limit is a whole number from 1 to 100"):
        client.get("/projects", dict, {"limit": 101})
    with pytest.raises(OutsideRejected):
        client.get("/projects", dict, {"starting_after": "nobody"})


def test_wrong_key_and_haste_are_refused(client_of: ClientOf, client: SuperwallClient) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(SuperwallClient, api_key="sk_wrong").projects()
    with pytest.raises(OutsideRateLimited) as caught:
        for _ in range(fake.PER_MINUTE + 1):
            client.organizations()
    assert caught.value.retry_after_s == 60


def test_people_and_events_are_known(state: ServiceState, client: SuperwallClient) -> None:
    fake.public_open(state, "ann", "notes", "B", on(0))
    assert client.resolve_user("1", "ann").application_user_found is True
    assert client.resolve_user("1", "bob").application_user_found is False
    fake.public_convert(state, "ann", "notes", "B", at=on(0), price_micro_usd=PRICE)
    summary = client.subscription_summary("1", "ann")
    assert summary is not None
    assert summary.last_paywall_conversion is not None
    assert summary.last_paywall_conversion.variant_id == "70002"
    sale = {"subscription": "sub1", "transaction": "tx1", "product": "pro", "user": "ann", "bought_at": on(0)}
    told = fake.public_event(state, "initial_purchase", sale, price_micro_usd=PRICE)
    assert [(one.id, one.name) for one in client.events("3827", "1")] == [(told, "initial_purchase")]
