"""Who may run, what it may see, and who is ended: never a stranger that was given an old number."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from revenue_machine.integrations.acd.local_process import Agent, agent_environment, birth_of, end_left_behind
from revenue_machine.kit.clock import machine_s, machine_sleep

SLEEP = ("/bin/sleep", "300")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process group of somebody."""
    process = subprocess.Popen(SLEEP, start_new_session=True, env={"HARNESS_RUN": "run_1"})
    yield process
    process.kill()
    process.wait()


def test_an_agent_waits_for_its_gate(tmp_path: Path) -> None:
    agent = Agent(("/bin/sh", "-c", "echo ran > ran"), tmp_path, {"PATH": os.environ["PATH"]})
    machine_sleep(0.2)
    assert not (tmp_path / "ran").exists()
    agent.call_off()
    assert not (tmp_path / "ran").exists()
    assert birth_of(agent.pid) is None


def test_an_open_gate_lets_it_run(tmp_path: Path) -> None:
    agent = Agent(("/bin/sh", "-c", "echo said; echo oops >&2; exit 7"), tmp_path, {"PATH": os.environ["PATH"]})
    heard: list[tuple[str, str]] = []
    agent.go()
    agent.hear(lambda stream, text: heard.append((stream, text)))
    assert (agent.code(5), sorted(heard)) == (7, [("stderr", "oops"), ("stdout", "said")])


def test_words_are_never_read_by_a_shell(tmp_path: Path) -> None:
    agent = Agent(("/bin/echo", "$(touch x)", "; touch y", "a  b"), tmp_path, {"PATH": os.environ["PATH"]})
    heard: list[str] = []
    agent.go()
    agent.hear(lambda _, text: heard.append(text))
    assert (agent.code(5), heard, list(tmp_path.iterdir())) == (0, ["$(touch x) ; touch y a  b"], [])


def test_somebody_who_holds_the_pipe_is_not_waited_for(tmp_path: Path) -> None:
    agent = Agent(("/bin/sh", "-c", "setsid /bin/sleep 30 & echo $! > pid; echo done"), tmp_path, {"PATH": os.environ["PATH"]})
    heard: list[str] = []
    began = machine_s()
    agent.go()
    agent.hear(lambda _, text: heard.append(text))
    assert (heard, machine_s() - began < 15) == (["done"], True)
    os.kill(int((tmp_path / "pid").read_text()), 9)


def test_a_left_agent_is_known_by_its_birth(sleeper: subprocess.Popen[bytes]) -> None:
    assert end_left_behind(sleeper.pid, "another birth", "run_1", 0.1) is False
    assert end_left_behind(sleeper.pid, None, "run_1", 0.1) is False
    assert sleeper.poll() is None
    assert end_left_behind(sleeper.pid, birth_of(sleeper.pid), "run_1", 0.1) is True
    assert sleeper.wait(5) < 0
    assert end_left_behind(sleeper.pid, "another birth", "run_1", 0.1) is False


def test_children_of_a_gone_leader_carry_its_name(tmp_path: Path) -> None:
    words = ("/bin/sh", "-c", f"/bin/sleep 300 & echo $! > {tmp_path}/pid")
    leader = subprocess.Popen(words, start_new_session=True, env={"HARNESS_RUN": "run_1"})
    leader.wait()
    child = int((tmp_path / "pid").read_text())
    assert end_left_behind(leader.pid, "gone", "run_2", 0.1) is False
    assert birth_of(child) is not None
    assert end_left_behind(leader.pid, "gone", "run_1", 0.1) is True
    deadline = machine_s() + 5
    while birth_of(child) is not None and machine_s() < deadline:
        machine_sleep(0.02)
    assert birth_of(child) is None


def test_secrets_are_never_passed() -> None:
    ours = {"PATH": "/bin", "HOME": "/root", "LC_ALL": "C", "REVENUE_X": "s", "revenue_y": "s", "OPENAI_API_KEY": "k", "MINE": "m"}
    found = agent_environment(ours, ("MINE", "REVENUE_X", "revenue_y"), {"HARNESS_MODEL": "opus"})
    assert found == {"PATH": "/bin", "HOME": "/root", "LC_ALL": "C", "MINE": "m", "HARNESS_MODEL": "opus"}
