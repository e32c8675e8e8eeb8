"""Two hundred calls from four processes for the last fifty cents, one process killed in flight, on both databases."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from revenue_machine.app import App
from tests.domains.credit.paying_process import ask_at_once
from tests.domains.money_house import facts, open_house, scopes, spend

PROCESSES, CALLS = 4, 50
ANSWERED_MICRO_USD = 150
WORST_CASE_MICRO_USD = 50_000


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _wait_until_decided(home: Path, processes: list[ForkServerProcess]) -> None:
    """Every call is either refused or has reached the vendor."""
    deadline = time.monotonic() + 200
    while len(_lines(home / "sent")) + len(_lines(home / "outcomes")) < PROCESSES * CALLS:
        assert time.monotonic() < deadline, f"{len(_lines(home / 'sent'))} sent, {len(_lines(home / 'outcomes'))} refused"
        assert all(one.exitcode in {None, 0} for one in processes), "a process died before everything was decided"
        time.sleep(0.05)


def _holds(app: App) -> list[tuple[str, int]]:
    with app.database.reading() as connection:
        rows = connection.exec_driver_sql("select state, count(*) from actp_budget_holds group by state order by state").all()
    return [(row[0], row[1]) for row in rows]


def _start(home: Path, database_url: str) -> list[ForkServerProcess]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([ask_at_once.__module__])
    processes = [context.Process(target=ask_at_once, args=(home, database_url, number, CALLS)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    return processes


def test_last_fifty_cents_admit_ten_of_two_hundred(tmp_path: Path, database_url: str) -> None:
    app = open_house(tmp_path, REVENUE_DATABASE_URL=database_url, REVENUE_BUDGET__DAY_USD="1")
    spend(app, "earlier", 500_000)
    processes = _start(tmp_path, database_url)
    try:
        _wait_until_decided(tmp_path, processes)
        refused = Counter(line.split()[1] for line in _lines(tmp_path / "outcomes"))
        sent = Counter(line.split()[0] for line in _lines(tmp_path / "sent"))
        assert (sum(sent.values()), refused) == (10, {"budget_exhausted": 190})
        assert scopes(app)["day:2026-11-02"] == (500_000, 500_000)
        lost = sent[_kill_one(processes, sent)]
        (tmp_path / "release").touch()
        for process in processes:
            process.join(timeout=60)
    finally:
        for process in processes:
            process.kill()
    result = app.call("system.reconcile").result
    assert (result["settled"], result["parked"]) == (lost, 0)
    spent = 500_000 + lost * WORST_CASE_MICRO_USD + (10 - lost) * ANSWERED_MICRO_USD
    assert scopes(app)["day:2026-11-02"] == (spent, 0)
    assert scopes(app)["month:2026-11"] == (spent, 0)
    assert _holds(app) == [("released", 10)]
    assert facts(app, "alert.raised")[0]["key"] == "budget/day:2026-11-02/refused"
    questions = {one["name"]: one["detail"] for one in app.call("system.self_test").result["checks"] if not one["ok"]}
    assert questions == {}
    app.close()


def _kill_one(processes: list[ForkServerProcess], sent: Counter[str]) -> str:
    """Kill the process with the most calls in flight; its name."""
    number = max(sent, key=lambda one: (sent[one], one))
    processes[int(number)].kill()
    processes[int(number)].join(timeout=10)
    return number
