"""Counts how often posts were seen, for whoever asks by the role `Views`."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from revenue_machine.domains.feedback import reads


class LookedAt:
    """Views as the newest look at each post has them."""

    def by_post(self, connection: sa.Connection, start: datetime | None, end: datetime | None) -> dict[str, int]:
        """Views of every post published in [start, end), 0 where nobody looked yet."""
        return reads.views_by_post(connection, start, end)
