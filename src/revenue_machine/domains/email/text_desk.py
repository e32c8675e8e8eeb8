"""Which words may go out: every text is a person's to approve, once per version, per issue, or per mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.email import letterpress, reads, rules, store
from revenue_machine.domains.email.models import Enrolment, Step, Wording
from revenue_machine.domains.email.writing import Writer
from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.engine.approvals import Approvals, Question, load_payload
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import make_id

KIND = "email_template"
TOPIC = "email.send"
BECAUSE: Mapping[str, str] = {
    "trial_started": "you started a trial",
    "churned": "you were a customer until a month ago",
    "weekly": "you know us and left your address",
}


@dataclass(frozen=True)
class Found:
    """The text of a step: approved, or what is waited for, or why there is none and the step is left out."""

    wording: Wording | None = None
    waits_for: str | None = None
    left_out: str | None = None


@dataclass(frozen=True)
class Wanted:
    """The text a step needs: for which product, and of which issue or person."""

    step: Step
    trigger: str
    product: Product | None
    issue: str
    enrolment: Enrolment

    @property
    def product_key(self) -> str:
        return self.product.key if self.product is not None and self.step.policy != "issue" else ""

    @property
    def hold(self) -> str:
        """What an enrolment that waits for this text says it waits for."""
        return f"text {self.step.text}/{self.product_key}/{self.issue}"


class TextDesk:
    """Writes texts down, asks about them, and knows which were agreed to."""

    def __init__(self, *, database: Database, clock: Clock, business: Business, approvals: Approvals, events: Events) -> None:
        self._database, self._clock, self._business = database, clock, business
        self._approvals, self._events = approvals, events

    def wanted(self, step: Step, trigger: str, enrolment: Enrolment, number: int) -> Wanted:
        """What text a step of this enrolment needs."""
        product = self._business.product(enrolment.product or "") or self._business.products[0]
        issue = {"once": "", "issue": f"week-{number}", "person": enrolment.id}[step.policy]
        return Wanted(step, trigger, product, issue, enrolment)

    def find(self, wanted: Wanted, writer: Writer) -> Found:
        """The approved text, or the reason why there is none yet; what was not asked before is asked now.

        Raises: what asking a model raises, for texts that are written when they are needed.
        """
        with self._database.reading() as connection:
            known = reads.wordings(connection, wanted.step.text, wanted.product_key, wanted.issue)
        if letterpress.has_source(wanted.step.text):
            return self._from_file(wanted, known)
        return self._from_model(wanted, known, writer)

    def newest(self, connection: sa.Connection, wanted: Wanted) -> Wording | None:
        """The text as it would go, or be asked about; None for one that is still to be written. Writes and asks nothing."""
        known = reads.wordings(connection, wanted.step.text, wanted.product_key, wanted.issue)
        if not letterpress.has_source(wanted.step.text):
            return next((one for one in known if one.status in ("approved", "asked")), None)
        source = None if wanted.product is None else letterpress.source_text(wanted.step.text, wanted.product)
        if source is None:
            return None
        row = self._row(wanted, *source)
        same = [one for one in known if one.source_version == row["version"]]
        approved = next((one for one in same if one.status == "approved"), None)
        return approved or Wording(**{name: row[name] for name in Wording.__dataclass_fields__})

    def _from_file(self, wanted: Wanted, known: list[Wording]) -> Found:
        source = None if wanted.product is None else letterpress.source_text(wanted.step.text, wanted.product)
        if source is None:
            return Found(left_out=f"{wanted.product_key} has no discount code in your file")
        row = self._row(wanted, *source)
        same = [one for one in known if one.source_version == row["version"]]
        approved = next((one for one in same if one.status == "approved"), None)
        if approved is not None:
            return Found(approved)
        asked = next((one for one in same if one.version == row["version"]), None)
        if asked is not None and asked.status == "rejected":
            return Found(left_out=f"you refused the text {wanted.step.text}")
        if asked is None or asked.status == "expired":
            self._ask(row, asked)
        return Found(waits_for=wanted.hold)

    def _from_model(self, wanted: Wanted, known: list[Wording], writer: Writer) -> Found:
        approved = next((one for one in known if one.status == "approved" and self._still_stands(one)), None)
        if approved is not None:
            return Found(approved)
        asked = next((one for one in known if one.status in ("asked", "rejected", "expired")), None)
        if asked is not None and asked.status == "rejected":
            return Found(left_out="you refused this one")
        if asked is not None and asked.status == "asked":
            return Found(waits_for=wanted.hold)
        if asked is not None:
            self._ask(_as_row(asked, self._clock.now()), asked)
            return Found(waits_for=wanted.hold)
        subject, body = writer.write(wanted.step.text, wanted.product, wanted.enrolment, self._lessons(wanted))
        row = self._row(wanted, subject, body)
        faults = rules.text_faults(subject, body, letterpress.LINK_KEYS, self._no_go())
        if faults:
            return self._refuse(row, faults)
        self._ask(row, None)
        return Found(waits_for=wanted.hold)

    def decided(self, connection: sa.Connection, said: Mapping[str, Any]) -> None:
        """A person spoke: an approved text is the one that goes out, an edited one with their words."""
        base = reads.wording(connection, str(said["call_key"]).split("/", 1)[0])
        if base is None or said["status"] == "replaced":
            return
        now = self._clock.now()
        if said["status"] != "approved":
            store.change_wording(
                connection,
                base.id,
                now,
                status=said["status"],
                decided_at=now,
                reason=reads.approval_reason(connection, str(said["approval_id"])),
            )
            store.wake(connection, _hold_of(base), now)
            return
        payload = load_payload(connection, str(said["approval_id"]))
        self._approvals.claim(connection, str(said["approval_id"]), payload, topic=TOPIC, call_key=str(said["call_key"]))
        self._take_yes(connection, base, payload, str(said["approval_id"]))
        store.wake(connection, _hold_of(base), now)

    def _take_yes(self, connection: sa.Connection, base: Wording, payload: Mapping[str, Any], approval_id: str) -> None:
        now = self._clock.now()
        row = {**_as_row(base, now), "subject": str(payload["subject"]), "body": str(payload["text"])}
        row["version"] = letterpress.version_of(letterpress.approved_parts(row))
        faults = rules.text_faults(row["subject"], row["body"], letterpress.LINK_KEYS, self._no_go())
        if faults:
            store.change_wording(connection, base.id, now, status="rejected", decided_at=now, reason="; ".join(faults))
            self._alert(connection, f"{base.id}/{approval_id}", f"The mail text {base.name} cannot go out: {'; '.join(faults)}")
            return
        if row["version"] != base.version:
            row["id"] = _id_of(row)
            store.keep_wording(connection, self._database, row)
            store.change_wording(connection, base.id, now, status="replaced", decided_at=now)
        store.change_wording(connection, row["id"], now, status="approved", decided_at=now, approval_id=approval_id)

    def _ask(self, row: dict[str, Any], asked: Wording | None) -> None:
        """File the question; one that ran out is asked anew."""
        number = 1 if asked is None else asked.asked + 1
        with self._database.writing() as connection:
            store.keep_wording(connection, self._database, row)
            approval_id = self._approvals.file(connection, self._question(row, number))
            store.change_wording(connection, row["id"], self._clock.now(), status="asked", asked=number, approval_id=approval_id)

    def _question(self, row: Mapping[str, Any], number: int) -> Question:
        parts = letterpress.approved_parts(row)
        about = f" for {row['product']}" if row["product"] else ""
        which = "this mail" if row["issue"].startswith("enr_") else "this issue" if row["issue"] else "every mail with this text"
        return Question(
            topic=TOPIC, call_key=f"{row['id']}/{number}", kind=KIND,
            payload={**{name: value for name, value in parts.items() if name != "body"}, "text": row["body"]},
            title=f"Mail text {row['name']}{about}: {row['subject']}", why=f"your yes lets {which} go out, exactly in these words",
        )  # fmt: skip

    def _row(self, wanted: Wanted, subject: str, body: str) -> dict[str, Any]:
        now = self._clock.now()
        row: dict[str, Any] = {
            "name": wanted.step.text, "product": wanted.product_key, "issue": wanted.issue, "subject": subject, "body": body,
            "layout_hash": letterpress.layout_hash(self._business), "because": BECAUSE[wanted.trigger],
            "status": "asked", "asked": 0,
            "approval_id": None, "reason": None, "decided_at": None, "created_at": now, "updated_at": now,
        }  # fmt: skip
        version = letterpress.version_of(letterpress.approved_parts(row))
        return {**row, "version": version, "source_version": version, "id": _id_of({**row, "version": version})}

    def _refuse(self, row: dict[str, Any], faults: list[str]) -> Found:
        """A model's text that breaks the rules is kept with the reason and asks nobody."""
        with self._database.writing() as connection:
            row = {**row, "status": "rejected", "decided_at": self._clock.now(), "reason": "; ".join(faults)}
            store.keep_wording(connection, self._database, row)
        return Found(left_out=f"the draft broke the rules: {'; '.join(faults)}")

    def _lessons(self, wanted: Wanted) -> list[str]:
        with self._database.reading() as connection:
            return reads.lessons(connection, wanted.step.text)

    def _no_go(self) -> list[str]:
        return [word for product in self._business.products for word in product.no_go]

    def _still_stands(self, wording: Wording) -> bool:
        """A yes to one mail or issue is a yes for a week."""
        return wording.decided_at is not None and self._clock.now() - wording.decided_at < rules.STANDS

    def _alert(self, connection: sa.Connection, key: str, text: str) -> None:
        self._events.emit(connection, "alert.raised", f"email/{key}", {"kind": "email_text", "text": text, "key": key})


def _id_of(row: Mapping[str, Any]) -> str:
    return make_id("tpl", row["name"], row["product"], row["issue"], row["version"])


def _as_row(wording: Wording, now: datetime) -> dict[str, Any]:
    return {**vars(wording), "created_at": now, "updated_at": now}


def _hold_of(wording: Wording) -> str:
    return f"text {wording.name}/{wording.product}/{wording.issue}"
