"""One decision is one question and one run, ever; what a person said is what is sent."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product.briefs import end_state_in
from revenue_machine.domains.product.tables import DELEGATIONS
from revenue_machine.engine.tables import LEDGER
from revenue_machine.integrations.acd import fake
from revenue_machine.integrations.acd.acd_client import AcdClient
from revenue_machine.integrations.acd.wire import StartOrder
from revenue_machine.kit.errors import Conflict
from tests.domains.delegation_house import PAYWALL, House, open_house

FREE = (
    'Tidy the tests.\n\nEnd state wanted (file product.json at the root of the project):\n```json\n{"checks": {"tidy": "ok"}}\n```'
)


def test_yes_runs_to_the_end_on_both_databases(database_url: str, tmp_path: Path) -> None:
    with open_house(tmp_path, REVENUE_DATABASE_URL=database_url) as house:
        asked = house.propose()
        assert (asked["status"], asked["is_new"], house.starts()) == ("awaiting_approval", True, 0)
        house.decide(asked["approval_id"])
        house.tick(seconds=1)
        assert house.row(asked["delegation_id"])["status"] == "running"
        house.finish()
        row = house.row(asked["delegation_id"])
        assert (row["status"], row["model"], row["stats"]["files_changed"]) == ("done", "sonnet", 2)
        assert house.product()["paywall"] == PAYWALL["end_state"]["paywall"]
        (ended,) = house.events("delegation.ended")
        assert ended == {
            "delegation_id": row["id"], "decision_key": "paywall/exp_a/ship", "kind": "apply_paywall", "project": "everreach_pro",
            "experiment_id": "exp_a", "outcome": "done", "status": "done", "summary": row["reason"],
        }  # fmt: skip
        assert house.starts() == len(house.runs()) == 1


def test_same_decision_is_asked_once(house: House) -> None:
    first = house.propose()
    again = house.propose(facts={"users": 9999}, end_state={"paywall": {"variant": "C"}})
    assert (again["delegation_id"], again["approval_id"], again["is_new"]) == (first["delegation_id"], first["approval_id"], False)
    assert (house.questions(), len(house.rows())) == (1, 1)


def test_two_at_once_ask_once_on_both_databases(database_url: str, tmp_path: Path) -> None:
    with open_house(tmp_path, REVENUE_DATABASE_URL=database_url) as house:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(house.app.call("acd.propose", dict(PAYWALL)))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {one.ok for one in answers} == {True}
        assert len({one.result["approval_id"] for one in answers}) == 1
        assert sum(one.result["is_new"] for one in answers) == 1
        assert (house.questions(), len(house.rows())) == (1, 1)


def test_silence_is_the_end_of_it(house: House) -> None:
    asked = house.propose()
    house.tick(hours=4, seconds=1)
    assert house.row(asked["delegation_id"])["status"] == "expired"
    assert [one["outcome"] for one in house.events("delegation.ended")] == ["expired"]
    again = house.propose()
    assert (again["status"], again["is_new"], house.questions(), house.starts()) == ("expired", False, 1, 0)
    assert house.events("alert.raised") == []


def test_a_revert_nobody_answers_is_told(house: House) -> None:
    """What was measured to hurt is still in the product."""
    asked = house.propose()
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    house.finish()
    house.propose(kind="revert", decision_key="back", reverts_id=asked["delegation_id"], end_state={})
    house.tick(hours=4, seconds=1)
    (alert,) = house.events("alert.raised")
    assert "nobody said yes in time" in alert["text"]


def test_no_is_the_end_of_it(house: House) -> None:
    asked = house.propose()
    house.decide(asked["approval_id"], "reject", reason="not this week")
    house.tick(seconds=1)
    row = house.row(asked["delegation_id"])
    assert (row["status"], row["reason"]) == ("rejected", "a person said no: not this week")
    assert [one["outcome"] for one in house.events("delegation.ended")] == ["rejected"]
    assert house.propose()["status"] == "rejected"
    assert (house.questions(), house.starts()) == (1, 0)


def test_question_holds_what_one_needs(house: House) -> None:
    card = house.app.approvals.find(house.propose()["approval_id"])
    assert card["title"] == "Ship the winning paywall of EverReach Pro"
    assert card["why"] == (
        "users: 1,200; effect: +1.23 points; effect (interval): +0.30 points to +2.10 points. "
        "Done by sonnet (features), 2 hours at most, price unknown, your agent's own account pays"
    )
    assert (card["evidence"], card["price_usd"], card["needs_confirm"]) == ("experiment exp_a", None, True)
    assert set(card["payload"]) == {"delegation_id", "project", "task_type", "text"}
    assert str(house.app.settings.home) not in str(card)


def test_edited_words_are_what_is_sent(house: House) -> None:
    asked = house.propose()
    card = house.app.approvals.find(asked["approval_id"])
    edited = card["text"].replace('"holdout_share": 0.1', '"holdout_share": 0.2')
    new_id = house.app.approvals.edit(card["id"], card["payload_hash"], edited, actor="owner")
    assert house.propose()["is_new"] is False
    house.decide(new_id)
    house.tick(seconds=1)
    house.finish()
    row = house.row(asked["delegation_id"])
    assert (row["status"], row["approval_id"], row["task"]) == ("done", new_id, edited)
    assert house.product()["paywall"]["holdout_share"] == row["end_state"]["paywall"]["holdout_share"] == 0.2
    assert house.starts() == len(house.rows()) == 1


@pytest.mark.proof
def test_edit_of_a_waiting_yes_is_asked_anew(house: House) -> None:
    asked = house.propose()
    house.app.switch.set(stopped=True, actor="owner", reason="pause")
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    assert house.row(asked["delegation_id"])["status"] == "approved"
    card = house.app.approvals.find(asked["approval_id"])
    edited = card["text"].replace("Goal:", "Goal, as I see it:")
    new_id = house.app.approvals.edit(card["id"], card["payload_hash"], edited, actor="owner")
    house.tick(seconds=1)
    assert house.row(asked["delegation_id"])["status"] == "awaiting_approval"
    house.app.switch.set(stopped=False, actor="owner", reason="go on")
    house.decide(new_id)
    house.tick(seconds=1)
    assert (house.row(asked["delegation_id"])["task"], house.starts()) == (edited, 1)


def test_another_project_is_another_decision(house: House) -> None:
    asked = house.propose()
    card = house.app.approvals.find(asked["approval_id"])
    moved = {**card["payload"], "project": "kindletters"}
    new_id = house.app.approvals.edit(card["id"], card["payload_hash"], moved, actor="owner")
    house.decide(new_id)
    house.tick(seconds=1)
    assert (house.row(asked["delegation_id"])["status"], house.starts()) == ("rejected", 0)


def test_kill_switch_holds_a_yes(house: House) -> None:
    asked = house.propose()
    house.app.switch.set(stopped=True, actor="owner", reason="pause")
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    assert (house.row(asked["delegation_id"])["status"], house.starts()) == ("approved", 0)
    house.app.switch.set(stopped=False, actor="owner", reason="go on")
    house.tick(minutes=16)
    assert (house.row(asked["delegation_id"])["status"], house.starts()) == ("running", 1)


@pytest.mark.proof
def test_a_held_yes_runs_out(house: House) -> None:
    asked = house.propose()
    house.app.switch.set(stopped=True, actor="owner", reason="pause")
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    house.tick(hours=4)
    row = house.row(asked["delegation_id"])
    assert (row["status"], row["reason"], house.starts()) == ("expired", "approved, but it could not start in time", 0)


def test_one_run_per_project_at_a_time(house: House) -> None:
    first = house.propose()
    second = house.propose(decision_key="paywall/exp_b/ship", end_state={"paywall": {"variant": "C"}})
    other = house.propose(decision_key="paywall/exp_c/ship", project="kindletters")
    for asked in (first, second, other):
        house.decide(asked["approval_id"])
    house.tick(seconds=1)
    assert [house.row(one["delegation_id"])["status"] for one in (first, second, other)] == ["running", "approved", "running"]
    assert "another delegation is at work" in house.row(second["delegation_id"])["reason"]
    house.finish(90)
    assert [house.row(one["delegation_id"])["status"] for one in (first, second, other)] == ["done", "done", "done"]
    assert house.product()["paywall"]["variant"] == "C"
    assert house.starts() == 3


def test_database_refuses_a_second_at_work(house: House) -> None:
    first = house.propose()
    house.propose(decision_key="paywall/exp_b/ship")
    house.decide(first["approval_id"])
    house.tick(seconds=1)
    with pytest.raises(Conflict, match="refused the row"), house.app.database.writing() as connection:
        connection.execute(sa.update(DELEGATIONS).values(status="running"))


def test_revert_brings_back_what_stood(house: House) -> None:
    def do(**what: object) -> str:
        asked = house.propose(**what)
        house.decide(asked["approval_id"])
        house.tick(seconds=1)
        house.finish()
        assert house.row(asked["delegation_id"])["status"] == "done"
        return str(asked["delegation_id"])

    flag = {"features": {"fix_a": {"share": 0.5, "step": "trial_started"}}}
    tried = do(kind="fix_step", decision_key="product/a/try", end_state=flag)
    rolled = do(kind="roll_out", decision_key="product/a/roll", end_state={"features": {"fix_a": {"share": 0.9}}})
    assert house.product()["features"] == {"fix_a": {"share": 0.9, "step": "trial_started"}}
    do(kind="revert", decision_key="product/a/back", reverts_id=rolled, end_state={})
    assert house.product()["features"] == {"fix_a": {"share": 0.5, "step": "trial_started"}}
    do(kind="revert", decision_key="product/a/gone", reverts_id=tried, end_state={})
    assert house.product()["features"] == {}


@pytest.mark.proof
def test_state_before_is_the_one_at_the_start(house: House) -> None:
    first = house.propose()
    second = house.propose(decision_key="paywall/exp_b/ship", end_state={"paywall": {"variant": "C"}})
    assert house.row(second["delegation_id"])["previous_state"] == {"paywall": {"variant": None}}
    for asked in (first, second):
        house.decide(asked["approval_id"])
    house.finish(90)
    assert house.row(second["delegation_id"])["previous_state"] == {"paywall": {"variant": "B"}}


def test_only_what_began_can_be_taken_back(house: House) -> None:
    asked = house.propose()
    wish = {"kind": "revert", "decision_key": "back", "end_state": {}}
    assert house.refused("acd.propose", {**PAYWALL, **wish})[0] == "bad_input"
    assert house.refused("acd.propose", {**PAYWALL, **wish, "reverts_id": "dlg_none"})[0] == "not_found"
    assert house.refused("acd.propose", {**PAYWALL, **wish, "reverts_id": asked["delegation_id"]})[0] == "conflict"


def test_a_person_starts_a_task_of_their_own(house: House) -> None:
    task = {"project": "everreach_pro", "task": FREE, "task_type": "tests"}
    code, _ = house.refused("system.delegate_to_acd", task, key="mine")
    (card,) = house.app.approvals.cards()
    assert (code, card["needs_confirm"], house.starts()) == ("approval_required", True, 0)
    house.decide(card["id"])
    house.tick(seconds=1)
    house.finish()
    (row,) = house.rows()
    assert (row["status"], row["kind"], row["model"], row["task"]) == ("done", "free", "haiku", FREE)
    assert house.product()["checks"] == {"tidy": "ok"}


def test_deploy_and_feature_list_ask_too(house: House) -> None:
    assert house.refused("system.deploy_code", {"project": "kindletters", "version": "v1.4.0"})[0] == "approval_required"
    assert house.refused("acd.start_harness", {"project": "clientportal", "max_sessions": 3})[0] == "approval_required"
    for card in house.app.approvals.cards():
        house.decide(card["id"])
    house.tick(seconds=1)
    house.finish()
    found = {row["kind"]: row for row in house.rows()}
    assert {row["status"] for row in found.values()} == {"done"}
    assert end_state_in(found["deploy"]["task"]) == {"checks": {"deploy": "ok"}}
    assert "`v1.4.0`" in found["deploy"]["task"]
    assert found["free"]["stats"]["max_sessions"] == 3


@pytest.mark.proof
def test_over_is_over_whoever_calls(house: House) -> None:
    asked = house.propose()
    card = house.app.approvals.find(asked["approval_id"])
    house.tick(hours=4, seconds=1)
    code, _ = house.refused("system.delegate_to_acd", card["payload"], key="again")
    assert code == "approval_required"
    (fresh,) = house.app.approvals.cards()
    house.decide(fresh["id"])
    house.tick(seconds=1)
    assert (house.row(asked["delegation_id"])["status"], house.starts()) == ("expired", 0)


def test_second_yes_starts_nothing_more(house: House) -> None:
    asked = house.propose()
    payload = house.app.approvals.find(asked["approval_id"])["payload"]
    house.refused("system.delegate_to_acd", payload, key="again")
    for card in house.app.approvals.cards():
        house.decide(card["id"])
    house.tick(seconds=1)
    assert (len(house.runs()), house.row(asked["delegation_id"])["status"]) == (1, "running")
    house.finish()
    assert (len(house.runs()), len(house.events("delegation.ended"))) == (1, 1)


def test_set_price_is_shown_held_and_booked(tmp_path: Path) -> None:
    with open_house(tmp_path, REVENUE_BUDGET__RUN_USD="10", REVENUE_ACD__PRICE_USD="3.50") as house:
        asked = house.propose()
        card = house.app.approvals.find(asked["approval_id"])
        assert (card["price_usd"], "up to $3.50 by your setting" in card["why"]) == (3.5, True)
        house.decide(asked["approval_id"])
        house.tick(seconds=1)
        query = sa.select(LEDGER).where(LEDGER.c.service == "acd")
        with house.app.database.reading() as connection:
            (entry,) = connection.execute(query).mappings().all()
        assert (entry["amount_micro_usd"], entry["state"], entry["kind"], entry["model"]) == (
            -3_500_000,
            "unconfirmed",
            "ai",
            "sonnet",
        )
        assert house.ask("system.self_test")["failed"] == 0


@pytest.mark.proof
def test_price_beyond_the_budget_waits(tmp_path: Path) -> None:
    with open_house(tmp_path, REVENUE_ACD__PRICE_USD="3.50") as house:
        asked = house.propose()
        house.decide(asked["approval_id"])
        house.tick(seconds=1)
        row = house.row(asked["delegation_id"])
        assert (row["status"], house.starts()) == ("approved", 0)
        assert "of $2.00; acd_features may cost $3.50" in row["reason"]


@pytest.mark.proof
def test_price_that_is_none_is_refused(tmp_path: Path) -> None:
    with open_house(tmp_path, REVENUE_ACD__PRICE_USD="cheap") as house:
        code, words = house.refused("acd.propose", PAYWALL)
        assert (code, words) == ("bad_input", "the price of a delegation is an amount of dollars up to 1000")


def test_unknown_project_is_named(house: House) -> None:
    code, words = house.refused("acd.propose", {**PAYWALL, "project": "no_such_app"})
    assert (code, "everreach_pro, kindletters, clientportal, revenue_machine" in words) == ("bad_input", True)
    assert house.refused("acd.propose", {**PAYWALL, "end_state": {}})[0] == "bad_input"
    assert house.questions() == 0


def test_refused_start_ends_it(house: House) -> None:
    folder = house.app.settings.home / "projects" / "everreach_pro"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("a real project")
    asked = house.propose()
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    house.finish()
    row = house.row(asked["delegation_id"])
    assert row["status"] == "failed"
    assert (folder / "mine.txt").read_text() == "a real project"
    assert sorted(path.name for path in folder.iterdir()) == ["mine.txt"]
    (alert,) = house.events("alert.raised")
    assert alert["text"].startswith("Ship the winning paywall of EverReach Pro: failed")


@pytest.mark.proof
def test_starts_of_a_day_are_counted(house: House) -> None:
    for number in range(rules.STARTS_A_DAY):
        house.propose(decision_key=f"d/{number}")
    with house.app.database.writing() as connection:
        connection.execute(sa.update(DELEGATIONS).values(status="done", started_at=house.now, ended_at=house.now))
    asked = house.propose(decision_key="one/too/many")
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    row = house.row(asked["delegation_id"])
    assert (row["status"], house.starts()) == ("approved", 0)
    assert "24 delegations a day" in row["reason"]


@pytest.mark.proof
def test_busy_harness_lets_the_yes_wait(house: House) -> None:
    fake.public_hang_next(house.harness)
    client = house.app.clients.get(AcdClient)
    folder = str(house.app.settings.home / "projects" / "everreach_pro")
    client.start(
        "everreach_pro", StartOrder(reference="someone-else", task="x", task_type="tests", model="haiku", project_path=folder)
    )
    asked = house.propose()
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    assert house.row(asked["delegation_id"])["status"] == "approved"
    assert house.ask("acd.stop_harness", {"project": "everreach_pro"}) == {
        "project": "everreach_pro", "was_running": True, "delegation_id": None,
    }  # fmt: skip
    house.tick(minutes=6)
    assert house.row(asked["delegation_id"])["status"] == "running"
