"""How the pretend vendor says no: its error types, their status codes and their envelope."""

from __future__ import annotations

from typing import Any

STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}


class Refused(Exception):
    """The vendor does not do what was asked; turned into its error answer before it leaves the fake."""

    def __init__(self, kind: str, message: str, retry_after_s: int | None = None) -> None:
        self.kind, self.message, self.retry_after_s = kind, message, retry_after_s
        super().__init__(message)

    @property
    def status(self) -> int:
        return STATUS[self.kind]

    def body(self, request_id: str | None) -> dict[str, Any]:
        return {"type": "error", "error": {"type": self.kind, "message": self.message}, "request_id": request_id}


def bad(message: str) -> Refused:
    """The request itself is wrong."""
    return Refused("invalid_request_error", message)


def missing(message: str) -> Refused:
    """There is no such thing."""
    return Refused("not_found_error", message)
