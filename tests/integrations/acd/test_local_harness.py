"""The local adapter: the owner's repository stays safe, agents end with all they started, and nothing is ever started twice."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from revenue_machine.integrations.acd.local_book import Book
from revenue_machine.integrations.acd.wire import HarnessRun
from revenue_machine.kit.clock import machine_s, machine_sleep
from revenue_machine.kit.errors import BadInput, Conflict, OutsideRejected
from tests.integrations.acd_house import House, git, local_house, order, repository, task


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with local_house(tmp_path) as one:
        yield one


def worked(house: House, reference: str, *lines: str, project: str = "shop") -> HarnessRun:
    house.client.start(project, order(reference, task(None, *lines)))
    return house.finish(project, reference)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def waited_for(place: Path) -> int:
    """The process id a script wrote down."""
    deadline = machine_s() + 10
    while not (place.exists() and place.read_text()):
        assert machine_s() < deadline
        machine_sleep(0.02)
    return int(place.read_text())


def test_a_repository_gets_a_branch_of_its_own(house: House) -> None:
    shop = repository(house.folder / "shop")
    first = git(shop, "rev-parse", "main")
    run = worked(house, "del_1", "commits Show paywall B")
    assert (run.status, run.branch, [one.subject for one in run.commits]) == ("completed", "harness/del_1", ["Show paywall B"])
    assert [(one.path, one.change) for one in run.files_changed] == [("product.json", "modified")]
    assert (git(shop, "symbolic-ref", "--short", "HEAD"), git(shop, "rev-parse", "main")) == ("main", first)
    assert json.loads((shop / "product.json").read_text())["paywall"]["variant"] == "A"
    assert json.loads(git(shop, "show", "harness/del_1:product.json"))["paywall"]["variant"] == "B"
    assert git(shop, "status", "--porcelain") == ""


def test_what_is_left_uncommitted_is_kept(house: House) -> None:
    shop = repository(house.folder / "shop")
    run = worked(house, "del_1", "exits 3")
    assert (run.status, run.reason) == ("failed", "exit_code")
    assert "exit code 3" in run.summary
    assert [one.subject for one in run.commits] == ["Left uncommitted by del_1"]
    assert git(shop, "status", "--porcelain") == ""
    assert worked(house, "del_2").status == "completed"


def test_a_dirty_tree_is_refused_and_untouched(house: House) -> None:
    shop = repository(house.folder / "shop")
    (shop / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutsideRejected, match=r"uncommitted changes \(notes.txt\): commit or stash") as refusal:
        house.client.start("shop", order())
    assert refusal.value.details["reason"] == "dirty_tree"
    assert git(shop, "branch", "--format=%(refname:short)") == "main"
    (shop / "notes.txt").unlink()
    assert worked(house, "del_1").status == "completed"


def test_a_repository_without_a_commit_is_refused(house: House) -> None:
    shop = house.folder / "shop"
    shop.mkdir()
    git(shop, "init", "-q")
    with pytest.raises(OutsideRejected) as refusal:
        house.client.start("shop", order())
    assert refusal.value.details["reason"] == "no_commit"


def test_a_part_of_a_larger_repository_is_refused(house: House) -> None:
    repository(house.folder / "big")
    (house.folder / "big" / "part").mkdir()
    with pytest.raises(OutsideRejected, match="larger git repository"):
        house.client.start("part", order(project_path=str(house.folder / "big" / "part")))


def test_a_detached_head_comes_back(house: House) -> None:
    shop = repository(house.folder / "shop")
    first = git(shop, "rev-parse", "HEAD")
    git(shop, "switch", "-q", "--detach")
    assert worked(house, "del_1").status == "completed"
    assert git(shop, "rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
    assert git(shop, "rev-parse", "HEAD") == first


def test_changes_without_git_are_told(house: House) -> None:
    (house.folder / "toy" / "product.json").write_text("{}", encoding="utf-8")
    (house.folder / "toy" / "app.py").write_text("x = 1", encoding="utf-8")
    run = worked(house, "del_1", project="toy")
    assert (run.branch, run.commits, run.stats.commits) == (None, (), None)
    assert [(one.path, one.change) for one in run.files_changed] == [("product.json", "modified")]


def test_time_out_ends_the_whole_group(tmp_path: Path) -> None:
    with local_house(tmp_path, limit_s=1.0) as house:
        child = tmp_path / "child"
        run = worked(house, "del_1", "stubborn 1", f"child {child}", "waits 60", project="toy")
        assert (run.status, run.reason, run.summary) == ("failed", "timed_out", "not ready after 1 s")
        assert not is_alive(waited_for(child))


def test_stop_ends_what_ignores_sigterm(house: House, tmp_path: Path) -> None:
    child = tmp_path / "child"
    house.client.start("toy", order("del_1", task(None, "stubborn 1", f"child {child}", "waits 60")))
    pid = waited_for(child)
    house.client.stop("toy")
    assert house.finish("toy", "del_1").status == "stopped"
    assert not is_alive(pid)


def test_children_do_not_outlive_their_agent(house: House, tmp_path: Path) -> None:
    child = tmp_path / "child"
    assert worked(house, "del_1", f"child {child}", project="toy").status == "completed"
    assert not is_alive(waited_for(child))


def test_fifty_megabytes_are_kept_in_small(house: House, tmp_path: Path) -> None:
    run = worked(house, "del_1", "bytes 50000000", project="toy")
    assert run.status == "completed"
    assert run.stats.log_lines > 6000
    kept = sum(place.stat().st_size for place in (tmp_path / "harness" / "runs").rglob("*.jsonl"))
    assert kept < 2_500_000
    first, last = house.client.logs("toy", "del_1"), house.client.log_tail("toy", "del_1", 1)
    assert first.lines[0].number == 1
    assert first.dropped > 0
    assert sum(len(line.text) for line in first.lines) <= 256_000
    assert (last.lines[0].number, last.lines[0].stream) == (run.stats.log_lines, "harness")


def test_the_agent_sees_its_task_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REVENUE_STRIPE__API_KEY", "STRIPE_API_KEY", "AGENT_KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, f"secret of {name}")
    seen = tmp_path / "seen"
    with local_house(tmp_path, passed=("AGENT_KEY",)) as house:
        worked(house, "del_1", f"env {seen}", project="toy")
    told = json.loads(seen.read_text())
    environment, (task_file, model) = told["environment"], told["words"]
    assert environment["AGENT_KEY"] == "secret of AGENT_KEY"
    assert "secret" not in json.dumps({name: value for name, value in environment.items() if name != "AGENT_KEY"})
    assert (environment["HARNESS_MODEL"], model, environment["HARNESS_REFERENCE"]) == ("sonnet", "sonnet", "del_1")
    assert environment["HARNESS_TASK_FILE"] == task_file
    assert (tmp_path / "harness") in Path(task_file).parents
    assert environment["PATH"] == os.environ["PATH"]


def test_a_stop_that_comes_late_changes_no_end(house: House) -> None:
    worked(house, "del_1", project="toy")
    book = house.parts["harness"].book
    run = book.run("del_1")
    assert run is not None
    book.mark_stopping(run.id)
    assert book.run("del_1") == run


def test_failed_sessions_are_tried_again(house: House) -> None:
    text = task(None, "exits 4")
    house.client.start("toy", order("del_1", text, max_sessions=3, session_delay_ms=0))
    run = house.finish("toy", "del_1")
    assert (run.status, run.session_number, run.stats.sessions) == ("failed", 3, 3)
    assert "last of 3 sessions" in run.summary


def test_a_pause_between_sessions_can_be_stopped(house: House) -> None:
    house.client.start("toy", order("del_1", task(None, "exits 4"), max_sessions=2, session_delay_ms=600_000))
    deadline = machine_s() + 10
    while "session 1" not in house.client.log_tail("toy").lines[-1].text and machine_s() < deadline:
        machine_sleep(0.02)
    house.client.stop("toy")
    assert house.finish("toy", "del_1").status == "stopped"


def test_one_folder_has_one_run(house: House) -> None:
    house.client.import_project("same", str(house.folder / "toy"))
    house.client.start("toy", order("del_1", task(None, "waits 60")))
    with pytest.raises(OutsideRejected) as refusal:
        house.client.start("same", order("del_2"))
    assert refusal.value.details["reason"] == "running"


def test_links_lead_nowhere_else(house: House, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (house.folder / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(OutsideRejected) as refusal:
        house.client.start("link", order())
    assert refusal.value.details["reason"] == "bad_path"


def test_a_run_is_known_when_its_folder_has_gone(house: House) -> None:
    assert worked(house, "del_1", project="toy").status == "completed"
    for one in (house.folder / "toy").iterdir():
        one.unlink()
    (house.folder / "toy").rmdir()
    assert house.client.status("toy", "del_1").status == "completed"
    with pytest.raises(OutsideRejected) as refusal:
        house.client.start("toy", order("del_2"))
    assert refusal.value.details["reason"] == "unknown_project"


def test_closing_ends_open_runs(tmp_path: Path) -> None:
    child = tmp_path / "child"
    with local_house(tmp_path) as house:
        house.client.start("toy", order("del_1", task(None, f"child {child}", "waits 60")))
        pid = waited_for(child)
    assert not is_alive(pid)
    with local_house(tmp_path) as house:
        run = house.client.status("toy", "del_1")
        assert (run.status, run.reason) == ("failed", "interrupted")
        assert house.client.start("toy", order("del_1", task(None, f"child {child}", "waits 60"))).status == "failed"


def test_a_home_has_one_server(house: House, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="another `revenue harness`"):
        Book(tmp_path / "harness", house.folder)


def test_a_projects_folder_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be used"):
        Book(tmp_path / "harness", tmp_path / "nowhere")


def test_a_record_half_begun_is_begun_again(tmp_path: Path) -> None:
    from revenue_machine.kit.ids import make_id

    (tmp_path / "harness" / "runs" / make_id("run", "del_1")).mkdir(parents=True)
    with local_house(tmp_path) as house:
        assert house.client.find("toy", "del_1") is None
        assert worked(house, "del_1", project="toy").status == "completed"


def test_a_record_nobody_can_read_is_never_begun_again(tmp_path: Path) -> None:
    from revenue_machine.kit.ids import make_id

    folder = tmp_path / "harness" / "runs" / make_id("run", "del_1")
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{", encoding="utf-8")
    with local_house(tmp_path) as house, pytest.raises(OutsideRejected, match="cannot be read"):
        house.client.start("toy", order())
