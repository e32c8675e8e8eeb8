"""What a phase wants and allows: one table, read by the gate and by whoever plans a day."""

from __future__ import annotations

import pytest

from revenue_machine.domains.email.postman import Postman
from revenue_machine.domains.phase import reads, store
from revenue_machine.domains.phase.models import VOLUMES, Phase, Volume, volume_of
from revenue_machine.domains.phase.tables import PHASE_CHANGES
from revenue_machine.engine.call import Call
from revenue_machine.engine.gates import Chokepoint, Spend
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.engine.tables import APPROVALS, EVENTS
from revenue_machine.kit.errors import ApprovalRequired, BudgetExhausted
from tests.domains.revenue.house import START, House

DOLLAR = 1_000_000


def hold(house: House, phase: Phase) -> None:
    """The funnel's rule means that phase."""
    with house.app.database.writing() as connection:
        store.keep_rule(house.app.database, connection, phase, START.date(), START)


def spend_on_ads(house: House, key: str, dollars: int) -> None:
    """Ask the door for an ad's worst case."""
    with house.app.database.writing() as connection:
        door = house.app.container.get(Chokepoint)
        spend = Spend(dollars * DOLLAR, "ads", "deploy")
        door.admit(connection, key, Call("ads.deploy", key, "run/1"), None, spend)


def test_table_is_the_definitions() -> None:
    shown = {name: tuple((one.least, one.most) for one in row.by_phase) for name, row in VOLUMES.items()}
    assert shown == {
        "drafts": ((50, None),) * 3, "published": ((30, None), (30, None), (40, None)), "videos": ((0, 1), (2, 3), (5, 5)),
        "linkedin_drafts": ((50, 50),) * 3, "linkedin_sends": ((None, 15),) * 3, "dm_drafts": ((20, 20), (20, 20), (30, 30)),
        "dm_sends": ((None, 20),) * 3, "upwork_proposals": ((5, 5), (3, 3), (2, 2)), "emails": ((None, 30), (None, 30), (None, 100)),
        "ad_spend_usd": ((None, 0), (5, 10), (50, 100)), "graduations": ((None, 0), (None, 2), (None, None)),
        "experiments": ((None, 1), (None, 2), (None, 3)),
    }  # fmt: skip


@pytest.mark.parametrize(("volume", "words"), [
    (Volume(50, None), "50 or more"), (Volume(2, 3), "2 to 3"), (Volume(5, 5), "5"), (Volume(None, 20), "at most 20"),
    (Volume(None, 0), "none"), (Volume(None, None), "no limit"),
])  # fmt: skip
def test_volumes_read_as_words(volume: Volume, words: str) -> None:
    assert volume.words() == words


@pytest.mark.parametrize(("phase", "dollars", "words"), [(1, 1, "phase 1"), (2, 11, "phase 2"), (3, 101, "phase 3")])
def test_door_refuses_more_ads_than_the_phase(house: House, phase: Phase, dollars: int, words: str) -> None:
    hold(house, phase)
    with pytest.raises(BudgetExhausted, match=words):
        spend_on_ads(house, "ad/1", dollars)


@pytest.mark.parametrize(("phase", "dollars"), [(2, 10), (3, 100)])
def test_cap_of_the_phase_passes_its_permit(house: House, phase: Phase, dollars: int) -> None:
    hold(house, phase)
    with pytest.raises(BudgetExhausted, match="no budget is set for ads"):  # the next gate: issue 6 sets one
        spend_on_ads(house, "ad/1", dollars)


def test_what_is_booked_counts_against_the_cap(house: House) -> None:
    hold(house, 2)
    with house.app.database.writing() as connection:
        entry = Entry("ad/0", "ads", "meta_ads", -8 * DOLLAR, "ad", "ad/0", START)
        house.app.container.get(Ledger).book(connection, entry)
    with pytest.raises(BudgetExhausted, match=r"phase 2 .* \$8.00 booked today, \$3.00 asked, \$10.00 a day"):
        spend_on_ads(house, "ad/1", 3)


def test_planners_read_the_phase(house: House) -> None:
    postman = house.app.container.get(Postman)
    assert postman.ceiling().per_day == 30
    hold(house, 3)
    assert postman.ceiling().per_day == 100
    with house.app.database.reading() as connection:
        assert reads.volume(connection, "upwork_proposals") == volume_of("upwork_proposals", 3)
        assert reads.volume(connection, "dm_drafts").most == 30


def test_older_count_changes_nothing(house: House) -> None:
    hold(house, 2)
    with house.app.database.writing() as connection:
        store.keep_rule(house.app.database, connection, 1, START.date().replace(day=1), START)
        assert reads.current_phase(connection) == 2


def test_override_waits_for_a_yes_and_says_why(house: House) -> None:
    hold(house, 2)
    asked = house.app.call("funnel.override", {"phase": 1, "reason": "the market is closed"}, key="o1")
    assert isinstance(asked.error, ApprovalRequired)
    with house.app.database.reading() as connection:
        assert reads.current_phase(connection) == 2
    [(name, digest)] = house.rows(APPROVALS, "id", "payload_hash")
    house.app.approvals.decide(name, "approve", digest, actor="owner")
    house.app.ticker.tick(blocks=[])
    with house.app.database.reading() as connection:
        held = reads.standing(connection)
    assert (held.phase, held.by_rule, held.override, held.reason) == (1, 2, 1, "the market is closed")
    told = [row[1]["text"] for row in house.rows(EVENTS, "kind", "payload") if row[0] == "alert.raised"]
    assert told == ["Phase 2 -> 1 by hand (organic only, no ads): the market is closed"]
    hold(house, 3)
    with house.app.database.reading() as connection:
        assert reads.current_phase(connection) == 1
    with house.app.database.writing() as connection:
        store.keep_override(house.app.database, connection, None, "over", START)
        assert reads.current_phase(connection) == 3
    assert sorted(house.rows(PHASE_CHANGES, "name", "phase"), key=str) == [
        ("owner", 1), ("owner", None), ("rule", 2), ("rule", 3),
    ]  # fmt: skip
