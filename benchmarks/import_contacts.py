"""What `revenue import contacts` costs beside plain inserts: `python benchmarks/import_contacts.py [--rows 100000]`."""

from __future__ import annotations

import argparse
import csv
import resource
import sqlite3
import tempfile
import time
from pathlib import Path

from revenue_machine.app import build
from revenue_machine.domains.crm.imports import IMPORTS
from revenue_machine.engine.importing import ImportWishes, import_file, undo_import
from revenue_machine.kit.clock import PushedClock, parse_instant
from revenue_machine.kit.settings import load

HEADER = ["First Name", "Last Name", "Email", "Phone Number", "Company Name", "Job Title", "LinkedIn URL", "City", "Record ID"]


def write_file(path: Path, rows: int) -> None:
    """A HubSpot export of so many people, all different."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for number in range(rows):
            link = f"https://www.linkedin.com/in/person-{number}/"
            writer.writerow([
                f"Ada{number % 977}", f"Byron{number}", f"ada.{number}@firm{number % 4999}.example", f"+49 30 {number:07}",
                f"Firm {number % 4999} GmbH", "Founder", link, "Berlin", number,
            ])  # fmt: skip


def floor_s(path: Path, folder: Path) -> float:
    """Read the file and insert its rows as they are with one executemany into a bare table."""
    started_s = time.monotonic()
    with path.open(encoding="utf-8", newline="") as text:
        lines = list(csv.reader(text))[1:]
    connection = sqlite3.connect(folder / "floor.db")
    connection.execute("pragma journal_mode=wal")
    connection.execute("create table people (a, b, email primary key, d, e, f, g, h, i)")
    connection.executemany("insert into people values (?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)
    connection.commit()
    connection.close()
    return time.monotonic() - started_s


def main() -> None:
    """Measure the floor, the first import, the same file again, and the undo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database-url", help="default: SQLite in a folder that is deleted afterwards")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "contacts.csv"
        write_file(path, args.rows)
        costs = {"plain executemany (floor)": floor_s(path, folder)}
        before_mb = _peak_mb()
        settings = load({"REVENUE_HOME": name, **({"REVENUE_DATABASE_URL": args.database_url} if args.database_url else {})})
        app = build(settings, PushedClock(parse_instant("2026-11-02T06:00:00+00:00")))
        words: dict[str, str] = {}
        for what in ("import", "the same again"):
            started_s = time.monotonic()
            report = import_file(IMPORTS["contacts"], path, ImportWishes(), app.container)
            costs[what] = time.monotonic() - started_s
            words[what] = f"stored {report.stored}, duplicates {report.duplicates}"
        started_s = time.monotonic()
        undone = undo_import(IMPORTS["contacts"], str(path), app.container)
        costs["undo"] = time.monotonic() - started_s
        words["undo"] = f"removed {undone.removed}"
        app.close()
    print(f"{'':26} {'wall s':>8} {'rows/s':>9} {'x floor':>8}")
    for what, cost_s in costs.items():
        ratio = cost_s / costs["plain executemany (floor)"]
        print(f"{what:26} {cost_s:8.2f} {args.rows / cost_s:9.0f} {ratio:8.1f}  {words.get(what, '')}")
    print(f"peak memory {_peak_mb():.0f} MB, {before_mb:.0f} MB of it before the import")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
