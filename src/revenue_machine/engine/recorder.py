"""Keeps every outside answer, by the call that asked, so that a past day can be replayed."""

from __future__ import annotations

import threading

import sqlalchemy as sa

from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import RECORDINGS
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.service import Exchange

# Built once: every call that went out asks it.
_COUNT = sa.select(sa.func.count()).where(RECORDINGS.c.topic == sa.bindparam("topic"), RECORDINGS.c.call_key == sa.bindparam("key"))


class Recorder:
    """Collects exchanges per thread and writes them with the call that made them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._thread = threading.local()

    def keep(self, exchange: Exchange) -> None:
        """Remember an answer until its call ends (`ServiceLink.record`)."""
        self._pending().append(exchange)

    def flush(self, call: Call) -> None:
        """Write what this thread heard since the last flush."""
        pending = self._pending()
        if not pending:
            return
        now = self._clock.now()
        with self._database.writing() as connection:
            start = self._count(connection, call)
            rows = [self._row(call, start + offset, exchange) | {"recorded_at": now} for offset, exchange in enumerate(pending)]
            self._database.put(connection, RECORDINGS, rows, ["id"])
        pending.clear()

    def drop(self) -> None:
        """Forget what this thread heard since the last flush: an answer that said nothing."""
        self._pending().clear()

    def _pending(self) -> list[Exchange]:
        if not hasattr(self._thread, "exchanges"):
            self._thread.exchanges = []
        exchanges: list[Exchange] = self._thread.exchanges
        return exchanges

    def _count(self, connection: sa.Connection, call: Call) -> int:
        return int(connection.execute(_COUNT, {"topic": call.topic, "key": call.key}).scalar_one())

    def _row(self, call: Call, place: int, exchange: Exchange) -> dict[str, object]:
        return {
            "id": make_id("rec", call.topic, call.key, place), "topic": call.topic, "call_key": call.key, "place": place,
            "service": exchange.service, "method": exchange.method, "path": exchange.path, "status": exchange.status,
            "request_hash": content_hash(exchange.request_text), "answer": exchange.answer_text, "contact_id": None,
        }  # fmt: skip
