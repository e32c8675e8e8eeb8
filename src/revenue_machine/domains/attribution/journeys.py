"""What a person passed on the way to a conversion, or to none: many such journeys in flat arrays, so that millions fit."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Journey:
    """Channels oldest first (none: nobody knows), how often it ended in a conversion and how often in nothing, and its value.

    `back` says for each touch how often time decay has halved it by the newest touch's time; None: once per step.
    """

    channels: Sequence[str]
    conversions: float = 1.0
    nulls: float = 0.0
    value: float = 0.0
    back: Sequence[float] | None = None


@dataclass
class Journeys:
    """Journeys by number; `names` holds the channels by code, `codes[ends[n-1]:ends[n]]` what journey n touched.

    `back` runs beside `codes`, or is empty when no journey knows its times.
    """

    names: list[str] = field(default_factory=list)
    codes: array[int] = field(default_factory=lambda: array("i"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    conversions: array[float] = field(default_factory=lambda: array("d"))
    nulls: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))
    back: array[float] = field(default_factory=lambda: array("d"))
    _known: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, journeys: Iterable[Journey]) -> Journeys:
        """Those journeys, in their order; either all know their times or none does."""
        found = cls()
        for one in journeys:
            found.add([found.code(name) for name in one.channels], one.conversions, one.nulls, one.value, back=one.back)
        return found

    def __len__(self) -> int:
        return len(self.ends)

    def code(self, name: str) -> int:
        """The number of a channel, a new one for a new name."""
        found = self._known.setdefault(name, len(self.names))
        if found == len(self.names):
            self.names.append(name)
        return found

    def add(
        self, codes: Iterable[int], conversions: float, nulls: float, value: float, *, back: Iterable[float] | None = None
    ) -> None:
        """One more journey."""
        self.codes.extend(codes)
        self.ends.append(len(self.codes))
        self.conversions.append(conversions)
        self.nulls.append(nulls)
        self.values.append(value)
        if back is not None:
            self.back.extend(back)

    def spans(self) -> Iterator[tuple[int, int]]:
        """Where each journey's touches begin and end in `codes`."""
        start = 0
        for end in self.ends:
            yield start, end
            start = end
