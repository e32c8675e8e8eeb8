"""Takes in one message or one new connection, once: logs it, closes what it ends, and owes the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, ContactDraft, InteractionDraft
from revenue_machine.domains.outreach import reads, replies, rules, store
from revenue_machine.domains.outreach.answering import Answering
from revenue_machine.domains.outreach.models import Inbound, Profile
from revenue_machine.domains.outreach.platforms import profile_link
from revenue_machine.domains.outreach.prospecting import contact_draft
from revenue_machine.engine.database import Database
from revenue_machine.integrations.linkedin.wire import Relation
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Suppressed


@dataclass(frozen=True)
class Hearing:
    """Writes down what came in, in the caller's transaction; asks nobody outside."""

    database: Database
    clock: Clock
    book: ContactBook
    answering: Answering

    def hear(self, connection: sa.Connection, said: Inbound) -> str | None:
        """Take in one message of a person, once: opted_out, declined, silent, history or owed; None when known before."""
        kind, channel = f"{said.platform}_reply", rules.channel_of(said.platform)
        if crm_reads.is_logged(connection, kind, channel, said.external_id):
            return None
        contact_id = self.contact_for(connection, said)
        if contact_id is None:
            return None
        interaction_id = self.book.log(connection, InteractionDraft(
            contact_id, kind, content=said.text, platform=said.platform, channel=channel, direction="in",
            external_id=said.external_id, occurred_at=said.occurred_at, intent_class=replies.intent_of(said.text),
        ))  # fmt: skip
        return self.answering.take(connection, interaction_id)

    def contact_for(self, connection: sa.Connection, said: Inbound) -> str | None:
        """The contact who wrote; a stranger becomes one, unless they had asked to be forgotten."""
        now = self.clock.now()
        profile = reads.profile_at(connection, said.platform, said.user_id)
        if profile is not None and profile.contact_id is not None:
            return crm_reads.current_id(connection, profile.contact_id)
        if profile is None:
            url = said.profile_url or (profile_link(said.platform, said.handle or said.user_id))
            values = {
                "handle": said.handle,
                "name": said.name,
                "profile_url": url,
                "headline": said.headline,
                "standing": "connected",
            }
            row = store.profile_row(said.platform, said.user_id, now, **values)
            store.keep_profiles(connection, self.database, [row])
            profile = reads.profile_at(connection, said.platform, said.user_id)
        return None if profile is None else self._contact_of(connection, profile, now)

    def _contact_of(self, connection: sa.Connection, profile: Profile, now: datetime) -> str | None:
        draft = contact_draft(profile)
        draft = ContactDraft(**{**vars(draft), "source": f"{profile.platform}_inbound", "lawful_basis": "they wrote first"})
        try:
            contact_id = self.book.upsert(connection, draft)
        except Suppressed:
            return None
        store.bind_profile(connection, profile, contact_id, now)
        return contact_id

    def note_connection(self, connection: sa.Connection, relation: Relation) -> bool:
        """An accepted invitation, or somebody who connected by themselves; whether it is news."""
        now, user = self.clock.now(), relation.user
        profile = reads.profile_at(connection, "linkedin", user.id)
        if profile is not None and profile.standing == "connected" and profile.connected_at is not None:
            return False
        at = relation.created_at or now
        said = Inbound(
            "linkedin", relation.id, user.id, "", at, user.public_identifier, user.display_name, user.profile_url, user.description,
        )  # fmt: skip
        contact_id = self.contact_for(connection, said)
        profile = reads.profile_at(connection, "linkedin", user.id)
        if contact_id is None or profile is None:
            return False
        store.change_profile(connection, profile.id, {"standing": "connected", "connected_at": at, "degree": 1}, now)
        self.book.log(connection, InteractionDraft(
            contact_id, "connected", platform="linkedin", channel="linkedin", external_id=relation.id, occurred_at=at,
        ))  # fmt: skip
        return True
