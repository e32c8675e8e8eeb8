"""Files of rows are read as they come, and what was mended or is broken is named by its line."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from revenue_machine.engine.rowfiles import read_rows, sniff_delimiter
from revenue_machine.kit.errors import BadInput, NotFound


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b,c", ","), ("a;b;c", ";"), ("a\tb\tc", "\t"), ('"x;y;z",b', ","), ("alone", ",")],
)
def test_delimiter_is_read_off_the_header(header: str, delimiter: str) -> None:
    assert sniff_delimiter(header) == delimiter


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        ("name\nZoë\n".encode(), "utf-8", "Zoë"),
        (b"\xef\xbb\xbf" + "name\nZoë\n".encode(), "utf-8-sig", "Zoë"),
        ("name\nZoë\n".encode("latin-1"), "latin-1", "Zoë"),
        ("name\nZoë\n".encode("utf-16"), "utf-16", "Zoë"),
        (b"\xfe\xff" + "name\nZoë\n".encode("utf-16-be"), "utf-16", "Zoë"),
    ],
)
def test_encoding_is_found_and_said(tmp_path: Path, data: bytes, encoding: str, text: str) -> None:
    file = read_rows(written(tmp_path, "a.csv", data))
    assert (file.encoding, file.columns, file.rows[0].values) == (encoding, ("name",), {"name": text})


def test_wholly_quoted_line_is_repaired(tmp_path: Path) -> None:
    data = b'id,text,likes\n1,plain,5\n"2,""one, two """"three"""""",6"\n'
    file = read_rows(written(tmp_path, "a.csv", data))
    assert file.repaired == (3,)
    assert file.rows[1].values == {"id": "2", "text": 'one, two "three"', "likes": "6"}
    assert file.bad == ()


def test_quotes_may_hold_line_breaks(tmp_path: Path) -> None:
    file = read_rows(written(tmp_path, "a.csv", b'id,text\n1,"two\nlines"\n2,next\n'))
    assert [(row.line, row.number, row.values["text"]) for row in file.rows] == [(2, 1, "two\nlines"), (4, 2, "next")]


def test_wrong_width_is_a_bad_line(tmp_path: Path) -> None:
    file = read_rows(written(tmp_path, "a.csv", b"id,text\n1,a,b\n\n2,c\n"))
    assert [(one.line, one.reason) for one in file.bad] == [(2, "3 cells, the header has 2")]
    assert [(row.line, row.number) for row in file.rows] == [(4, 2)]


def test_json_lines_are_flattened(tmp_path: Path) -> None:
    data = b'{"caption": "hi", "metrics": {"likes": 3, "views": null}}\nnot json\n[1]\n'
    file = read_rows(written(tmp_path, "a.jsonl", data))
    assert file.columns == ("caption", "metrics.likes", "metrics.views")
    assert file.rows[0].values == {"caption": "hi", "metrics.likes": "3", "metrics.views": ""}
    assert [one.line for one in file.bad] == [2, 3]
    assert file.bad[1].reason == "not a JSON object"


def test_parquet_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 'hi' as caption, 3 as likes, null as views) to '{path}' (format parquet)")
    file = read_rows(path)
    assert (file.form, file.rows[0].values) == ("parquet", {"caption": "hi", "likes": "3", "views": ""})


@pytest.mark.parametrize(("name", "data"), [("a.csv", b""), ("a.csv", b"a,b\x00c"), ("a.parquet", b"PAR1 torn")])
def test_unreadable_file_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(BadInput):
        read_rows(written(tmp_path, name, data))


def test_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_rows(tmp_path / "nowhere.csv")


def test_remarks_before_the_header_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "Connections.csv"
    path.write_text('Notes:\n"Some addresses, they say, are missing."\n\nFirst Name,URL\nAda,u1\nBob\n', encoding="utf-8")
    file = read_rows(path)
    assert file.columns == ("First Name", "URL")
    assert [(row.line, row.values["URL"]) for row in file.rows] == [(5, "u1")]
    assert [bad.line for bad in file.bad] == [6]


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"id\n" + b"".join(b"%d\n" % number for number in range(5000)))
    rows = read_rows(path).rows
    path.write_bytes(b"id\nother\n")
    assert len(rows) == 5000
    assert [row.values["id"] for row in rows] == ["other"]


def test_line_of_blank_cells_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        read_rows(written(tmp_path, "a.csv", b" , ,\n"))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_rows_can_be_gone_through_again(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    with duckdb.connect() as connection:
        form = "json" if ending == "jsonl" else ending
        connection.execute(f"copy (select range as n from range(3)) to '{path}' (format {form})")
    rows = read_rows(path).rows
    assert [row.values for row in rows] == [row.values for row in rows] == [{"n": "0"}, {"n": "1"}, {"n": "2"}]
    assert len(rows) == 3
