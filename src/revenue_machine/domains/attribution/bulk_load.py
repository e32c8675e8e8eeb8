"""Reads files of millions of touches and conversions into columns: the engine numbers them, no row is a Python object."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from revenue_machine.domains.attribution.bulk_store import MOST_KINDS, ConversionMade, TouchLog, TouchMade, facet_word
from revenue_machine.domains.attribution.models import DIMENSIONS, UNKNOWN
from revenue_machine.engine.column_store import Rows
from revenue_machine.engine.columns import Column, Words
from revenue_machine.kit.errors import BadInput

if TYPE_CHECKING:
    import duckdb

Ints = NDArray[np.int64]
# Numbers up to this large are looked up in a table instead of being sorted.
LARGEST_TABLE = 1 << 26
MOST_COMBINATIONS = 1 << 62


def load_files(log: TouchLog, touches: Path, conversions: Path, mark: str = "") -> None:
    """Put two Parquet files in place of what the log holds.

    `touches`: user_id, at_ms and the eight dimensions in the order of arrival; `conversions`: user_id, at_ms, kind,
    amount_micro_usd. Raises: bad_input for other columns, empty fields or more than 127 kinds.
    """
    import duckdb

    session = duckdb.connect()
    try:
        for name, path in (("touches", touches), ("conversions", conversions)):
            _view(session, name, path)
        widths = [
            len(_enumerate(session, one, f"select {_known(one)} from touches"))  # noqa: S608  a name of models.py
            for one in DIMENSIONS
        ]
        kinds = _enumerate(session, "kind", "select cast(kind as varchar) from conversions")
        if len(kinds) > MOST_KINDS or prod(widths) > MOST_COMBINATIONS:
            raise BadInput(f"there are more than {MOST_KINDS} kinds of conversion, or values of the dimensions", field="path")
        user = _user(session)
        came = _columns(session, "touches", {"users": user, "at": "at_ms", "facet": _combination(widths)})
        made = {"users": user, "at": "at_ms", "kind": _code("kind", "kind"), "amount": "amount_micro_usd"}
        made_columns = _columns(session, "conversions", made)
        names = {one: _names(session, one) for one in DIMENSIONS}
        texts = _names(session, "user_id") if user != "user_id" else None
    except duckdb.Error as error:
        raise BadInput(f"the files do not hold what attribution needs: {str(error).splitlines()[0]}", field="path") from None
    finally:
        session.close()
    combinations, facet = _numbered(came["facet"])
    users, user_codes = _numbered(np.concatenate([came["users"], made_columns["users"]]))
    words = {
        "user": Words.of([texts[one] for one in users.tolist()] if texts else [str(one) for one in users.tolist()]),
        "facet": Words.of([facet_word(_values(one, widths, names)) for one in combinations.tolist()]),
        "kind": Words.of(kinds),
    }
    made_rows = {"kind": made_columns["kind"], "amount": made_columns["amount"]}
    rows = {
        "touches": Rows(user_codes[: len(facet)], came["at"], {"facet": facet}),
        "conversions": Rows(user_codes[len(facet) :], made_columns["at"], made_rows),
    }
    log.put_whole(rows, words, mark)


def add_files(log: TouchLog, touches: Path, conversions: Path, mark: str = "") -> None:
    """Add two more such files to what the log holds.

    Raises: bad_input as `load_files`.
    """
    import duckdb

    dims = ", ".join(_known(one) for one in DIMENSIONS)
    user = "cast(user_id as varchar)"
    try:
        with duckdb.connect() as session:
            for name, path in (("touches", touches), ("conversions", conversions)):
                _view(session, name, path)
            came = session.execute(f"select {user}, cast(at_ms as bigint), {dims} from touches").fetchall()  # noqa: S608
            made = session.execute(
                f"select {user}, cast(at_ms as bigint), cast(kind as varchar), cast(amount_micro_usd as bigint) from conversions"  # noqa: S608
            ).fetchall()
    except duckdb.Error as error:
        raise BadInput(f"the files do not hold what attribution needs: {str(error).splitlines()[0]}", field="path") from None
    if any(None in row for row in came) or any(None in row for row in made):
        raise BadInput("a touch or a conversion has an empty field", field="path")
    log.add(
        [TouchMade(row[0], row[1], tuple(row[2:])) for row in came],
        [ConversionMade(row[0], row[1], row[2], row[3]) for row in made],
        mark,
    )


def _view(session: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    session.read_parquet(str(path)).create_view(name)


def _user(session: duckdb.DuckDBPyConnection) -> str:
    """Whole numbers stand for themselves; any other name gets one."""
    types = {str(kind) for name in ("touches", "conversions") for column, kind in _described(session, name) if column == "user_id"}
    if types <= {"BIGINT", "INTEGER", "UINTEGER"}:
        return "user_id"
    both = "select cast(user_id as varchar) from touches union all select cast(user_id as varchar) from conversions"
    _enumerate(session, "user_id", both)
    return _code("user_id", "cast(user_id as varchar)")


def _described(session: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in session.execute(f"describe {table}").fetchall()]


def _enumerate(session: duckdb.DuckDBPyConnection, name: str, query: str) -> list[str]:
    """Number the distinct texts of a query by their order; the texts."""
    session.execute(
        f"create type {_type(name)} as enum (select distinct word from ({query}) as texts(word) "  # noqa: S608  names of this module
        "where word is not null order by 1)"
    )
    return _names(session, name)


def _names(session: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    return [str(row[0]) for row in session.execute(f"select unnest(enum_range(null::{_type(name)}))").fetchall()]


def _known(dimension: str) -> str:
    return f"coalesce(cast({dimension} as varchar), '{UNKNOWN}')"


def _type(name: str) -> str:
    return f"coded_{name}"


def _code(name: str, expression: str) -> str:
    return f"cast(enum_code(cast({expression} as {_type(name)})) as bigint)"


def _combination(widths: list[int]) -> str:
    """The number of a row's combination of all dimensions."""
    codes = [_code(one, _known(one)) for one in DIMENSIONS]
    strides = accumulate(widths[:-1], lambda size, width: size * width, initial=1)
    return " + ".join(f"{code} * {stride}" for code, stride in zip(codes, strides, strict=True))


def _values(combination: int, widths: list[int], names: Mapping[str, list[str]]) -> tuple[str, ...]:
    values = []
    for dimension, width in zip(DIMENSIONS, widths, strict=True):
        combination, code = divmod(combination, width)
        values.append(names[dimension][code])
    return tuple(values)


def _columns(session: duckdb.DuckDBPyConnection, table: str, wanted: Mapping[str, str]) -> dict[str, Column]:
    asked = ", ".join(f"{expression} as {name}" for name, expression in wanted.items())
    found: Mapping[str, Any] = session.execute(f"select {asked} from {table}").fetchnumpy()  # noqa: S608
    for name, column in found.items():
        if isinstance(column, np.ma.MaskedArray) and np.ma.getmaskarray(column).any():
            raise BadInput(f"there are {table} without {name}", field="path")
    return {name: np.asarray(column) for name, column in found.items()}


def _numbered(values: Column) -> tuple[Ints, Ints]:
    """The distinct values ascending, and the number of each value among them."""
    if not len(values) or int(values.min()) < 0 or int(values.max()) >= LARGEST_TABLE:
        distinct, numbers = np.unique(values, return_inverse=True)
        return distinct.astype(np.int64), numbers.astype(np.int64)
    seen = np.zeros(int(values.max()) + 1, bool)
    seen[values] = True
    return np.flatnonzero(seen), (np.cumsum(seen, dtype=np.int64) - 1)[values]
