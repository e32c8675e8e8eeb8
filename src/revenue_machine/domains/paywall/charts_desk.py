"""Asks Superwall's charts: which experiments there are, how their variants are split, and what each variant's people did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.paywall import rules
from revenue_machine.domains.paywall.models import Arm, Found, Phase, Shown
from revenue_machine.integrations.superwall.superwall_client import ChartQuestion, DateDimension, SuperwallClient
from revenue_machine.integrations.superwall.wire_rest import Application, Audience, Campaign, ChartData, Paywall, Variant
from revenue_machine.kit.errors import ContractBroken
from revenue_machine.kit.money import micro

LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Keys:
    """What charts call the metrics and breakdowns asked for; None where they have no such metric."""

    metrics: Mapping[str, str | None]
    by_experiment: str
    by_variant: str

    def asked(self, names: Iterable[str]) -> tuple[str, ...]:
        """The vendor's keys of those metrics it has."""
        return tuple(key for name in names if (key := self.metrics[name]) is not None)


@dataclass
class ChartsDesk:
    """One evening's questions; `requests` counts them."""

    client: SuperwallClient
    business: Business
    requests: int = 0
    _keys: Keys | None = field(default=None, repr=False)

    def applications(self) -> list[tuple[Application, Product | None]]:
        """The apps in use, each with the owner's product it belongs to."""
        self.requests += 1
        return [(app, self._product_of(app)) for app in self.client.applications()]

    def _product_of(self, app: Application) -> Product | None:
        named = next((one for one in self.business.products if one.superwall_app == app.id), None)
        if named is not None:
            return named
        free = [one for one in self.business.products if one.superwall_app is None]
        words = {rules.plain(app.slug), rules.plain(app.name)}
        return next((one for one in free if words & {rules.plain(one.key), rules.plain(one.name)}), None)

    def keys(self, application_id: str) -> Keys:
        """What charts call what is needed, by their own definitions or the owner's settings.

        Raises: contract_broken naming the setting, when charts offer no such metric.
        """
        if self._keys is None:
            self.requests += 1
            offered = self.client.chart_definitions(application_id)
            metrics = {name: self._metric(name, [one.key for one in offered.y_axis]) for name in rules.METRICS}
            broken_down = [one.key for one in offered.breakdowns]
            by = [rules.chosen(words, broken_down) for words in (rules.BY_EXPERIMENT, rules.BY_VARIANT)]
            if by[0] is None or by[1] is None:
                raise ContractBroken(f"Superwall's charts have no breakdown by experiment and variant, only {_list(broken_down)}")
            self._keys = Keys(metrics, by[0], by[1])
        return self._keys

    def _metric(self, name: str, offered: Sequence[str]) -> str | None:
        own = self.client.link.settings.option(f"{name}_metric")
        found = rules.chosen((own,) if own is not None else rules.METRICS[name], offered)
        if found is None and (own is not None or name in rules.NEEDED):
            variable = f"REVENUE_SUPERWALL__{name.upper()}_METRIC"
            raise ContractBroken(f"Superwall's charts offer no metric for {name}: set {variable} to one of {_list(offered)}")
        return found

    def paywalls(self, application_id: str) -> list[Paywall]:
        """The paywalls of an app."""
        self.requests += 1
        return self.client.paywalls(application_id)

    def campaigns(self, application_id: str) -> list[Campaign]:
        """The campaigns of an app."""
        self.requests += 1
        return self.client.campaigns(application_id)

    def experiments(self, application_id: str, today: date, known: Mapping[str, Mapping[str, str]]) -> list[Found]:
        """Every experiment somebody met in 30 days. `known`: names by variant id of the experiments seen before, by their id."""
        keys = self.keys(application_id)
        asked = ChartQuestion(
            application_id, keys.asked(("users",)), today - LOOK_BACK, today, breakdown=keys.by_experiment
        )  # fmt: skip
        alive = sorted(key for key, values in self._totals(asked).items() if values[asked.metrics[0]] > 0)
        if not alive:
            return []
        campaigns = self.campaigns(application_id)
        return [self._found(application_id, one, campaigns, known.get(one, {}), today) for one in alive]

    def _found(
        self, application_id: str, experiment_id: str, campaigns: Sequence[Campaign], names: Mapping[str, str], today: date
    ) -> Found:
        seen = set(names) or self._variants_of(application_id, experiment_id, today)
        place = next(((one, audience) for one in campaigns for audience in one.audiences if seen & _ids(audience)), None)
        if place is None or place[0].archived:
            return Found(application_id, experiment_id, None, None, (), "no running campaign shows its variants")
        campaign, audience = place
        shown = [one for one in audience.variants if not one.is_holdout and one.percentage > 0]
        total = sum(one.percentage for one in shown)
        walls = {} if all(one.id in names for one in shown) else {one.id: one for one in self.paywalls(application_id)}
        variants = tuple(_shown(one, walls, names, one.percentage / total) for one in sorted(shown, key=lambda one: one.id))
        trouble = "Superwall moves its percentages by itself (bandit): no fair test" if audience.is_bandit else None
        placement = next((one.event_name for one in campaign.placements if one.enabled), None)
        holdouts = tuple(sorted(one.id for one in audience.variants if one.is_holdout))
        return Found(application_id, experiment_id, campaign.id, placement, _distinct(variants), trouble, holdouts)

    def _variants_of(self, application_id: str, experiment_id: str, today: date) -> set[str]:
        keys = self.keys(application_id)
        asked = ChartQuestion(
            application_id, keys.asked(("users",)), today - LOOK_BACK, today, breakdown=keys.by_variant,
            experiment_ids=(experiment_id,),
        )  # fmt: skip
        return set(self._totals(asked))

    def count(
        self, phase: Phase, experiment: tuple[str, str], names: Mapping[str, str], days: tuple[date, date]
    ) -> tuple[list[Arm], list[str]]:
        """(arms by name, variants nobody registered) of (app, experiment) over complete days, both included.

        The test counts everybody who met a paywall on those days; the measure only who installed the app on them.
        """
        keys = self.keys(experiment[0])
        dimension: DateDimension = "tsDate" if phase == "test" else "installDate"
        asked = ChartQuestion(
            experiment[0], keys.asked(rules.METRICS), *days, dimension=dimension, breakdown=keys.by_variant,
            experiment_ids=(experiment[1],),
        )  # fmt: skip
        found = self._totals(asked)
        arms = [_arm(name, variant_id, found.get(variant_id, {}), keys) for variant_id, name in names.items()]
        return sorted(arms, key=lambda one: one.name), sorted(set(found) - set(names))

    def matured(self, experiment: tuple[str, str], arms: Sequence[Arm], days: tuple[date, date]) -> list[Arm]:
        """The same arms with what became of the trials that began on those days, whenever it happened."""
        keys = self.keys(experiment[0])
        asked = ChartQuestion(
            experiment[0], keys.asked(("trials", "subscriptions", "proceeds")), *days, dimension="purchaseDate",
            breakdown=keys.by_variant, experiment_ids=(experiment[1],),
        )  # fmt: skip
        found = self._totals(asked)
        old = [_arm(one.name, one.variant_id, found.get(one.variant_id, {}), keys) for one in arms]
        return [
            replace(
                one, matured_trials=past.trials, matured_subscriptions=past.subscriptions,
                matured_proceeds_micro_usd=past.proceeds_micro_usd,
            )
            for one, past in zip(arms, old, strict=True)
        ]  # fmt: skip

    def proceeds_micro_usd(self, application_id: str, first: date, last: date) -> int:
        """What charts say an app earned on those days, refunds taken off."""
        asked = ChartQuestion(application_id, self.keys(application_id).asked(("proceeds",)), first, last)
        return sum(micro(values[asked.metrics[0]]) for values in self._totals(asked).values())

    def _totals(self, asked: ChartQuestion) -> dict[str, dict[str, Decimal]]:
        """By series, then by metric. Raises: contract_broken when the answer is no total."""
        self.requests += 1
        answer: ChartData = self.client.chart(asked)
        if len(answer.data) > 1:
            raise ContractBroken(f"Superwall answered {len(answer.data)} points where one total was asked for")
        first, *rest = asked.metrics
        return {
            key: {first: values.y, **{name: values.extra.get(name, Decimal(0)) for name in rest}}
            for point in answer.data
            for key, values in point.values.items()
        }


def _arm(name: str, variant_id: str, values: Mapping[str, Decimal], keys: Keys) -> Arm:
    def number(metric: str) -> Decimal:
        key = keys.metrics[metric]
        return Decimal(0) if key is None else values.get(key, Decimal(0))

    whole = {one: max(0, int(number(one))) for one in ("users", "opens", "conversions", "trials", "subscriptions")}
    return Arm(name=name, variant_id=variant_id, proceeds_micro_usd=micro(number("proceeds")), **whole)


def _ids(audience: Audience) -> set[str]:
    return {one.id for one in audience.variants}


def _shown(one: Variant, walls: Mapping[str, Paywall], names: Mapping[str, str], share: float) -> Shown:
    wall = walls.get(one.paywall or "")
    since: datetime | None = None if wall is None else wall.created_at
    return Shown(names.get(one.id) or (one.id if wall is None else wall.identifier), one.id, one.paywall, share, since)


def _distinct(variants: tuple[Shown, ...]) -> tuple[Shown, ...]:
    """Two variants that show the same paywall are told apart by their numbers."""
    names = [one.name for one in variants]
    return tuple(one if names.count(one.name) == 1 else replace(one, name=f"{one.name} ({one.variant_id})") for one in variants)


def _list(keys: Sequence[str]) -> str:
    return ", ".join(keys) or "none"
