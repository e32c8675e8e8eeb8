"""One family of failures with stable codes; each says whether anything may have happened outside."""

from __future__ import annotations

import pickle

import pytest

from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    OutcomeUnknown,
    OutsideUnanswered,
    OutsideUnavailable,
    OutsideUnreached,
    Suppressed,
    every_code,
    from_dict,
)

# INTERFACE §4: code, HTTP status, may a read be repeated, is it proven that nothing happened.
TABLE = {
    "bad_input": (422, False, True), "not_found": (404, False, True), "conflict": (409, False, True), "not_configured": (424, False, True),
    "approval_required": (202, False, True), "budget_exhausted": (429, False, True), "stopped": (409, False, True),
    "suppressed": (409, False, True), "cap_reached": (429, False, True), "outside_unavailable": (424, True, False),
    "outside_rate_limited": (429, True, True), "outside_rejected": (424, False, True), "outside_auth_failed": (424, False, True),
    "outcome_unknown": (409, False, False), "contract_broken": (424, False, False),
}  # fmt: skip


def test_every_code_keeps_its_meaning() -> None:
    found = {code: (kind.http_status, kind.retryable, kind.nothing_happened) for code, kind in every_code().items()}
    assert {code: found.get(code) for code in TABLE} == TABLE
    assert set(found) == set(TABLE)


def test_only_a_refused_connection_proves_nothing_happened() -> None:
    meanings = [one.nothing_happened for one in (OutsideUnreached, OutsideUnanswered, OutsideUnavailable, OutcomeUnknown)]
    assert meanings == [True, False, False, False]


@pytest.mark.parametrize("code", TABLE)
def test_a_failure_survives_storage(code: str) -> None:
    kind = every_code()[code]
    failure = kind("why", field="x", retry_after_s=2.5, approval_id="apr_1")
    assert failure.as_dict() == {"code": code, "message": "why", "field": "x", "retry_after_s": 2.5, "approval_id": "apr_1"}
    for again in (from_dict(failure.as_dict()), pickle.loads(pickle.dumps(failure))):
        assert type(again) is kind
        assert again.as_dict() == failure.as_dict()


def test_a_failure_without_words_says_what_it_is() -> None:
    assert Suppressed().message == str(Suppressed()) == "This person must not be contacted."


@pytest.mark.parametrize("stored", [{}, {"code": "no_such_code", "message": "odd"}])
def test_an_unknown_code_is_a_broken_contract(stored: dict[str, str]) -> None:
    assert isinstance(from_dict(stored), ContractBroken)


def test_a_subclass_comes_back_by_pickle() -> None:
    again: Failure = pickle.loads(pickle.dumps(OutsideUnreached("gone")))
    assert (type(again), again.message) == (OutsideUnreached, "gone")
