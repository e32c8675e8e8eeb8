"""What is kept of a long log: its beginning, its end, numbers that tell what is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from revenue_machine.integrations.acd.local_log import LINE_CHARS, RunLog
from revenue_machine.kit.clock import PushedClock

CLOCK = PushedClock(datetime(2026, 11, 22, 9, tzinfo=UTC))


def test_lines_are_numbered_over_streams(tmp_path: Path) -> None:
    log = RunLog(tmp_path, CLOCK)
    log.write("stdout", "one\ntwo")
    log.write("stderr", "three")
    assert log.page(0, None) == {
        "lines": [
            {"number": number, "at": "2026-11-22T09:00:00+00:00", "stream": stream, "text": text}
            for number, stream, text in ((1, "stdout", "one"), (2, "stdout", "two"), (3, "stderr", "three"))
        ],
        "nextAfter": 3, "dropped": 0, "isEnd": True,
    }  # fmt: skip
    assert [line["text"] for line in log.page(2, None)["lines"]] == ["three"]
    assert [line["text"] for line in log.page(0, 2)["lines"]] == ["two", "three"]


def test_a_log_is_found_again(tmp_path: Path) -> None:
    RunLog(tmp_path, CLOCK).write("stdout", "one")
    again = RunLog(tmp_path, CLOCK)
    again.write("stdout", "two")
    assert [line["number"] for line in again.page(0, None)["lines"]] == [1, 2]


def test_a_line_cut_by_a_kill_is_left_out(tmp_path: Path) -> None:
    log = RunLog(tmp_path, CLOCK)
    log.write("stdout", "one\ntwo")
    place = tmp_path / "head.jsonl"
    place.write_bytes(place.read_bytes()[:-5])
    assert [line["text"] for line in RunLog(tmp_path, CLOCK).page(0, None)["lines"]] == ["one"]


def test_long_lines_are_cut_in_pieces(tmp_path: Path) -> None:
    log = RunLog(tmp_path, CLOCK)
    log.write("stdout", "x" * (2 * LINE_CHARS + 1))
    assert [len(line["text"]) for line in log.page(0, None)["lines"]] == [LINE_CHARS, LINE_CHARS, 1]


def test_the_middle_of_a_long_log_goes(tmp_path: Path) -> None:
    log = RunLog(tmp_path, CLOCK)
    for number in range(4000):
        log.write("stdout", f"{number} " + "x" * 990)
    assert sum(place.stat().st_size for place in tmp_path.iterdir()) < 1_600_000
    numbers, after = list[int](), 0
    while True:
        page = log.page(after, None)
        numbers += [line["number"] for line in page["lines"]]
        after = page["nextAfter"]
        if page["isEnd"]:
            break
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1], log.count) == (1, 4000, 4000)
    assert page["dropped"] == 4000 - len(numbers)
    assert page["dropped"] > 2000
