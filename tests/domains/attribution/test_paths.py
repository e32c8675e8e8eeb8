from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from revenue_machine.domains.attribution import paths
from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.domains.attribution.paths import read_paths
from revenue_machine.kit.errors import BadInput, Failure, NotFound

HEAD = "path,total_conversions,total_conversion_value,total_null\n"
Row = tuple[tuple[str, ...], float, float, float]


def rows_of(journeys: Journeys) -> list[Row]:
    names = [tuple(journeys.names[code] for code in journeys.codes[start:end]) for start, end in journeys.spans()]
    return list(zip(names, journeys.conversions, journeys.values, journeys.nulls, strict=True))


def written(folder: Path, text: str | bytes, name: str = "paths.csv") -> Path:
    place = folder / name
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


def read(folder: Path, text: str | bytes, name: str = "paths.csv", *, needs_value: bool = True) -> list[Row]:
    return rows_of(read_paths(written(folder, text, name), needs_value=needs_value).journeys)


def refused(folder: Path, text: str | bytes, name: str = "paths.csv", *, needs_value: bool = True) -> str:
    with pytest.raises(BadInput) as refusal:
        read(folder, text, name, needs_value=needs_value)
    assert refusal.value.field == "path"
    return refusal.value.message


def test_four_columns_become_journeys(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + "eta > iota > eta,2,30.5,7\nalpha,0,0,1\n")
    assert found == [(("eta", "iota", "eta"), 2.0, 30.5, 7.0), (("alpha",), 0.0, 0.0, 1.0)]


@pytest.mark.parametrize(
    ("cell", "steps"),
    [
        ("a > b", ("a", "b")),
        ('"  a  >\tb c > d,e "', ("a", "b c", "d,e")),
        ("google  ads >google ads> x", ("google ads", "google ads", "x")),
        ("a\u00a0>\u00a0b", ("a", "b")),
        ("a->b > c>d", ("a->b", "c>d")),
        (" > a >  > b > ", ("a", "b")),
        ("a>b>c", ("a", "b", "c")),
        ("$direct", ("$direct",)),
        ("", ()),
    ],
)
def test_channels_stand_between_spaced_signs(tmp_path: Path, cell: str, steps: tuple[str, ...]) -> None:
    assert read(tmp_path, f"{HEAD}{cell},1,1,0\n")[0][0] == steps


def test_numbers_come_in_many_dresses(tmp_path: Path) -> None:
    text = HEAD + 'a,1.0,"1,234.50",1e3\nb,2,1e2,\nc,0.25,-9.99,NaN\n'
    assert [row[1:] for row in read(tmp_path, text)] == [(1.0, 1234.5, 1000.0), (2.0, 100.0, 0.0), (0.25, -9.99, 0.0)]


def test_columns_may_be_missing_or_renamed(tmp_path: Path) -> None:
    assert read(tmp_path, "Path,Total Conversions\na > b,3\n", needs_value=False) == [(("a", "b"), 3.0, 0.0, 0.0)]
    assert read(tmp_path, "nulls;value;more;conversions;path\n1;2;x;3;a\n") == [(("a",), 3.0, 2.0, 1.0)]
    message = refused(tmp_path, "path,total_conversions\na,1\n")
    assert message.endswith(
        "paths.csv has no column total_conversion_value; it needs path, total_conversions, total_conversion_value, in its first line"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_read_alike(tmp_path: Path, encoding: str) -> None:
    text = f"{HEAD}café > b,1,2,3\r\n".encode(encoding)
    assert read(tmp_path, text) == [(("café", "b"), 1.0, 2.0, 3.0)]


def test_other_forms_read_alike(tmp_path: Path) -> None:
    row = '{"path": "a > b", "total_conversions": 1, "total_conversion_value": 2.5, "total_null": 0}\n'
    assert read(tmp_path, row, "paths.jsonl") == [(("a", "b"), 1.0, 2.5, 0.0)]
    assert read(tmp_path, HEAD.replace(",", "\t") + "a > b\t1\t2.5\t0\n", "paths.tsv") == [(("a", "b"), 1.0, 2.5, 0.0)]


def test_header_alone_is_no_journey(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD) == []


def test_rows_without_channel_are_told(tmp_path: Path) -> None:
    found = read_paths(written(tmp_path, f"{HEAD},2,3,0\na,1,1,0\n"), needs_value=True)
    assert found.notes == ("1 rows have no channel; what they brought is credited to unknown",)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a,many,1,0", "line 3: total_conversions is not a number"),
        ("a,-1,1,0", "line 3: total_conversions is negative"),
        ("a,1,1,-2", "line 3: total_null is negative"),
        ("a,1,dear,0", "line 3: total_conversion_value is not a number"),
        ("a,1e16,1,0", "line 3: total_conversions is larger than 1e+15"),
        ("a,1,-1e400,0", "line 3: total_conversion_value is not a number"),
        ("a,1,1", "line 3: 3 cells, the header has 4"),
        ("a,1,1,0,9", "line 3: 5 cells, the header has 4"),
    ],
)  # fmt: skip
def test_wrong_cell_is_named(tmp_path: Path, line: str, reason: str) -> None:
    assert refused(tmp_path, f"{HEAD}b,1,1,0\n{line}\n").endswith(reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b"\n \n", "is empty"), (b"\x00\x01binary", "not a text file"), (b"secret-key-1234\nmore", "no column path"),
     (b"PAR1nonsense", "no Parquet file")],
)  # fmt: skip
def test_other_files_are_refused_unquoted(tmp_path: Path, content: bytes, reason: str) -> None:
    message = refused(tmp_path, content)
    assert reason in message
    assert "secret" not in message


def test_wrong_cells_are_never_quoted(tmp_path: Path) -> None:
    assert "hunter2" not in refused(tmp_path, f"{HEAD}a,hunter2,1,0\n")
    assert "hunter2" not in refused(tmp_path, "path,total_conversions,hunter2\n", needs_value=True)


def test_only_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    for name in ("folder", "pipe", "socket", "/dev/zero"):
        with pytest.raises(BadInput, match="is not a file"):
            read_paths(tmp_path / name, needs_value=False)
    listener.close()


@pytest.mark.parametrize("name", ["nowhere.csv", "no/such/folder.csv", "\x00", "paths.csv/below"])
def test_missing_files_are_not_found(tmp_path: Path, name: str) -> None:
    written(tmp_path, HEAD)
    with pytest.raises(NotFound, match="there is no file") as refusal:
        read_paths(tmp_path / name, needs_value=False)
    assert refusal.value.message.isprintable()


def test_endless_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read: File name too long"):
        read_paths(tmp_path / ("x" * 300), needs_value=False)


def test_huge_files_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MOST_BYTES", 10)
    assert refused(tmp_path, HEAD).endswith("is larger than 10 bytes")


def test_file_that_changes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "file_hash", lambda path: "another")
    assert "changed while it was read" in refused(tmp_path, f"{HEAD}a,1,1,0\n")
