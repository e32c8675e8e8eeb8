"""What really happened and why; kept beside the fakes, where no fake and no product looks."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.sandbox.store import WorldStore


@dataclass(frozen=True)
class Deed:
    """One true fact: who did what because of which post.

    `kind`: click, bot, visit, signup, trial, purchase, renewal, cancellation, refund, mail_…, proposal_… (its `offer`
    is the job). `channel`: post (its link), mail, upwork, lookup (saw the post, came without its link), direct, friends,
    before. `seen`: analytics could see the visit.
    """

    at: datetime
    kind: str
    person: str
    post_id: str | None
    channel: str
    offer: str = ""
    amount_micro_usd: int = 0
    seen: bool = True


def note(store: WorldStore, deed: Deed) -> None:
    """Write one fact down."""
    store.run(
        "insert into truth (at, kind, person, post_id, channel, offer, amount_micro_usd, seen) values (?, ?, ?, ?, ?, ?, ?, ?)",
        iso(deed.at), deed.kind, deed.person, deed.post_id, deed.channel, deed.offer, deed.amount_micro_usd, int(deed.seen),
    )  # fmt: skip


def every_deed(store: WorldStore) -> list[Deed]:
    """All facts in the order they were noted."""
    rows = store.run("select at, kind, person, post_id, channel, offer, amount_micro_usd, seen from truth order by place")
    return [
        Deed(parse_instant(at), kind, person, post_id, channel, offer, amount, seen=bool(seen))
        for at, kind, person, post_id, channel, offer, amount, seen in rows
    ]


@dataclass(frozen=True)
class Exposure:
    """Somebody met a test: the arm they fell into, and their chance of the tested step under each arm (all else as it was).

    `subject` is `paywall`, the flag, or `page/<test of the store's page>`; the tested step is trial per signup for a paywall, the
    flag's own step, a download per page view. A row may stand for several `people` who are alike.
    """

    at: datetime
    offer: str
    subject: str
    person: str
    arm: str
    chances: Mapping[str, float]
    people: int = 1


@dataclass(frozen=True)
class TrueRates:
    """What a test really is about: the chance of the tested step under each arm, averaged over everybody who met the test.

    All people count for every arm, whichever they fell into: these are their own chances, not what luck then made of them.
    """

    offer: str
    subject: str
    people: int
    rates: Mapping[str, float]

    def effect(self, arm: str, control: str) -> float:
        """The true effect of an arm: the average over the exposed population of p1 - p0."""
        return self.rates[arm] - self.rates[control]


def expose(store: WorldStore, exposure: Exposure) -> None:
    """Write one meeting down."""
    store.run(
        "insert into exposures (at, offer, subject, person, arm, chances, people) values (?, ?, ?, ?, ?, ?, ?)",
        iso(exposure.at), exposure.offer, exposure.subject, exposure.person, exposure.arm,
        json.dumps(dict(exposure.chances), sort_keys=True), exposure.people,
    )  # fmt: skip


def true_rates(store: WorldStore, since: datetime | None = None, until: datetime | None = None) -> list[TrueRates]:
    """Every test somebody met in [since, until), by offer and subject."""
    rows = store.run(
        "select offer, subject, chances, sum(people) from exposures where at >= ? and at < ? group by 1, 2, 3 order by 1, 2, 3",
        "" if since is None else iso(since), "~" if until is None else iso(until),
    )  # fmt: skip
    people: Counter[tuple[str, str]] = Counter()
    sums: defaultdict[tuple[str, str], defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for offer, subject, chances, count in rows:
        people[offer, subject] += count
        for arm, chance in json.loads(chances).items():
            sums[offer, subject][arm] += chance * count
    return [
        TrueRates(
            offer, subject, people[offer, subject], {arm: total / people[offer, subject] for arm, total in sorted(held.items())}
        )
        for (offer, subject), held in sums.items()
        if people[offer, subject]
    ]
