"""On which line of a TOML text each key and list item stands; the text has already been accepted by the real parser."""

from __future__ import annotations

import ast
from typing import Any

Place = tuple[str | int, ...]
_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


def lines_of(text: str) -> dict[Place, int]:
    """Line (from 1) by place, `("products", 1, "offers", 0, "price_usd")`; () is the first line."""
    return _Walk(text).run()


class _Walk:
    """One pass over a TOML text that keeps places and throws the values away."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._lines: dict[Place, int] = {(): 1}
        self._lists: dict[Place, int] = {}

    def run(self) -> dict[Place, int]:
        table: Place = ()
        self._skip(newlines=True)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(newlines=True)
        return self._lines

    def _header(self) -> Place:
        is_list = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if is_list else 1
        parts = self._key()
        self._at += 2 if is_list else 1
        place = self._resolved(parts[:-1], line)
        place = (*place, parts[-1])
        if is_list:
            index = self._lists.get(place, -1) + 1
            self._lists[place] = index
            self._lines.setdefault(place, line)
            place = (*place, index)
        self._lines.setdefault(place, line)
        return place

    def _resolved(self, parts: list[str], line: int) -> Place:
        """`products.offers` as the offers of the newest product; a table first named on the way starts here."""
        place: Place = ()
        for part in parts:
            place = (*place, part)
            self._lines.setdefault(place, line)
            if place in self._lists:
                place = (*place, self._lists[place])
        return place

    def _pair(self, table: Place) -> None:
        line = self._line()
        parts = self._key()
        place = table
        for part in parts:
            place = (*place, part)
            self._lines.setdefault(place, line)
        self._at += 1
        self._value(place)

    def _key(self) -> list[str]:
        """A dotted key; stops at the character behind it."""
        parts: list[str] = []
        while True:
            self._skip()
            parts.append(self._string() if self._text[self._at] in "\"'" else self._bare())
            self._skip()
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _bare(self) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] in _BARE:
            self._at += 1
        return self._text[start : self._at]

    def _value(self, place: Place) -> None:
        self._skip()
        first = self._text[self._at : self._at + 1]
        if first in {'"', "'"}:
            self._string()
        elif first == "[":
            self._array(place)
        elif first == "{":
            self._inline(place)
        else:
            while self._at < len(self._text) and self._text[self._at] not in ",]}#\n\r":
                self._at += 1

    def _array(self, place: Place) -> None:
        self._at += 1
        index = 0
        self._skip(newlines=True)
        while self._text[self._at] != "]":
            self._lines[(*place, index)] = self._line()
            self._value((*place, index))
            self._skip(newlines=True)
            if self._text[self._at] == ",":
                self._at += 1
                index += 1
            self._skip(newlines=True)
        self._at += 1

    def _inline(self, place: Place) -> None:
        self._at += 1
        self._skip(newlines=True)
        while self._text[self._at] != "}":
            self._pair(place)
            self._skip(newlines=True)
            if self._text[self._at] == ",":
                self._at += 1
            self._skip(newlines=True)
        self._at += 1

    def _string(self) -> str:
        quote = self._text[self._at]
        mark = quote * 3 if self._text.startswith(quote * 3, self._at) else quote
        start = self._at = self._at + len(mark)
        while not self._text.startswith(mark, self._at):
            self._at += 2 if quote == '"' and self._text[self._at] == "\\" else 1
        body = self._text[start : self._at]
        self._at += len(mark)
        while len(mark) == 3 and self._text.startswith(quote, self._at):
            self._at += 1
        return _unescaped(body) if quote == '"' and "\\" in body else body

    def _skip(self, *, newlines: bool = False) -> None:
        """Past blanks and comments, and past line ends when they mean nothing."""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif char in " \t" or (newlines and char in "\r\n"):
                self._at += 1
            else:
                return

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1


def _unescaped(body: str) -> str:
    """A quoted key as it is meant; TOML's escapes are a part of Python's."""
    try:
        value: Any = ast.literal_eval(f'"{body}"')
    except (SyntaxError, ValueError):
        return body
    return str(value)
