"""Whether the sender's domain proves who it is (SPF, DKIM, DMARC): without all three no live mail goes out."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parseaddr

from revenue_machine.domains.email import reads, store
from revenue_machine.domains.email.models import SenderCheck
from revenue_machine.domains.email.postman import Postman
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.integrations.resend.resend_client import ResendClient
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.dns import TxtLookup
from revenue_machine.kit.errors import Failure, NotConfigured
from revenue_machine.kit.settings import Settings

GOOD_FOR = timedelta(hours=6)


class SenderDesk:
    """Asks once in six hours; in a rehearsal there is nobody to deceive and nothing is asked."""

    def __init__(
        self, *, database: Database, settings: Settings, clock: Clock, clients: Clients, postman: Postman, lookup: TxtLookup
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._clients, self._postman, self._lookup = clients, postman, lookup

    def refusal(self) -> NotConfigured | None:
        """What keeps a live sender from sending; None when it may, and in the sandbox."""
        if self._settings.mode != "live":
            return None
        name, now = f"sender.checked/{self._postman.from_address}", self._clock.now()
        with self._database.reading() as connection:
            checked_at = reads.mark(connection, name)
        if checked_at is not None and now - checked_at < GOOD_FOR:
            return None
        found = self.check()
        if found.problem is not None:
            return NotConfigured(found.problem, field="REVENUE_RESEND__FROM_ADDRESS")
        with self._database.writing() as connection:
            store.keep_mark(connection, self._database, name, now)
        return None

    def check(self) -> SenderCheck:
        """The three records as they stand."""
        try:
            domain = parseaddr(self._postman.from_address)[1].rpartition("@")[2].lower()
            spf, dkim = self._by_provider(domain)
            dmarc = self._dmarc(domain)
        except Failure as failure:
            return SenderCheck(problem=failure.message)
        missing = [name for name, stands in (("SPF", spf), ("DKIM", dkim), ("DMARC", dmarc)) if stands is False]
        problem = f"{domain} has no {' and no '.join(missing)} record; set it up before live mail goes out" if missing else None
        return SenderCheck(domain=domain, spf=spf, dkim=dkim, dmarc=dmarc, problem=problem)

    def _by_provider(self, domain: str) -> tuple[bool | None, bool | None]:
        """(SPF, DKIM): as Resend sees them, else SPF from the name server; a relay's DKIM selector is not known here."""
        if self._postman.provider == "resend":
            for one in self._clients.get(ResendClient).domains():
                if domain == one.name or domain.endswith(f".{one.name}"):
                    return one.spf_ok, one.dkim_ok
            return False, False
        selector = self._settings.service("smtp").option("dkim_selector")
        spf = any(text.lower().startswith("v=spf1") for text in self._lookup.texts(domain))
        dkim = None if selector is None else any("p=" in text for text in self._lookup.texts(f"{selector}._domainkey.{domain}"))
        return spf, dkim

    def _dmarc(self, domain: str) -> bool | None:
        """The domain's own policy or its parent's; nobody is asked in a rehearsal."""
        if self._settings.mode != "live":
            return None
        parts = domain.split(".")
        names = [".".join(parts[place:]) for place in range(max(1, len(parts) - 1))]
        return any(text.lower().startswith("v=dmarc1") for name in names for text in self._lookup.texts(f"_dmarc.{name}"))
