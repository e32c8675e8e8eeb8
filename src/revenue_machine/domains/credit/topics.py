"""The topics about what models cost and where tasks go."""

from __future__ import annotations

from revenue_machine.domains.credit import prices
from revenue_machine.domains.credit.models import PriceArgs, PriceResult
from revenue_machine.engine.topic import Effect, planned, topic
from revenue_machine.kit.model import ModelUsage
from revenue_machine.kit.money import dollars


@topic("credit.price", effect=Effect.PURE, section="INTERFACE§7")
def price(args: PriceArgs) -> PriceResult:
    """Price a model's usage by the table that held on a date.

    Returns: dollars with at most six decimals, and which table and row priced them.
    Raises: not_found for a model without a price.
    """
    usage = ModelUsage(**args.usage.model_dump())
    cost = dollars(prices.cost_micro_usd(args.model, usage, args.at))
    return PriceResult(cost_usd=cost, price_version=prices.price_version(args.model, args.at))


PLANNED = (
    planned("system.router_rules_list", effect=Effect.READS, section="§4.2", issue=5),
    planned("system.router_rules_upsert", effect=Effect.WRITES, section="§4.2", issue=5),
)
