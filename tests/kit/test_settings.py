"""Environment over file over default; every mistake names its variable; a ceiling nobody reads is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from revenue_machine.app import build, check_clock, in_sandbox, manifests, refuse_unready_live
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import BadInput, Conflict
from revenue_machine.kit.settings import Settings, is_loopback, load
from tests.app_fixture import START

FILE = """
[machine]
timezone = "Europe/Berlin"
seed = 11
[budget]
day_usd = 12.5
[caps.linkedin]
per_day = 9
per_week = 40
[services.stripe]
api_key = "from_file"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "revenue.toml"
    path.write_text(FILE)
    return path


def test_defaults_are_the_decided_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load({})
    assert settings.home == tmp_path / ".revenue"
    assert settings.database_url == f"sqlite:///{tmp_path}/.revenue/revenue.db"
    assert (settings.mode, settings.timezone, settings.caps, settings.clock) == ("sandbox", "UTC", {}, None)
    budget = (settings.budget.day_usd, settings.budget.month_usd, settings.budget.run_usd)
    assert budget == (Decimal(15), Decimal(400), Decimal(2))


def test_the_environment_wins_over_the_file(file: Path) -> None:
    env = {
        "REVENUE_CONFIG": str(file), "REVENUE_TIMEZONE": "Asia/Kathmandu", "REVENUE_BUDGET__MONTH_USD": "300.01",
        "REVENUE_CAPS__LINKEDIN__PER_DAY": "3", "REVENUE_CAPS__EMAIL__PER_WEEK": "7", "REVENUE_STRIPE__BASE_URL": "http://x",
    }  # fmt: skip
    settings = load(env)
    assert (settings.timezone, settings.seed, settings.zone.key) == ("Asia/Kathmandu", 11, "Asia/Kathmandu")
    assert (settings.budget.day_usd, settings.budget.month_usd) == (Decimal("12.5"), Decimal("300.01"))
    assert (settings.caps["linkedin"].per_day, settings.caps["linkedin"].per_week) == (3, 40)
    assert settings.caps["email"].per_week == 7
    stripe = settings.service("stripe")
    assert stripe.api_key is not None
    assert (stripe.api_key.get_secret_value(), stripe.base_url) == ("from_file", "http://x")
    assert settings.service("resend").api_key is None


def test_a_file_twin_is_read_from_disk(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("  s3cret\n")
    settings = load({"REVENUE_STRIPE__API_KEY_FILE": str(tmp_path / "key"), "REVENUE_STRIPE__API_KEY": "other"})
    key = settings.service("stripe").api_key
    assert key is not None
    assert key.get_secret_value() == "s3cret"
    with pytest.raises(BadInput) as caught:
        load({"REVENUE_STRIPE__API_KEY_FILE": str(tmp_path / "gone")})
    assert caught.value.field == "REVENUE_STRIPE__API_KEY_FILE"


def test_further_options_are_kept_by_name() -> None:
    service = load({"REVENUE_TELEGRAM__CHAT_ID": "4242"}).service("telegram")
    assert (service.option("chat_id"), service.option("other")) == ("4242", None)


MISTAKES = {
    "REVENUE_MODE": "LIVE", "REVENUE_SEED": "seven", "REVENUE_TIMEZONE": "Mars/Olympus", "REVENUE_LOG": "xml",
    "REVENUE_BUDGET__DAY_USD": "lots", "REVENUE_BUDGET__MONTH_USD": "NaN", "REVENUE_BUDGET__ALERT_THRESHOLD_PCT": "101",
    "REVENUE_BUDGET__DAYS_USD": "5", "REVENUE_BUDGET__DAY__USD": "5", "REVENUE_CAPS__LINKEDIN": "5",
    "REVENUE_CAPS__LINKEDIN__PER_DAY": "-1", "REVENUE_CAPS__LINKEDIN__PER_DAYS": "5", "REVENUE_CAPS__LINKEDIN__PER__DAY": "5",
    "REVENUE_CONFIG": "/no/such/file.toml", "REVENUE_DATABASE_URL": "postgres://localhost/db",
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_names_its_variable(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        load({name: MISTAKES[name]})
    assert caught.value.field == name


@pytest.mark.parametrize(
    "content", ["[machine", "machine = 5", "caps = 3\n", "[caps]\nlinkedin = 5", "[services]\nstripe = 'key'", "budget = 1"]
)
def test_a_broken_file_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        load({"REVENUE_CONFIG": str(path), "REVENUE_CAPS__LINKEDIN__PER_DAY": "3"})
    assert caught.value.field == "REVENUE_CONFIG"
    assert str(path) in caught.value.message


def test_a_secret_is_never_shown() -> None:
    settings = load({"REVENUE_STRIPE__API_KEY": "sk_live_hunter2", "REVENUE_STRIPE__WEBHOOK_SECRET": "whsec_hunter2"})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("http://127.0.0.1:8080/x", True), ("http://127.9.9.9", True), ("http://localhost:1", True), ("http://[::1]:1", True),
        ("http://127.0.0.1.example.com", False), ("http://127.example.com", False), ("http://127.0.0.1@example.com", False),
        ("http://localhost.example.com", False), ("https://api.stripe.com", False), ("http://10.0.0.1", False), ("127.0.0.1", False),
        ("", False), ("http://[::1", False), ("http://0.0.0.0", False),
    ],
)  # fmt: skip
def test_only_this_machine_is_loopback(url: str, stays: bool) -> None:
    assert is_loopback(url) is stays


def sandbox(**env: str) -> Settings:
    return in_sandbox(load({f"REVENUE_{name}": value for name, value in env.items()}))


def test_in_the_sandbox_every_key_is_a_fake() -> None:
    settings = sandbox(
        STRIPE__API_KEY="sk_live_1", STRIPE__BASE_URL="https://api.stripe.com", BLOTATO__BASE_URL="http://127.0.0.1:9/blotato",
        REVENUECAT__BASE_URL="http://127.0.0.1.example.com", STRIPE__WEBHOOK_SECRET="whsec_live",
    )  # fmt: skip
    services = {name: settings.service(name) for name in manifests()}
    assert not any(one.is_live for one in services.values())
    assert {name: one.base_url for name, one in services.items() if one.base_url} == {"blotato": "http://127.0.0.1:9/blotato"}
    assert "live" not in str([one.webhook_secret.get_secret_value() for one in services.values() if one.webhook_secret])


def test_only_a_full_anthropic_pair_is_real_in_the_sandbox() -> None:
    both = sandbox(ANTHROPIC__API_KEY="sk-ant-1", ANTHROPIC__BASE_URL="https://api.anthropic.com")
    assert both.service("anthropic").is_live
    assert not sandbox(ANTHROPIC__API_KEY="sk-ant-1").service("anthropic").is_live


REACHING = sorted(name for name, manifest in manifests().items() if manifest.reaches_people_or_money)
HARMLESS = sorted(set(manifests()) - set(REACHING))


def live(service: str, key: str, **rest: str) -> Settings:
    own = {f"REVENUE_{service.upper()}__{name}": value for name, value in rest.items()}
    return load(
        {"REVENUE_MODE": "live", "REVENUE_CLOCK": "2026-11-22T06:00:00Z", f"REVENUE_{service.upper()}__API_KEY": key, **own}
    )


@pytest.mark.parametrize("service", REACHING)
def test_a_pushed_clock_is_refused_with_a_live_key(service: str) -> None:
    with pytest.raises(Conflict) as caught:
        check_clock(live(service, "sk_live_1"))
    assert caught.value.field == "REVENUE_CLOCK"
    with pytest.raises(Conflict):
        check_clock(live(service, "sk_live_1", BASE_URL="http://127.0.0.1.example.com"))
    check_clock(live(service, f"sk_sandbox_{service}"))
    check_clock(live(service, "sk_live_1", BASE_URL="http://127.0.0.1:9"))
    check_clock(live(service, "sk_live_1").model_copy(update={"clock": None}))


def test_the_product_does_not_start_with_both(tmp_path: Path) -> None:
    settings = live("stripe", "sk_live_1").model_copy(update={"home": tmp_path, "database_url": f"sqlite:///{tmp_path}/revenue.db"})
    with pytest.raises(Conflict, match="REVENUE_CLOCK is refused while Stripe has a live credential"):
        build(settings, PushedClock(START))
    assert list(tmp_path.iterdir()) == []


def test_models_and_research_do_not_bind_the_clock() -> None:
    assert {"stripe", "telegram", "blotato"} <= set(REACHING)
    for service in HARMLESS:
        check_clock(live(service, "key_live_1"))


def test_a_live_start_asks_for_ceilings(tmp_path: Path) -> None:
    env = {"REVENUE_HOME": str(tmp_path), "REVENUE_MODE": "live"}
    app = build(load(env), PushedClock(START))
    with pytest.raises(BadInput) as caught:
        refuse_unready_live(app)
    app.close()
    assert caught.value.field == "REVENUE_CAPS"
    with pytest.raises(Conflict, match="belongs to mode live, not sandbox"):
        build(load({"REVENUE_HOME": str(tmp_path)}), PushedClock(START))
