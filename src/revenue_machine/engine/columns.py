"""Events as numbers, ordered by user: one 64-bit key (user, time) and a small code per trait, so that passing millions is quick.

A key is `user << TIME_BITS | milliseconds since the epoch`: sorted keys put every user's events together and in time order, and
"this user's events between two instants" is two binary searches. Events of one user and millisecond keep the order they came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from revenue_machine.kit.errors import BadInput

Ints = NDArray[np.int64]
Column = NDArray[Any]
TIME_BITS = 40
MOST_USERS = 1 << (63 - TIME_BITS)
# Keys of two users lie at least this far apart, so that a look back over so many milliseconds never meets another user.
LONGEST_WINDOW_MS = 1 << 34
LONGEST_SPAN_MS = (1 << TIME_BITS) - LONGEST_WINDOW_MS
ROWS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Events:
    """Events by user and time: sorted keys, and one value per event in each further column."""

    keys: Ints
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.keys)


def keys_of(users: Column, times_ms: Column, epoch_ms: int) -> Ints:
    """Keys of user codes and times.

    Raises: bad_input for more than 8,388,608 users, or times before the epoch or more than 34 years after it.
    """
    if len(users) and not 0 <= int(users.min()) <= int(users.max()) < MOST_USERS:
        raise BadInput(f"user codes lie between 0 and {MOST_USERS - 1}", field="users")
    since = np.asarray(times_ms, np.int64) - epoch_ms
    if len(since) and not 0 <= int(since.min()) <= int(since.max()) < LONGEST_SPAN_MS:
        raise BadInput(f"times lie within {LONGEST_SPAN_MS} ms after {epoch_ms}", field="times")
    keys: Ints = (np.asarray(users, np.int64) << TIME_BITS) | since
    return keys


def users_of(keys: Ints) -> Ints:
    """The user codes of keys."""
    users: Ints = keys >> TIME_BITS
    return users


def times_of(keys: Ints, epoch_ms: int) -> Ints:
    """The times of keys, in milliseconds since 1970."""
    times: Ints = (keys & ((1 << TIME_BITS) - 1)) + epoch_ms
    return times


def by_user(users: Column, times_ms: Column, columns: Mapping[str, Column], epoch_ms: int) -> Events:
    """Events in the order they came as events by user and time; those already in time order take one sort of plain numbers."""
    keys = keys_of(users, times_ms, epoch_ms)
    order = _user_order(keys, times_ms)
    return Events(keys[order], {name: np.asarray(column)[order] for name, column in columns.items()})


def _user_order(keys: Ints, times_ms: Column) -> Ints:
    """The stable order of the keys; sorting (user, place) as one number is twice as fast as an argsort of the keys."""
    row_bits = max(len(keys) - 1, 0).bit_length()
    in_time = bool((np.diff(times_ms) >= 0).all())
    if not in_time or not len(keys) or int(keys.max() >> TIME_BITS).bit_length() + row_bits > 63:
        return np.argsort(keys, kind="stable")
    packed = ((keys >> TIME_BITS) << row_bits) | np.arange(len(keys))
    packed.sort()
    packed &= (1 << row_bits) - 1
    return packed


def join(base: Events, more: Events) -> Events:
    """Both together; at one user and instant what was there before comes first."""
    if not len(more):
        return base
    place = np.searchsorted(base.keys, more.keys, side="right") + np.arange(len(more))
    stays = np.ones(len(base) + len(more), bool)
    stays[place] = False
    return Events(
        _laid(base.keys, more.keys, stays, place),
        {name: _laid(column, more.columns[name], stays, place) for name, column in base.columns.items()},
    )


def _laid(base: Column, more: Column, stays: NDArray[np.bool_], place: Ints) -> Column:
    laid = np.empty(len(stays), base.dtype)
    laid[stays] = base
    laid[place] = more
    return laid


def of_users(events: Events, users: Ints) -> Events:
    """Only the events of some users (sorted, distinct codes)."""
    begin = np.searchsorted(events.keys, users << TIME_BITS)
    rows = spans(begin, np.searchsorted(events.keys, (users + 1) << TIME_BITS))
    return Events(events.keys[rows], {name: column[rows] for name, column in events.columns.items()})


def spans(begin: Ints, end: Ints) -> Ints:
    """All places of the spans [begin, end), one span after the other."""
    lengths = end - begin
    shift = begin - (np.cumsum(lengths) - lengths)
    places: Ints = np.arange(int(lengths.sum())) + np.repeat(shift, lengths)
    return places


def portions(events: Events, rows: int = ROWS_AT_ONCE) -> Iterator[slice]:
    """Slices of about so many events that never part a user's events."""
    begin = 0
    while begin < len(events):
        end = min(begin + rows, len(events))
        if end < len(events):
            end = int(np.searchsorted(events.keys, (int(events.keys[end - 1] >> TIME_BITS) + 1) << TIME_BITS))
        yield slice(begin, end)
        begin = end


LONGEST_WORD = 1024


class Words:
    """Texts by code: a sorted column of those that are settled, and the few that came since; a code never changes."""

    def __init__(self, ordered: Column, codes: Column, fresh: Sequence[str] = ()) -> None:
        """Settled texts in order with their codes 0 … n-1, and later ones by code from n on."""
        self.ordered, self.order = ordered, codes
        self._fresh = {text: code for code, text in enumerate(fresh, len(ordered))}

    @classmethod
    def of(cls, texts: Sequence[str]) -> Words:
        """All settled, by code; all different."""
        return cls.of_column(_as_bytes(texts))

    @classmethod
    def of_column(cls, column: Column) -> Words:
        """The same from byte strings by code."""
        order = np.argsort(column, kind="stable").astype(np.int32)
        return cls(column[order], order)

    def __len__(self) -> int:
        return len(self.ordered) + len(self._fresh)

    def texts(self) -> list[str]:
        """The texts by code."""
        settled = np.empty_like(self.ordered)
        settled[self.order] = self.ordered
        return [*(text.decode() for text in settled.tolist()), *self._fresh]

    def settled(self) -> Words:
        """The same codes, all in the sorted column."""
        if not self._fresh:
            return self
        more = Words.of(list(self._fresh))
        place = np.searchsorted(self.ordered, more.ordered) + np.arange(len(more))
        stays = np.ones(len(self), bool)
        stays[place] = False
        width = np.promote_types(self.ordered.dtype, more.ordered.dtype)
        order = _laid(self.order, more.order + np.int32(len(self.order)), stays, place)
        return Words(_laid(self.ordered.astype(width), more.ordered, stays, place), order)

    def codes(self, texts: Sequence[str]) -> Ints:
        """The code of each text; -1 where it has none."""
        found = np.full(len(texts), -1, np.int64)
        if len(self.ordered) and len(texts):
            wanted = _as_bytes(texts)
            place = np.minimum(np.searchsorted(self.ordered, wanted), len(self.ordered) - 1)
            found = np.where(self.ordered[place] == wanted, self.order[place], -1).astype(np.int64)
        if self._fresh:
            for at in np.flatnonzero(found < 0).tolist():
                found[at] = self._fresh.get(texts[at], -1)
        return found

    def learn(self, texts: Sequence[str]) -> list[str]:
        """Give codes to texts that have none, in the order they came; which those are.

        Raises: bad_input for a text of more than 1,024 bytes or with a zero byte.
        """
        distinct = list(dict.fromkeys(texts))
        fresh = [text for text, code in zip(distinct, self.codes(distinct).tolist(), strict=True) if code < 0]
        _as_bytes(fresh)
        for text in fresh:
            self._fresh[text] = len(self)
        return fresh


def _as_bytes(texts: Sequence[str]) -> Column:
    column = [text.encode() for text in texts]
    if any(len(one) > LONGEST_WORD or b"\0" in one for one in column):
        raise BadInput(f"a word has at most {LONGEST_WORD} bytes and no zero byte", field="words")
    return np.array(column, dtype=None if column else "S1")
