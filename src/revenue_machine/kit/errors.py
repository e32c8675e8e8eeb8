"""The one family of failures every topic, client and surface speaks (INTERFACE §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pydantic import ValidationError


class Failure(Exception):
    """Something went wrong, with a stable code an outsider may branch on.

    `code` is the stable word, `http_status` what HTTP answers, `nothing_happened` whether the
    failure proves that no outside effect took place (only then may a write be tried again), `is_for_now` whether the same
    call may be let through later without anybody deciding anew.
    """

    code: ClassVar[str] = "contract_broken"
    http_status: ClassVar[int] = 424
    retryable: ClassVar[bool] = False
    nothing_happened: ClassVar[bool] = True
    is_for_now: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        retry_after_s: float | None = None,
        **details: Any,
    ) -> None:
        self.message = message or (self.__doc__ or "").strip().split("\n")[0]
        self.field = field
        self.retry_after_s = retry_after_s
        self.details = details
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.message, self.field, self.retry_after_s, self.details))

    def as_dict(self) -> dict[str, Any]:
        """The `error` object of the envelope."""
        return {
            "code": self.code,
            "message": self.message,
            "field": self.field,
            "retry_after_s": self.retry_after_s,
            **self.details,
        }


def _rebuild(kind: type[Failure], message: str, field: str | None, retry_after_s: float | None, details: dict[str, Any]) -> Failure:
    return kind(message, field=field, retry_after_s=retry_after_s, **details)


class BadInput(Failure):
    """The input does not fit the topic."""

    code = "bad_input"
    http_status = 422


class NotFound(Failure):
    """Nothing goes by that name."""

    code = "not_found"
    http_status = 404


class Conflict(Failure):
    """The thing has changed or exists already."""

    code = "conflict"
    http_status = 409


class NotConfigured(Failure):
    """The service or feature this needs is not set up."""

    code = "not_configured"


class ApprovalRequired(Failure):
    """A person has to approve this first."""

    code = "approval_required"
    http_status = 202


class BudgetExhausted(Failure):
    """The budget does not allow this call."""

    code = "budget_exhausted"
    http_status = 429
    is_for_now = True


class Stopped(Failure):
    """The kill switch is on."""

    code = "stopped"
    http_status = 409
    is_for_now = True


class Suppressed(Failure):
    """This person must not be contacted."""

    code = "suppressed"
    http_status = 409


class CapReached(Failure):
    """The send ceiling of this channel is reached."""

    code = "cap_reached"
    http_status = 429
    is_for_now = True


class OutsideUnavailable(Failure):
    """The outside service cannot be reached or answers with a fault."""

    code = "outside_unavailable"
    retryable = True
    nothing_happened = False


class OutsideUnreached(OutsideUnavailable):
    """The outside service refused the connection: the request never left."""

    nothing_happened = True
    is_for_now = True


class OutsideUnanswered(OutsideUnavailable):
    """The request left and no answer came back."""


class OutsideRateLimited(Failure):
    """The outside service asks for fewer calls."""

    code = "outside_rate_limited"
    http_status = 429
    retryable = True
    is_for_now = True


class OutsideRejected(Failure):
    """The outside service refused the request as such."""

    code = "outside_rejected"


class OutsideAuthFailed(Failure):
    """The outside service does not accept our credential."""

    code = "outside_auth_failed"


class OutcomeUnknown(Failure):
    """The call was sent and no answer came: it may or may not have happened."""

    code = "outcome_unknown"
    http_status = 409
    nothing_happened = False


class ContractBroken(Failure):
    """The outside service answered in a shape its contract does not have."""

    code = "contract_broken"
    nothing_happened = False


def _family(root: type[Failure]) -> list[type[Failure]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _family(child))]


def first_mistake(error: ValidationError) -> str:
    """Where a payload left its shape first, and how; never with the value, which may be personal."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def every_code() -> dict[str, type[Failure]]:
    """Code to its first class, for docs and for reading a failure back."""
    codes: dict[str, type[Failure]] = {}
    for kind in _family(Failure)[1:]:
        codes.setdefault(kind.code, kind)
    return codes


def from_dict(error: dict[str, Any]) -> Failure:
    """The failure a stored or received `error` object stands for."""
    rest = dict(error)
    kind = every_code().get(str(rest.pop("code", "")), ContractBroken)
    return kind(
        str(rest.pop("message", "")),
        field=rest.pop("field", None),
        retry_after_s=rest.pop("retry_after_s", None),
        **rest,
    )
