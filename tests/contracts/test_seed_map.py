"""Every word of the seed is in the map, the schema, the registry and an existing test."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from revenue_machine import domains
from revenue_machine.engine.registry import Registry, discover, modules
from revenue_machine.kit.db import metadata
from tests.contracts.seed_words import ACTIONS, FAILURE_RULES, FILES, NUMBERS, OTHER_SPELLINGS, SEQUENCES, TABLES, TOPICS

ROOT = Path(__file__).resolve().parents[2]
Row = dict[str, str]


@cache
def chapters() -> dict[str, list[Row]]:
    """The tables of docs/seed_map.md by heading, each row by its column."""
    found: dict[str, list[Row]] = {}
    heading, columns = "", list[str]()
    for line in (ROOT / "docs" / "seed_map.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading, columns = line[3:], []
        elif line.startswith("|"):
            cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
            if not columns:
                columns = cells
            elif not set(line) <= set("|- "):
                found.setdefault(heading, []).append(dict(zip(columns, cells, strict=True)))
    return found


def every_row() -> list[Any]:
    """Each row that names a test, with a readable id."""
    rows = [(name, row) for name, rows in chapters().items() for row in rows if "Test" in row]
    return [pytest.param(row, id=f"{name}-{next(iter(row.values()))}") for name, row in rows]


@cache
def registry() -> Registry:
    return discover(domains)


@cache
def columns_of(table: str) -> set[str] | None:
    """The columns of a table in the schema, None when it is not there."""
    for _folder, _module in modules(domains, "tables"):
        pass
    found = metadata.tables.get(table)
    return None if found is None else {column.name for column in found.columns}


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def test_map_holds_all_tables() -> None:
    rows = {row["Table"]: row["Seed columns"].replace(",", "") for row in chapters()["Tables"]}
    assert len(TABLES) == 16
    assert rows == TABLES


def test_map_holds_all_files() -> None:
    assert len(FILES) == 12
    assert [row["File"] for row in chapters()["Files"]] == FILES


def test_map_holds_all_topics() -> None:
    names = [row["Topic"] for row in chapters()["Topics"]]
    assert names == sorted(TOPICS)


def test_map_holds_all_numbers() -> None:
    assert {row["Number"]: row["Value"] for row in chapters()["Numbers"]} == NUMBERS


def test_map_holds_all_sequences() -> None:
    assert {row["Sequence"]: row["Steps"] for row in chapters()["E-mail sequences"]} == SEQUENCES


def test_map_holds_all_failure_rules() -> None:
    assert {row["Rule"]: row["What happens"] for row in chapters()["Failure rules"]} == FAILURE_RULES


def test_map_holds_all_actions() -> None:
    rows = [(row["Block"], row["Action"]) for row in chapters()["The 34 actions"]]
    assert rows == [(block, action) for block, actions in ACTIONS.items() for action in actions.split(" | ")]
    assert [row["#"] for row in chapters()["The 34 actions"]] == [str(number) for number in range(1, 35)]


def test_map_explains_other_spellings() -> None:
    assert {row["Word"] for row in chapters()["Other spellings"]} == OTHER_SPELLINGS


@pytest.mark.parametrize("row", every_row())
def test_named_test_exists(row: Row) -> None:
    if row["Test"] == f"issue {row['Issue']}":
        assert row["Issue"] in set("234567"), "what issue 1 builds names its test"
        return
    path, _, name = row["Test"].partition("::")
    assert path.startswith("tests/"), f"{row['Test']} is no test"
    assert re.search(rf"^def {re.escape(name)}\(", text_of(ROOT / path), re.MULTILINE), f"there is no {row['Test']}"


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_topic_is_in_registry(name: str) -> None:
    row = next(row for row in chapters()["Topics"] if row["Topic"] == name)
    topic = registry().find(name)
    if row["Issue"] == "1":
        assert topic.built, "issue 1 builds it"
    else:
        assert topic.built or topic.issue == int(row["Issue"])
    assert topic.effect.name == row["Effect"]


def test_other_topics_say_they_are_own() -> None:
    others = {name: topic.section for name, topic in registry().topics.items() if name not in TOPICS}
    assert [name for name, section in others.items() if not section.startswith("own: ")] == []


def test_topic_lives_in_its_domain() -> None:
    homes = {row["Topic"]: row["Domain"] for row in chapters()["Topics"]}
    strays = {
        name: topic.function.__module__
        for name, topic in registry().topics.items()
        if name in homes and topic.function is not None and topic.function.__module__ != f"{domains.__name__}.{homes[name]}.topics"
    }
    assert strays == {}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_table_has_its_columns(name: str) -> None:
    row = next(row for row in chapters()["Tables"] if row["Table"] == name)
    columns = columns_of(name)
    if columns is None:
        assert row["Issue"] != "1", "issue 1 builds this table"
        return
    assert set(TABLES[name].split()) - columns == set()


@pytest.mark.parametrize("name", FILES)
def test_file_stands_where_it_should(name: str) -> None:
    row = next(row for row in chapters()["Files"] if row["File"] == name)
    assert row["Place"].endswith(f"/{name}")
    assert row["Issue"] != "1" or (ROOT / row["Place"]).is_file()


@pytest.mark.parametrize("row", chapters()["The 34 actions"], ids=lambda row: f"{row['#']}-{row['Action']}")
def test_action_names_known_topics(row: Row) -> None:
    names = [name.strip(" `") for name in row["Topics"].split(",")]
    assert [name for name in names if name not in TOPICS] == []
