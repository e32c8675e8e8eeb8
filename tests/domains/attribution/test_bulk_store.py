"""Standing credits after any order of arrival equal those reckoned anew; files become the same columns as single events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution import bulk_desk, bulk_store
from revenue_machine.domains.attribution.bulk import DAY_MS, credit
from revenue_machine.domains.attribution.bulk_asked import CreditsArgs, LoadArgs
from revenue_machine.domains.attribution.bulk_load import add_files, load_files
from revenue_machine.domains.attribution.bulk_store import ConversionMade, Standing, TouchLog, TouchMade
from revenue_machine.domains.attribution.models import DIMENSIONS, DIRECT
from revenue_machine.kit.errors import BadInput, NotFound

AT = 1_767_225_600_000
POSTS = [(*(f"{name} {number}" for name in DIMENSIONS[:-1]), source) for number, source in enumerate(("x", "tiktok", DIRECT))]
some_touches = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 70), st.integers(0, 2)), max_size=8)
some_conversions = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 70), st.sampled_from(["trial", "sale"])), max_size=4)
batches = st.lists(st.tuples(some_touches, some_conversions, st.booleans()), min_size=1, max_size=5)


def touch(user: str, days: int, post: int) -> TouchMade:
    return TouchMade(user, AT + days * DAY_MS // 2, POSTS[post])


def conversion(user: str, days: int, kind: str, amount: int = 100) -> ConversionMade:
    return ConversionMade(user, AT + days * DAY_MS // 2, kind, amount)


def cells(standing: Standing) -> dict[tuple[str, str], list[float]]:
    found = {}
    for dimension in DIMENSIONS:
        for value, sums in standing.by_dimension(dimension).items():
            for kind, numbers in sorted(zip(standing.kinds, sums.tolist(), strict=True)):
                found[dimension + value, kind] = np.array(numbers).reshape(-1).tolist()
    return found


@settings(max_examples=40, deadline=None)
@given(batches)
def test_any_arrival_equals_all_at_once(
    tmp_path_factory: pytest.TempPathFactory, came: list[tuple[list[Any], list[Any], bool]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log, at_once = TouchLog(folder / "log"), TouchLog(folder / "at once")
    touches, conversions = list[TouchMade](), list[ConversionMade]()
    for some, ends, merges in came:
        log.add([touch(*one) for one in some], [conversion(*one) for one in ends])
        touches += [touch(*one) for one in some]
        conversions += [conversion(*one) for one in ends]
        if merges:
            log.merge()
        log.standing()
    at_once.add(touches, conversions)
    found, expected = cells(log.standing()), cells(at_once.standing())
    assert found.keys() == expected.keys()
    assert all(found[key] == pytest.approx(expected[key], abs=1e-9) for key in found)
    assert log.standing().touches.tolist() == at_once.standing().touches.tolist()


def linear(log: TouchLog, value: str) -> float:
    return float(log.standing().by_dimension("utm_source")[value][0, 3, 1])


def test_late_touch_takes_its_part_of_what_was_credited(tmp_path: Path) -> None:
    log = TouchLog(tmp_path)
    log.add([touch("a", 10, 0)], [conversion("a", 20, "sale")])
    log.merge()
    assert linear(log, "x") == 100
    log.add([touch("a", 5, 1)], [])
    assert (linear(log, "x"), linear(log, "tiktok")) == (50, 50)


def test_only_the_users_concerned_are_reckoned_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = TouchLog(tmp_path)
    log.add([touch(user, 10, 0) for user in "abc"], [conversion(user, 20, "sale") for user in "abc"])
    log.merge()
    log.add([touch("b", 15, 1)], [])
    seen: list[int] = []
    whole = credit

    def counted(touches: Any, *rest: Any, **more: Any) -> Any:
        seen.append(len(touches))
        return whole(touches, *rest, **more)

    monkeypatch.setattr(bulk_store, "credit", counted)
    log.standing()
    assert seen == [1, 2]


def files(folder: Path, touches: list[TouchMade], conversions: list[ConversionMade], *, user: str = "varchar") -> tuple[Path, Path]:
    """Both as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as session:
        session.execute(f"create table touches (user_id {user}, at_ms bigint, {', '.join(f'{one} varchar' for one in DIMENSIONS)})")
        session.execute(f"create table conversions (user_id {user}, at_ms bigint, kind varchar, amount_micro_usd bigint)")
        if touches:
            session.executemany(
                f"insert into touches values (?, ?, {', '.join('?' * len(DIMENSIONS))})",
                [(one.user_id, one.at_ms, *one.values) for one in touches],
            )
        if conversions:
            session.executemany(
                "insert into conversions values (?, ?, ?, ?)",
                [(one.user_id, one.at_ms, one.kind, one.amount_micro_usd) for one in conversions],
            )
        for name in ("touches", "conversions"):
            session.execute(f"copy {name} to '{folder}/{name}.parquet' (format parquet)")
    return folder / "touches.parquet", folder / "conversions.parquet"


@pytest.mark.parametrize("user", ["varchar", "bigint"])
def test_files_give_the_columns_of_single_events(tmp_path: Path, user: str) -> None:
    touches = [touch(str(number % 5 + 7), number % 40, number % 3) for number in range(60)]
    conversions = [conversion(str(number % 7 + 7), 30 + number, "sale", number) for number in range(12)]
    apart, whole, more = (TouchLog(tmp_path / name) for name in ("apart", "whole", "more"))
    apart.add(touches, conversions)
    load_files(whole, *files(tmp_path / "all", touches, conversions, user=user))
    load_files(more, *files(tmp_path / "half", touches[:30], conversions[:6], user=user))
    add_files(more, *files(tmp_path / "rest", touches[30:], conversions[6:], user=user))
    expected = cells(apart.standing())
    for log in (whole, more):
        found = cells(log.standing())
        assert found.keys() == expected.keys()
        assert all(found[key] == pytest.approx(expected[key], abs=1e-9) for key in found)


def test_files_without_a_column_are_refused(tmp_path: Path) -> None:
    touches, conversions = files(tmp_path, [touch("a", 1, 0)], [conversion("a", 2, "sale")])
    with pytest.raises(BadInput, match="the files do not hold what attribution needs"):
        load_files(TouchLog(tmp_path / "log"), conversions, touches)


def test_empty_field_is_refused(tmp_path: Path) -> None:
    touches, conversions = files(tmp_path, [TouchMade(None, AT, POSTS[0])], [conversion("a", 2, "sale")])  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        load_files(TouchLog(tmp_path / "log"), touches, conversions)


def loaded(home: Path, folder: str, touches: list[TouchMade], conversions: list[ConversionMade]) -> tuple[bool, int, int, int]:
    paths = files(home / folder, touches, conversions)
    found = bulk_desk.load(LoadArgs(log="shop", touches=str(paths[0]), conversions=str(paths[1])), home)
    return found.is_new, found.touches, found.conversions, found.users


def test_files_count_once_however_often_they_are_loaded(tmp_path: Path) -> None:
    first = ([touch("a", 1, 0)], [conversion("a", 9, "sale")])
    assert loaded(tmp_path, "1", *first) == (True, 1, 1, 1)
    assert loaded(tmp_path, "2", [touch("b", 1, 1)], []) == (True, 2, 1, 2)
    assert loaded(tmp_path, "1", *first) == (False, 2, 1, 2)


def test_many_new_events_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_desk, "MERGED_FROM", 2)
    loaded(tmp_path, "1", [touch("a", 1, 0)], [conversion("a", 9, "sale")])
    loaded(tmp_path, "2", [touch("a", 2, 1)], [conversion("a", 9, "sale")])
    assert [path.name for path in bulk_desk.log_folder(tmp_path, "shop").glob("[bg]*")] == ["g000000002"]
    assert len(json.loads(TouchLog(bulk_desk.log_folder(tmp_path, "shop")).read().mark)) == 2


def test_every_model_sums_to_the_same_money(tmp_path: Path) -> None:
    touches = [touch(user, day, day % 3) for user in "abc" for day in range(1, 8)]
    conversions = [conversion(user, 9, "sale", 3_333_333) for user in "abcd"] + [conversion("a", 9, "sale", -1_000_001)]
    loaded(tmp_path, "1", touches, conversions)
    found = bulk_desk.credits_of(CreditsArgs(log="shop", dimension="utm_source", kind="sale"), tmp_path)
    sums: dict[str, int] = {}
    nobody: dict[str, int] = {}
    for row in found.rows:
        sums[row.model] = sums.get(row.model, 0) + row.amount_micro_usd
        nobody[row.model] = row.amount_micro_usd if row.value == "unknown" else nobody.get(row.model, 0)
    assert set(sums.values()) == {found.amount_micro_usd} == {12_333_331}
    assert set(nobody.values()) == {3_333_333}
    assert found.touches == {"direct": 6, "tiktok": 9, "unknown": 0, "x": 6}
    assert len(sums) == 8


def test_unknown_log_and_kind_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no touches were loaded as shop"):
        bulk_desk.credits_of(CreditsArgs(log="shop", dimension="niche"), tmp_path)
    loaded(tmp_path, "1", [touch("a", 1, 0)], [conversion("a", 9, "sale")])
    with pytest.raises(BadInput, match="there are sale"):
        bulk_desk.credits_of(CreditsArgs(log="shop", dimension="niche", kind="gift"), tmp_path)
    with pytest.raises(NotFound):
        bulk_desk.load(LoadArgs(log="shop", touches="none", conversions="none"), tmp_path)
