"""What no phase may pass: money for ads beyond the phase's cap, whoever asks and whatever a prompt says."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.phase import reads
from revenue_machine.domains.phase.models import PHASE_WORDS, volume_of
from revenue_machine.engine.gates import Asked
from revenue_machine.kit.clock import local_date
from revenue_machine.kit.errors import BudgetExhausted
from revenue_machine.kit.money import MICRO, show


def ads_within_the_phase(connection: sa.Connection, asked: Asked) -> None:
    """Refuse what would bring the day's ads over the cap of the phase that holds; in phase 1 that is anything at all."""
    if asked.spend is None or asked.spend.kind != "ads":
        return
    phase = reads.current_phase(connection)
    cap = volume_of("ad_spend_usd", phase).most
    if cap is None:
        return
    booked = reads.ads_booked_micro_usd(connection, local_date(asked.now, asked.zone))
    if booked + asked.spend.worst_case_micro_usd > cap * MICRO:
        used = f"{show(booked)} booked today, {show(asked.spend.worst_case_micro_usd)} asked, {show(cap * MICRO)} a day"
        raise BudgetExhausted(f"phase {phase} ({PHASE_WORDS[phase]}): {used}", scope=f"phase/{phase}/ads")


PERMITS = (ads_within_the_phase,)
