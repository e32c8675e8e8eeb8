"""Follows every post: looks at it three times, judges it at the last look, and lets winners teach the next batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa

from revenue_machine.domains.feedback import reads, rules, store
from revenue_machine.domains.feedback.models import (
    CheckbackResult,
    PlatformFailure,
    RegisterArgs,
    RegisterResult,
)
from revenue_machine.domains.feedback.reads import DueCheckback
from revenue_machine.domains.publishing.models import Post
from revenue_machine.domains.publishing.reads import post_by_id
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.integrations.market_research.market_research_client import MarketResearchClient
from revenue_machine.integrations.market_research.wire import PostMetrics
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, Conflict, Failure, NotFound
from revenue_machine.kit.ids import make_id


@dataclass(frozen=True)
class FeedbackLoop:
    """From a published post to its verdict."""

    database: Database
    clock: Clock
    events: Events
    clients: Clients

    def register(self, args: RegisterArgs) -> RegisterResult:
        """Follow a post; one that is followed already stays as it is.

        Raises: bad_input (neither ours nor fully named); not_found; conflict (not published yet).
        """
        with self.database.writing() as connection:
            if args.post_id is not None:
                return self._register_ours(connection, args)
            if args.url is None or args.platform is None or args.published_at is None:
                raise BadInput("name a post_id, or url, platform and published_at", field="post_id")
            if args.published_at > self.clock.now():
                raise BadInput("a post that is not published yet cannot be followed", field="published_at")
            post = args.model_dump() | {"post_id": make_id("post", args.platform, args.url)}
            is_new = store.register(connection, self.database, post, is_own=False, now=self.clock.now())
            known = reads.post_id_at(connection, args.platform, args.url)
            return RegisterResult(post_id=known or post["post_id"], is_new=is_new)

    def _register_ours(self, connection: sa.Connection, args: RegisterArgs) -> RegisterResult:
        others = sorted(name for name, value in args if value is not None and name != "post_id")
        if others:
            raise BadInput(f"our own posts are known: {others[0]} is not asked for beside post_id", field=others[0])
        post = post_by_id(connection, args.post_id or "")
        if post is None:
            raise NotFound(f"there is no post {args.post_id}", field="post_id")
        if post.published_at is None or post.url is None:
            raise Conflict(f"post {post.id} is {post.status.value}, not published", field="post_id")
        return RegisterResult(post_id=post.id, is_new=self.follow(connection, post))

    def follow(self, connection: sa.Connection, post: Post) -> bool:
        """Follow one of our own published posts, in the caller's transaction; False when it is followed already."""
        row = vars(post) | {"post_id": post.id}
        return store.register(connection, self.database, row, is_own=True, now=self.clock.now())

    def sweep(self, age_hours: int | None) -> CheckbackResult:
        """Take every look that is due, one question per platform; a dead platform stops no other."""
        with self.database.reading() as connection:
            due = reads.due_checkbacks(connection, self.clock.now(), age_hours)
        counts: Counter[str] = Counter()
        failures: list[PlatformFailure] = []
        by_platform = sorted(due, key=lambda look: (look.platform, look.due_at, look.id))
        for platform, found in groupby(by_platform, key=lambda look: look.platform):
            looks = list(found)
            try:
                client = self.clients.get(MarketResearchClient)
                metrics = client.metrics(platform, [look.url for look in looks])
            except Failure as failure:
                failures.append(self._postpone(platform, looks, failure))
                continue
            counts += self._take(platform, looks, {one.url: one for one in metrics})
        return CheckbackResult(
            taken=counts["taken"],
            missing=counts["missing"],
            waiting=counts["waiting"] + sum(one.waiting for one in failures),
            measured=counts["measured"],
            partial=bool(failures),
            failures=failures,
        )

    def _postpone(self, platform: str, looks: Sequence[DueCheckback], failure: Failure) -> PlatformFailure:
        now = self.clock.now()
        with self.database.writing() as connection:
            for look in looks:
                store.postpone(connection, look, now, rules.TRY_AGAIN_AFTER, failure.code)
        return PlatformFailure(platform=platform, code=failure.code, reason=failure.message, waiting=len(looks))

    def _take(self, platform: str, looks: Sequence[DueCheckback], metrics: dict[str, PostMetrics]) -> Counter[str]:
        """All looks of a platform in one transaction, so that each is judged against those before it."""
        counts: Counter[str] = Counter()
        with self.database.writing() as connection:
            self.database.lock(connection, f"feedback/{platform}")
            for look in looks:
                seen = metrics.get(look.url)
                if seen is None:
                    counts["missing" if store.miss(connection, look, self.clock.now()) else "waiting"] += 1
                    continue
                numbers = rules.Counts(seen.views, seen.likes, seen.comments, seen.shares, seen.saves)
                if store.take(connection, look, numbers, self.clock.now()):
                    counts["taken"] += 1
                    counts["measured"] += self._judge(connection, look, numbers)
        return counts

    def _judge(self, connection: sa.Connection, look: DueCheckback, numbers: rules.Counts) -> int:
        """1 when this look was the last one and showed something to judge by."""
        value = rules.engagement(numbers)
        if look.age_hours != rules.JUDGED_AT_HOURS or value is None:
            return 0
        verdict = rules.judge(value, reads.history(connection, look.platform, look.post_id))
        store.write_verdict(connection, look.post_id, numbers, value, verdict, now=self.clock.now())
        payload = {"post_id": look.post_id, **vars(verdict), **reads.dimensions(connection, look.post_id)}
        self.events.emit(connection, "post.measured", look.post_id, payload)
        return 1
