"""Makes the owner's business for whoever asks."""

from __future__ import annotations

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.owner.owner_file import EXAMPLE, load_business
from revenue_machine.engine.container import recipe
from revenue_machine.kit.errors import NotConfigured
from revenue_machine.kit.settings import Settings


@recipe
def business(settings: Settings) -> Business:
    """The business of `revenue.toml`; in the sandbox the shipped example stands in for a missing one."""
    found = load_business(settings.config_path) if settings.config_path else None
    if found is None and settings.mode == "live":
        raise NotConfigured("no business is described: copy the example to revenue.toml and fill it in", field="REVENUE_CONFIG")
    return found or _example()


def _example() -> Business:
    example = load_business(EXAMPLE)
    if example is None:
        raise NotConfigured("the shipped example describes no business", field="REVENUE_CONFIG")
    return example
