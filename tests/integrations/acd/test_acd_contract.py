"""One contract, two harnesses: the fake and the local adapter answer the real client alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from revenue_machine.integrations.acd.wire import HarnessRun
from revenue_machine.kit.errors import ContractBroken, OutsideAuthFailed, OutsideRejected, OutsideUnanswered, OutsideUnavailable
from tests.integrations.acd_house import House, local_house, order, pretend_house, task

WAITS = task(None, "waits 60")


@pytest.fixture(params=["fake", "local"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with pretend_house(tmp_path) if request.param == "fake" else local_house(tmp_path) as one:
        yield one
    assert not any(str(tmp_path) in one.answer_text for one in one.exchanges), "an answer holds an absolute path"


@pytest.fixture
def toy(house: House) -> str:
    """An imported project."""
    house.client.import_project("toy", str(house.folder / "toy"))
    return "toy"


def refused(house: House, project: str, *args: object, **more: object) -> tuple[str, float | None]:
    with pytest.raises(OutsideRejected) as refusal:
        house.client.start(project, order(*args, **more))  # type: ignore[arg-type]
    return str(refusal.value.details["reason"]), refusal.value.retry_after_s


def test_an_imported_project_is_listed(house: House) -> None:
    first = house.client.import_project("shop", str(house.folder / "toy"))
    again = house.client.import_project("shop", str(house.folder / "toy"))
    assert (first.id, first.name, first.status, first.is_new) == ("shop", "shop", "idle", True)
    assert again.is_new is False
    assert "shop" in [one.id for one in house.client.projects()]


def test_a_task_is_worked_to_its_end(house: House, toy: str) -> None:
    begun = house.client.start(toy, order(text=task({"paywall": {"variant": "C"}})))
    assert (begun.project, begun.reference, begun.status, begun.model) == ("toy", "del_1", "running", "sonnet")
    run = house.finish(toy, "del_1")
    assert (run.status, run.reason, run.session_number, run.session_type) == ("completed", None, 1, "coding")
    assert "product.json" in [one.path for one in run.files_changed]
    assert run.stats.files_changed == len(run.files_changed)
    assert run.started_at is not None
    assert run.ended_at is not None
    assert run.started_at <= run.ended_at
    assert json.loads((house.folder / "toy" / "product.json").read_text())["paywall"]["variant"] == "C"


def test_the_same_reference_is_the_same_run(house: House, toy: str) -> None:
    house.client.start(toy, order())
    assert house.client.start(toy, order()).status in ("running", "completed")
    ended = house.finish(toy, "del_1")
    after = house.client.start(toy, order())
    assert (after.status, after.ended_at) == ("completed", ended.ended_at)
    stats = house.client.dashboard_stats()
    assert (stats.running, stats.completed, stats.failed) == (0, 1, 0)


def test_a_reference_with_another_task_is_refused(house: House, toy: str) -> None:
    house.client.start(toy, order())
    assert refused(house, toy, "del_1", task({"paywall": {"variant": "Z"}})) == ("reference_used", None)
    house.finish(toy, "del_1")


def test_a_start_beside_an_open_run_is_refused(house: House, toy: str) -> None:
    house.client.start(toy, order("del_1", WAITS))
    assert refused(house, toy, "del_2") == ("running", 300.0)
    assert [one.reference for one in house.client.open_runs()] == ["del_1"]
    house.client.stop(toy)
    house.finish(toy, "del_1")
    assert house.client.find(toy, "del_2") is None
    assert house.client.start(toy, order("del_2")).status == "running"
    house.finish(toy, "del_2")


def test_what_is_unknown_is_not_found(house: House, toy: str) -> None:
    assert house.client.find(toy, "del_9") is None
    assert house.client.find("nobody", "del_1") is None
    assert house.client.status(toy) == HarnessRun(projectId="toy", status="idle")
    for project, reference, reason in ((toy, "del_9", "unknown_run"), ("nobody", None, "unknown_project")):
        with pytest.raises(OutsideRejected) as refusal:
            house.client.status(project, reference)
        assert refusal.value.details["reason"] == reason
    assert refused(house, "nobody") == ("unknown_project", None)


def test_a_project_does_not_move_under_a_run(house: House, toy: str) -> None:
    (house.folder / "other").mkdir()
    house.client.start(toy, order("del_1", WAITS))
    with pytest.raises(OutsideRejected) as refusal:
        house.client.import_project(toy, str(house.folder / "other"))
    assert refusal.value.details["reason"] == "running"
    house.client.stop(toy)
    house.finish(toy, "del_1")
    assert house.client.import_project(toy, str(house.folder / "other")).is_new is False


def test_a_run_belongs_to_its_project(house: House, toy: str) -> None:
    house.client.start(toy, order())
    house.finish(toy, "del_1")
    house.client.import_project("shop", str(house.folder / "toy"))
    assert house.client.find("shop", "del_1") is None
    assert house.client.status("shop").status == "idle"
    assert refused(house, "shop") == ("reference_used", None)


def test_a_start_may_say_where_the_project_lies(house: House) -> None:
    assert house.client.start("shop", order(project_path=str(house.folder / "toy"))).status == "running"
    assert house.finish("shop", "del_1").status == "completed"


def test_a_wrong_key_is_told(house: House, toy: str) -> None:
    stranger = house.stranger("sk_wrong")
    for ask in (lambda: stranger.start(toy, order()), stranger.projects, stranger.dashboard_stats):
        with pytest.raises(OutsideAuthFailed):
            ask()
    assert house.client.find(toy, "del_1") is None


def test_a_stopped_run_is_over(house: House, toy: str) -> None:
    house.client.start(toy, order("del_1", WAITS))
    assert house.client.stop(toy, "del_1").status in ("stopping", "stopped")
    run = house.finish(toy, "del_1")
    assert (run.status, run.reason, run.files_changed) == ("stopped", None, ())
    assert house.client.stop(toy).status == "stopped"
    assert house.client.start(toy, order("del_1", WAITS)).status == "stopped"


def test_stop_by_reference_spares_others(house: House, toy: str) -> None:
    house.client.start(toy, order("del_1"))
    house.finish(toy, "del_1")
    house.client.start(toy, order("del_2", WAITS))
    assert house.client.stop(toy, "del_1").status == "completed"
    assert house.client.status(toy, "del_2").status == "running"
    house.client.stop(toy)
    house.finish(toy, "del_2")


def test_a_task_without_an_end_state_fails(house: House, toy: str) -> None:
    house.client.start(toy, order(text="Do something nice."))
    run = house.finish(toy, "del_1")
    assert run.status == "failed"
    assert run.reason in ("no_end_state", "exit_code")
    assert run.summary


def test_a_strange_folder_is_refused(house: House, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.py").write_text("x = 1", encoding="utf-8")
    places = [tmp_path / "elsewhere", tmp_path / "no" / "such" / "place", Path("/"), Path("/etc"), Path("relative/../..")]
    for place in places:
        assert refused(house, "shop", project_path=str(place)) == ("bad_path", None), place
    assert [one.name for one in (tmp_path / "elsewhere").iterdir()] == ["real.py"]


def test_long_logs_come_in_pages(house: House, toy: str) -> None:
    house.flood(1200)
    house.client.start(toy, order(text=task(None, "prints 1200")))
    count = house.finish(toy, "del_1").stats.log_lines
    assert count > 1200
    after, numbers, pages = 0, list[int](), 0
    while True:
        page = house.client.logs(toy, "del_1", after)
        assert page.reference == "del_1"
        assert len(page.lines) <= 500
        numbers += [line.number for line in page.lines]
        after, pages = page.next_after, pages + 1
        if page.is_end:
            break
    assert (numbers, pages) == (list(range(1, count + 1)), 3)
    tail = house.client.log_tail(toy, "del_1", 3)
    assert ([line.number for line in tail.lines], tail.is_end) == ([count - 2, count - 1, count], True)
    assert "completed" in tail.lines[-1].text


@pytest.mark.parametrize(("kind", "failure"), [("torn", ContractBroken), ("lost", OutsideUnanswered), ("502", OutsideUnavailable)])
def test_a_spoiled_answer_starts_nothing_twice(kind: str, failure: type[Exception], house: House, toy: str) -> None:
    house.mishap.next = [kind]
    with pytest.raises(failure):
        house.client.start(toy, order())
    found = house.client.find(toy, "del_1")
    assert found is not None
    assert house.client.start(toy, order()).started_at == found.started_at
    house.finish(toy, "del_1")
    assert house.client.dashboard_stats().completed == 1


def test_both_ways_to_start_and_stop(house: House, toy: str) -> None:
    body = {**order("del_1", WAITS).model_dump(by_alias=True, exclude_none=True), "project": toy}
    assert house.client.post("/api/harness/start", dict, body)["data"]["status"] == "running"
    assert house.client.post("/api/harness/stop", dict, {"project": toy})["data"]["status"] in ("stopping", "stopped")
    assert house.finish(toy, "del_1").status == "stopped"


MISFITS: tuple[dict[str, object], ...] = (
    {"task": ""}, {"task": 7}, {"task_type": "poems"}, {"model": "gpt"}, {"reference": "../x"}, {"reference": None},
    {"continuous": True}, {"maxSessions": 0}, {"maxSessions": "1"}, {"sessionDelayMs": -1}, {"task": "x" * 200_001},
)  # fmt: skip


def test_a_body_that_does_not_fit_is_refused(house: House, toy: str) -> None:
    for change in MISFITS:
        body = {**order().model_dump(by_alias=True, exclude_none=True), **change}
        with pytest.raises(OutsideRejected) as refusal:
            house.client.post("/api/projects/toy/harness/start", dict, body)
        assert refusal.value.details["reason"] == "bad_request", change
    assert house.client.dashboard_stats().running == 0


def test_a_body_too_large_is_refused(house: House, toy: str) -> None:
    with pytest.raises(OutsideRejected) as refusal:
        house.client.post("/api/projects/toy/harness/start", dict, {"task": "x" * 1_100_000})
    assert refusal.value.details["reason"] == "too_large"


def test_no_other_path_answers(house: House) -> None:
    for path in ("/", "/api", "/api/projects/toy", "/api/projects/toy/harness/logs/stream"):
        with pytest.raises(OutsideRejected) as refusal:
            house.client.get(path, dict)
        assert refusal.value.details["reason"] == "not_found"
