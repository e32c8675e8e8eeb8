"""One mail from its enrolment to the moment it leaves: whether it is still wanted, its row, its links, its bytes."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import Person
from revenue_machine.domains.email import letterpress, reads, rules, store
from revenue_machine.domains.email.enrolling import is_warm
from revenue_machine.domains.email.models import Enrolment, Letter, Send, Sequence, Wording
from revenue_machine.domains.email.sender_check import SenderDesk
from revenue_machine.domains.links.models import Links, LinkWanted
from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.revenue import reads as revenue_reads
from revenue_machine.engine.database import Database
from revenue_machine.engine.workers import Worker
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, Failure, NotConfigured, OutsideRejected, Suppressed
from revenue_machine.kit.ids import content_hash, make_id, random_token
from revenue_machine.kit.settings import Settings

# A refusal of this shape is about the recipient's address and about nobody else's mail.
_ADDRESS_WORDS = ("`to`", "invalid to", "recipient")


class Outgoing:
    """Makes mails ready; nothing leaves the house here."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        settings: Settings,
        business: Business,
        links: Links,
        worker: Worker,
        sender: SenderDesk,
    ) -> None:
        self._database, self._clock, self._settings = database, clock, settings
        self._business, self._links, self._worker, self._sender = business, links, worker, sender

    def sender_refusal(self) -> NotConfigured | None:
        """Why the sender's domain may not be used in live mode yet."""
        return self._sender.refusal()

    def exit_reason(self, connection: sa.Connection, enrolment: Enrolment, sequence: Sequence) -> str | None:
        """Why this person's sequence ends now, read from what stands at this moment."""
        person = crm_reads.current_person(connection, enrolment.contact_id)
        if person is None:
            return "forgotten"
        if sequence.kind == "transactional":
            return None if person.email else "no address"
        return rules.exit_reason(sequence.trigger, self._standing(connection, enrolment, person))

    def _standing(self, connection: sa.Connection, enrolment: Enrolment, person: Person) -> rules.Standing:
        users = set(crm_reads.identity_values(connection, person.id, ("distinct_id", "subscriber")))
        users |= {enrolment.user_id} if enrolment.user_id else set()
        held = revenue_reads.subscriptions_of(connection, sorted(users)) if users else []
        states = tuple(rules.standing_of(str(one["status"]), has_paid=one["paid_at"] is not None) for one in held)
        since = enrolment.anchor_at
        has_replied = crm_reads.has_replied_since(connection, person.id, since) or reads.has_answered(connection, person.id, since)
        return rules.Standing(
            has_address=person.email is not None, is_reachable=person.is_reachable, is_email_opt_out=person.email_opt_out,
            email_state=person.email_state,
            has_replied=has_replied,
            subscriptions=states, has_lawful_basis=person.lawful_basis is not None,
            is_warm=is_warm(person),
        )  # fmt: skip

    def zone_of(self, enrolment: Enrolment) -> str | None:
        """The recipient's zone, None when nobody knows it."""
        with self._database.reading() as connection:
            person = crm_reads.current_person(connection, enrolment.contact_id)
        return None if person is None else person.timezone

    def claim(
        self, enrolment: Enrolment, sequence: Sequence, wording: Wording, provider: str
    ) -> tuple[Send, Letter, str | None] | None:
        """Take the mail of this step for this process and print it; None when another one has it or it is out already."""
        with self._database.writing() as connection:
            person = crm_reads.current_person(connection, enrolment.contact_id)
            if person is None or person.email is None:
                return None
            made = reads.send_at(connection, sequence.id, enrolment.contact_id, enrolment.step)
            if made is not None and made.owner is not None and self._worker.is_busy_elsewhere(made.owner):
                return None
            if made is not None and made.status == "sending":
                provider = made.provider
            key = store.unsubscribe_key(connection, self._database, self._fresh_key())
            row = self._row(enrolment, sequence, wording, {"recipient": person.email, "provider": provider})
            if made is not None and made.status == "sending":
                row["recipient"] = made.recipient
            token = token_of(key, row["id"])
            urls = self._make_links(connection, row, self._product_of(enrolment, wording), f"{sequence.name}-{enrolment.step}")
            row |= {"unsubscribe_hash": content_hash(token), "link_ids": urls[1]}
            if not store.claim_send(connection, self._database, row, None if made is None else made.owner):
                return None
            if made is not None and made.status == "planned":
                store.rewrite_send(connection, row["id"], row)
            send = reads.send(connection, row["id"])
        if send is None:
            return None
        unsubscribe = f"{str(self._settings.public_url).rstrip('/')}/u/{token}"
        letter = letterpress.plate(wording, self._business).print(letterpress.Recipient(person.first_name, urls[0], unsubscribe))
        return send, letter, person.timezone

    def release(self, send: Send, reason: str) -> None:
        """It surely did not leave: it waits again."""
        with self._database.writing() as connection:
            store.release(connection, send.id, reason, self._clock.now())

    def is_bad_address(self, failure: Failure) -> bool:
        """Whether a refusal is about this one address."""
        if failure.details.get("reason") == "no_such_recipient" or (isinstance(failure, BadInput) and failure.field == "to"):
            return True
        return isinstance(failure, OutsideRejected) and any(word in failure.message.lower() for word in _ADDRESS_WORDS)

    def _row(self, enrolment: Enrolment, sequence: Sequence, wording: Wording, to: dict[str, str]) -> dict[str, Any]:
        now = self._clock.now()
        send_id = make_id("ems", enrolment.id, enrolment.step)
        return {
            "id": send_id, "sequence_id": sequence.id, "enrolment_id": enrolment.id, "contact_id": enrolment.contact_id,
            "step_number": enrolment.step, "subject": wording.subject, "status": "sending", "kind": sequence.kind,
            "template_id": wording.id, "template_version": wording.version, "intent_key": f"{to['provider']}.send/{send_id}",
            "owner": self._worker.name, "created_at": now, "updated_at": now, **to,
        }  # fmt: skip

    def _product_of(self, enrolment: Enrolment, wording: Wording) -> Product:
        return self._business.product(wording.product or enrolment.product or "") or self._business.products[0]

    def _make_links(
        self, connection: sa.Connection, row: dict[str, Any], product: Product, campaign: str
    ) -> tuple[dict[str, str], dict[str, str]]:
        """(address, link id) by the link's name: every link is the person's own."""
        made = self._links.create(connection, LinkWanted(
            product.url, row["id"], product.key, utm_source="email", utm_medium="email", utm_content="product",
            utm_campaign=campaign, contact_id=row["contact_id"],
        ))  # fmt: skip
        return {"product": made.short_url}, {"product": made.id}

    def _fresh_key(self) -> str:
        """Drawn once and kept; in a rehearsal it follows from the seed like everything else."""
        return content_hash(f"unsubscribe/{self._settings.seed}") if self._settings.mode == "sandbox" else random_token("uns")


def token_of(key: str, send_id: str) -> str:
    """The unsubscribe address's secret part: nobody can guess it, and the same mail always has the same."""
    digest = hmac.new(key.encode(), f"unsubscribe/{send_id}".encode(), "sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def no_longer_wanted(outgoing: Outgoing, connection: sa.Connection, enrolment: Enrolment, sequence: Sequence) -> None:
    """Raise `suppressed` when the reason for the mail has gone; asked in the transaction that promises it."""
    why = outgoing.exit_reason(connection, enrolment, sequence)
    if why is not None:
        raise Suppressed(f"not sent: {why}", reason=why)
