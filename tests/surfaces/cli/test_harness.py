"""`revenue harness`: mistakes in one line, one address told, and no run lost or repeated when the server is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from revenue_machine.__main__ import main as revenue
from revenue_machine.kit.clock import machine_s, machine_sleep
from revenue_machine.kit.settings import load, sandbox_key
from revenue_machine.surfaces.cli.harness import accepted_keys, agent_options
from tests.integrations.acd_house import AGENT, git, order, repository, task

ROOT = Path(__file__).parents[3]
BEARER = {"authorization": "Bearer k_owner"}


@contextmanager
def served(home: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    """A real `revenue harness` and a line to it."""
    (home / "agent.py").write_text(AGENT, encoding="utf-8")
    (home / "projects").mkdir(exist_ok=True)
    command = f"{sys.executable} -S -E {home}/agent.py {{task_file}}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")}
    own |= {"REVENUE_HOME": str(home), "REVENUE_ACD__API_KEY": "k_owner"}
    arguments = [
        sys.executable,
        "-m",
        "revenue_machine",
        "harness",
        "--command",
        command,
        "--projects",
        str(home / "projects"),
        "--port",
        "0",
    ]
    process = subprocess.Popen([*arguments, *words], env=own, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.match(r"harness on (http://127\.0\.0\.1:\d+), with a key\n", said)
    assert found is not None, said
    try:
        with httpx2.Client(base_url=found[1], headers=BEARER, trust_env=False, timeout=20) as line:
            yield process, line
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def start(line: httpx2.Client, reference: str, text: str) -> httpx2.Response:
    body = order(reference, text).model_dump(by_alias=True, exclude_none=True)
    return line.post("/api/projects/shop/harness/start", json=body)


def written_by(child: Path) -> int:
    """The process id an agent wrote down of what it started."""
    deadline = machine_s() + 20
    while not (child.exists() and child.read_text()):
        assert machine_s() < deadline
        machine_sleep(0.02)
    return int(child.read_text())


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def test_a_killed_server_finds_its_run_again(tmp_path: Path) -> None:
    shop, child = repository(tmp_path / "projects" / "shop"), tmp_path / "child"
    text = task(None, f"child {child}", "waits 120")
    with served(tmp_path) as (process, line):
        assert start(line, "del_1", text).json()["data"]["status"] == "running"
        written_by(child)
        agent = line.get("/api/projects/shop/harness/status").json()["data"]["pid"]
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert is_alive(agent)
    (shop / "half.txt").write_text("half done", encoding="utf-8")
    with served(tmp_path) as (_, line):
        run = line.get("/api/projects/shop/harness/status", params={"reference": "del_1"}).json()["data"]
        assert (run["status"], run["reason"], run["pid"]) == ("failed", "interrupted", None)
        assert [one["subject"] for one in run["commits"]] == ["Left uncommitted by del_1"]
        assert not is_alive(agent)
        assert not is_alive(int(child.read_text()))
        assert git(shop, "symbolic-ref", "--short", "HEAD") == "main"
        assert start(line, "del_1", text).json()["data"]["status"] == "failed"
        assert line.get("/api/dashboard/stats").json()["data"] == {
            "projects": 1,
            "running": 0,
            "completed": 0,
            "failed": 1,
            "stopped": 0,
        }
        assert start(line, "del_2", task()).json()["data"]["status"] == "running"


def test_a_stopped_server_leaves_no_agent_behind(tmp_path: Path) -> None:
    child = tmp_path / "child"
    (tmp_path / "projects" / "shop").mkdir(parents=True)
    with served(tmp_path) as (process, line):
        assert start(line, "del_1", task(None, f"child {child}", "waits 120")).json()["data"]["status"] == "running"
        pid = written_by(child)
        process.terminate()
        assert process.wait(20) == 0
    assert not is_alive(pid)
    record = next((tmp_path / "harness" / "runs").glob("*/run.json")).read_text(encoding="utf-8")
    assert '"reason": "interrupted"' in record


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--command", "no-such-agent {task_file}"], "there is no program 'no-such-agent'"),
        (["--command", "sh -c 'true"], "the command cannot be read"),
        (["--command", "sh -c true"], "never names {task_file}"),
        (["--pass-env", "REVENUE_STRIPE__API_KEY"], "no agent gets it"),
        (["--minutes", "0"], "1 to 1440 minutes"),
        (["--projects", "/nowhere/at/all"], "cannot be used"),
        (["--port", "99999"], "port 99999 cannot be used"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REVENUE_HOME", str(tmp_path / "home"))
    fitting = ["--command", "sh {task_file}", "--projects", str(tmp_path), "--port", "0"]
    assert revenue(["harness", *fitting, *words]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert "bad_input" in told[0]
    assert said in told[0]


def test_a_shell_is_used_only_when_named() -> None:
    options = agent_options("sh -c 'cat \"$HARNESS_TASK_FILE\" | tr a b'", ["AGENT_KEY"], 5)
    assert options.words == ("sh", "-c", 'cat "$HARNESS_TASK_FILE" | tr a b')
    assert (options.passed, options.limit_s) == (("AGENT_KEY",), 300.0)


def test_keys_are_those_the_product_sends(tmp_path: Path) -> None:
    home = {"REVENUE_HOME": str(tmp_path)}
    assert accepted_keys(load(home)) == ()
    assert accepted_keys(load({**home, "REVENUE_ACD__API_KEY": "k"})) == ("k", sandbox_key("acd"))
    assert accepted_keys(load({**home, "REVENUE_ACD__API_KEY": "k", "REVENUE_MODE": "live"})) == ("k",)
