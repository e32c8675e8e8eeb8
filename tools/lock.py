"""Pin every version, transitive ones too: constraints in pyproject.toml, hashes in two requirement files; no addresses.

`uv.lock` names the place packages came from, so it is not committed. `python -m tools.lock` writes what it says into files
that are; `python -m tools.lock --upgrade` takes newer versions first.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN = "# --- written by tools/lock.py: do not edit ---\n"
END = "# --- end of tools/lock.py ---\n"
CORE, EVERYTHING = "requirements.lock", "requirements-dev.lock"
HEADER = "# Written by tools/lock.py: {what}. Install: python3 -m pip install --require-hashes -r {name}\n"
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$")


def pins(text: str) -> list[tuple[str, str, str]]:
    """(name, version, marker or empty) of every pinned line, in order."""
    found = (PIN.match(line) for line in text.splitlines())
    return [(match["name"].lower(), match["version"], match["marker"] or "") for match in found if match]


def constraints(locked: list[tuple[str, str, str]]) -> str:
    """The block of pyproject.toml; one line per pin."""
    lines = [f'    "{name}=={version}{f" ; {marker}" if marker else ""}",\n' for name, version, marker in locked]
    return BEGIN + "[tool.uv]\nconstraint-dependencies = [\n" + "".join(lines) + "]\n" + END


def with_block(pyproject: str, block: str) -> str:
    """pyproject.toml with the block in place of the old one, or at its end."""
    if BEGIN not in pyproject:
        return pyproject.rstrip("\n") + "\n\n" + block
    head, rest = pyproject.split(BEGIN)
    return head + block + rest.split(END)[1]


def _uv(*words: str) -> str:
    uv = [shutil.which("uv") or ""] if shutil.which("uv") else [sys.executable, "-m", "uv"]
    return subprocess.run([*uv, *words], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _exported(*groups: str) -> str:
    return _uv("export", "--quiet", "--frozen", "--no-emit-project", "--no-header", "--no-annotate", *groups)


def main() -> int:
    """Resolve, then write all three; on a failure pyproject.toml is as it was."""
    project = ROOT / "pyproject.toml"
    before = project.read_text(encoding="utf-8")
    upgrade = "--upgrade" in sys.argv[1:]
    try:
        if upgrade:
            project.write_text(with_block(before, BEGIN + END), encoding="utf-8")
        _uv("lock", "--quiet", *(["--upgrade"] if upgrade else []))
        core, everything = _exported("--no-default-groups"), _exported("--all-groups", "--all-extras")
    except (subprocess.CalledProcessError, OSError) as error:
        project.write_text(before, encoding="utf-8")
        print(f"tools/lock: uv could not resolve: {error}", file=sys.stderr)
        return 1
    project.write_text(with_block(before, constraints(pins(everything))), encoding="utf-8")
    (ROOT / CORE).write_text(HEADER.format(what="what the product needs", name=CORE) + core, encoding="utf-8")
    (ROOT / EVERYTHING).write_text(HEADER.format(what="and what its checks need", name=EVERYTHING) + everything, encoding="utf-8")
    print(f"tools/lock: {len(pins(core))} pins for the product, {len(pins(everything))} with its checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
