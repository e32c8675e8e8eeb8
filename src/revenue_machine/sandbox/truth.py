"""What really happened and why; kept beside the fakes, where no fake and no product looks."""

from __future__ import annotations

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
