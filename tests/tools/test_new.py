"""Each recipe's scaffold obeys the house, is found by discovery, and fails until it is written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.lint.__main__ import lint, read_tree
from tools.new import Refusal, main, merged, scaffold, words_for

ROOT = Path(__file__).resolve().parents[2]
RECIPES = [
    ["domain", "sample_notes"],
    ["topic", "sample_notes.find"],
    ["topic", "sample_notes.list", "--effect", "WRITES"],
    ["table", "actp_sample_notes_lines", "--domain", "sample_notes"],
    ["adapter", "sample_vendor"],
    ["adapter", "sample_silent"],
    ["webhook", "sample_vendor", "--domain", "sample_notes"],
    ["page", "sample_notes"],
    ["section", "sample_notes"],
]
# What a scaffold stands on, and the contracts over every topic, adapter and table that it must not break.
CAST = (
    "__init__.py", "conftest.py", "app_fixture.py", "domains/conftest.py", "integrations/conftest.py", "contracts/topic_inputs.py",
    "contracts/test_topics.py", "contracts/test_adapters.py", "contracts/test_tables.py", "migrations/test_chain.py",
)  # fmt: skip
LOOK = """
from revenue_machine import domains
from revenue_machine.app import client_kinds, manifests
from revenue_machine.engine.page import discover_pages
from revenue_machine.engine.registry import discover, modules
from revenue_machine.kit.db import metadata
found = discover(domains).topics
assert found["sample_notes.find"].built and found["sample_notes.list"].built
assert [folder for folder, _ in modules(domains, "webhooks") if folder == "sample_notes"]
assert [folder for folder, _ in modules(domains, "tables") if folder == "sample_notes"]
assert "actp_sample_notes_lines" in metadata.tables
assert discover_pages(domains).find("sample-notes").title == "Sample notes"
assert "sample_vendor" in manifests() and "sample_vendor" in client_kinds()
assert found["sample_notes.list"].effect.name == "WRITES"
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house with every recipe followed in it."""
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root / "pyproject.toml")
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in CAST:
        (root / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, root / "tests" / name)
    assert [main(recipe, root) for recipe in RECIPES] == [0] * len(RECIPES)
    return root


def python(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """This Python over the copied sources."""
    env = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *words], cwd=tree, env=env, check=False, capture_output=True, text=True)


def test_scaffold_obeys_the_house(tree: Path) -> None:
    assert [str(finding) for finding in lint(read_tree(tree)) if "sample_" in finding.path] == []


def test_scaffold_is_found_by_discovery(tree: Path) -> None:
    done = python(tree, "-c", LOOK)
    assert done.returncode == 0, done.stderr


def test_scaffold_fails_until_written(tree: Path) -> None:
    done = python(tree, "-m", "pytest", "-n", "0", "--tb=no", "-rf", "tests/domains", "tests/integrations")
    assert sorted(re.findall(r"FAILED \S+::(\w+)", done.stdout)) == [
        "test_columns_are_the_ones_needed",
        "test_domain_says_what_it_decides",
        "test_find_answers_what_is_asked",
        "test_manifest_names_the_real_vendor",
        "test_manifest_names_the_real_vendor",
        "test_page_says_how_it_stands",
        "test_report_says_what_is_known",
        "test_sample_notes_list_answers_what_is_asked",
        "test_thing_changes_what_it_should",
    ], done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_scaffold_breaks_no_contract(tree: Path) -> None:
    done = python(tree, "-m", "pytest", "-n", "0", "--tb=short", "tests/contracts", "-k", "sample_")
    assert done.returncode == 0, done.stdout + done.stderr


def test_revision_brings_the_chain_up(tree: Path) -> None:
    written = python(tree, "-m", "tools.revision", "sample notes")
    assert written.returncode == 0, written.stderr
    (revision,) = (tree / "src" / "revenue_machine" / "migrations" / "versions").glob("*_sample_notes.py")
    assert re.findall(r"op\.create_table\(\s*['\"](\w+)['\"]", revision.read_text(encoding="utf-8")) == ["actp_sample_notes_lines"]
    done = python(tree, "-m", "pytest", "-n", "0", "--tb=short", "tests/migrations/test_chain.py", "-k", "not postgresql")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ruff_findings(tree, "_sample_notes.py") == []


def test_scaffold_passes_ruff(tree: Path) -> None:
    assert ruff_findings(tree, "sample_") == []


def ruff_findings(tree: Path, name: str) -> list[str]:
    """What ruff says of files with that name; skips where it is not installed."""
    ruff = Path(sys.executable).parent / "ruff"
    if not ruff.is_file():
        pytest.skip("ruff is not installed here; the group `lint` brings it")
    words = [str(ruff), "check", "--quiet", "--output-format", "concise", "."]
    done = subprocess.run(words, cwd=tree, check=False, capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if name in line]


def test_existing_file_is_never_overwritten(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adapter", "sample_vendor"], tree) == 1
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (["topic", "nowhere.find"], "there is no domain nowhere"),
        (["topic", "find"], "a topic is named like"),
        (["table", "notes", "--domain", "sample_notes"], "a table is named like"),
        (["webhook", "nobody", "--domain", "sample_notes"], "there is no integration nobody"),
    ],
)
def test_impossible_wish_is_refused(tree: Path, capsys: pytest.CaptureFixture[str], recipe: list[str], words: str) -> None:
    assert main(recipe, tree) == 1
    assert words in capsys.readouterr().err


def test_refusal_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refusal):
        scaffold(tmp_path, "topic", words_for("topic", "nowhere.find", None))
    assert list(tmp_path.iterdir()) == []


def test_merge_keeps_both_bodies() -> None:
    old = '"""A."""\n\nfrom __future__ import annotations\n\nimport re\n\nX = re.compile("x")\n'
    new = '"""B."""\n\nfrom __future__ import annotations\n\nimport json\n\n\nY = json.dumps(1)\n'
    assert merged(old, new) == (
        '"""A."""\n\nfrom __future__ import annotations\n\nimport json\n\nimport re\n\nX = re.compile("x")\n\n\nY = json.dumps(1)\n'
    )
