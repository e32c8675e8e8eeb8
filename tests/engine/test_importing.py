"""An import shows what it took, applies all or nothing, and names every row it could not use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from revenue_machine.engine.importing import BadRow, Cell, CellKind, ImportField, ImportKind, ImportWishes, map_columns, read_cell
from revenue_machine.kit.errors import BadInput

KIND = ImportKind(
    "things", "things for tests",
    (
        ImportField("name", "text", ("title",)),
        ImportField("likes", "count", ("like_count", "hearts")),
        ImportField("seen", "count"),
    ),
    begin=lambda source: source,
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "  two words ", "two words"), ("text", "NaN", None), ("count", "", None), ("count", "#N/A", None),
        ("count", "1200", 1200),
        ("count", "1,234,567", 1234567), ("count", "12.0", 12), ("count", "1.5K", 1500), ("count", "2M", 2_000_000),
        ("number", "-0.5", -0.5), ("instant", "2021-12-10", datetime(2021, 12, 10, tzinfo=UTC)),
        ("instant", "2021/12/10 08:30", datetime(2021, 12, 10, 8, 30, tzinfo=UTC)),
        ("instant", "2021-12-10T08:30:00+02:00", datetime(2021, 12, 10, 6, 30, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_cell_is_read_by_kind(kind: CellKind, text: str, value: Cell) -> None:
    assert read_cell(kind, text) == value


WRONG: list[tuple[CellKind, str]] = [("count", "many"), ("count", "-3"), ("count", "1.5"), ("number", "inf"), ("instant", "soon")]


@pytest.mark.parametrize(("kind", "text"), WRONG)
def test_wrong_cell_is_a_bad_row(kind: CellKind, text: str) -> None:
    with pytest.raises(BadRow):
        read_cell(kind, text)


def test_columns_are_guessed_by_usual_names() -> None:
    assert map_columns(KIND, ["Title", "Like Count", "other"], ImportWishes()) == {"name": "Title", "likes": "Like Count"}


def test_owner_overrides_the_guess() -> None:
    wishes = ImportWishes(columns={"name": "other"}, constants={"seen": "3"})
    assert map_columns(KIND, ["Title", "hearts", "other", "seen"], wishes) == {"name": "other", "likes": "hearts"}


UNKNOWN = [ImportWishes(columns={"name": "gone"}), ImportWishes(columns={"what": "Title"}), ImportWishes(constants={"what": "1"})]


@pytest.mark.parametrize("wishes", UNKNOWN)
def test_unknown_wish_is_refused(wishes: ImportWishes) -> None:
    with pytest.raises(BadInput):
        map_columns(KIND, ["Title"], wishes)
