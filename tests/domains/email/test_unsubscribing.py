"""Whoever looks changes nothing; one POST without cookies ends everything, everywhere, at once."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.email.tables import SENDS
from revenue_machine.engine.switch import check_suppressed
from revenue_machine.kit.errors import Suppressed
from revenue_machine.sandbox.frontdoor import Reply
from tests.domains.email.conftest import House

Door = Callable[..., Reply]


@pytest.fixture
def path(house: House) -> str:
    """The unsubscribe address of the first mail Ada got."""
    house.enrol(house.person("Ada", platform="x", handle="ada_example"))
    house.send()
    house.approve()
    house.until_sent(1)
    return str(urlsplit(house.inbox("Ada")[0]["headers"]["List-Unsubscribe"].strip("<>")).path)


def is_off(house: House, address: str) -> bool:
    with house.app.database.reading() as connection:
        try:
            check_suppressed(connection, address)
        except Suppressed:
            return True
    return False


def test_looking_changes_nothing(house: House, path: str, knock: Door) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        knock(method, path)
    reply = knock("GET", path)
    assert reply.status == 200
    assert b'<form method="post">' in reply.body
    assert not is_off(house, "ada@people.example")
    assert [row["unsubscribed_at"] for row in house.rows(SENDS)] == [None]


def test_one_click_ends_everything(house: House, path: str, knock: Door) -> None:
    assert knock("POST", path, b"List-Unsubscribe=One-Click").status == 200
    assert is_off(house, "ADA+news@people.example")
    assert is_off(house, "x:ada_example")
    house.move(days=3)
    house.send()
    assert len(house.inbox("Ada")) == 1
    assert house.enrolments()[0]["exit_reason"] == "opted out"
    with house.app.database.reading() as connection:
        person = crm_reads.person(connection, house.enrolments()[0]["contact_id"])
    assert person is not None
    assert (person.opt_out_reason, person.email_opt_out) == ("unsubscribed", True)


def test_second_click_is_as_good(house: House, path: str, knock: Door) -> None:
    assert [knock("POST", path).status for _ in range(3)] == [200, 200, 200]
    stamped = house.rows(SENDS)[0]["unsubscribed_at"]
    house.move(hours=1)
    knock("POST", path)
    assert house.rows(SENDS)[0]["unsubscribed_at"] == stamped


def test_strange_token_is_not_found(house: House, knock: Door) -> None:
    assert knock("POST", "/u/" + "a" * 43).status == 404
    assert knock("GET", "/u/nothing").status == 404
