"""Every run comes to an end: done, failed with its log, stopped when its time is over, and nothing is guessed meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.domains.credit.rules import alias_for
from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.integrations.acd import fake
from revenue_machine.kit.ids import make_id
from tests.domains.delegation_house import House, open_house


def started(house: House, **what: object) -> str:
    """A delegation with a yes, at work; its id."""
    asked = house.propose(**what)
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    return str(asked["delegation_id"])


def pass_hours(house: House, hours: int) -> None:
    for _ in range(hours * 4):
        house.tick(minutes=15)


@pytest.mark.proof
def test_a_minute_lies_between_two_looks(house: House) -> None:
    name = started(house)
    house.tick(seconds=30)
    assert house.row(name)["polls"] == 0
    house.tick(seconds=31)
    house.tick(seconds=30)
    assert house.row(name)["polls"] == 1
    house.tick(seconds=31)
    assert house.row(name)["polls"] == 2


def test_endless_run_is_stopped_on_both_databases(slow_database_url: str, tmp_path: Path) -> None:
    with open_house(tmp_path, REVENUE_DATABASE_URL=slow_database_url) as house:
        fake.public_hang_next(house.harness)
        name = started(house)
        pass_hours(house, 2)
        row = house.row(name)
        assert (row["status"], row["reason"]) == ("timed_out", "stopped after 2 hours without an end")
        assert [run["status"] for run in house.runs()] == ["stopped"]
        assert [one["outcome"] for one in house.events("delegation.ended")] == ["timed_out"]
        assert "stopped after 2 hours" in house.events("alert.raised")[0]["text"]
        assert house.product().get("paywall", {}) == {}


def test_time_out_is_exact(house: House) -> None:
    fake.public_hang_next(house.harness)
    name = started(house)
    began = house.row(name)["started_at"]
    house.clock.move_to(began + rules.MOST_TIME - rules.POLL_EVERY / 2)
    house.tick()
    assert house.row(name)["status"] == "running"
    house.clock.move_to(began + rules.MOST_TIME)
    house.tick()
    assert house.row(name)["status"] == "timed_out"


def test_failure_keeps_the_end_of_its_log(house: House) -> None:
    fake.public_fail_next(house.harness)
    name = started(house)
    house.finish()
    row = house.row(name)
    assert row["status"] == "failed"
    assert row["stats"]["reason"] == "tests_failed"
    assert 0 < len(row["log_tail"]) <= 2001
    assert len(row["log_tail_hash"]) == 64
    (ended,) = house.events("delegation.ended")
    assert (ended["outcome"], row["log_tail"] in ended["summary"]) == ("failed", False)
    shown = house.ask("system.acd_status", {"delegation_id": name})["delegations"][0]
    assert (shown["log_tail"], shown["is_over"]) == (row["log_tail"], True)
    assert house.propose()["status"] == "failed"
    assert house.starts() == 1


@pytest.mark.proof
def test_flood_of_log_lines_is_bounded(house: House) -> None:
    fake.public_flood_next(house.harness, 5000)
    fake.public_fail_next(house.harness)
    name = started(house)
    house.finish()
    logs = house.ask("acd.harness_logs", {"project": "everreach_pro", "limit": 20})
    assert (len(logs["lines"]), logs["is_outside_text"]) == (20, True)
    assert len(house.row(name)["log_tail"] or "") <= 2001


def test_nothing_shown_holds_a_path(house: House) -> None:
    fake.public_fail_next(house.harness)
    name = started(house)
    house.finish()
    shown = str([
        house.row(name), house.events("delegation.ended"), house.ask("system.acd_status"),
        house.ask("acd.harness_logs", {"project": "everreach_pro"}), house.ask("acd.harness_status", {"project": "everreach_pro"}),
    ])  # fmt: skip
    assert str(house.app.settings.home) not in shown


@pytest.mark.parametrize(
    "mode", ["act_then_drop", *(pytest.param(one, marks=pytest.mark.proof) for one in ("500", "torn", "slow"))]
)
def test_lost_answer_starts_nothing_twice(house: House, mode: str) -> None:
    house.outside.add_fault("acd", "/api/projects/everreach_pro/harness/start", mode, 1)
    name = started(house)
    assert house.row(name)["status"] == "starting"
    house.finish()
    assert house.row(name)["status"] == "done"
    assert (len(house.runs()), house.starts()) == (1, 1), "what began is looked up, not asked for again"
    assert len(house.events("delegation.ended")) == 1
    assert house.ask("system.reconcile")["parked"] == 0


@pytest.mark.parametrize("mode", ["down", pytest.param("429", marks=pytest.mark.proof)])
def test_harness_out_of_reach_lets_the_yes_wait(house: House, mode: str) -> None:
    house.outside.add_fault("acd", "/api/projects/everreach_pro/harness/start", mode, 1)
    name = started(house)
    assert (house.row(name)["status"], house.row(name)["started_at"], house.starts()) == ("approved", None, 0)
    house.tick(minutes=16)
    assert (house.row(name)["status"], house.starts()) == ("running", 1)


@pytest.mark.proof
def test_reconcile_finds_a_lost_start(house: House) -> None:
    house.outside.add_fault("acd", "/api/projects/everreach_pro/harness/start", "act_then_drop", 1)
    name = started(house)
    assert house.ask("system.reconcile") == {"settled": 1, "parked": 0, "settled_ids": [_intent(house)], "parked_intents": []}
    assert (house.row(name)["status"], house.starts()) == ("running", 1)


def _intent(house: House) -> str:
    return make_id("int", f"acd.start/{house.rows()[0]['id']}")


@pytest.mark.proof
def test_outage_is_waited_out(house: House) -> None:
    name = started(house)
    house.outside.add_fault("acd", "/api/projects/everreach_pro/harness/status", "500", 3)
    for _ in range(3):
        house.tick(minutes=1)
    assert (house.row(name)["status"], house.row(name)["polls"]) == ("running", 3)
    house.finish()
    assert house.row(name)["status"] == "done"


@pytest.mark.proof
def test_harness_that_stays_away_times_out_and_says_so(house: House) -> None:
    fake.public_hang_next(house.harness)
    name = started(house)
    house.outside.add_fault("acd", "/api/projects/everreach_pro/harness/", "500", 10_000)
    pass_hours(house, 3)
    row = house.row(name)
    assert row["status"] == "timed_out"
    assert row["reason"].startswith("stopped after 2 hours without an end; the harness did not confirm the stop")
    assert "look whether it still works" in row["reason"]


def test_forgotten_run_has_failed(house: House) -> None:
    name = started(house)
    fake.public_restart(house.harness)
    house.tick(minutes=2)
    row = house.row(name)
    assert (row["status"], row["reason"]) == ("failed", "the harness does not know this run any more")
    assert house.starts() == 1


def test_kill_switch_stops_what_runs(house: House) -> None:
    fake.public_hang_next(house.harness)
    name = started(house)
    house.app.switch.set(stopped=True, actor="owner", reason="enough")
    house.tick(minutes=2)
    row = house.row(name)
    assert (row["status"], row["reason"]) == ("stopped", "the kill switch is on")
    assert [run["status"] for run in house.runs()] == ["stopped"]
    (ended,) = house.events("delegation.ended")
    assert (ended["outcome"], ended["status"]) == ("failed", "stopped")


def test_person_stops_a_run_at_any_time(house: House) -> None:
    fake.public_hang_next(house.harness)
    name = started(house)
    house.app.switch.set(stopped=True, actor="owner", reason="enough")
    said = house.ask("acd.stop_harness", {"project": "everreach_pro", "reason": "wrong idea"})
    assert said == {"project": "everreach_pro", "was_running": True, "delegation_id": name}
    assert house.row(name)["reason"] == "wrong idea"
    assert house.ask("acd.stop_harness", {"project": "everreach_pro"}, key="again")["was_running"] is False


@pytest.mark.proof
def test_run_that_finished_before_the_stop_is_done(house: House) -> None:
    name = started(house)
    house.wait(minutes=50)
    assert house.ask("acd.stop_harness", {"project": "everreach_pro"})["delegation_id"] == name
    assert (house.row(name)["status"], house.product()["paywall"]["variant"]) == ("done", "B")


def test_wake_looks_before_the_minute(house: House) -> None:
    name = started(house)
    house.wait(minutes=50)
    assert house.ask("acd.wake") == {"looked_at": 1, "ended": 1}
    assert house.row(name)["status"] == "done"
    house.app.switch.set(stopped=True, actor="owner", reason="enough")
    assert house.refused("acd.wake", {}, key="again")[0] == "stopped"


def test_wake_ends_no_yes_before_its_time(house: House) -> None:
    asked = house.propose()
    house.decide(asked["approval_id"])
    house.app.events.drain()
    assert house.row(asked["delegation_id"])["status"] == "approved"
    assert house.ask("acd.wake") == {"looked_at": 1, "ended": 0}
    house.tick(seconds=1)
    assert house.row(asked["delegation_id"])["status"] == "running"


def test_yes_that_led_nowhere_is_over(house: House) -> None:
    """The call used its yes up and died for good before anything began."""
    asked = house.propose()
    house.decide(asked["approval_id"])
    house.app.events.drain()
    card = house.app.approvals.find(asked["approval_id"])
    key = f"delegation/{asked['delegation_id']}"
    with house.app.database.writing() as connection:
        house.app.approvals.claim(connection, card["id"], card["payload"], topic="system.delegate_to_acd", call_key=key)
    house.tick(hours=3, minutes=59)
    assert house.row(asked["delegation_id"])["status"] == "approved"
    house.tick(minutes=2)
    assert house.row(asked["delegation_id"])["status"] == "expired"
    assert (house.starts(), len(house.events("delegation.ended"))) == (0, 1)


@pytest.mark.proof
@pytest.mark.parametrize(("path", "topic"), [("/harness/stop", "acd.stop_harness"), ("/api/projects", "acd.import_project")])
def test_lost_answer_of_a_stop_or_import_is_settled(house: House, path: str, topic: str) -> None:
    fake.public_hang_next(house.harness)
    name = started(house)
    house.outside.add_fault("acd", path, "act_then_drop", 1)
    answer = house.app.call(topic, {"project": "everreach_pro"}, key="once")
    assert answer.ok is (topic == "acd.stop_harness")
    assert house.row(name)["status"] == ("stopped" if answer.ok else "running")
    found = house.ask("system.reconcile")
    assert (found["settled"], found["parked"]) == (1, 0)


def test_every_state_has_its_way_on() -> None:
    assert set(rules.TRANSITIONS) == {after for every in rules.TRANSITIONS.values() for after in every} | {"awaiting_approval"}
    assert {"done", "failed", "timed_out", "rejected", "expired", "stopped"} == rules.ENDED
    assert not rules.may_follow("awaiting_approval", "running")
    assert not rules.may_follow("expired", "approved")
    assert not rules.may_follow("rejected", "starting")
    assert rules.may_follow("approved", "starting")


def test_models_are_the_seeds() -> None:
    assert dict(rules.MODELS) == {"tests": "haiku", "features": "sonnet", "architecture": "opus"}
    assert {kind: alias_for(f"acd_{kind}") for kind in rules.MODELS} == dict(rules.MODELS)
