"""Decides which ids are one person, from what products said in order: nobody who is known already is merged away by a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from revenue_machine.kit.ids import make_id

SIGNALS = ("$identify", "$create_alias", "$merge_dangerously")
Outcome = Literal["merged", "conflict"]
# Ids every anonymous visitor of a broken page shares; whoever believed them would join strangers.
_NOBODY = frozenset(
    ("", "null", "none", "undefined", "nan", "anonymous", "guest", "distinct_id", "distinctid", "id", "email", "true", "false", "0",
     "[object object]")
)  # fmt: skip


@dataclass(frozen=True)
class Signal:
    """A product said at `at_us` (microseconds) that `from_id` is `into_id`."""

    id: str
    kind: str
    from_id: str
    into_id: str
    at_us: int


@dataclass(frozen=True)
class Merge:
    """What became of a signal, and why not where it did not."""

    id: str
    signal: Signal
    outcome: Outcome
    reason: str | None


def signal_of(event_id: str, event: str, distinct_id: str, properties: Mapping[str, Any], at_us: int) -> Signal | None:
    """The merge an event asks for; None when it names nobody else."""
    other = properties.get("$anon_distinct_id" if event == "$identify" else "alias")
    if not isinstance(other, str | int) or isinstance(other, bool) or str(other).strip() == distinct_id or event not in SIGNALS:
        return None
    return Signal(event_id, event, str(other).strip(), distinct_id, at_us)


def resolve(signals: Iterable[Signal], identified: Mapping[str, int], undone: frozenset[str]) -> list[Merge]:
    """One verdict per pair of ids, in order of time and id.

    `identified` tells since when (microseconds) an id is somebody's own; `undone` are ids of merges the owner took back.
    """
    parent: dict[str, str] = {}
    verdicts: dict[str, Merge] = {}
    for one in sorted(signals, key=lambda signal: (signal.at_us, signal.id)):
        merge_id = make_id("idm", one.from_id, one.into_id)
        if merge_id in verdicts and verdicts[merge_id].outcome == "merged":
            continue
        reason = _objection(one, parent, identified)
        verdicts[merge_id] = Merge(merge_id, one, "merged" if reason is None else "conflict", reason)
        if reason is None and merge_id not in undone:
            parent[root_of(parent, one.from_id)] = root_of(parent, one.into_id)
    return list(verdicts.values())


def _objection(one: Signal, parent: Mapping[str, str], identified: Mapping[str, int]) -> str | None:
    """Why the two may not be joined; None when they may or are already."""
    for text in (one.from_id, one.into_id):
        if text.lower() in _NOBODY:
            return f"'{text}' is what broken pages send for everybody"
    mine, theirs = root_of(parent, one.from_id), root_of(parent, one.into_id)
    if mine == theirs or one.kind == "$merge_dangerously":
        return None
    if mine != one.from_id:
        return f"{one.from_id} is {mine} already"
    since = identified.get(one.from_id)
    if since is not None and since < one.at_us:
        return f"{one.from_id} is a person identified before"
    return None


def root_of(parent: Mapping[str, str], name: str) -> str:
    """The id a person is counted under."""
    while name in parent:
        name = parent[name]
    return name


def roots(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Every merged id with the one its person is counted under; pairs (from, into) in the order they were joined."""
    parent: dict[str, str] = {}
    for from_id, into_id in pairs:
        mine, theirs = root_of(parent, from_id), root_of(parent, into_id)
        if mine != theirs:
            parent[mine] = theirs
    return {name: root_of(parent, name) for name in parent}
