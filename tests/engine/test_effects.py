"""Outside writes happen once, whatever answers or does not."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.engine.tables import AUDIT, CAP_SLOTS, INTENTS, LEDGER
from revenue_machine.kit.errors import OutsideRejected, OutsideUnanswered, OutsideUnavailable
from tests.engine.toy_house.toys.recipes import PURSE, ToyVendor


def state_of(app: App, key: str) -> str:
    with app.database.reading() as connection:
        return str(connection.execute(sa.select(INTENTS.c.state).where(INTENTS.c.key == key)).scalar_one())


def test_the_same_business_key_sends_once(toys: App, vendor: ToyVendor) -> None:
    first = toys.call("toys.shout", {"words": "a"}, key="k1")
    second = toys.call("toys.shout", {"words": "a"}, key="k2")
    assert first.result == second.result == {"external_id": "v1"}
    assert vendor.acted == ["toy.shout/a"]


def test_a_dropped_answer_is_unknown_and_never_resent(toys: App, vendor: ToyVendor) -> None:
    vendor.failure = OutsideUnanswered()
    assert toys.call("toys.shout", {"words": "a"}).as_dict()["error"]["code"] == "outcome_unknown"
    assert toys.call("toys.shout", {"words": "a"}).as_dict()["error"]["code"] == "outcome_unknown"
    assert vendor.acted == ["toy.shout/a"]
    assert state_of(toys, "toy.shout/a") == "unknown"


def test_a_sure_refusal_gives_the_slot_back(toys: App, vendor: ToyVendor) -> None:
    vendor.refusal = OutsideRejected("no")
    assert toys.call("toys.shout", {"words": "a"}).as_dict()["error"]["code"] == "outside_rejected"
    with toys.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(CAP_SLOTS)).scalar_one() == 0
    assert toys.call("toys.shout", {"words": "a"}).ok
    assert vendor.acted == ["toy.shout/a"]


def test_an_unanswered_model_call_is_booked_and_repeated_once(toys: App, vendor: ToyVendor) -> None:
    vendor.failure = OutsideUnanswered()
    assert toys.call("toys.think", {"words": "a"}).as_dict()["error"]["code"] == "outcome_unknown"
    assert toys.call("toys.think", {"words": "a"}).ok
    assert vendor.acted == ["toy.think/a#1", "toy.think/a#2"]
    with toys.database.reading() as connection:
        rows = connection.execute(sa.select(LEDGER.c.amount_micro_usd, LEDGER.c.state)).all()
    assert [tuple(row) for row in rows] == [(-40, "unconfirmed")]
    assert PURSE.held == {}


def test_an_answered_fault_of_a_model_costs_nothing(toys: App, vendor: ToyVendor) -> None:
    vendor.refusal = OutsideUnavailable("HTTP 500")
    assert toys.call("toys.think", {"words": "a"}).as_dict()["error"]["code"] == "outside_unavailable"
    with toys.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(LEDGER)).scalar_one() == 0
    assert PURSE.held == {}


def test_the_cap_refuses_the_fourth_send(toys: App, vendor: ToyVendor) -> None:
    codes = [toys.call("toys.shout", {"words": word}).as_dict().get("error", {}).get("code") for word in "abcd"]
    assert codes == [None, None, None, "cap_reached"]
    assert len(vendor.acted) == 3


def test_the_budget_refuses_before_the_call(toys: App, vendor: ToyVendor) -> None:
    PURSE.held["other"] = 80
    assert toys.call("toys.think", {"words": "a"}).as_dict()["error"]["code"] == "budget_exhausted"
    assert vendor.acted == []


def test_the_kill_switch_stops_speech_and_spending(toys: App, vendor: ToyVendor) -> None:
    toys.switch.set(stopped=True, actor="ada", reason="enough")
    codes = [toys.call(name).as_dict()["error"]["code"] for name in ("toys.shout", "toys.think")]
    assert codes == ["stopped", "stopped"]
    assert toys.call("toys.note").ok
    toys.switch.set(stopped=False, actor="ada", reason="go on")
    assert toys.call("toys.shout").ok
    assert vendor.acted == ["toy.shout/hello"]


def test_every_effect_is_on_the_record(toys: App, vendor: ToyVendor) -> None:
    toys.call("toys.shout", {"words": "a"})
    with toys.database.reading() as connection:
        actions = connection.execute(sa.select(AUDIT.c.action).order_by(AUDIT.c.id)).scalars().all()
    assert actions == ["effect.shout", "topic.toys.shout"]
