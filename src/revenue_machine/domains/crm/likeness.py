"""Which two contacts may be one person, how sure that is, and why: pure rules over their keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from revenue_machine.domains.crm.models import Suggestion

WORTH_SAYING = 0.5
SHORTEST_WORD = 5
# More than this many behind one name or word is a crowd, not a double.
CROWD = 8
_NOBODY = frozenset({
    "info", "hello", "contact", "admin", "sales", "support", "office", "team", "mail", "marketing", "founder", "press", "billing",
})  # fmt: skip


@dataclass(frozen=True)
class Card:
    """What of a contact is compared, every key in its one spelling."""

    id: str
    name_key: str | None
    company_key: str | None
    emails: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()

    @property
    def mailboxes(self) -> frozenset[str]:
        """Addresses without +tag."""
        return frozenset(f"{local.split('+', 1)[0]}@{host}" for local, _, host in (one.partition("@") for one in self.emails))

    @property
    def local_parts(self) -> frozenset[str]:
        """What stands before the @, without dots and dashes, where it can name a person."""
        return frozenset(word for one in self.mailboxes if (word := _bare(one.partition("@")[0])))

    @property
    def words(self) -> frozenset[str]:
        """Handles without their platform."""
        return frozenset(word for one in self.handles if (word := _bare(one.partition(":")[2])))


def _bare(text: str) -> str:
    word = "".join(sign for sign in text if sign.isalnum())
    return word if len(word) >= SHORTEST_WORD and word not in _NOBODY else ""


def compare(one: Card, other: Card) -> tuple[float, tuple[str, ...]]:
    """(how sure that two are one, the reasons)."""
    found: list[tuple[float, str]] = []
    if shared := sorted(one.mailboxes & other.mailboxes):
        found.append((0.9, f"the same mailbox: {shared[0]}"))
    if shared := sorted(set(one.handles) & set(other.handles)):
        found.append((0.95, f"the same handle: {shared[0]}"))
    if shared := sorted(one.words & other.words - {part.partition(":")[2] for part in set(one.handles) & set(other.handles)}):
        found.append((0.6, f"the same handle on two platforms: {shared[0]}"))
    if shared := sorted((one.local_parts & other.words) | (other.local_parts & one.words)):
        found.append((0.5, f"one's e-mail begins like the other's handle: {shared[0]}"))
    if one.name_key and one.name_key == other.name_key and " " in one.name_key:
        if one.company_key and one.company_key == other.company_key:
            found.append((0.8, f"the same name and company: {one.name_key}, {one.company_key}"))
        else:
            found.append((0.3, f"the same name: {one.name_key}"))
    if not found:
        return 0.0, ()
    unsure = 1.0
    for weight, _ in found:
        unsure *= 1.0 - weight
    if _are_colleagues(one, other):
        return round((1.0 - unsure) * 0.5, 2), (*(why for _, why in found), "but two mailboxes at one house")
    return round(1.0 - unsure, 2), tuple(why for _, why in found)


def _are_colleagues(one: Card, other: Card) -> bool:
    """Two different mailboxes of one domain that is a company's own."""
    if one.mailboxes & other.mailboxes:
        return False
    hosts = {box.partition("@")[2] for box in one.mailboxes} & {box.partition("@")[2] for box in other.mailboxes}
    return bool(hosts - {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "proton.me"})


def suggest(cards: Iterable[Card], limit: int) -> list[Suggestion]:
    """The surest pairs first; only people who share a name, a mailbox or a word are compared at all."""
    blocks: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        for key in _blocks(card):
            blocks.setdefault(key, []).append(card)
    pairs: dict[tuple[str, str], tuple[float, tuple[str, ...]]] = {}
    for block in blocks.values():
        if 1 < len(block) <= CROWD:
            for one, other in _pairs(block):
                pairs.setdefault((one.id, other.id), compare(one, other))
    found = [Suggestion(first, second, sure, why) for (first, second), (sure, why) in pairs.items() if sure >= WORTH_SAYING]
    return sorted(found, key=lambda one: (-one.confidence, one.first_id, one.second_id))[:limit]


def _blocks(card: Card) -> Iterator[tuple[str, str]]:
    if card.name_key and " " in card.name_key:
        yield "name", card.name_key
    yield from (("box", box) for box in card.mailboxes)
    yield from (("word", word) for word in card.words | card.local_parts)


def _pairs(block: Sequence[Card]) -> Iterator[tuple[Card, Card]]:
    ordered = sorted({card.id: card for card in block}.values(), key=lambda card: card.id)
    for place, one in enumerate(ordered):
        yield from ((one, other) for other in ordered[place + 1 :])
