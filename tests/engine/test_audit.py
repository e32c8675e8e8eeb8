"""Scenario 29: many writers make one chain, and every way of tampering with it shows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from revenue_machine.engine.audit import GENESIS, Audit, _hash
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import AUDIT
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import Conflict
from tests.app_fixture import START

WRITERS, EACH = 8, 63


def write(database: Database, audit: Audit, count: int, actor: str = "ada") -> None:
    for number in range(count):
        with database.writing() as connection:
            audit.note(connection, actor, "act", f"{actor}-{number}", "ok", detail={"n": number})


def sealed(database: Database) -> list[dict[str, object]]:
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(AUDIT).order_by(AUDIT.c.sequence)).mappings()]


def test_many_writers_and_sealers_make_one_chain(database: Database, clock: PushedClock) -> None:
    def work(name: str) -> None:
        own = Audit(database, clock)
        for part in range(3):
            write(database, own, EACH // 3, f"{name}-{part}")
            own.seal()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, [f"writer-{number}" for number in range(WRITERS)]))
    audit = Audit(database, clock)
    audit.seal()
    assert audit.verify(audit.head()) == WRITERS * EACH
    rows = sealed(database)
    assert [row["sequence"] for row in rows] == list(range(1, WRITERS * EACH + 1))
    assert len({row["previous_hash"] for row in rows}) == WRITERS * EACH


def test_a_rolled_back_cause_leaves_no_entry(database: Database, audit: Audit) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        audit.note(connection, "ada", "act", "x", "ok")
        _ = 1 // 0
    assert audit.seal() == 0
    assert audit.head() == (0, GENESIS)


def test_sealing_again_changes_nothing(database: Database, audit: Audit) -> None:
    write(database, audit, 3)
    assert audit.seal() == 3
    before = sealed(database)
    assert audit.seal() == 0
    assert sealed(database) == before


def test_the_detail_is_kept_as_a_hash_only(database: Database, audit: Audit) -> None:
    with database.writing() as connection:
        audit.note(connection, "ada", "act", "x", "ok", detail="private words")
    assert "private words" not in str(sealed(database))


def flip_a_byte(connection: sa.Connection) -> None:
    connection.execute(AUDIT.update().where(AUDIT.c.sequence == 7).values(outcome="no"))


def cut_the_middle(connection: sa.Connection) -> None:
    connection.execute(AUDIT.delete().where(AUDIT.c.sequence == 7))


def cut_the_last(connection: sa.Connection) -> None:
    connection.execute(AUDIT.delete().where(AUDIT.c.sequence == 12))


def cut_everything(connection: sa.Connection) -> None:
    connection.execute(AUDIT.delete())


def swap_two(connection: sa.Connection) -> None:
    for number, other in ((4, 1004), (5, 4), (1004, 5)):
        connection.execute(AUDIT.update().where(AUDIT.c.sequence == number).values(sequence=other))


def chain_anew(connection: sa.Connection) -> None:
    """A clever attacker: change entry 7 and compute every later hash again."""
    connection.execute(AUDIT.update().where(AUDIT.c.sequence == 7).values(outcome="no"))
    rows = [dict(row) for row in connection.execute(sa.select(AUDIT).order_by(AUDIT.c.sequence)).mappings()]
    previous = GENESIS
    for row in rows:
        row["previous_hash"] = previous
        previous = _hash(row)
        new = {"previous_hash": row["previous_hash"], "hash": previous}
        connection.execute(AUDIT.update().where(AUDIT.c.sequence == row["sequence"]).values(new))


def cut_the_middle_and_chain_anew(connection: sa.Connection) -> None:
    cut_the_middle(connection)
    chain_anew(connection)


def change_one_with_its_hash(connection: sa.Connection) -> None:
    row = dict(connection.execute(sa.select(AUDIT).where(AUDIT.c.sequence == 7)).mappings().one()) | {"outcome": "no"}
    connection.execute(AUDIT.update().where(AUDIT.c.sequence == 7).values(outcome="no", hash=_hash(row)))


ATTACKS = [
    (flip_a_byte, "broken at entry 7"), (cut_the_middle, "broken at entry 7"), (cut_the_last, "ends at entry 11; the anchor knows 12"),
    (cut_everything, "ends at entry 0; the anchor knows 12"), (swap_two, "broken at entry 4"),
    (chain_anew, "rewritten at or before entry 12"), (cut_the_middle_and_chain_anew, "broken at entry 7"),
    (change_one_with_its_hash, "broken at entry 8"),
]  # fmt: skip


@pytest.mark.parametrize(("attack", "words"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
def test_each_attack_is_found_with_the_anchor(
    attack: Callable[[sa.Connection], None], words: str, database: Database, audit: Audit
) -> None:
    write(database, audit, 12)
    audit.seal()
    anchor = audit.head()
    with database.writing() as connection:
        attack(connection)
    with pytest.raises(Conflict, match=words):
        audit.verify(anchor)


def test_two_sealers_take_turns(database: Database, audit: Audit) -> None:
    write(database, audit, 3)
    with ThreadPoolExecutor(1) as pool:
        with database.writing() as connection:
            database.lock(connection, "audit-sealer")
            waiting = pool.submit(audit.seal)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
        assert waiting.result(timeout=30) == 3


def test_a_rewritten_past_shows_behind_newer_entries(database: Database, audit: Audit) -> None:
    write(database, audit, 12)
    audit.seal()
    anchor = audit.head()
    write(database, audit, 5, "bob")
    audit.seal()
    assert audit.verify(anchor) == 17
    with database.writing() as connection:
        chain_anew(connection)
    assert audit.verify() == 17
    with pytest.raises(Conflict, match="rewritten at or before entry 12"):
        audit.verify(anchor)


@pytest.mark.parametrize("column", ["occurred_at", "actor", "action", "subject", "outcome", "detail_hash", "previous_hash", "hash"])
def test_no_column_of_an_entry_can_change(column: str, database: Database, audit: Audit) -> None:
    write(database, audit, 3)
    audit.seal()
    changed = datetime(2020, 1, 1, tzinfo=UTC) if column == "occurred_at" else "other"
    with database.writing() as connection:
        connection.execute(AUDIT.update().where(AUDIT.c.sequence == 2).values({column: changed}))
    with pytest.raises(Conflict, match="broken at entry 2"):
        audit.verify()


def test_time_with_microseconds_verifies_after_storage(database: Database) -> None:
    audit = Audit(database, PushedClock(START.replace(microsecond=123_456)))
    write(database, audit, 1)
    audit.seal()
    assert audit.verify() == 1


@pytest.mark.proof
def test_ten_thousand_entries_stay_one_chain(database: Database, clock: PushedClock) -> None:
    def work(name: str) -> None:
        write(database, Audit(database, clock), 1_250, name)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, [f"writer-{number}" for number in range(WRITERS)]))
    audit = Audit(database, clock)
    assert audit.seal() == 10_000
    assert audit.verify(audit.head()) == 10_000
