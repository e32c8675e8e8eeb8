"""What a webhook is, before anybody knows what it means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from revenue_machine.kit.errors import Failure, first_mistake

T = TypeVar("T", bound=BaseModel)
LONGEST_NAME = 255


@dataclass(frozen=True)
class HookRequest:
    """The raw request as it came in; header names in lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class HookEvent:
    """The envelope of a verified webhook.

    `external_id` is the vendor's own event id (dedupe), `kind` its event type, `subject` the object whose
    states must not go backwards, `occurred_at` the vendor's time, `is_sandbox` true for test traffic.
    """

    external_id: str
    kind: str
    subject: str | None
    occurred_at: datetime
    is_sandbox: bool = False


class BadHook(Failure):
    """The webhook's body is not what its sender documents."""

    code = "bad_input"
    http_status = 400


def hook_json(body: bytes) -> dict[str, Any]:
    """The body as a JSON object, or a 400."""
    try:
        payload = json.loads(body, parse_constant=_no_number)
    except (ValueError, UnicodeDecodeError, RecursionError):
        raise BadHook("the webhook's body is not JSON") from None
    if not isinstance(payload, dict):
        raise BadHook("the webhook's body is not a JSON object")
    return payload


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def check_names(event: HookEvent) -> None:
    """Refuse an envelope no database could keep: names that are empty, endless or no text. Raises: BadHook."""
    for name in (event.external_id, event.kind, event.subject):
        if name is None:
            continue
        if not 0 < len(name) <= LONGEST_NAME or "\x00" in name or not _is_text(name):
            raise BadHook("the webhook's id, kind or subject is no plain text")


def _is_text(name: str) -> bool:
    """Whether it can be written as UTF-8: half a surrogate pair cannot."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def fit(kind: type[T], payload: object, what: str) -> T:
    """A webhook's payload as its documented type, or a 400 that says where `what` leaves it."""
    try:
        return kind.model_validate(payload)
    except ValidationError as error:
        raise BadHook(f"the {what} is malformed: {first_mistake(error)}") from None
    except OverflowError:
        raise BadHook(f"the {what} is malformed") from None
