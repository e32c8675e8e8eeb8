"""What can go wrong between product and vendors, on purpose: one table of standing faults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from revenue_machine.kit.clock import iso
from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox.store import WorldStore

REQUEST_KINDS = ("429", "500", "slow", "torn", "act_then_drop", "down")
HOOK_KINDS = ("duplicate", "shuffle")


@dataclass(frozen=True)
class Fault:
    """The next `count` requests to `service` (`*` = any) whose path contains `match` meet this kind of fault.

    With `starts_at`/`ends_at` it stands only between these instants of world time.
    """

    service: str
    match: str
    kind: str
    count: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def stand(store: WorldStore, fault: Fault) -> None:
    """Let a fault stand. Raises bad_input for an unknown kind or a count below one."""
    if fault.kind not in REQUEST_KINDS + HOOK_KINDS:
        raise BadInput(f"'{fault.kind}' is no fault; one of {', '.join(REQUEST_KINDS + HOOK_KINDS)}", field="kind")
    if fault.count < 1:
        raise BadInput("a fault needs a count of at least 1", field="count")
    store.run(
        "insert into faults (service, match, kind, remaining, starts_at, ends_at) values (?, ?, ?, ?, ?, ?)",
        fault.service, fault.match, fault.kind, fault.count, _text(fault.starts_at), _text(fault.ends_at),
    )  # fmt: skip


def take(store: WorldStore, service: str, path: str, kinds: tuple[str, ...] = REQUEST_KINDS) -> str | None:
    """The kind of the oldest fault that stands against this path, used up by one; None when there is none."""
    marks = ", ".join("?" for _ in kinds)
    now = iso(store.now())
    rows = store.run(
        "select place, kind from faults where service in (?, '*') and remaining > 0 and instr(?, match) > 0 "  # noqa: S608
        f"and kind in ({marks}) and coalesce(starts_at, ?) <= ? and coalesce(ends_at, '9') > ? order by place limit 1",
        service, path, *kinds, now, now, now,
    )  # fmt: skip
    if not rows:
        return None
    store.run("update faults set remaining = remaining - 1 where place = ?", rows[0][0])
    return str(rows[0][1])


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else iso(instant)
