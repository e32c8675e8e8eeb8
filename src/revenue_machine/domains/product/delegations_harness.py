"""Knows where a project lies and how the coding harness is spoken to about one delegation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.product import briefs
from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.engine.clients import Clients
from revenue_machine.integrations.acd.acd_client import BUSY_S, AcdClient
from revenue_machine.integrations.acd.wire import HarnessRun, StartOrder
from revenue_machine.kit.errors import BadInput, CapReached, NotConfigured, OutsideRejected
from revenue_machine.kit.money import micro
from revenue_machine.kit.settings import Settings

TAIL_LINES = 40
# Refusals that a person or time takes away by itself: the yes waits for it.
_WAITS = {"running": BUSY_S, "dirty_tree": 900.0}


@dataclass(frozen=True)
class Harness:
    """The harness as seen from the delegations; every path is found at the moment of sending and kept nowhere."""

    settings: Settings
    business: Business
    clients: Clients

    @property
    def client(self) -> AcdClient:
        """Raises: not_configured."""
        return self.clients.get(AcdClient)

    def name_of(self, project: str) -> str:
        """How people call a project. Raises: bad_input for one nobody described."""
        if project == rules.SELF_PROJECT:
            return "this machine"
        product = self.business.product(project)
        if product is None:
            known = ", ".join([*(one.key for one in self.business.products), rules.SELF_PROJECT])
            raise BadInput(f"there is no project {briefs.one_line(project, 64)}; known: {known}", field="project")
        return product.name

    def folder(self, project: str) -> Path:
        """Where its code lies; a rehearsal has folders of its own. Raises: bad_input; not_configured in words."""
        self.name_of(project)
        if self.settings.mode == "sandbox":
            return self.settings.home / "projects" / project
        product = self.business.product(project)
        said = self.settings.service("acd").option("self_path") if product is None else product.project_path
        if said is None:
            place = (
                "set REVENUE_ACD__SELF_PATH to where its code lies"
                if product is None
                else f'write project_path = "…" under [[products]] {project} in your revenue.toml'
            )
            raise NotConfigured(f"nobody said where the code of {project} lies: {place}", field="project_path")
        return Path(said) if Path(said).is_absolute() else (self._root() / said).resolve()

    def check(self, project: str) -> str:
        """What a question about a project needs before it is worth asking; its name. Raises: bad_input; not_configured."""
        name = self.name_of(project)
        self.folder(project)
        _ = self.client
        return name

    def price_micro_usd(self) -> int | None:
        """What one delegation may cost, as its owner set it; None is unknown. Raises: bad_input."""
        said = self.settings.service("acd").option("price_usd")
        if said is None:
            return None
        try:
            price = micro(Decimal(said))
        except InvalidOperation:
            price = -1
        if not 0 <= price <= 1_000_000_000:
            raise BadInput("the price of a delegation is an amount of dollars up to 1000", field="REVENUE_ACD__PRICE_USD")
        return price

    def start(self, row: Mapping[str, Any], max_sessions: int = 1) -> HarnessRun:
        """Start the run of a delegation, or get the one it started before."""
        order = StartOrder(
            reference=row["id"], task=row["task"], task_type=row["task_type"], model=row["model"],
            project_path=str(self.folder(row["project"])), max_sessions=max_sessions,
        )  # fmt: skip
        try:
            return self.client.start(row["project"], order)
        except OutsideRejected as refusal:
            reason = str(refusal.details.get("reason"))
            if reason in _WAITS:
                raise CapReached(f"{refusal.message}; it is tried again", retry_after_s=_WAITS[reason]) from None
            raise

    def tail(self, row: Mapping[str, Any]) -> str:
        """The end of a run's log: outside text, printable, bounded, without the folder's path."""
        page = self.client.log_tail(row["project"], row["id"], TAIL_LINES)
        return briefs.clean_log([line.text for line in page.lines], self.hidden(row["project"]))

    def hidden(self, project: str) -> tuple[str, ...]:
        """Paths that nobody outside this machine has to read."""
        return (str(self.folder(project)), str(self.settings.home))

    def _root(self) -> Path:
        """Below what a relative project_path lies: the owner's file, else the home."""
        return self.settings.config_path.absolute().parent if self.settings.config_path else self.settings.home


def stats_of(run: HarnessRun) -> dict[str, Any]:
    """What a run counted and where it worked, for the row: numbers, and outside words made harmless."""
    counted = {name: value for name, value in run.stats.model_dump().items() if value is not None}
    named = {"session_type": run.session_type, "branch": run.branch, "reason": run.reason}
    words = {name: briefs.one_line(value, 120) for name, value in named.items() if value is not None}
    files = [briefs.one_line(one.path, 120) for one in run.files_changed[: briefs.MOST_ITEMS]]
    return {**counted, **words, "session_number": run.session_number, **({"files": files} if files else {})}
