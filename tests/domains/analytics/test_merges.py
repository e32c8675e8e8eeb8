"""Ids become one person in the order they were said; nobody known is merged away by a guess."""

from __future__ import annotations

import random

import pytest

from revenue_machine.domains.analytics.merges import Merge, Signal, resolve, roots, signal_of

NONE: frozenset[str] = frozenset()


def said(*pairs: tuple[str, str], kind: str = "$identify") -> list[Signal]:
    return [Signal(f"e{place}", kind, from_id, into_id, place) for place, (from_id, into_id) in enumerate(pairs)]


def verdicts(found: list[Merge]) -> list[tuple[str, str, str, str | None]]:
    return [(one.signal.from_id, one.signal.into_id, one.outcome, one.reason) for one in found]


def test_anonymous_visitor_becomes_the_user() -> None:
    assert verdicts(resolve(said(("anon", "user")), {"user": 0}, NONE)) == [("anon", "user", "merged", None)]


def test_one_browser_of_two_people_is_a_conflict() -> None:
    found = resolve(said(("anon", "ann"), ("anon", "bob")), {"ann": 0, "bob": 1}, NONE)
    assert verdicts(found)[1] == ("anon", "bob", "conflict", "anon is ann already")


def test_identified_person_is_never_merged_away() -> None:
    found = resolve(said(("x", "y"), ("ann", "bob")), {"ann": 0}, NONE)
    assert verdicts(found)[1] == ("ann", "bob", "conflict", "ann is a person identified before")
    forced = resolve(said(("x", "y"), ("ann", "bob"), kind="$merge_dangerously"), {"ann": 0}, NONE)
    assert forced[1].outcome == "merged"


@pytest.mark.parametrize("shared", ["undefined", "null", "[object Object]", "anonymous", "0"])
def test_broken_pages_join_nobody(shared: str) -> None:
    found = resolve(said((shared, "ann")), {}, NONE)
    assert (found[0].outcome, found[0].reason) == ("conflict", f"'{shared}' is what broken pages send for everybody")


def test_undone_merge_frees_the_id() -> None:
    first = resolve(said(("anon", "ann"), ("anon", "bob")), {}, NONE)
    again = resolve(said(("anon", "ann"), ("anon", "bob")), {}, frozenset((first[0].id,)))
    assert [one.outcome for one in again] == ["merged", "merged"]


def test_order_of_arrival_does_not_matter() -> None:
    signals = said(("a", "u"), ("b", "u"), ("u", "v"), ("a", "w"), ("w", "v"), ("c", "b"))
    expected = verdicts(resolve(signals, {"u": 0, "w": 3}, NONE))
    for seed in range(20):
        mixed = list(signals)
        random.Random(seed).shuffle(mixed)
        assert verdicts(resolve(mixed, {"u": 0, "w": 3}, NONE)) == expected


def test_chains_lead_to_one_root() -> None:
    assert roots([("a", "b"), ("b", "c"), ("c", "a"), ("d", "c")]) == {"a": "c", "b": "c", "d": "c"}


@pytest.mark.parametrize(
    ("event", "properties", "expected"),
    [
        ("$identify", {"$anon_distinct_id": "anon"}, "anon"), ("$create_alias", {"alias": 17}, "17"),
        ("$merge_dangerously", {"alias": "old"}, "old"), ("$identify", {"alias": "anon"}, None), ("signup", {"alias": "a"}, None),
        ("$identify", {"$anon_distinct_id": "me"}, None), ("$create_alias", {"alias": True}, None),
    ],
)  # fmt: skip
def test_signals_are_read(event: str, properties: dict[str, object], expected: str | None) -> None:
    found = signal_of("e1", event, "me", properties, 5)
    assert (None if found is None else (found.from_id, found.into_id, found.at_us)) == (
        None if expected is None else (expected, "me", 5)
    )
