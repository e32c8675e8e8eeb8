"""Hears what people tap and write: by webhook where we have a public address, else by asking Telegram."""

from __future__ import annotations

from dataclasses import dataclass, field

from revenue_machine.engine.clients import Clients
from revenue_machine.engine.inbox import Inbox
from revenue_machine.integrations.telegram import hook
from revenue_machine.integrations.telegram.telegram_client import TelegramClient
from revenue_machine.integrations.telegram.wire import Update
from revenue_machine.kit.hooks import BadHook, HookRequest
from revenue_machine.kit.settings import Settings

MOST_ROUNDS = 20


@dataclass
class Ears:
    """Asks for updates and lays them where webhooks lie, so that either way they are handled alike and once."""

    inbox: Inbox
    clients: Clients
    settings: Settings
    _next: int | None = field(default=None, init=False)

    @property
    def asks(self) -> bool:
        """Whether we have to ask: Telegram is set up and nobody brings us anything.

        The sandbox's public address is nobody's, so there one asks as well.
        """
        is_reachable = self.settings.public_url is not None and self.settings.mode == "live"
        return self.clients.maybe(TelegramClient) is not None and not is_reachable

    def subscribe(self) -> bool:
        """Tell Telegram where to bring updates; False where it need not or cannot."""
        client = self.clients.maybe(TelegramClient)
        if client is None or self.asks or client.link.settings.webhook_secret is None:
            return False
        client.set_webhook(f"{self.settings.public_url}/hooks/telegram")
        return True

    def listen(self, wait_s: int = 0) -> int:
        """Keep what happened since, until Telegram has no more; returns how many updates were new.

        An update is confirmed by asking for the one behind it, and only after it is on disk.
        """
        client, new = self.clients.get(TelegramClient), 0
        for turn in range(MOST_ROUNDS):
            updates = client.get_updates(self._next, wait_s=wait_s if turn == 0 else 0)
            if not updates:
                break
            new += sum(self._keep(update) for update in updates)
            self._next = updates[-1].update_id + 1
        return new

    def _keep(self, update: Update) -> bool:
        body = update.model_dump_json(by_alias=True, exclude_none=True).encode()
        try:
            return self.inbox.store("telegram", hook.read(HookRequest({}, body)), body)
        except BadHook:  # a kind we did not ask for
            return False
