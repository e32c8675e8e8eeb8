"""The line walker finds each key of whatever TOML its parser accepts."""

from __future__ import annotations

import tomllib
from typing import Any

from revenue_machine.domains.owner.owner_file import EXAMPLE
from revenue_machine.domains.owner.toml_lines import Place, lines_of

ODD = '''\
a.b = 1 # not = this [[x]]
"quo\\u0074ed" = """
[not a table]
c = \\"""
"""
'lit.eral' = \'\'\'
d = 1\'\'\'
list = [ # comment ]
  1, [2,
  3],
  { k = "}", l = [
    4 ] },
]
[table."sub table"]
x = 1979-05-27T07:32:00Z
[[many]]
y = 1
[[many.inner]]
z = 'a'
[[many]]
[many.extra]
w = { deep.er = 1 }
'''

WANTED: dict[Place, int] = {
    ("a", "b"): 1, ("quoted",): 2, ("lit.eral",): 6, ("list", 0): 9, ("list", 1): 9, ("list", 1, 0): 9, ("list", 1, 1): 10,
    ("list", 2): 11, ("list", 2, "k"): 11, ("list", 2, "l", 0): 12, ("table", "sub table"): 14, ("table", "sub table", "x"): 15,
    ("many", 0): 16, ("many", 0, "y"): 17, ("many", 0, "inner", 0, "z"): 19, ("many", 1): 20, ("many", 1, "extra", "w"): 22,
    ("many", 1, "extra", "w", "deep", "er"): 22,
}  # fmt: skip


def test_odd_toml_is_walked_to_the_line() -> None:
    found = lines_of(ODD)
    assert {place: found.get(place) for place in WANTED} == WANTED


def test_every_place_of_the_parser_is_found() -> None:
    for text in (ODD, EXAMPLE.read_text(encoding="utf-8")):
        assert set(_places(tomllib.loads(text), ())) <= set(lines_of(text))


def _places(value: Any, place: Place) -> list[Place]:
    children = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    return [place, *(found for key, child in children for found in _places(child, (*place, key)))]
