"""Writes the next revision from what the tables declare beyond the chain: `python -m tools.revision "what changed"`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from revenue_machine import domains
from revenue_machine.engine.database import Database
from revenue_machine.engine.migrate import FOLDER, config_for
from revenue_machine.engine.registry import modules


def main(message: str) -> None:
    """Upgrade an empty database along the chain and let the difference be written down."""
    for _ in modules(domains, "tables"):
        continue
    numbers = [int(path.name.split("_", 1)[0]) for path in (FOLDER / "versions").glob("[0-9]*_*.py")]
    revision = f"{max(numbers, default=0) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        with database.writing() as connection:
            config = config_for(connection)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            command.upgrade(config, "head")
            command.revision(config, message=message, autogenerate=True, rev_id=revision)
        database.close()
    tidy(next((FOLDER / "versions").glob(f"{revision}_*.py")))


def tidy(path: Path) -> None:
    """Spell it as the house does, where ruff is installed."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff:
        subprocess.run([ruff, "check", "--quiet", "--fix", "--exit-zero", str(path)], check=True)
        subprocess.run([ruff, "format", "--quiet", str(path)], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
