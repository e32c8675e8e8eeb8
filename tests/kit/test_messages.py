"""Chat messages are cut where a reader would cut them, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue_machine.kit.messages import split_text, text_units


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("short", 10, ["short"]),
        ("one\ntwo\nthree", 8, ["one\ntwo", "three"]),
        ("one\ntwo\nthree", 7, ["one\ntwo", "three"]),
        ("one two three", 8, ["one two", "three"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("\U0001f680\U0001f680\U0001f680", 4, ["\U0001f680\U0001f680", "\U0001f680"]),
        ("a\n\n\nb", 2, ["a", "b"]),
        ("", 10, []),
    ],
)
def test_long_text_splits_at_line_ends(text: str, limit: int, parts: list[str]) -> None:
    assert split_text(text, limit) == parts


@given(st.text(alphabet="ab \n\U0001f680", max_size=200), st.integers(2, 40))
def test_splitting_loses_no_letter(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(0 < text_units(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
