"""The one SQL statement gives the credits of the columns on every database that can run it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import pytest
import sqlalchemy as sa

from revenue_machine.domains.attribution.bulk import DAY_MS, Facets, credit
from revenue_machine.domains.attribution.bulk_sql import columns, credits_statement
from revenue_machine.domains.attribution.models import DIMENSIONS, DIRECT
from revenue_machine.engine.columns import by_user

needs_sqlglot = pytest.mark.skipif(importlib.util.find_spec("sqlglot") is None, reason="sqlglot is not installed")
KINDS = ("purchase", "refund")
Row = tuple[Any, ...]
Answer = dict[tuple[str, str, str], list[float]]


def touch(user: int, at_ms: int, number: int) -> Row:
    """A touch of one of four posts; every fifth comes from nowhere."""
    post = number % 4
    values = [f"{name} {post % 2}" for name in DIMENSIONS[:-1]]
    return (number, user, at_ms, *values, DIRECT if number % 5 == 0 else f"source {post}")


# Ties in the same millisecond, the edges of 30 days, a refund, and people nobody ever saw.
TOUCHES = [touch(number % 7, (number * 31) % 60 * DAY_MS // 2, number) for number in range(90)] + [
    touch(7, 0, 100), touch(7, 30 * DAY_MS, 101), touch(7, 30 * DAY_MS, 103), touch(7, 30 * DAY_MS + 1, 102),
]  # fmt: skip
CONVERSIONS: list[Row] = [(number, number % 9, (number * 17) % 45 * DAY_MS, "purchase", 9_990_000 + number) for number in range(40)] + [
    (100, 7, 30 * DAY_MS, "purchase", 100), (101, 7, 30 * DAY_MS, "refund", -100), (102, 7, 30 * DAY_MS + 1, "purchase", 5),
]  # fmt: skip
_TYPES = ("bigint", "bigint", "bigint", *("varchar(40)",) * 8)
TABLES: dict[str, tuple[Sequence[tuple[str, str]], list[Row]]] = {
    "touches": (tuple(zip(("seq", "user_id", "at_ms", *DIMENSIONS), _TYPES, strict=True)), TOUCHES),
    "conversions": (
        (("id", "bigint"), ("user_id", "bigint"), ("at_ms", "bigint"), ("kind", "varchar(40)"), ("amount_micro_usd", "bigint")),
        CONVERSIONS,
    ),
}


def by_columns() -> Answer:
    """The same credits from the columns."""
    rows = sorted(TOUCHES)
    values = sorted({row[3:] for row in rows})
    facets = Facets(DIMENSIONS, values, np.array([one[-1] == DIRECT for one in values]))
    times = np.array([(row[1], row[2], values.index(row[3:])) for row in rows]).T
    ends = np.array([(user, at, KINDS.index(kind), amount) for _, user, at, kind, amount in CONVERSIONS]).T
    summed = credit(
        by_user(times[0], times[1], {"facet": times[2]}, 0), by_user(ends[0], ends[1], {"kind": ends[2], "amount": ends[3]}, 0), facets, 2
    )  # fmt: skip
    return {
        (dimension, value, kind): sums[number].reshape(-1).tolist()
        for dimension in DIMENSIONS
        for value, sums in facets.by_dimension(summed, dimension).items()
        for number, kind in enumerate(KINDS)
    }


def check(rows: Sequence[Row]) -> None:
    found: Answer = {(row[0], row[1], row[2]): [float(one) for one in row[3:]] for row in rows}
    expected = by_columns()
    assert set(found) <= set(expected)
    for key, numbers in expected.items():
        assert found.get(key, [0.0] * 12) == pytest.approx(numbers, rel=1e-9, abs=1e-6), key
    assert list(found) == sorted(found)


def statements(kind: str) -> Iterator[str]:
    for name, (fields, rows) in TABLES.items():
        yield f"create {kind} {name} ({', '.join(f'{field} {of}' for field, of in fields)})"
        yield f"insert into {name} values {', '.join(str(row) for row in rows)}"


def test_duckdb_gives_the_credits_of_the_columns() -> None:
    session = duckdb.connect()
    for statement in statements("table"):
        session.execute(statement)
    found = session.execute(credits_statement("duckdb"))
    assert [one[0] for one in found.description] == list(columns())
    check(found.fetchall())


@needs_sqlglot
@pytest.mark.postgres
def test_postgresql_gives_the_same(postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for statement in statements("table"):
            connection.exec_driver_sql(statement)
        rows = [tuple(row) for row in connection.exec_driver_sql(credits_statement("postgres"))]
    engine.dispose()
    # PostgreSQL orders texts by its locale, not by their bytes.
    check(sorted(rows, key=lambda row: row[:3]))


@needs_sqlglot
@pytest.mark.proof
@pytest.mark.filterwarnings("ignore")
def test_spark_gives_the_same(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    spark = pytest.importorskip("pyspark.sql", reason="pyspark is not installed (dependency group `peers`)")

    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    places = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false"}
    small = {"spark.sql.shuffle.partitions": "2", "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark"))}
    builder = spark.SparkSession.builder.master("local[1]").appName("credits")
    for name, value in (places | small).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        for name, (fields, rows) in TABLES.items():
            schema = ", ".join(f"{field} {of.replace('varchar(40)', 'string')}" for field, of in fields)
            session.createDataFrame(rows, schema).createOrReplaceTempView(name)
        check([tuple(row) for row in session.sql(credits_statement("spark")).collect()])
    finally:
        session.stop()
