"""Gives approved drafts their hour and link, and sends what is due: one attempt, published only with the platform's word."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.content.models import ApprovedDraft
from revenue_machine.domains.content.reads import approved_drafts
from revenue_machine.domains.links.models import Links, LinkWanted
from revenue_machine.domains.owner.models import Business, Channel
from revenue_machine.domains.publishing import reads, rules, store, timing
from revenue_machine.domains.publishing.models import AutoResult, Pick, Post, PostStatus, ScheduleResult, Switchback
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.choices import Choice, log_choices
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import Speech
from revenue_machine.integrations.blotato.blotato_client import BlotatoClient
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import CapReached, Failure, OutcomeUnknown, OutsideRejected, Stopped
from revenue_machine.kit.rng import array_rng
from revenue_machine.kit.settings import Settings

LOOK_AGAIN_AFTER = timedelta(minutes=2)
TRY_LATER_AFTER = timedelta(hours=1)
DRAFTS_STAY_GOOD_FOR = timedelta(days=2)


@dataclass(frozen=True)
class Publisher:
    """The one way a draft becomes a post."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    links: Links
    events: Events

    def schedule(self, horizon: timedelta) -> ScheduleResult:
        """Give every approved draft that waits an hour of its platform, best drafts first."""
        now = self.clock.now()
        with self.database.reading() as connection:
            drafts = approved_drafts(connection, now - DRAFTS_STAY_GOOD_FOR)
            known = reads.scheduled_draft_ids(connection, [draft.id for draft in drafts])
        waiting = [draft for draft in drafts if draft.id not in known]
        placed: Counter[str] = Counter()
        withheld = 0
        for draft in waiting:
            channel = self.business.channel(draft.platform)
            word = self._place(draft, channel, horizon) if channel is not None and channel.takes_text else "waiting"
            placed[draft.platform] += word == "placed"
            withheld += word == "withheld"
        total = sum(placed.values())
        by_platform = {name: count for name, count in sorted(placed.items()) if count}
        return ScheduleResult(scheduled=total, withheld=withheld, waiting=len(waiting) - total - withheld, by_platform=by_platform)

    def _place(self, draft: ApprovedDraft, channel: Channel, horizon: timedelta) -> str:
        """`placed`, `withheld` because its day is silent by lot, or `waiting` for a free hour."""
        now = self.clock.now()
        with self.database.writing() as connection:
            self.database.lock(connection, f"publishing/{draft.platform}")
            gap = timedelta(minutes=channel.min_gap_minutes)
            taken = reads.scheduled_times(connection, draft.platform, now - max(gap, timedelta(days=1)))
            slots = rules.open_slots(now, horizon, self.settings.zone, taken, per_day=channel.per_day, min_gap=gap)
            if not slots:
                return "waiting"
            draws = array_rng(self.settings.seed, "publishing.slot", draft.id)
            pick = timing.choose(slots, reads.arms_of(connection, draft.platform), draws)
            if self._is_silent(connection, draft.platform, pick):
                store.insert_post(connection, self.database, draft, pick.slot, draft.text, link_id=None, now=now, is_withheld=True)
                return "withheld"
            self._write(connection, draft, pick)
        return "placed"

    def _is_silent(self, connection: sa.Connection, platform: str, pick: Pick) -> bool:
        """Ask the lottery of silence; its answer is written down with the chance it had, once per network and day."""
        lottery = Switchback(self.settings.seed, self.settings.lift.switchback_share)
        if lottery.share == 0:
            return False
        day = local_date(pick.slot.at, self.settings.zone)
        is_silent = lottery.is_silent(platform, day)
        word, chance = ("silent", lottery.share) if is_silent else ("loud", 1 - lottery.share)
        choice = Choice("publishing.switchback", f"{platform}/{day.isoformat()}", word, chance, ["loud", "silent"])
        log_choices(connection, self.database, self.clock, [choice])
        return is_silent

    def _write(self, connection: sa.Connection, draft: ApprovedDraft, pick: Pick) -> None:
        post_id = store.post_id_of(draft.id)
        link_id, text = None, draft.text
        product = self.business.product(draft.offer) if draft.offer else None
        if product is not None:
            wanted = LinkWanted(product.url, post_id, product.key, utm_source=draft.platform, utm_content=draft.slot_key)
            link = self.links.create(connection, wanted)
            link_id, text = link.id, rules.with_link(draft.text, link.short_url)
        store.insert_post(connection, self.database, draft, pick.slot, text, link_id=link_id, now=self.clock.now())
        arm = f"{draft.platform}/{pick.slot.weekday}/{pick.slot.hour:02}"
        log_choices(connection, self.database, self.clock, [Choice("publishing.slot", post_id, arm, pick.propensity)])

    def send_due(self, outside: Outside, client: BlotatoClient) -> AutoResult:
        """Send what is due and ask after what was sent."""
        counts: Counter[str] = Counter()
        with self.database.reading() as connection:
            due = reads.due_posts(connection, self.clock.now())
        accounts = Accounts(client, self.business)
        # Time stands still in a sweep: a ceiling that refused one post refuses every further one of its platform.
        full: dict[str, str] = {}
        for post in due:
            if post.status is not PostStatus.APPROVED:
                counts[self._ask_after(post, client)] += 1
            elif post.platform in full:
                counts[self._move(post, full[post.platform])] += 1
            else:
                counts[self._send(post, outside, accounts, full)] += 1
        return AutoResult(
            sent=counts["sent"],
            published=counts["published"],
            failed=counts["failed"],
            unknown=counts["unknown"],
            moved=counts["moved"],
        )

    def _send(self, post: Post, outside: Outside, accounts: Accounts, full: dict[str, str]) -> str:
        try:
            submission_id = outside.perform(self._plan(post, accounts))
        except Stopped:
            return self._move(post, "stopped")
        except CapReached as failure:
            full[post.platform] = failure.message
            return self._move(post, failure.message)
        except OutcomeUnknown as failure:
            return self._end(post, PostStatus.UNKNOWN, failure)
        except Failure as failure:
            return self._move(post, failure.message) if failure.retryable else self._end(post, PostStatus.FAILED, failure)
        now = self.clock.now()
        with self.database.writing() as connection:
            store.mark_sent(
                connection, post, submission_id, now, rules.slot_at(now, self.settings.zone), due_at=now + LOOK_AGAIN_AFTER
            )
        return "sent"

    def _plan(self, post: Post, accounts: Accounts) -> Plan[str]:
        channel = self.business.channel(post.platform)
        if channel is None:
            raise OutsideRejected(f"there is no channel {post.platform} any more")
        account_id, fields = accounts.target(channel)
        first, further = rules.parts_for(post.platform, post.content_type, post.text)
        payload: dict[str, Any] = {"account_id": account_id, "platform": post.platform, "text": first}
        payload |= {"further": list(further), "fields": fields}
        gap = timedelta(minutes=channel.min_gap_minutes)
        return Plan(
            service="blotato", operation="publish", key=post.id, payload=payload, answer=str,
            send=lambda _key: accounts.client.publish(
                account_id, post.platform, first, additional_posts=further, target_fields=fields
            ),
            speech=Speech(f"publish_{post.platform}", Ceiling(channel.per_day, min_gap=gap)),
        )  # fmt: skip

    def _ask_after(self, post: Post, client: BlotatoClient) -> str:
        """`published` needs the platform's own address."""
        try:
            status = client.status(post.external_id or "")
        except Failure as failure:
            return self._move(post, failure.message)
        if status.status == "failed":
            return self._end(post, PostStatus.FAILED, OutsideRejected(status.error or "the platform refused the post"))
        if status.status != "published" or status.public_url is None:
            return self._move(post, None, after=LOOK_AGAIN_AFTER)
        now = self.clock.now()
        with self.database.writing() as connection:
            moved = store.mark(
                connection, post, PostStatus.PUBLISHED, now, url=status.public_url, published_at=post.sent_at or now, due_at=None
            )
            if moved:
                self.events.emit(connection, "post.published", post.id, {"post_id": post.id})
        return "published"

    def _move(self, post: Post, why: str | None, after: timedelta = TRY_LATER_AFTER) -> str:
        now = self.clock.now()
        with self.database.writing() as connection:
            store.mark(connection, post, post.status, now, due_at=now + after, error=why)
        return "moved"

    def _end(self, post: Post, status: PostStatus, failure: Failure) -> str:
        with self.database.writing() as connection:
            store.mark(connection, post, status, self.clock.now(), due_at=None, error=failure.message)
            text = f"Post {post.id} on {post.platform}: {status.value}: {failure.message}"
            self.events.emit(
                connection, "alert.raised", f"{post.id}/{status.value}", {"kind": "publishing", "text": text, "key": post.id}
            )
        return status.value


class Accounts:
    """Which account a channel publishes through; asked of the vendor once per sweep when the owner named none."""

    def __init__(self, client: BlotatoClient, business: Business) -> None:
        self.client, self._business = client, business
        self._known: dict[str, tuple[str, dict[str, Any]]] = {}

    def target(self, channel: Channel) -> tuple[str, dict[str, Any]]:
        """(account id, what the platform needs besides)."""
        if channel.platform not in self._known:
            account_id = channel.account_id or self._first(channel)
            fields = {"pageId": self._first_page(account_id)} if channel.platform == "facebook" else {}
            self._known[channel.platform] = (account_id, fields)
        return self._known[channel.platform]

    def _first(self, channel: Channel) -> str:
        accounts = self.client.accounts(channel.platform)
        if not accounts:
            raise OutsideRejected(f"no {channel.platform} account is connected at Blotato")
        return accounts[0].id

    def _first_page(self, account_id: str) -> str:
        pages = self.client.subaccounts(account_id)
        if not pages:
            raise OutsideRejected("no Facebook page is connected at Blotato")
        return pages[0].id
