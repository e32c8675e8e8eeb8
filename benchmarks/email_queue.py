"""What queueing and rendering mail costs beside its floor, and whether the planner feels the size of the table."""

from __future__ import annotations

import argparse
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from revenue_machine.app import App, build
from revenue_machine.domains.email import letterpress, reads, store
from revenue_machine.domains.email.letterpress import Recipient
from revenue_machine.domains.email.models import Letter, Wording
from revenue_machine.domains.email.outgoing import token_of
from revenue_machine.domains.email.tables import SENDS
from revenue_machine.domains.owner.owner_file import EXAMPLE, load_business
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.settings import load

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
AT_ONCE = 1_000
FEW, MANY = 1_000, 1_000_000
DUE = 30


@dataclass(frozen=True)
class Row:
    """One line of the answer."""

    name: str
    seconds: float
    count: int

    def show(self, floor: float) -> str:
        """Rate and ratio to the floor."""
        return f"{self.name:44} {self.seconds:8.2f} s {self.count / self.seconds:12,.0f} /s {self.seconds / floor:8.2f} x"


def timed(name: str, count: int, work: Callable[[], Any]) -> Row:
    """Run once."""
    started_s = time.perf_counter()
    work()
    return Row(name, time.perf_counter() - started_s, count)


def open_app(home: Path) -> App:
    """A house of its own."""
    return build(load({"REVENUE_HOME": str(home)}), PushedClock(NOW))


def plain_ids(home: Path, count: int) -> None:
    """The floor: nothing but two ids a row, a thousand a commit, on disk when acknowledged."""
    connection = sqlite3.connect(home / "floor.db", isolation_level=None)
    for pragma in ("journal_mode=wal", "synchronous=full"):
        connection.execute(f"pragma {pragma}")
    key = "primary key (sequence_id, contact_id, step)"
    connection.execute(f"create table queue (sequence_id text, contact_id text, step integer, {key})")
    for start in range(0, count, AT_ONCE):
        connection.execute("begin")
        rows = [("seq", make_id("con", number), 1) for number in range(start, start + AT_ONCE)]
        connection.executemany("insert into queue values (?, ?, ?)", rows)
        connection.execute("commit")
    connection.close()


def enrolments(start: int, count: int, due_at: datetime) -> list[dict[str, Any]]:
    """People in a sequence, as `enrolling` writes them."""
    return [
        {
            "id": make_id("enr", "seq", number), "sequence_id": "seq", "contact_id": make_id("con", number), "product": None,
            "user_id": None, "status": "active", "arm": "treated", "propensity": 0.9, "step": 1, "anchor_at": NOW,
            "next_send_at": due_at, "next_due_at": due_at, "revenue_micro_usd": 0, "created_at": NOW, "updated_at": NOW,
        }
        for number in range(start, start + count)
    ]  # fmt: skip


def enqueue(app: App, count: int, due_at: datetime, first: int = 0) -> int:
    """Queue ids and times, a thousand a commit; mails are printed when they leave. How many were new."""
    fresh = 0
    for start in range(first, first + count, AT_ONCE):
        with app.database.writing() as connection:
            fresh += store.enrol(connection, app.database, enrolments(start, min(AT_ONCE, first + count - start), due_at))
    return fresh


def letters(count: int) -> Iterator[tuple[str, Letter]]:
    """(token, mail) of one version for many people, one at a time."""
    business = load_business(EXAMPLE)
    if business is None:
        raise SystemExit("the shipped example describes no business")
    source = letterpress.source_text("trial_day1", business.products[0])
    if source is None:
        raise SystemExit("the first trial text cannot be made")
    wording = Wording("tpl", "trial_day1", "p", "", "v", "v", *source, "h", "you started a trial", "approved", 1, None, None, None)
    plate = letterpress.plate(wording, business)
    for number in range(count):
        token = token_of("key", str(number))
        links = {"product": f"https://go.example/r/{number:010}"}
        yield token, plate.print(Recipient("Ada", links, f"https://go.example/u/{token}"))


def render(count: int) -> int:
    """Print everything and keep nothing."""
    return sum(len(letter.html) for _, letter in letters(count))


def render_and_enqueue(app: App, count: int) -> None:
    """Print every mail and write its row, a thousand a commit."""
    batch: list[dict[str, Any]] = []
    for number, (token, letter) in enumerate(letters(count)):
        batch.append({
            "id": make_id("ems", number), "sequence_id": "seq", "enrolment_id": make_id("enr", "seq", number),
            "contact_id": make_id("con", number), "step_number": 1, "subject": letter.subject, "status": "planned",
            "kind": "marketing",
            "recipient": f"p{number}@people.example", "template_id": "tpl", "template_version": "v", "provider": "resend",
            "intent_key": f"resend.send/{number}", "link_ids": {}, "unsubscribe_hash": content_hash(token), "created_at": NOW,
            "updated_at": NOW,
        })  # fmt: skip
        if len(batch) == AT_ONCE:
            with app.database.writing() as connection:
                app.database.put(connection, SENDS, batch, ["sequence_id", "contact_id", "step_number"])
            batch = []


def planner_ms(app: App, rounds: int = 200) -> float:
    """Milliseconds to find what is due, divided by how much is; the median."""
    found = []
    for _ in range(rounds):
        started_s = time.perf_counter()
        with app.database.reading() as connection:
            reads.next_due_at(connection)
            due = reads.due_enrolments(connection, NOW, DUE)
        found.append((time.perf_counter() - started_s) * 1000 / len(due))
    return statistics.median(found)


def peak_mb() -> float:
    """The most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print rates beside the floor, memory, and the planner at two sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=100_000)
    parser.add_argument("--planner-rows", type=int, default=MANY)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = open_app(Path(folder) / "home")
        before_mb = peak_mb()
        floor = timed("ids only (floor)", args.mails, lambda: plain_ids(Path(folder), args.mails))
        rows = [
            floor,
            timed("enqueue (ids, times, arm)", args.mails, lambda: enqueue(app, args.mails, NOW + timedelta(days=1))),
            timed("enqueue again (0 new rows)", args.mails, lambda: enqueue(app, args.mails, NOW + timedelta(days=1))),
            timed("render alone (html, text, headers)", args.mails, lambda: render(args.mails)),
            timed("render and enqueue", args.mails, lambda: render_and_enqueue(app, args.mails)),
        ]
        print("\n".join(row.show(floor.seconds) for row in rows))
        print(f"{'memory on top of the opened product':44} {peak_mb() - before_mb:8.1f} MB (process {peak_mb():.0f} MB)")
        app.close()
        for size in (FEW, args.planner_rows):
            app = open_app(Path(folder) / f"plan-{size}")
            enqueue(app, DUE, NOW - timedelta(hours=1))
            enqueue(app, size - DUE, NOW + timedelta(days=1), first=DUE)
            print(f"{f'planner, {size:,} enrolments, {DUE} due':44} {planner_ms(app):8.4f} ms a due mail")
            app.close()


if __name__ == "__main__":
    main()
