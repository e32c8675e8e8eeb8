"""Changes of a page in the store from proposal to memory: words by the harness, tests at Apple, and every way to end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from revenue_machine.integrations.app_store import fake as store
from tests.domains.aso_house import EVER, KIND, OTHERS, PAGE, SUBTITLE, AsoHouse, open_house

NEW = str(SUBTITLE["new_text"])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[AsoHouse]:
    """Two apps of the owner and three others of the account, without figures yet."""
    with open_house(tmp_path) as opened:
        opened.open_shop(*OTHERS)
        yield opened


@pytest.fixture
def seasoned(house: AsoHouse) -> AsoHouse:
    """The same with ninety days of figures."""
    for name, base in ((KIND, 120), (EVER, 300), *((other, 200) for other in OTHERS)):
        house.trade(name, 90, base)
    return house


def test_better_words_are_remembered(seasoned: AsoHouse) -> None:
    """The whole way: figures by Apple's report files, the release seen in the store, the effect the world has."""
    seasoned.review()
    seasoned.live(2)
    aso_id = str(seasoned.try_subtitle()["aso_id"])
    seasoned.carry_out(aso_id)
    store.public_release(seasoned.shop, KIND, {"subtitle": NEW})
    seasoned.live(18, {KIND: 1.3})
    row = seasoned.one(aso_id)
    assert row["status"] == "improved"
    assert row["effect_low"] < 0.3 < row["effect_high"]
    assert row["post_metric"] > row["baseline_metric"] > 100
    assert set(row["control"]["weights"]) <= {"everreach_pro", *(f"store:{6400000003 + place}" for place in range(3))}
    assert row["remembered_at"] is not None
    (fact,) = [one for one in seasoned.remembered() if "evidence" in one]
    assert all(name in fact for name in (row["id"], row["experiment_id"], row["delegation_id"], "improved"))
    assert seasoned.product("kindletters")["listing"] == {"subtitle": NEW}


def test_worse_words_are_asked_back(house: AsoHouse) -> None:
    row = house.one(house.judged(0.7))
    assert row["status"] == "regressed"
    (revert,) = [one for one in house.rows() if one["kind"] == "revert"]
    assert (row["follow_up_id"], revert["reverts_id"], revert["status"]) == (
        revert["id"],
        row["delegation_id"],
        "awaiting_approval",
    )
    house.wait(days=1)
    house.review()
    assert len(house.rows()) == 2


def test_words_that_change_nothing_are_neutral(house: AsoHouse) -> None:
    row = house.one(house.judged(1.0))
    assert row["status"] == "neutral"
    assert row["effect_low"] < 0 < row["effect_high"]


def test_app_that_was_changed_too_is_no_control(house: AsoHouse) -> None:
    other = str(house.try_subtitle(app="everreach_pro")["aso_id"])
    house.carry_out(other)
    house.ask("aso.record_result", {"aso_id": other, "live_on": house.now.date().isoformat()}, key="other")
    row = house.one(house.judged(1.3))
    assert row["status"] == "improved"
    assert set(row["control"]["weights"]) == {"store:1", "store:2"}


def test_release_is_waited_for(house: AsoHouse) -> None:
    aso_id = str(house.try_subtitle()["aso_id"])
    house.carry_out(aso_id)
    house.wait(days=3)
    house.review()
    row = house.one(aso_id)
    assert (row["status"], row["live_on"]) == ("releasing", None)
    assert "App Store Connect still shows other words" in row["waits_for"]
    (card,) = house.app.handwork.cards(None)
    assert (card["channel"], card["topic"]) == ("app_store", "aso.review")
    house.wait(days=28)
    house.review()
    assert (house.one(aso_id)["status"], house.one(aso_id)["remembered_at"] is not None) == ("expired", True)


def test_owner_says_when_it_is_out(house: AsoHouse) -> None:
    aso_id = str(house.try_subtitle()["aso_id"])
    house.carry_out(aso_id)
    house.wait(days=1)
    house.review()
    (card,) = house.app.handwork.cards()
    house.app.handwork.close(card["id"], is_done=True, text_hash=card["text_hash"], actor="owner")
    house.tick()
    row = house.one(aso_id)
    assert (row["status"], row["live_on"], row["live_words"]) == ("measuring", house.now.date(), "the owner pressed done")


def test_day_of_release_can_be_typed_in(house: AsoHouse) -> None:
    aso_id = str(house.try_subtitle()["aso_id"])
    house.carry_out(aso_id)
    house.wait(days=2)
    ahead = {"aso_id": aso_id, "live_on": (house.now.date() + timedelta(days=1)).isoformat()}
    assert house.refused("aso.record_result", ahead)[0] == "bad_input"
    said = house.ask("aso.record_result", {"aso_id": aso_id, "live_on": house.now.date().isoformat()}, key="live")
    assert said["status"] == "measuring"
    early = {"aso_id": aso_id, "by_hand": {"before": 30, "after": 36}}
    assert house.refused("aso.record_result", early, key="early")[0] == "bad_input"


def test_means_by_hand_prove_nothing(house: AsoHouse) -> None:
    aso_id = str(house.try_subtitle()["aso_id"])
    house.carry_out(aso_id)
    house.ask("aso.record_result", {"aso_id": aso_id, "live_on": house.now.date().isoformat()}, key="live")
    house.wait(days=17)
    said = house.ask("aso.record_result", {"aso_id": aso_id, "by_hand": {"before": 30, "after": 36}}, key="hand")
    row = house.one(aso_id)
    assert (said["status"], row["baseline_metric"], row["post_metric"], row["effect"]) == ("inconclusive", 30, 36, 0.2)


def test_missing_figures_are_not_waited_for_ever(house: AsoHouse) -> None:
    aso_id = str(house.try_subtitle()["aso_id"])
    house.carry_out(aso_id)
    house.ask("aso.record_result", {"aso_id": aso_id, "live_on": house.now.date().isoformat()}, key="live")
    house.wait(days=18)
    house.review()
    assert house.one(aso_id)["status"] == "measuring"
    assert "revenue import app_store_report" in house.one(aso_id)["waits_for"]
    house.wait(days=14)
    house.review()
    assert house.one(aso_id)["status"] == "inconclusive"


@pytest.mark.parametrize(("decision", "status"), [("reject", "rejected"), (None, "expired")])
def test_no_and_silence_end_it(house: AsoHouse, decision: str | None, status: str) -> None:
    aso_id = str(house.try_subtitle()["aso_id"])
    if decision:
        house.decide(str(house.one(aso_id)["approval_id"]), decision, reason="not now")
    house.tick(hours=5)
    house.review()
    row = house.one(aso_id)
    assert (row["status"], row["remembered_at"] is not None, house.starts()) == (status, True, 0)
    assert len(house.remembered()) == 1


def test_failed_harness_ends_it(house: AsoHouse) -> None:
    aso_id = str(house.try_subtitle()["aso_id"])
    house.outside.vendors["acd"].fake.public_fail_next(house.harness)
    house.carry_out(aso_id)
    assert house.one(aso_id)["status"] == "failed"


def test_same_change_is_one_experiment(house: AsoHouse) -> None:
    first, second = house.try_subtitle(), house.ask("aso.propose", SUBTITLE, key="again")
    assert (second["aso_id"], second["is_new"], second["approval_id"]) == (first["aso_id"], False, first["approval_id"])
    house.review()
    assert (len(house.all()), len(house.rows()), house.questions()) == (1, 1, 1)


def test_no_is_not_asked_again_unless_told(house: AsoHouse) -> None:
    first = house.try_subtitle()
    house.decide(str(first["approval_id"]), "reject")
    house.tick()
    assert house.refused("aso.propose", SUBTITLE, key="again")[0] == "conflict"
    second = house.ask("aso.propose", {**SUBTITLE, "again": True}, key="told")
    assert second["aso_id"] != first["aso_id"]
    assert house.one(second["aso_id"])["status"] == "awaiting_approval"


def test_one_app_changes_one_thing_at_a_time(house: AsoHouse) -> None:
    first = house.try_subtitle()
    second = house.try_subtitle(experiment_type="keywords", new_text="warm,letter")
    other = house.try_subtitle(app="everreach_pro")
    assert [one["status"] for one in (first, second, other)] == ["awaiting_approval", "proposed", "awaiting_approval"]
    assert "one at a time" in second["reason"]
    house.decide(str(first["approval_id"]), "reject")
    house.tick()
    house.review()
    assert house.one(second["aso_id"])["status"] == "awaiting_approval"


def test_review_speaks_in_the_seeds_order(house: AsoHouse) -> None:
    house.try_subtitle()
    house.ask(
        "aso.propose",
        {**SUBTITLE, "app": "clientportal", "experiment_type": "pricing", "new_text": "39", "metric_name": None},
        key="c",
    )
    house.try_subtitle(app="everreach_pro")
    assert [line.split(":")[0] for line in house.review()["waiting"]] == ["everreach_pro", "kindletters", "clientportal"]


def test_web_product_is_live_when_it_is_changed(house: AsoHouse) -> None:
    wish = {**SUBTITLE, "app": "clientportal", "experiment_type": "paywall", "new_text": "short", "metric_name": None}
    aso_id = str(house.ask("aso.propose", wish, key="web")["aso_id"])
    house.carry_out(aso_id)
    house.review()
    row = house.one(aso_id)
    assert (row["status"], row["live_on"], row["metric_name"]) == ("measuring", house.now.date(), "trial_starts")
    assert house.product("clientportal")["paywall"]["variant"] == "short"


def test_without_a_harness_it_waits_in_words(house: AsoHouse) -> None:
    house.outside.add_fault("acd", "/", "down", 500)
    wish = house.try_subtitle()
    assert wish["status"] in ("proposed", "awaiting_approval")
    assert house.all()[0]["status"] == wish["status"]


# --- tests of the product page ---


def running(house: AsoHouse) -> str:
    """A product-page test from proposal to its start; its id."""
    aso_id = str(house.ask("aso.propose", PAGE, key="page")["aso_id"])
    house.decide(str(house.one(aso_id)["approval_id"]))
    house.tick()
    store.public_submit(house.shop, str(house.one(aso_id)["external_id"]))
    house.tick(hours=25)
    assert house.one(aso_id)["status"] == "running", house.one(aso_id)
    return aso_id


def count(house: AsoHouse, aso_id: str, original: tuple[int, int], warm: tuple[int, int]) -> dict[str, object]:
    """Type Apple's counts in."""
    arms = [
        {"name": name, "users": users, "conversions": loads} for name, (users, loads) in (("original", original), ("warm", warm))
    ]
    return house.ask("aso.record_result", {"aso_id": aso_id, "arms": arms}, key=f"count/{house.now}")


def test_page_test_starts_when_apple_accepts(house: AsoHouse) -> None:
    aso_id = str(house.ask("aso.propose", PAGE, key="page")["aso_id"])
    assert store.public_tests(house.shop, KIND) == {}
    (card,) = house.app.approvals.cards()
    assert (card["topic"], card["payload"]["change"]["treatments"]) == ("aso.start", [{"icon": None, "name": "warm"}])
    house.decide(card["id"])
    house.tick()
    row = house.one(aso_id)
    assert (row["status"], store.public_tests(house.shop, KIND)) == ("approved", {})
    assert "PREPARE_FOR_SUBMISSION" in row["waits_for"]
    assert [card["channel"] for card in house.app.handwork.cards()] == ["app_store"]
    store.public_submit(house.shop, row["external_id"])
    house.tick(hours=7)
    assert house.one(aso_id)["status"] == "approved"
    house.tick(hours=18)
    assert house.one(aso_id)["status"] == "running"
    assert store.public_tests(house.shop, KIND) == {row["external_id"]: {"original": 0.5, "warm": 0.5}}
    posts = house.outside.store.run("select count(*) from journal where service = 'app_store' and method = 'POST' and acted = 1")
    assert posts[0][0] == 3


def test_winner_is_put_in_place_by_hand(house: AsoHouse) -> None:
    aso_id = running(house)
    house.wait(days=10)
    said = count(house, aso_id, (20_000, 1000), (20_000, 1400))
    assert (said["verdict"], said["status"]) == ("ship", "improved")
    house.review()
    row = house.one(aso_id)
    assert (row["winner"], round(row["effect"], 6), row["baseline_metric"], row["post_metric"]) == ("warm", 0.4, 0.05, 0.07)
    assert any(card["title"] == "Apply warm on kindletters's page" for card in house.app.handwork.cards())
    shown = house.ask("experiments.show", {"experiment_id": row["experiment_id"]}, key="show")
    assert shown["experiment"]["outcome"] == "improved"
    assert store.public_tests(house.shop, KIND) != {}


def test_loser_is_stopped_at_once(house: AsoHouse) -> None:
    aso_id = running(house)
    house.wait(days=10)
    assert count(house, aso_id, (20_000, 1400), (20_000, 1000))["status"] == "regressed"
    assert store.public_tests(house.shop, KIND) == {}


def test_early_counts_decide_nothing(house: AsoHouse) -> None:
    aso_id = running(house)
    house.wait(days=2)
    said = count(house, aso_id, (20_000, 1000), (20_000, 1400))
    assert (said["verdict"], house.one(aso_id)["status"]) == ("keep_going", "running")


def test_broken_split_is_no_win(house: AsoHouse) -> None:
    aso_id = running(house)
    house.wait(days=10)
    said = count(house, aso_id, (30_000, 1500), (10_000, 900))
    assert (said["verdict"], said["status"]) == ("unhealthy", "inconclusive")


def test_apples_own_estimate_is_taken(house: AsoHouse) -> None:
    aso_id = running(house)
    figure = {"winner": "warm", "improvement_pct": 12, "low_pct": 5, "high_pct": 19}
    said = house.ask("aso.record_result", {"aso_id": aso_id, "apple": figure}, key="apple")
    assert said["status"] == "improved"
    assert "Apple's 90 %" in house.one(aso_id)["result"]


@pytest.mark.parametrize(
    ("arms", "field"),
    [
        ([{"name": "original", "users": 1, "conversions": 0}], "arms"),
        ([{"name": "original", "users": 1, "conversions": 0}, {"name": "cold", "users": 1, "conversions": 0}], "arms"),
    ],
)
def test_arms_are_named_exactly(house: AsoHouse, arms: list[dict[str, object]], field: str) -> None:
    aso_id = running(house)
    envelope = house.app.call("aso.record_result", {"aso_id": aso_id, "arms": arms})
    assert envelope.error is not None
    assert (envelope.error.code, envelope.error.field) == ("bad_input", field)
    assert house.refused("aso.record_result", {"aso_id": aso_id})[0] == "bad_input"


def test_review_refused_by_apple_fails(house: AsoHouse) -> None:
    aso_id = str(house.ask("aso.propose", PAGE, key="page")["aso_id"])
    house.decide(str(house.one(aso_id)["approval_id"]))
    house.tick()
    external = str(house.one(aso_id)["external_id"])
    store.public_submit(house.shop, external)
    store.public_doom(house.shop, external)
    house.tick(hours=25)
    assert (house.one(aso_id)["status"], house.one(aso_id)["result"]) == ("failed", "Apple's review refused the test")


def test_yes_without_review_runs_out(house: AsoHouse) -> None:
    aso_id = str(house.ask("aso.propose", PAGE, key="page")["aso_id"])
    house.decide(str(house.one(aso_id)["approval_id"]))
    house.tick()
    for _ in range(8):
        house.tick(days=1)
    assert house.one(aso_id)["status"] == "expired"
    assert house.one(aso_id)["result"] == "its yes ran out before Apple had accepted it"


def test_app_that_is_not_out_cannot_be_tested(house: AsoHouse) -> None:
    for version in house.shop.list("version"):
        house.shop.put("version", version["id"], {**version, "state": "PREPARE_FOR_SUBMISSION"})
    aso_id = str(house.ask("aso.propose", PAGE, key="page")["aso_id"])
    house.decide(str(house.one(aso_id)["approval_id"]))
    house.tick()
    house.tick(hours=7)
    row = house.one(aso_id)
    assert row["status"] == "failed"
    refused = house.outside.store.run(
        "select count(*) from journal where service = 'app_store' and method = 'POST' and status = 409"
    )
    assert refused[0][0] == 1


def test_other_words_than_the_yes_are_refused(house: AsoHouse) -> None:
    aso_id = str(house.ask("aso.propose", PAGE, key="page")["aso_id"])
    (card,) = house.app.approvals.cards()
    edited = {**card["payload"], "traffic_percent": 100}
    again = house.app.approvals.edit(card["id"], card["payload_hash"], edited, actor="owner")
    house.decide(again)
    house.tick()
    assert (house.one(aso_id)["status"], store.public_tests(house.shop, KIND)) == ("rejected", {})


def test_kill_switch_holds_the_start(house: AsoHouse) -> None:
    aso_id = str(house.ask("aso.propose", PAGE, key="page")["aso_id"])
    house.decide(str(house.one(aso_id)["approval_id"]))
    house.app.switch.set(stopped=True, actor="owner", reason="test")
    house.tick()
    assert (house.one(aso_id)["status"], house.shop.list("experiment")) == ("approved", [])


def test_person_stops_a_test(house: AsoHouse) -> None:
    aso_id = running(house)
    said = house.ask("aso.record_result", {"aso_id": aso_id, "stop": True, "words": "changed my mind"}, key="stop")
    assert (said["status"], store.public_tests(house.shop, KIND)) == ("inconclusive", {})
    assert house.refused("aso.record_result", {"aso_id": aso_id, "stop": True}, key="again")[0] == "conflict"


# --- words by Apple's interface ---


def test_words_are_written_into_the_open_version(house: AsoHouse) -> None:
    aso_id = str(house.try_subtitle(road="api")["aso_id"])
    house.decide(str(house.one(aso_id)["approval_id"]))
    house.tick()
    assert (house.one(aso_id)["status"], house.shop.list("version")[1]["words"]["en-US"]["subtitle"]) == ("approved", "Letters")
    store.public_draft(house.shop, KIND, "2.0")
    house.tick(hours=7)
    assert house.one(aso_id)["status"] == "releasing"
    assert house.shop.list("version")[-1]["words"]["en-US"]["subtitle"] == NEW
    assert store.public_listing(house.shop, KIND)["subtitle"] == "Letters"
    store.public_release(house.shop, KIND, {})
    house.live(1)
    assert (house.one(aso_id)["status"], house.one(aso_id)["live_on"]) == ("measuring", house.now.date())


def test_experiments_are_listed(house: AsoHouse) -> None:
    house.try_subtitle()
    listed = house.ask("aso.experiments", {"app": "kindletters"})
    (one,) = listed["experiments"]
    assert (listed["total"], one["status"], one["change"]["before"], one["waits_for"]) == (
        1, "awaiting_approval", "Letters", "your yes to the delegation",
    )  # fmt: skip
    assert house.ask("aso.experiments", {"which": "closed"}, key="closed")["total"] == 0
