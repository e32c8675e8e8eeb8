"""What is acknowledged is on disk, what fails never happened, and every complaint is one of the family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.engine.database import Database, StoreUnavailable
from revenue_machine.engine.tables import META, SWITCHES
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import Conflict, Failure


def row(name: str, value: str | None = "v") -> dict[str, Any]:
    return {"name": name, "value": value}


def stored(database: Database) -> dict[str, str]:
    with database.reading() as connection:
        return {one.name: one.value for one in connection.execute(sa.select(META))}


def test_a_finished_block_is_kept(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(META.insert().values(row("a")))
    again = Database(database.url)
    assert stored(again) == {"a": "v"}
    again.close()


def test_a_failed_block_never_happened(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        connection.execute(META.insert().values(row("a")))
        _ = 1 // 0
    assert stored(database) == {}


def test_nothing_written_while_reading_is_kept(database: Database) -> None:
    with database.reading() as connection:
        connection.execute(META.insert().values(row("a")))
    assert stored(database) == {}


def test_reading_is_one_consistent_view(database: Database) -> None:
    query = sa.select(sa.func.count()).select_from(META)
    with database.reading() as connection:
        before = connection.execute(query).scalar_one()
        with database.writing() as other:
            other.execute(META.insert().values(row("a")))
        assert connection.execute(query).scalar_one() == before == 0
    assert stored(database) == {"a": "v"}


def test_put_says_how_many_rows_it_touched(database: Database) -> None:
    with database.writing() as connection:
        assert database.put(connection, META, row("a"), ["name"]) == 1
        assert database.put(connection, META, row("a", "w"), ["name"]) == 0
        assert database.put(connection, META, row("a", "w"), ["name"], ["value"]) == 1
        assert database.put(connection, META, [row("a"), row("b"), row("c")], ["name"]) == 2
        assert database.put(connection, META, [], ["name"]) == 0
    assert stored(database) == {"a": "w", "b": "v", "c": "v"}


def test_a_refused_row_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict, match="the database refused the row"), database.writing() as connection:
        connection.execute(META.insert().values(row("a", None)))


def test_a_missing_table_is_an_outage_in_one_line(database: Database) -> None:
    with pytest.raises(StoreUnavailable) as caught, database.reading() as connection:
        connection.exec_driver_sql("select * from no_such_table")
    assert caught.value.field == "REVENUE_DATABASE_URL"
    assert "\n" not in caught.value.message
    assert (caught.value.code, caught.value.retryable) == ("outside_unavailable", True)


def test_rows_come_by_primary_key(database: Database) -> None:
    with database.writing() as connection:
        database.put(connection, META, [row("b"), row("C"), row("a")], ["name"])
    assert [one[0] for one in database.rows(META)] == ["C", "a", "b"]
    assert [one[0] for one in database.rows(META, META.c.name > "a")] == ["b"]


def test_the_other_mode_is_refused(database: Database) -> None:
    for _ in range(2):
        database.claim_mode("sandbox")
    with pytest.raises(Conflict, match=r"belongs to mode sandbox, not live.*revenue init") as caught:
        database.claim_mode("live")
    assert caught.value.field == "REVENUE_MODE"
    assert stored(database) == {"mode": "sandbox"}


def test_a_naive_time_is_refused(database: Database, clock: PushedClock) -> None:
    naive = clock.now().replace(tzinfo=None)
    values = {"name": "x", "is_on": True, "changed_by": "ada", "changed_at": naive}
    with pytest.raises((sa.exc.StatementError, Failure), match="needs a zone"), database.writing() as connection:
        connection.execute(SWITCHES.insert().values(values))


def test_every_sqlite_connection_is_durable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/home/revenue.db")
    with database.reading() as one, database.reading() as other:
        for connection in (one, other):
            pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
            values = [connection.exec_driver_sql(f"pragma {name}").scalar() for name in pragmas]
            assert values == ["wal", 2, 1, 30_000, 1]
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    database.close()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable) as caught:
        Database(f"sqlite:///{tmp_path}/file/revenue.db")
    assert caught.value.field == "REVENUE_HOME"


@pytest.mark.postgres
def test_a_server_that_is_away_is_an_outage() -> None:
    database = Database("postgresql+psycopg://nobody:hunter2@127.0.0.1:1/none?connect_timeout=2")
    with pytest.raises(StoreUnavailable) as caught:
        database.ping()
    assert "hunter2" not in caught.value.message
    database.close()


@pytest.mark.postgres
def test_the_server_flushes_each_commit(engine_server: Database) -> None:
    with engine_server.reading() as connection:
        settings = [connection.exec_driver_sql(f"show {name}").scalar() for name in ("fsync", "synchronous_commit")]
    assert settings == ["on", "on"]
