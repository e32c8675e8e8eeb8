"""Each import contract of pyproject.toml breaks when somebody breaks it, and nobody has."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

if importlib.util.find_spec("importlinter") is None:
    pytest.skip("import-linter is not installed here; the group `lint` brings it", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command; lint_imports_command()"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
CULPRITS = {
    "layers": ("integrations/culprit/up.py", "import revenue_machine.sandbox"),
    "integrations-apart": ("integrations/culprit/aside.py", "import revenue_machine.integrations.stripe.wire"),
    "sandbox-outside": ("sandbox/culprit.py", "import revenue_machine.domains"),
    "fake-apart": ("integrations/culprit/fake.py", "import revenue_machine.integrations.culprit.wire"),
    "rules-pure": ("domains/culprit/rules.py", "import revenue_machine.kit.db"),
    "rules-apart": ("domains/culprit/rules.py", "import revenue_machine.engine.topic"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources."""
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root / "pyproject.toml")
    return root


def broken(house: Path) -> set[str]:
    """The ids of the contracts that do not hold."""
    words = [sys.executable, "-c", RUN, "--no-logo", "--no-cache"]
    told = subprocess.run(words, cwd=house, check=False, capture_output=True, text=True).stdout
    plain = " ".join(told.split())
    verdicts = {one["id"]: re.search(re.escape(one["name"]) + r" (KEPT|BROKEN)", plain) for one in CONTRACTS}
    assert None not in verdicts.values(), told
    return {name for name, verdict in verdicts.items() if verdict and verdict[1] == "BROKEN"}


def test_every_contract_has_its_culprit() -> None:
    assert {one["id"] for one in CONTRACTS} == set(CULPRITS)


def test_nothing_is_ignored() -> None:
    assert [one["id"] for one in CONTRACTS if "ignore_imports" in one] == []


def test_sources_keep_every_contract(house: Path) -> None:
    assert broken(house) == set()


@pytest.mark.parametrize("contract", CULPRITS)
def test_culprit_breaks_its_contract(house: Path, contract: str) -> None:
    place, line = CULPRITS[contract]
    culprit = house / "src" / "revenue_machine" / place
    for folder in {culprit.parent, house / "src" / "revenue_machine" / "integrations" / "culprit"}:
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    (house / "src" / "revenue_machine" / "integrations" / "culprit" / "wire.py").touch()
    culprit.write_text(f"{line}\n", encoding="utf-8")
    try:
        assert contract in broken(house)
    finally:
        culprit.unlink()
