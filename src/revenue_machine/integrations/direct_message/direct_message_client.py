"""Direct messages over whichever platform has a published way, and a clear word where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import SecretStr

from revenue_machine.integrations.direct_message.instagram_line import WINDOW, InstagramLine
from revenue_machine.integrations.direct_message.wire import DirectMessage, Recipient, SentMessage
from revenue_machine.integrations.direct_message.x_line import XLine
from revenue_machine.kit.errors import BadInput, NotConfigured
from revenue_machine.kit.service import ServiceClient, ServiceLink

INSTAGRAM_BASE_URL = "https://graph.instagram.com"
PLATFORMS = ("x", "instagram")
MAX_CHARS: Mapping[str, int] = {"x": 10_000, "instagram": 1_000}
# The outside's clock is not ours.
SLACK = timedelta(seconds=2)


class DirectMessageClient(ServiceClient):
    """One method per question, `platform` is `x` or `instagram`; for any other the assisted channel is named."""

    service: ClassVar[str] = "direct_message"

    def __init__(self, link: ServiceLink) -> None:
        super().__init__(link)
        self._lines: dict[str, XLine | InstagramLine] = {}

    def recipient(self, platform: str, handle: str) -> Recipient | None:
        """A person by handle; None when the platform finds none (Instagram knows only people who wrote)."""
        return self._line(platform).recipient(handle)

    def send(self, platform: str, person_id: str, text: str) -> SentMessage:
        """Write to a person by the platform's id."""
        line = self._line(platform)
        if not text.strip() or len(text) > MAX_CHARS[platform]:
            raise BadInput(f"a message on {platform} has 1 to {MAX_CHARS[platform]} characters", field="text")
        return line.send(person_id, text)

    def messages(self, platform: str, since: datetime) -> list[DirectMessage]:
        """Every message of every conversation since an instant, ours and theirs, oldest first."""
        return sorted(self._line(platform).messages(since), key=lambda one: (one.sent_at, one.id))

    def sent_message(self, platform: str, person_id: str, text: str, since: datetime) -> DirectMessage | None:
        """Our message of exactly this text to a person, sent at an instant or later; settles an unknown `send`."""
        found: Iterator[DirectMessage] = iter(self._line(platform).messages(since - SLACK))
        return next((one for one in found if one.is_ours and one.person_id == person_id and one.text == text), None)

    def writable_until(self, platform: str, person_id: str, now: datetime) -> datetime | None:
        """Until when a message may be sent: on Instagram 24 hours after the person's last word, None if not now; on X `now`."""
        line = self._line(platform)
        if isinstance(line, XLine):
            return now
        theirs = [one.sent_at for one in line.messages(now - WINDOW) if one.person_id == person_id and not one.is_ours]
        return max(theirs) + WINDOW if theirs and max(theirs) + WINDOW > now else None

    def _line(self, platform: str) -> XLine | InstagramLine:
        if platform not in PLATFORMS:
            raise NotConfigured(
                f"{platform} has no published API for direct messages: use the assisted channel and send by hand", field="platform"
            )
        made = self._lines.get(platform)
        if made is None:
            made = XLine(self.link) if platform == "x" else InstagramLine(self._instagram_link())
            self._lines[platform] = made
        return made

    def _instagram_link(self) -> ServiceLink:
        """The same link with Instagram's address and token, so that token is hidden in what is recorded too."""
        own = self.link.settings
        token = self.link.need("instagram_token")
        changed = {"api_key": SecretStr(token), "base_url": own.base_url or INSTAGRAM_BASE_URL}
        return replace(self.link, settings=own.model_copy(update=changed))
