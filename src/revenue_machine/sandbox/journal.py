"""Every request the vendors got, read back in order."""

from __future__ import annotations

from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.sandbox.store import WorldStore

_COLUMNS = "place, at, service, method, path, query, idempotency_key, request, status, answer, acted"


def journal(store: WorldStore, service: str | None = None, since: str | None = None) -> list[dict[str, Any]]:
    """Requests of one service or all; `since` is the number of the last one seen, or an ISO time. Raises bad_input."""
    after = int(since) if since and since.isdigit() else 0
    at = iso(parse_instant(since, field="since")) if since and not since.isdigit() else ""
    rows = store.run(
        f"select {_COLUMNS} from journal where place > ? and at >= ? and service = coalesce(?, service) order by place",  # noqa: S608
        after, at, service or None,
    )  # fmt: skip
    return [_entry(row) for row in rows]


def _entry(row: tuple[Any, ...]) -> dict[str, Any]:
    number, at, service, method, path, query, key, body, status, answer, acted = row
    return {
        "number": number, "time": at, "service": service, "method": method, "path": path, "query": query,
        "idempotency_key": key, "body": body, "status": status, "answer": answer, "acted": bool(acted),
    }  # fmt: skip
