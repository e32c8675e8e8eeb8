"""README, .ci/run and the Makefile say the same words; documents keep their shape."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "python3 -m pip install uv && python3 -m uv run revenue demo",
    "python3 -m pip install uv && python3 -m uv run pytest",
)
TARGETS = {"help", "setup", "check", "fix", "test", "proof", "real", "conformance", "docs", "lock", "new", "revision", "demo"}
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", ".ci/run"])
def test_two_commands_stand_word_for_word(name: str) -> None:
    lines = [line.strip() for line in text(name).splitlines()]
    assert [command for command in COMMANDS if command not in lines] == []


def test_commands_open_the_readme() -> None:
    assert all(command in text("README.md")[:1500] for command in COMMANDS)


def test_readme_names_pipx() -> None:
    assert "pipx install uv" in text("README.md")


def test_every_discovered_role_is_told() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    roles = set(re.findall(r'\bmodules\(\w+, "(\w+)"\)', sources))
    assert roles > {"topics", "webhooks", "runs"}
    assert [role for role in sorted(roles) if f"`{role}.py`" not in text("CONTRIBUTING.md")] == []


def test_ci_runs_the_house_checks() -> None:
    assert "make check" in text(".ci/run").splitlines()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_ci_script_is_sound_shell() -> None:
    assert "set -euo pipefail" in text(".ci/run")
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0


def test_makefile_lists_its_targets() -> None:
    described = set(re.findall(r"^([a-z]+):.*## \S", text("Makefile"), re.MULTILINE))
    assert described == TARGETS


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_decision_record_keeps_its_shape(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    assert len(lines) <= 50
    assert lines[0].startswith(f"# {path.name[:4]} · ")
    headings = [line for line in lines if line.startswith("## ")]
    assert headings == ["## Why", "## Decision", "## Measured", "## Checked by"]


def test_decision_numbers_are_used_once() -> None:
    numbers = [path.name[:4] for path in RECORDS]
    assert len(numbers) == len(set(numbers))


def test_no_file_promises_later_work() -> None:
    words = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X{3})\b")
    files = [
        path for folder in ("src", "tools", "tests", "docs") for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md"}
    ]
    assert [str(path.relative_to(ROOT)) for path in files if words.search(path.read_text(encoding="utf-8"))] == []


def test_no_file_names_a_package_host() -> None:
    hosts = re.compile(
        "|".join(("py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.org", "py" + "pi-more", r"proxy\.gol" + "ang"))
    )
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=False, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout, so nobody knows which files are committed")
    files = [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    assert [str(path.relative_to(ROOT)) for path in files if hosts.search(path.read_text(encoding="utf-8", errors="replace"))] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/runbook.md"])
def test_named_files_exist(name: str) -> None:
    named = re.findall(r"\b(?:src|tests|tools|docs|benchmarks|migrations)/[\w/.-]+\.(?:py|md|toml)\b", text(name))
    assert [path for path in named if not (ROOT / path).exists() and "/NNNN" not in path] == []
