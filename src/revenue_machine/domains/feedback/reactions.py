"""A published post is followed from its first minute."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.feedback.feedback_loop import FeedbackLoop
from revenue_machine.domains.publishing.reads import post_by_id
from revenue_machine.engine.events import Event, on


@on("post.published")
def follow_post(event: Event, connection: sa.Connection, loop: FeedbackLoop) -> None:
    """Register it with its three looks."""
    post = post_by_id(connection, event.payload["post_id"])
    if post is not None and post.url is not None and post.published_at is not None:
        loop.follow(connection, post)
