"""`email.webhook`: nothing unsigned comes in by it; it reads what waits, and puts back what could not be read."""

from __future__ import annotations

from tests.domains.email.conftest import House


def test_reading_what_waits_counts_it(house: House) -> None:
    envelope = house.app.call("email.webhook")
    assert envelope.ok
    assert envelope.result is not None
    assert {value for name, value in envelope.result.items() if isinstance(value, int)} == {0}


def test_an_unknown_hook_is_not_found(house: House) -> None:
    envelope = house.app.call("email.webhook", {"hook_id": 4_242})
    assert envelope.error is not None
    assert envelope.error.code == "not_found"
