"""How long a chat message is and where a longer one is cut; counted in UTF-16 units, as Telegram does."""

from __future__ import annotations

MAX_TEXT = 4096


def text_units(text: str) -> int:
    """Length as Telegram counts offsets: UTF-16 units, never fewer than characters."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def split_text(text: str, limit: int = MAX_TEXT) -> list[str]:
    """Parts of at most `limit` UTF-16 units (at least 2), cut at line ends, else at spaces, else anywhere; blank parts go."""
    parts: list[str] = []
    rest = text
    while text_units(rest) > limit:
        head = _head(rest, limit)
        cut = head.rfind("\n") if rest[len(head)] != "\n" else len(head)
        if cut <= 0:
            cut = head.rfind(" ") if rest[len(head)] != " " else len(head)
        cut = cut if cut > 0 else len(head)
        parts.append(rest[:cut])
        rest = rest[cut + 1 :] if rest[cut] in "\n " else rest[cut:]
    return [part.strip("\n") for part in [*parts, rest] if part.strip()]


def _head(text: str, limit: int) -> str:
    """The longest beginning of at most `limit` UTF-16 units."""
    units = 0
    for place, char in enumerate(text):
        units += 2 if ord(char) > 0xFFFF else 1
        if units > limit:
            return text[:place]
    return text
