"""`make check` runs every check, tells what failed, and ends in one line."""

from __future__ import annotations

import re

import pytest

from tools import check


def test_all_house_checks_are_run() -> None:
    assert set(check.CHECKS) == {"mypy", "ruff", "format", "imports", "lint", "docs"}


def test_passing_checks_end_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(check, "CHECKS", {"one": ["-c", "print('quiet')"], "two": ["-c", "pass"]})
    assert check.main() == 0
    assert re.fullmatch(r"make check: one, two passed, \d+ s\n", capsys.readouterr().out)


def test_failing_check_is_shown_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(check, "CHECKS", {"one": ["-c", "raise SystemExit('broken here')"], "two": ["-c", "print('quiet')"]})
    assert check.main() == 1
    told = capsys.readouterr().out
    assert "--- one\nbroken here\n" in told
    assert "quiet" not in told
    assert re.search(r"make check: one failed, \d+ s\n$", told)
