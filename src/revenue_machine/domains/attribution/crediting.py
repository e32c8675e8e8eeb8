"""What each touch of a journey gets of a step and its money, by every rule model."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from revenue_machine.domains.attribution.models import MODEL, POST_DIMENSIONS, RULES, Traced
from revenue_machine.domains.attribution.weights import RuleModel, shares, split
from revenue_machine.kit.ids import make_id

Row = dict[str, Any]


def credit_rows(one: Traced) -> list[Row]:
    """A row per touch, oldest first; shares sum to 1 and money to the step's own, to the micro-dollar, in every model."""
    step, count = one.step, len(one.journey)
    rows: list[Row] = [
        {
            "id": make_id("atc", step.key, place), "conversion_id": step.id, "person_id": one.person_id,
            "event_type": step.event_type, "place": place, "touches": count, "touch_id": passed.step_id,
            "post_id": passed.touch.post_id, "utm_source": passed.touch.utm_source, "touched_at": passed.at,
            "converted_at": step.occurred_at, **{name: passed.touch.traits[name] for name in POST_DIMENSIONS},
        }
        for place, passed in enumerate(one.journey)
    ]  # fmt: skip
    for model in RULES:
        parts = parts_of(one, model)
        money = split(step.revenue_micro_usd, parts)
        taken = split(step.deducted_micro_usd, parts)
        for row, part, gross, cost in zip(rows, parts, money, taken, strict=True):
            row[f"{model}_share"] = float(part)
            row[f"{model}_revenue_micro_usd"] = gross
            row[f"{model}_net_micro_usd"] = gross + cost
    return rows


def parts_of(one: Traced, model: RuleModel) -> Sequence[Fraction]:
    """Each touch's share of the step.

    The default is fixed when the person signs up and inherited from then on; the others look at the whole journey.
    """
    if model == MODEL or len(one.journey) == 1:
        return [Fraction(int(place == one.default)) for place in range(len(one.journey))]
    direct = [passed.touch.source_type == "direct" for passed in one.journey]
    return shares(model, [passed.at for passed in one.journey if passed.at is not None], direct)
