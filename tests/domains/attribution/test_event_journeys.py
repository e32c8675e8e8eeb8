from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution.event_journeys import read_events
from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.kit.errors import BadInput

HEAD = "user_id,time,channel,converted,value\n"
Row = tuple[str, float, float, float]


def rows_of(journeys: Journeys) -> list[Row]:
    names = [" ".join(journeys.names[code] for code in journeys.codes[start:end]) for start, end in journeys.spans()]
    return list(zip(names, journeys.conversions, journeys.values, journeys.nulls, strict=True))


def written(folder: Path, text: str | bytes) -> Path:
    place = folder / "events.csv"
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


def read(folder: Path, text: str | bytes) -> list[Row]:
    return rows_of(read_events(written(folder, text), needs_value=True).journeys)


def test_conversions_end_journeys(tmp_path: Path) -> None:
    text = (
        "bo,2026-01-05T00:00:00Z,B,1,20\nann,2026-01-03T00:00:00Z,C,1,9.5\nann,2026-01-01T00:00:00Z,A,0,\n"
        "ann,2026-01-02T00:00:00Z,B,0,0\nann,2026-01-04T00:00:00Z,D,0,\nbo,2026-01-06T00:00:00Z,A,1,1\n"
    )
    assert read(tmp_path, HEAD + text) == [
        ("B", 1.0, 20.0, 0.0), ("A", 1.0, 1.0, 0.0), ("A B C", 1.0, 9.5, 0.0), ("D", 0.0, 0.0, 1.0)
    ]  # fmt: skip


def test_touch_at_the_same_time_counts(tmp_path: Path) -> None:
    text = "u,2026-01-02T00:00:00Z,,1,5\nu,2026-01-02T00:00:00Z,A,0,\nu,2026-01-02T00:00:01Z,B,0,\n"
    assert read(tmp_path, HEAD + text) == [("A", 1.0, 5.0, 0.0), ("B", 0.0, 0.0, 1.0)]


def test_ties_keep_their_order(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEAD}u,2026-01-02,B,0,\nu,2026-01-02,A,0,\nu,2026-01-02,C,1,5\n")[0][0] == "B A C"


def test_renewal_inherits_the_touches(tmp_path: Path) -> None:
    text = "u,2026-01-01,A,1,5\nu,2026-02-01,,1,5\nu,2026-03-01,B,0,\nu,2026-03-02,,1,5\n"
    assert [row[:2] for row in read(tmp_path, HEAD + text)] == [("A", 1.0), ("A", 1.0), ("B", 1.0)]


def test_refund_takes_from_its_sale(tmp_path: Path) -> None:
    text = "u,2026-01-01,A,1,5\nu,2026-01-05,B,0,\nu,2026-01-06,email,1,-5\nv,2026-01-01,,0,-3\nu,2026-01-07,,1,8\n"
    found = read_events(written(tmp_path, HEAD + text), needs_value=True)
    assert rows_of(found.journeys) == [("A", 1.0, 5.0, 0.0), ("A", 0.0, -5.0, 0.0), ("B", 1.0, 8.0, 0.0), ("", 0.0, -3.0, 0.0)]
    assert found.notes == (
        "1 rows have no channel; what they brought is credited to unknown",
        "2 rows give money back: taken from the conversion before, counted as no conversion",
    )


def test_conversion_without_touch_is_kept(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEAD}u,2026-01-02,,1,5\nu,2026-01-03,A,0,\n") == [("", 1.0, 5.0, 0.0), ("A", 0.0, 0.0, 1.0)]


def test_value_without_conversion_is_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEAD}u,2026-01-02,A,0,99\nu,2026-01-03,B,1,5\n") == [("A B", 1.0, 5.0, 0.0)]


def test_exact_repeats_are_counted_and_told(tmp_path: Path) -> None:
    found = read_events(written(tmp_path, HEAD + "u,2026-01-02,A,1,5\n" * 3), needs_value=True)
    assert sum(found.journeys.conversions) == 3
    assert found.notes == ("2 rows repeat another exactly; they were counted",)


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00", "2026-01-02 05:04:05+02:00", "2026-01-02 03:04:05", "2026/01/02 03:04:05",
        "1767323045", "1767323045.0", "1.767323045e9", "1767323045000", "1767323045000000", "1767323045000000000",
    ],
)  # fmt: skip
def test_times_of_every_dress_agree(tmp_path: Path, time: str) -> None:
    """One second after a touch and one before another: the instant is met exactly."""
    text = f"u,2026-01-02T03:04:06Z,late,0,\nu,{time},at,1,1\nu,2026-01-02T03:04:04Z,early,0,\n"
    journeys = read_events(written(tmp_path, HEAD + text), needs_value=True).journeys
    assert rows_of(journeys)[0][0] == "early at"
    assert journeys.back[0] == pytest.approx(1 / (7 * 86400), abs=1e-9)


def test_days_without_signs_are_days(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEAD}u,20260102,B,1,1\nu,2026-01-01T23:59:59Z,A,0,\n")[0][0] == "A B"


def test_plain_numbers_are_moments_in_order(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEAD}u,10,C,1,1\nu,2,B,0,\nu,1,A,0,\n")[0][0] == "A B C"


def test_hours_that_clocks_repeat_stay_apart(tmp_path: Path) -> None:
    text = "u,2026-10-25T02:30:00+01:00,B,1,1\nu,2026-10-25T02:30:00+02:00,A,0,\n"
    assert read(tmp_path, HEAD + text)[0][0] == "A B"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_marked_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    bom = b"\xfe\xff" if encoding == "utf-16-be" else b""
    assert read(tmp_path, bom + f'{HEAD}"ü, 1",2026-01-02,"ads, ""big""",yes,5\n'.encode(encoding)) == [
        ('ads, "big"', 1.0, 5.0, 0.0)
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",2026-01-01,A,0,", "line 2: user_id is empty"),
        ("u,,A,0,", "line 2: time is not a time"),
        ("u,yesterday,A,0,", "line 2: time is not a time"),
        ("u,2026-13-01,A,0,", "line 2: time is not a time"),
        ("u,1e300,A,0,", "line 2: time is not a time"),
        ("u,2026-01-01,A,maybe,", "line 2: converted is neither 1 nor 0"),
        ("u,2026-01-01,A,2,", "line 2: converted is neither 1 nor 0"),
        ("u,2026-01-01,A,1,dear", "line 2: value is not a number"),
        ("u,2026-01-01,A,1", "line 2: 4 cells, the header has 5"),
    ],
)
def test_wrong_cell_is_named(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read(tmp_path, f"{HEAD}{line}\n")
    assert refusal.value.message.endswith(reason)


def test_column_of_values_is_needed_for_value(tmp_path: Path) -> None:
    place = written(tmp_path, "user_id,time,channel,converted\nu,2026-01-01,A,1\n")
    assert rows_of(read_events(place, needs_value=False).journeys) == [("A", 1.0, 0.0, 0.0)]
    with pytest.raises(BadInput, match="no column value"):
        read_events(place, needs_value=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from("uvw"), st.integers(0, 5), st.sampled_from(["A", "B", ""]), st.booleans(), st.integers(-500, 500)
        ),
        max_size=20,
    )
)
def test_no_conversion_and_no_cent_is_lost(tmp_path: Path, events: list[tuple[str, int, str, bool, int]]) -> None:
    lines = [f"{u},2026-01-0{d + 1},{c},{int(x)},{v / 100}" for u, d, c, x, v in events]
    journeys = read_events(written(tmp_path, HEAD + "\n".join(lines)), needs_value=True).journeys
    assert sum(journeys.conversions) == sum(x and v >= 0 for _, _, _, x, v in events)
    cents = sum(v for _, _, _, x, v in events if v < 0 or x)
    assert sum(journeys.values) == pytest.approx(cents / 100, abs=1e-9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(
    events=st.lists(
        st.tuples(st.sampled_from("uvw"), st.integers(0, 10**6), st.sampled_from(["A", "B", ""]), st.booleans()),
        max_size=15, unique_by=lambda one: one[:2],
    ),
    data=st.data(),
)  # fmt: skip
def test_order_of_rows_does_not_matter(tmp_path: Path, events: list[tuple[str, int, str, bool]], data: st.DataObject) -> None:
    lines = [f"{u},{seconds},{c},{int(x)},1" for u, seconds, c, x in events]
    shuffled = data.draw(st.permutations(lines))
    assert sorted(read(tmp_path, HEAD + "\n".join(shuffled))) == sorted(read(tmp_path, HEAD + "\n".join(lines)))
