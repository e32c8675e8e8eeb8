"""Files of events come in whole or not at all, each event once."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.domains.analytics import importer
from revenue_machine.domains.analytics.imports import IMPORTS
from revenue_machine.domains.analytics.tables import PRODUCT_EVENTS
from revenue_machine.engine.importing import undo_import
from revenue_machine.kit.errors import BadInput, NotFound
from tests.domains.analytics.conftest import Shelf

FILE = """\
distinct_id,event,timestamp,properties
a,open,2026-01-01T00:00:00Z,"{""plan"": ""pro"", ""n"": 3}"
b,open,1767225600,
a,buy,20260102,{}
"""


def kept(shelf: Shelf) -> list[dict[str, Any]]:
    with shelf.app.database.reading() as connection:
        query = sa.select(PRODUCT_EVENTS).order_by(PRODUCT_EVENTS.c.at_us, PRODUCT_EVENTS.c.distinct_id)
        return [dict(row) for row in connection.execute(query).mappings()]


def test_file_comes_in_once(shelf_anywhere: Shelf) -> None:
    report = shelf_anywhere.take_in("e.csv", FILE)
    assert (report.stored, report.duplicates, report.bad) == (3, 0, ())
    rows = kept(shelf_anywhere)
    assert [(row["distinct_id"], row["event"], row["occurred_at"].isoformat(), row["properties"]) for row in rows] == [
        ("a", "open", "2026-01-01T00:00:00+00:00", {"plan": "pro", "n": 3}), ("b", "open", "2026-01-01T00:00:00+00:00", {}),
        ("a", "buy", "2026-01-02T00:00:00+00:00", {}),
    ]  # fmt: skip
    again = shelf_anywhere.take_in("e.csv", FILE)
    assert (again.stored, again.duplicates) == (0, 3)
    assert kept(shelf_anywhere) == rows


def test_preview_writes_nothing(shelf: Shelf) -> None:
    report = shelf.take_in("e.csv", FILE, is_dry_run=True)
    assert (report.applied, report.rows_read, kept(shelf)) == (False, 3, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings_are_seen(encoding: str, shelf: Shelf) -> None:
    report = shelf.take_in("e.csv", FILE.replace("a,open", "Zoë,open").encode(encoding))
    assert (report.stored, kept(shelf)[0]["distinct_id"]) == (3, "Zoë")


BAD = {
    "no person": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": ""}, "no distinct_id"),
    "no event": ({"event": " ", "timestamp": "2026-01-01", "distinct_id": "a"}, "no event"),
    "doubtful time": ({"event": "e", "timestamp": "03/04/2025", "distinct_id": "a"}, "timestamp: '03/04/2025' is no time"),
    "broken JSON": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a", "properties": "{x"}, "properties are no JSON"),
    "a list": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a", "properties": "[1]"}, "properties are no JSON object"),
    "NaN": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a", "properties": '{"x": NaN}'}, "NaN is no JSON value"),
    "endless": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a", "properties": '{"x": 1e999}'}, "that JSON does not have"),
    "half a sign": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a", "properties": '{"x": "\\ud800"}'}, "does not have"),
    "NUL": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a", "properties": '{"x": "\\u0000"}'}, "NUL"),
    "NUL person": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a\x00b"}, "cannot be printed"),
    "too deep": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a", "properties": "[" * 100_000}, "nested too deeply"),
    "giant": ({"event": "e", "timestamp": "2026-01-01", "distinct_id": "a", "properties": '{"x": "' + "y" * 1_048_576 + '"}'}, "at most 1048576"),
    "long name": ({"event": "e" * 1001, "timestamp": "2026-01-01", "distinct_id": "a"}, "event has 1001 characters"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_row_names_its_line(case: str, shelf: Shelf) -> None:
    row, reason = BAD[case]
    good = {"event": "e", "timestamp": "2026-01-01", "distinct_id": "good"}
    text = f"{json.dumps(good)}\n{json.dumps(row)}\n"
    report = shelf.take_in("e.jsonl", text)
    assert (report.applied, [one.line for one in report.bad], kept(shelf)) == (False, [2], [])
    assert reason in report.bad[0].reason
    assert shelf.take_in("e.jsonl", text, skips_bad_rows=True).stored == 1


def test_nested_object_too_deep_is_a_bad_line(shelf: Shelf) -> None:
    report = shelf.take_in(
        "e.jsonl", '{"a":' * 100_000 + "1" + "}" * 100_000 + '\n{"distinct_id":"a","event":"e","timestamp":"0"}\n'
    )
    assert [one.line for one in report.bad] == [1]


def test_missing_column_is_named(shelf: Shelf) -> None:
    with pytest.raises(BadInput) as caught:
        shelf.take_in("e.csv", "who,what,timestamp\na,b,2026-01-01\n")
    assert caught.value.field == "distinct_id"
    report = shelf.take_in("e.csv", "who,what,timestamp\na,b,2026-01-01\n", columns={"distinct_id": "who", "event": "what"})
    assert report.stored == 1


def test_own_id_is_an_event_once(shelf: Shelf) -> None:
    text = "uuid,distinct_id,event,timestamp\n1,a,open,2026-01-01\n1,a,open,2026-01-02\n2,a,open,2026-01-02\n"
    assert shelf.take_in("e.csv", text).stored == 2


def test_column_id_may_be_the_person(shelf: Shelf) -> None:
    text = "id,user_id,event,timestamp\n1,1,open,2026-01-01\n1,1,open,2026-01-02\n1,1,open,2026-01-02\n"
    assert shelf.take_in("e.csv", text).stored == 2


def test_alike_rows_without_id_are_one(shelf: Shelf) -> None:
    report = shelf.take_in("e.csv", FILE + "a,buy,2026-01-02T00:00:00Z,\n")
    assert (report.stored, report.duplicates) == (3, 1)
    assert "4 rows have no id of their own: alike in person, event, time and properties they are one event" in report.notes


def test_other_columns_become_properties(shelf: Shelf) -> None:
    shelf.take_in("e.csv", "distinct_id,event,timestamp,device,age,ok\na,open,2026-01-01,Mobile,42,true\n")
    shelf.take_in(
        "f.jsonl",
        '{"distinct_id":"b","event":"open","timestamp":"2026-01-02","properties":{"n":"007","$set":{"email":"b@x.example"}}}',
    )
    assert [row["properties"] for row in kept(shelf)] == [
        {"device": "Mobile", "age": 42, "ok": True}, {"n": "007", "$set": {"email": "b@x.example"}},
    ]  # fmt: skip


def test_import_is_taken_back(shelf: Shelf) -> None:
    report = shelf.take_in("e.csv", FILE)
    assert undo_import(IMPORTS["events"], report.file.sha256, shelf.app.container).removed == 3
    assert kept(shelf) == []
    with pytest.raises(NotFound):
        undo_import(IMPORTS["events"], report.file.sha256, shelf.app.container)


def test_own_export_comes_back_equal(shelf: Shelf) -> None:
    shelf.take_in("e.csv", FILE)
    row = kept(shelf)[0]
    text = "id,distinct_id,event,occurred_at,at_us,properties,traffic,traffic_rule,import_id\n"
    text += f'{row["id"]},a,open,{row["occurred_at"].isoformat()},{row["at_us"]},"{{""plan"": ""pro"", ""n"": 3}}",person,1,x\n'
    assert shelf.take_in("own.csv", text).duplicates == 1


def test_memory_holds_a_portion_only(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "PORTION", 7)
    longest = 0
    read = importer.EventImport.read

    def watched(self: importer.EventImport, row: Any) -> None:
        nonlocal longest
        read(self, row)
        longest = max(longest, len(self._portion))

    monkeypatch.setattr(importer.EventImport, "read", watched)
    rows = [(f"p{number}", "open", f"2026-01-{number % 28 + 1:02}") for number in range(100)]
    assert shelf.keep(*rows).stored == 100
    assert longest < 7
