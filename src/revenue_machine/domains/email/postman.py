"""Hands one mail to whichever provider is set up, once: with a key and a look-up where there is one, never twice otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from revenue_machine.domains.email import rules
from revenue_machine.domains.email.models import Letter, Send
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Plan
from revenue_machine.engine.gates import Speech, Window
from revenue_machine.integrations.resend.resend_client import ResendClient
from revenue_machine.integrations.resend.wire import Mail as ResendMail
from revenue_machine.integrations.smtp.mime import message_id_for
from revenue_machine.integrations.smtp.smtp_client import SmtpClient
from revenue_machine.integrations.smtp.wire import Mail as SmtpMail
from revenue_machine.kit.errors import NotConfigured
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.settings import Settings

CHANNELS = {"marketing": "email", "transactional": "email_service"}
# Clocks of two houses differ by a little: a look-up begins this much before the mail was written down.
SLACK = timedelta(minutes=5)


class Handed(BaseModel):
    """What the provider calls the mail."""

    model_config = ConfigDict(frozen=True)

    provider_id: str


@dataclass(frozen=True)
class Order:
    """One mail ready to go: to whom, in which zone, and what takes the reason for it away."""

    send: Send
    letter: Letter
    zone: str | None
    still_wanted: Callable[[sa.Connection], None]


class Postman:
    """Resend where it is set up, else SMTP; `REVENUE_SMTP__PREFERRED=yes` turns that round."""

    def __init__(self, clients: Clients, settings: Settings, database: Database) -> None:
        self._clients, self._settings, self._database = clients, settings, database

    @property
    def provider(self) -> str:
        """Who carries the mail. Raises not_configured when nobody does."""
        order = ("smtp", "resend") if self._settings.service("smtp").option("preferred") == "yes" else ("resend", "smtp")
        for name in order:
            if self._clients.why_not(name) is None and self._settings.service(name).option("from_address") is not None:
                return name
        raise NotConfigured(
            "no mail service is set up: REVENUE_RESEND__API_KEY and REVENUE_RESEND__FROM_ADDRESS, or SMTP",
            field="REVENUE_RESEND__API_KEY",
        )

    @property
    def from_address(self) -> str:
        """The sender."""
        kind: type[ResendClient | SmtpClient] = ResendClient if self.provider == "resend" else SmtpClient
        return self._clients.get(kind).from_address

    def ceiling(self) -> Ceiling:
        """What the channel bears."""
        cap = self._settings.caps.get(CHANNELS["marketing"])
        with self._database.reading() as connection:
            of_phase = phase_reads.volume(connection, "emails").most or 0
        return Ceiling(rules.per_day(None if cap is None else cap.per_day, of_phase))

    def plan(self, order: Order) -> Plan[Handed]:
        """The one outside write of a mail; everything about it that could differ follows from its row."""
        send = order.send
        payload = {"send_id": send.id, "version": send.template_version, "to": content_hash(send.recipient)}
        parts: dict[str, Any] = {
            "service": send.provider, "operation": "send", "key": send.id, "payload": payload, "answer": Handed,
            "speech": self._speech(order), "still_wanted": order.still_wanted,
        }  # fmt: skip
        if send.provider == "resend":
            return Plan(**parts, send=lambda key: self._by_resend(order, key), look_up=lambda: self._found_at_resend(order))
        return Plan(**parts, send=lambda key: self._by_smtp(order, key))

    def _speech(self, order: Order) -> Speech:
        send = order.send
        if send.kind == "transactional":
            return Speech(CHANNELS[send.kind], Ceiling(rules.MOST_PER_DAY), recipient=send.recipient)
        return Speech(
            CHANNELS["marketing"], self.ceiling(), recipient=send.recipient, window=Window(order.zone, rules.OPENS, rules.CLOSES),
            person_id=send.contact_id, per_person=Ceiling(rules.PERSON_DAY, rules.PERSON_WEEK),
        )  # fmt: skip

    def _resend_mail(self, order: Order) -> ResendMail:
        letter = order.letter
        return ResendMail(
            self._clients.get(ResendClient).from_address, order.send.recipient, letter.subject, letter.html, letter.text,
            headers=letter.headers, tags={"send_id": order.send.id, "sequence": order.send.sequence_id},
        )  # fmt: skip

    def _by_resend(self, order: Order, key: str) -> Handed:
        return Handed(provider_id=self._clients.get(ResendClient).send(self._resend_mail(order), idempotency_key=key).id)

    def _found_at_resend(self, order: Order) -> Handed | None:
        found = self._clients.get(ResendClient).find_sent(self._resend_mail(order), order.send.created_at - SLACK)
        return None if found is None else Handed(provider_id=found.id)

    def _by_smtp(self, order: Order, key: str) -> Handed:
        client, letter = self._clients.get(SmtpClient), order.letter
        mail = SmtpMail(
            client.from_address, order.send.recipient, letter.subject, letter.html, letter.text, headers=letter.headers
        )  # fmt: skip
        return Handed(provider_id=client.send(mail, message_id=message_id_for(key, client.from_address)).message_id)
