"""What could make a phase flap or tell twice: two looks a day, clocks that go back, dates filled late, silent tills."""

from __future__ import annotations

from datetime import date

from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS
from revenue_machine.domains.phase.tables import PHASES
from revenue_machine.domains.revenue.tables import SNAPSHOTS
from revenue_machine.engine.tables import EVENTS
from tests.domains.revenue.house import DAY, HOUR, START, House

EVENING = START + 13 * HOUR


def evening(house: House, place: int, people: int | None, *, is_stale: bool = False) -> None:
    """An evening at which RevenueCat says that many pay; None says nothing at all."""
    at = EVENING + place * DAY
    house.clock.move_to(at)
    with house.app.database.writing() as connection:
        connection.execute(SNAPSHOTS.delete().where(SNAPSHOTS.c.source == "revcat", SNAPSHOTS.c.snapshot_date == at.date()))
        row = {
            "id": f"r{place}", "source": "revcat", "slot": "pm", "snapshot_date": at.date(), "as_of": at, "created_at": at,
            "metrics": {"active_subscriptions": people}, "is_stale": is_stale,
        }  # fmt: skip
        if people is not None:
            connection.execute(SNAPSHOTS.insert(), row)
        house.app.events.emit(
            connection, "revenue.snapshot_taken", f"{at.isoformat()}/{people}", {"date": at.date().isoformat(), "slot": "pm"}
        )
    house.app.events.drain()


def phases(house: House) -> dict[int, int]:
    return {(row[0] - date(2026, 11, 2)).days: row[1] for row in house.rows(FUNNEL_SNAPSHOTS, "snapshot_date", "phase")}


def told(house: House) -> list[str]:
    rows = [row[1] for row in house.rows(EVENTS, "kind", "payload") if row[0] == "alert.raised"]
    return [row["text"].split("\n")[0] for row in rows if row["kind"] == "phase_crossed"]


def holds(house: House) -> int:
    [(phase,)] = house.rows(PHASES, "phase", name="rule")
    return int(phase)


def test_second_look_of_a_day_takes_nothing_back(house: House) -> None:
    for place, people in enumerate([50, 50]):
        evening(house, place, people)
    evening(house, 1, 48)
    evening(house, 1, 51)
    evening(house, 2, 51)
    assert phases(house) == {0: 1, 1: 2, 2: 2}
    assert told(house) == ["Phase 1 -> 2 (up, micro-budget ads): 50 paying on 2026-11-03"]


def test_clock_that_goes_back_changes_nothing(house: House) -> None:
    for place, people in enumerate([50, 50, 52]):
        evening(house, place, people)
    evening(house, 0, 10)
    evening(house, 1, 10)
    evening(house, 3, 52)
    assert (phases(house), holds(house)) == ({0: 1, 1: 2, 2: 2, 3: 2}, 2)
    assert len(told(house)) == 1


def test_date_filled_late_tells_nothing(house: House) -> None:
    evening(house, 0, 50)
    evening(house, 2, 50)
    evening(house, 1, 50)
    assert (phases(house), told(house)) == ({0: 1, 1: 1, 2: 1}, [])
    evening(house, 3, 50)
    assert phases(house)[3] == 2
    assert len(told(house)) == 1


def test_silence_never_climbs_nor_falls(house: House) -> None:
    evening(house, 0, 50)
    evening(house, 1, 50, is_stale=True)
    evening(house, 2, None)
    assert (phases(house), holds(house)) == ({0: 1, 1: 1, 2: 1}, 1)
    evening(house, 3, 50)
    evening(house, 4, 50)
    for place in range(5, 20):
        evening(house, place, 3, is_stale=True)
    assert holds(house) == 2


def test_noise_around_the_mark_crosses_once(house: House) -> None:
    for place, people in enumerate([49, 50, 49, 50, 50, 49, 50, 46, 50, 49, 45, 49, 50]):
        evening(house, place, people)
    assert len(told(house)) == 1
    assert holds(house) == 2


def test_crossing_tells_what_changes(house: House) -> None:
    for place in range(2):
        evening(house, place, 50)
    rows = [row[1] for row in house.rows(EVENTS, "kind", "payload") if row[0] == "alert.raised"]
    assert rows[0]["text"].split("\n") == [
        "Phase 1 -> 2 (up, micro-budget ads): 50 paying on 2026-11-03", "videos made: 0 to 1 -> 2 to 3",
        "Upwork proposals: 5 -> 3", "dollars of ads: none -> 5 to 10", "posts made ads a week: none -> at most 2",
        "experiments open: at most 1 -> at most 2",
    ]  # fmt: skip


def test_snapshot_keeps_done_beside_target(house: House) -> None:
    evening(house, 0, 12)
    [(actions, forecast, held)] = house.rows(FUNNEL_SNAPSHOTS, "actions", "forecast", "phase_held")
    assert actions["drafts"] == {"done": 0, "least": 50, "most": None}
    assert actions["upwork_proposals"] == {"done": 0, "least": 5, "most": 5}
    assert (forecast["is_early"], held) == (True, 1)


def test_status_shows_everything(house: House) -> None:
    house.publishes("post_a", START)
    house.clicks("c1", "post_a", "v1", START + HOUR)
    evening(house, 0, 12)
    found = house.app.call("funnel.status").result
    assert (found["phase"], found["paying_users"], found["to_next"], found["is_stale"]) == (1, 12, 38, False)
    assert [(one["step"], one["verdict"]) for one in found["rates"]][1] == ("click_to_signup", "too_early")
    assert found["forecast"]["reason"].startswith("too early")
    assert found["changes_in_next_phase"][0] == "videos made: 0 to 1 -> 2 to 3"
    assert {one["action"]: (one["done"], one["least"]) for one in found["actions"]}["published"] == (1, 30)


def test_status_before_the_first_day(house: House) -> None:
    found = house.app.call("funnel.status").result
    assert (found["snapshot_date"], found["phase"], found["is_stale"], found["forecast"]) == (None, 1, True, None)
