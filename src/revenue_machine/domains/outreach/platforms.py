"""How each platform is spoken to: which mode, which address, and what settles an unknown outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import Person
from revenue_machine.domains.outreach import reads, store
from revenue_machine.domains.outreach.models import QueueRow
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.integrations.direct_message.direct_message_client import DirectMessageClient
from revenue_machine.integrations.linkedin.linkedin_client import LinkedinClient
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import NotConfigured, NotFound
from revenue_machine.kit.settings import Settings

API_PLATFORMS = ("linkedin", "x", "instagram")
_PROFILE_LINKS: Mapping[str, str] = MappingProxyType({
    "linkedin": "https://www.linkedin.com/in/{}", "x": "https://x.com/{}", "instagram": "https://www.instagram.com/{}/",
    "facebook": "https://www.facebook.com/{}", "tiktok": "https://www.tiktok.com/@{}", "threads": "https://www.threads.net/@{}",
})  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Where one message goes: `address` as the suppression list spells it, `user_id` as the platform does, `link` for a person."""

    mode: str
    service: str
    address: str
    user_id: str | None
    link: str


@dataclass(frozen=True)
class Platforms:
    """Speaks to LinkedIn and to the direct messages of the others."""

    database: Database
    clock: Clock
    settings: Settings
    clients: Clients

    def service_of(self, platform: str) -> str:
        """The integration a platform belongs to."""
        return "linkedin" if platform == "linkedin" else "direct_message"

    def mode_of(self, platform: str) -> str:
        """`assisted` unless the owner chose `mode = "api"` and the platform has one."""
        service = self.settings.service(self.service_of(platform))
        chosen = service.option("mode") or service.option("default_mode")
        return "api" if chosen == "api" and platform in API_PLATFORMS else "assisted"

    def why_not(self, platform: str) -> str | None:
        """What is missing before a platform can be read from; None when nothing is."""
        if platform not in API_PLATFORMS:
            return f"{platform} has no published interface for messages; they are sent by hand"
        return self.clients.why_not(self.service_of(platform))

    def linkedin(self) -> LinkedinClient | None:
        """LinkedIn, when it is set up."""
        return self.clients.maybe(LinkedinClient)

    def direct(self) -> DirectMessageClient | None:
        """Direct messages, when they are set up."""
        return self.clients.maybe(DirectMessageClient)

    def target(self, row: QueueRow, person: Person) -> Target:
        """Where a message to somebody goes. Raises: not_found when the person is not known there."""
        if row.platform == "email":
            return _mailbox(person)
        mode, service = self.mode_of(row.platform), self.service_of(row.platform)
        with self.database.reading() as connection:
            profile = reads.profile_of(connection, person.id, row.platform)
            handles = [
                one["value"]
                for one in crm_reads.identities(connection, person.id)
                if one["kind"] == "handle" and one["platform"] == row.platform
            ]
        handle = (profile.handle if profile else None) or (handles[0] if handles else None)
        user_id = profile.external_id if profile else None
        if handle is None and user_id is None:
            raise NotFound(f"{person.id} is not known on {row.platform}", field="contact_id")
        if mode == "api" and user_id is None and handle is not None:
            user_id = self._look_for(row.platform, handle, person)
        link = (profile.profile_url if profile else None) or profile_link(row.platform, handle or str(user_id))
        mode = "assisted" if mode == "api" and not self._may_write(row.platform, str(user_id)) else mode
        return Target(mode, service, f"{row.platform}:{handle or user_id}", user_id, link)

    def line(self, row: QueueRow, target: Target, text: str) -> tuple[Callable[[str], str], Callable[[], str | None]]:
        """(how it is sent, how an unknown outcome is looked up) over the platform's interface."""
        user_id = str(target.user_id)
        if row.platform != "linkedin":
            return self._direct_line(row, user_id, text)
        client = self.clients.get(LinkedinClient)
        if row.action == "connect":
            return (lambda _key: client.invite(user_id, text).id), lambda: _invited(client, user_id)
        since = row.decided_at or row.created_at

        def say(_key: str) -> str:
            chat_id = client.chat_with(user_id)
            sent = client.start_chat(user_id, text) if chat_id is None else client.send_message(chat_id, text)
            return sent.first_id or ""

        def look() -> str | None:
            found = client.sent_message(user_id, text, since)
            return None if found is None else found.id

        return say, look

    def _direct_line(self, row: QueueRow, user_id: str, text: str) -> tuple[Callable[[str], str], Callable[[], str | None]]:
        client = self.clients.get(DirectMessageClient)
        since = row.decided_at or row.created_at

        def look() -> str | None:
            found = client.sent_message(row.platform, user_id, text, since)
            return None if found is None else found.id

        return (lambda _key: client.send(row.platform, user_id, text).id), look

    def _look_for(self, platform: str, handle: str, person: Person) -> str:
        """The platform's own id of a handle, kept for the next time."""
        if platform == "linkedin":
            user_id: str | None = self.clients.get(LinkedinClient).profile(handle).id
        else:
            found = self.clients.get(DirectMessageClient).recipient(platform, handle)
            user_id = None if found is None else found.id
        if user_id is None:
            raise NotFound(f"{platform} knows no {handle}", field="contact_id")
        now = self.clock.now()
        values = {"contact_id": person.id, "handle": handle, "name": person.name, "profile_url": profile_link(platform, handle)}
        with self.database.writing() as connection:
            store.keep_profiles(connection, self.database, [store.profile_row(platform, user_id, now, **values)])
        return user_id

    def _may_write(self, platform: str, user_id: str) -> bool:
        """Instagram takes a message only within a day of the person's own; outside it the owner writes by hand."""
        if platform != "instagram":
            return True
        try:
            until = self.clients.get(DirectMessageClient).writable_until(platform, user_id, self.clock.now())
        except NotConfigured:
            return False
        return until is not None


def _mailbox(person: Person) -> Target:
    """An answer by mail is sent by hand, from the mailbox the question is in, so that it stands below it."""
    if person.email is None:
        raise NotFound(f"{person.id} has no mail address", field="contact_id")
    return Target("assisted", "assisted", person.email, None, f"mailto:{quote(person.email)}")


def profile_link(platform: str, handle: str) -> str:
    """Where the owner finds a person."""
    if platform == "x" and handle.isdigit():
        return f"https://x.com/i/user/{handle}"
    return _PROFILE_LINKS[platform].format(handle)


def _invited(client: LinkedinClient, user_id: str) -> str | None:
    """The pending invitation, or the connection it has become meanwhile."""
    pending = client.sent_invitation_to(user_id)
    if pending is not None:
        return pending.id
    relation = client.relation_with(user_id)
    return None if relation is None else relation.id
