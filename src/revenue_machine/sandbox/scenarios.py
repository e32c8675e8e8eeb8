"""Named worlds: what is different in them and what goes wrong when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox import faults
from revenue_machine.sandbox.catalogue import Fix, Paywall
from revenue_machine.sandbox.faults import Fault
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.store import WorldStore

_ALWAYS = 1_000_000


@dataclass(frozen=True)
class Trouble:
    """A fault with its place in time: hours after the world begins, and how long it stands."""

    service: str
    match: str
    kind: str
    after_hours: float
    lasts_hours: float
    count: int = _ALWAYS


@dataclass(frozen=True)
class Scenario:
    """A change to the world and the troubles ahead."""

    name: str
    story: str
    change: Callable[[WorldRates], WorldRates]
    troubles: tuple[Trouble, ...] = ()

    def rates(self, base: WorldRates) -> WorldRates:
        """The world of this scenario."""
        return self.change(base)

    def stand(self, store: WorldStore, start: datetime) -> None:
        """Let the troubles stand from where the world begins; standing them twice changes nothing."""
        if store.setting("scenario") is not None:
            return
        with store.together():
            for trouble in self.troubles:
                begins = start + timedelta(hours=trouble.after_hours)
                ends = begins + timedelta(hours=trouble.lasts_hours)
                faults.stand(store, Fault(trouble.service, trouble.match, trouble.kind, trouble.count, begins, ends))
            store.set_setting("scenario", self.name)


def _usual(rates: WorldRates) -> WorldRates:
    return rates


def _quiet(rates: WorldRates) -> WorldRates:
    return rates.model_copy(update={"viral_chance": 0.0})


def _thin(rates: WorldRates) -> WorldRates:
    traffic = rates.traffic.model_copy(update={"direct_visits_per_day": rates.traffic.direct_visits_per_day * 0.4})
    return rates.model_copy(update={"reach": rates.reach * 0.35, "viral_chance": 0.0, "traffic": traffic})


def _viral(rates: WorldRates) -> WorldRates:
    return rates.model_copy(update={"viral_chance": 0.04, "viral_factor": 40.0})


def _deciding(rates: WorldRates) -> WorldRates:
    """A crowd at one product's door, so that a test is over within days; hardly anybody elsewhere, so that a day is cheap."""
    traffic = rates.traffic.model_copy(update={"direct_visits_per_day": 1000.0, "visits_per_subscriber_per_day": 0.0})
    # Signups leak most, so that the change comes there, and the paywall stands behind another step.
    rarely = {"click_to_signup": 0.11, "signup_to_trial": 0.48, "trial_to_paid": 0.2}
    funnel = rates.funnel.model_copy(update=rarely)
    weights = {"everreach": 0.9, "kindletters": 0.07, "clientportal": 0.03}
    offers = {key: offer.model_copy(update={"weight": weights.get(key, offer.weight)}) for key, offer in rates.offers.items()}
    tests = {
        "paywalls": {**rates.paywalls, "everreach": Paywall(effect=1.4)},
        "fixes": {**rates.fixes, **{f"everreach/{step}": Fix(effect=1.3) for step in ("signup", "trial_started")}},
    }
    return rates.model_copy(update={"viral_chance": 0.0, "traffic": traffic, "funnel": funnel, "offers": offers, **tests})


_ALL = (
    Scenario("quiet_week", "An ordinary market in which nothing breaks and nothing goes viral.", _quiet),
    Scenario("thin_market", "Few people look; a machine that panics would overspend.", _thin),
    Scenario("deciding", "Enough people at one product's door to decide a test of its paywall or of a change in days.", _deciding),
    Scenario("viral_post", "One post in twenty-five is carried far: the redirector and the inbox feel it.", _viral),
    Scenario(
        "budget_blowout",
        "The model's answers break off after they were paid for, half a day long: money goes, nothing comes.",
        _usual,
        (Trouble("anthropic", "", "act_then_drop", 0.0, 12.0), Trouble("anthropic", "", "torn", 12.0, 2.0)),
    ),
    Scenario(
        "provider_down",
        "The publisher refuses connections for a morning, research is down all day, analytics stutters at noon.",
        _usual,
        (
            Trouble("blotato", "", "down", 5.0, 4.0),
            Trouble("market_research", "", "500", 0.0, 24.0),
            Trouble("posthog", "", "429", 12.0, 1.0),
            Trouble("revenuecat", "hooks", "duplicate", 0.0, 24.0),
            Trouble("stripe", "hooks", "shuffle", 0.0, 24.0),
        ),
    ),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}


def scenario_named(name: str | None) -> Scenario:
    """A scenario by name, the quiet week for None. Raises bad_input with the names there are."""
    found = SCENARIOS.get(name or "quiet_week")
    if found is None:
        raise BadInput(f"there is no scenario '{name}'; one of {', '.join(SCENARIOS)}", field="scenario")
    return found
