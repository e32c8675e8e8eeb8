"""The fake really edits a toy on disk, in world time, the same for the same seed, and nothing that is not a toy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.acd import fake
from revenue_machine.integrations.acd.wire import HarnessRun
from revenue_machine.kit.errors import OutsideRejected, OutsideUnavailable
from tests.integrations.acd_house import House, order, pretend_house, task
from tests.integrations.conftest import START


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with pretend_house(tmp_path) as one:
        one.client.import_project("toy", str(one.folder / "toy"))
        yield one


def worked(house: House, reference: str, wanted: dict[str, Any]) -> HarnessRun:
    house.client.start("toy", order(reference, task(wanted)))
    return house.finish("toy", reference)


def on_disk(house: House) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((house.folder / "toy" / "product.json").read_text(encoding="utf-8"))
    return found


def product(house: House) -> dict[str, Any]:
    return fake.public_product(house.parts["state"], "toy")


def test_import_makes_a_marked_toy(house: House) -> None:
    names = sorted(one.name for one in (house.folder / "toy").iterdir())
    assert names == [".toy-project", "CHANGELOG.md", "app.py", "product.json", "test_app.py"]
    assert on_disk(house) == {"paywall": {}, "features": {}, "listing": {}, "checks": {}}
    assert (product(house), fake.public_projects(house.parts["state"])) == ({}, [])


def test_runs_take_their_time(house: House) -> None:
    minutes = []
    for number in range(20):
        house.client.start("toy", order(f"del_{number}", "nothing to be done"))
        run = house.finish("toy", f"del_{number}")
        assert run.ended_at is not None
        assert run.started_at is not None
        minutes.append((run.ended_at - run.started_at).total_seconds() / 60)
    assert 20 <= min(minutes) < 25
    assert 35 < max(minutes) <= 40


def test_nothing_is_edited_before_its_time(house: House) -> None:
    store = house.parts["store"]
    house.client.start("toy", order())
    store.move_to(START + timedelta(minutes=19))
    fake.public_advance(house.parts["state"])
    assert (on_disk(house)["paywall"], house.client.status("toy").status) == ({}, "running")
    store.move_to(START + timedelta(minutes=41))
    fake.public_advance(house.parts["state"])
    assert on_disk(house)["paywall"] == {"variant": "B"}
    assert product(house) == on_disk(house)
    assert fake.public_projects(house.parts["state"]) == ["toy"]
    run = house.client.status("toy", "del_1")
    assert run.ended_at is not None
    assert run.ended_at < START + timedelta(minutes=41)
    assert (run.stats.tests_passed, run.stats.tests_failed) == (5, 0)


def test_end_states_are_merged_deep(house: House) -> None:
    worked(house, "del_1", {"paywall": {"variant": "B", "holdout_variant": "A", "holdout_share": 0.1}})
    worked(house, "del_2", {"features": {"fix_trial": {"share": 0.5, "step": "trial_started"}, "other": {"share": 1.0}}})
    worked(house, "del_3", {"features": {"fix_trial": {"share": 0.9}, "other": None}, "listing": {"name": "Toy"}})
    expected = {
        "paywall": {"variant": "B", "holdout_variant": "A", "holdout_share": 0.1},
        "features": {"fix_trial": {"share": 0.9, "step": "trial_started"}},
        "listing": {"name": "Toy"}, "checks": {},
    }  # fmt: skip
    assert product(house) == on_disk(house) == expected
    changelog = (house.folder / "toy" / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in changelog if line.startswith("-")] == [
        "- 2026-11-22: paywall changed (del_1)",
        "- 2026-11-22: features changed (del_2)",
        "- 2026-11-22: features, listing changed (del_3)",
    ]


def test_quoted_blocks_are_no_orders(house: House) -> None:
    text = task({"paywall": {"variant": "EVIL"}}) + "\nthey wrote\n\n" + task({"paywall": {"variant": "GOOD"}})
    house.client.start("toy", order(text=text))
    assert house.finish("toy", "del_1").status == "completed"
    assert on_disk(house)["paywall"] == {"variant": "GOOD"}


@pytest.mark.parametrize(
    "text",
    [
        "no block at all",
        task() + "\nand then some more words",
        task().rstrip().removesuffix("```") + "the end",
        task().replace('{"paywall": {"variant": "B"}}', '{"paywall": {"holdout_share": 1e999}}'),
        task().replace("End state wanted", "As they said"),
        task().replace("```json", "```"),
        task().replace('"paywall": {', '"paywall": {"variant": "X", '),
        task({"secrets": {"a": 1}}),
        task({"paywall": 7}),
        task().replace('{"paywall": {"variant": "B"}}', '{"paywall": {"holdout_share": NaN}}'),
        task().replace('{"paywall": {"variant": "B"}}', "[1]"),
        task().replace('{"paywall": {"variant": "B"}}', "[" * 5000),
        task({"features": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {}}}}}}}}}),
        task({"checks": {"x": "y" * 70_000}}),
    ],
)
def test_an_unreadable_end_state_changes_nothing(text: str, house: House) -> None:
    house.client.start("toy", order(text=text))
    run = house.finish("toy", "del_1")
    assert (run.status, run.reason, run.files_changed) == ("failed", "no_end_state", ())
    assert on_disk(house)["paywall"] == {}
    assert product(house) == {}


@pytest.mark.parametrize(
    "wanted",
    [
        {"paywall": {"holdout_share": 1.5, "holdout_variant": "A", "variant": "B"}},
        {"paywall": {"variant": "A", "holdout_variant": "A", "holdout_share": 0.1}},
        {"paywall": {"variant": ""}},
        {"features": {"fix": {"step": "trial_started"}}},
        {"features": {"fix": {"share": True}}},
        {"listing": {"name": 7}},
        {"checks": {"a": 1}},
    ],
)
def test_what_breaks_the_toys_own_test_is_not_deployed(wanted: dict[str, Any], house: House) -> None:
    run = worked(house, "del_1", wanted)
    assert (run.status, run.reason, run.stats.tests_failed) == ("failed", "tests_failed", 1)
    assert on_disk(house) == {"paywall": {}, "features": {}, "listing": {}, "checks": {}}
    assert product(house) == {}


def test_asked_for_mishaps_come_once(house: House) -> None:
    fake.public_fail_next(house.parts["state"])
    assert worked(house, "del_1", {"paywall": {"variant": "B"}}).reason == "tests_failed"
    assert worked(house, "del_2", {"paywall": {"variant": "C"}}).status == "completed"
    assert on_disk(house)["paywall"] == {"variant": "C"}


def test_a_hanging_run_ends_by_stop_only(house: House) -> None:
    fake.public_hang_next(house.parts["state"])
    house.client.start("toy", order())
    house.parts["store"].move_to(START + timedelta(days=3))
    assert house.client.status("toy").status == "running"
    assert house.client.stop("toy").status == "stopped"
    assert on_disk(house)["paywall"] == {}


def test_a_restart_forgets_runs_and_keeps_the_product(house: House) -> None:
    worked(house, "del_1", {"paywall": {"variant": "B"}})
    house.client.start("toy", order("del_2"))
    fake.public_restart(house.parts["state"])
    assert (house.client.find("toy", "del_1"), house.client.find("toy", "del_2")) == (None, None)
    assert (house.client.status("toy").status, house.client.open_runs()) == ("idle", [])
    assert product(house)["paywall"] == {"variant": "B"}


def test_folders_that_are_no_toy_stay_untouched(house: House, tmp_path: Path) -> None:
    real, file = tmp_path / "real", tmp_path / "file"
    real.mkdir()
    (real / "app.py").write_text("mine", encoding="utf-8")
    file.write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(house.folder / "toy")
    (tmp_path / "marked").mkdir()
    (tmp_path / "marked" / ".toy-project").symlink_to(file)
    (tmp_path / "marked" / "app.py").write_text("mine", encoding="utf-8")
    for place in (real, file, tmp_path / "link", tmp_path / "marked", tmp_path / "a" / "b" / "c", file / "below", Path("toy")):
        with pytest.raises(OutsideRejected) as refusal:
            house.client.import_project("other", str(place))
        assert refusal.value.details["reason"] == "bad_path", place
    assert [one.name for one in real.iterdir()] == ["app.py"]
    assert (real / "app.py").read_text() == (tmp_path / "marked" / "app.py").read_text() == file.read_text() == "mine"
    assert not (tmp_path / "a").exists()


def test_one_missing_folder_above_is_made(house: House, tmp_path: Path) -> None:
    house.client.import_project("other", str(tmp_path / "new" / "other"))
    assert (tmp_path / "new" / "other" / ".toy-project").is_file()


def test_links_inside_a_toy_are_not_followed(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine", encoding="utf-8")
    for name in ("product.json", "CHANGELOG.md"):
        (house.folder / "toy" / name).unlink()
        (house.folder / "toy" / name).symlink_to(secret)
    run = worked(house, "del_1", {"paywall": {"variant": "B"}})
    assert (run.status, run.reason) == ("failed", "bad_folder")
    assert secret.read_text() == "mine"
    assert product(house) == {}


def test_a_new_world_begins_with_a_new_toy(tmp_path: Path) -> None:
    seen = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with pretend_house(tmp_path / name) as house:
            house.client.import_project("toy", str(tmp_path / "toy"))
            house.folder = tmp_path
            worked(house, f"del_{name}", {"features": {name: {"share": 0.5}}})
            seen.append((product(house), on_disk(house), (tmp_path / "toy" / "CHANGELOG.md").read_text()))
    assert [list(one[0]["features"]) for one in seen] == [["first"], ["second"]]
    assert [one[0] for one in seen] == [one[1] for one in seen]
    assert [(text.count("del_first"), text.count("del_second")) for _, _, text in seen] == [(1, 0), (0, 1)]


def test_a_kill_between_disk_and_memory_changes_nothing_more(house: House) -> None:
    store, state = house.parts["store"], house.parts["state"]
    house.client.start("toy", order())
    store.move_to(START + timedelta(hours=1))
    with pytest.raises(KeyboardInterrupt), store.together():
        fake.public_advance(state)
        assert on_disk(house)["paywall"] == {"variant": "B"}
        raise KeyboardInterrupt
    run = house.client.status("toy", "del_1")
    assert (run.status, [one.path for one in run.files_changed]) == ("completed", ["CHANGELOG.md", "product.json"])
    assert (house.folder / "toy" / "CHANGELOG.md").read_text().count("del_1") == 1


@pytest.mark.parametrize("fault", ["act_then_drop", "torn", "500", "down"])
def test_faults_of_the_world_start_nothing_twice(fault: str, house: House) -> None:
    house.parts["outside"].add_fault("acd", "/start", fault, 1)
    with pytest.raises(Exception, match=r"answer|shape|500|reached"):
        house.client.start("toy", order())
    assert (house.client.find("toy", "del_1") is None) is (fault in ("500", "down"))
    house.client.start("toy", order())
    assert house.finish("toy", "del_1").status == "completed"
    assert house.client.dashboard_stats().completed == 1


def test_a_server_fault_is_no_refusal(house: House) -> None:
    house.parts["outside"].add_fault("acd", "/status", "500", 1)
    with pytest.raises(OutsideUnavailable):
        house.client.find("toy", "del_1")


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    lives = []
    for name in ("one", "another_place"):
        (tmp_path / name).mkdir()
        with pretend_house(tmp_path / name) as house:
            house.client.import_project("toy", str(house.folder / "toy"))
            worked(house, "del_1", {"paywall": {"variant": "B"}})
            worked(house, "del_2", {"paywall": {"holdout_share": 7}})
            house.client.logs("toy", "del_1")
            house.client.logs("toy", "del_2")
            files = {one.name: one.read_bytes() for one in sorted((house.folder / "toy").iterdir())}
            lives.append(([one.answer_text for one in house.exchanges], files))
    assert lives[0] == lives[1]


def test_a_world_without_runs_asks_one_question(house: House) -> None:
    asked: list[str] = []
    connection = house.parts["store"]._connection
    connection.set_trace_callback(asked.append)
    for _ in range(10):
        fake.public_advance(house.parts["state"])
    connection.set_trace_callback(None)
    assert len(asked) == 10
