"""Which phase holds and what it wants; asked by gates and by whoever plans a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.phase.models import Action, Phase, Standing, Volume, volume_of
from revenue_machine.domains.phase.tables import PHASES
from revenue_machine.engine.tables import LEDGER

# Built once: every send and every plan asks it.
_ALL = sa.select(PHASES).order_by(PHASES.c.name)
_ADS_OF = sa.select(sa.func.coalesce(sa.func.sum(LEDGER.c.amount_micro_usd), 0)).where(
    LEDGER.c.kind == "ads", LEDGER.c.local_date == sa.bindparam("day", type_=sa.Date)
)


def standing(connection: sa.Connection) -> Standing:
    """The phase that holds, and why; phase 1 before the first count."""
    rows: dict[str, Any] = {row["name"]: row for row in connection.execute(_ALL).mappings()}
    rule, owner = rows.get("rule"), rows.get("owner")
    by_rule: Phase = 1 if rule is None else rule["phase"]
    held: Phase | None = None if owner is None else owner["phase"]
    newest = owner if held is not None else rule
    return Standing(
        held or by_rule, by_rule, held, None if owner is None or held is None else owner["reason"],
        None if newest is None else newest["since"],
    )  # fmt: skip


def current_phase(connection: sa.Connection) -> Phase:
    """The phase that holds."""
    return standing(connection).phase


def volume(connection: sa.Connection, action: Action) -> Volume:
    """How much of an action the phase that holds wants."""
    return volume_of(action, current_phase(connection))


def ads_booked_micro_usd(connection: sa.Connection, day: date) -> int:
    """What ads cost on a local date by the ledger, positive."""
    return -int(connection.execute(_ADS_OF, {"day": day}).scalar_one())
