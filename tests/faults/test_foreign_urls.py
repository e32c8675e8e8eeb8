"""Scenario 25: addresses chosen by others are kept, shown and linked to, and nothing of ours ever goes there.

The one thing that fetches is `kit.fetch`; the forty odd URLs, redirects, the rebinding resolver and the public control URL are
its own tests (tests/kit/test_fetch.py). Here the same URLs come in at every door of the product and from the vendors themselves.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.domains.links.rules import check_destination
from revenue_machine.kit.errors import BadInput
from tests.faults.injection_house import (
    Besieged,
    Tap,
    besieged,
    by_job,
    by_market_file,
    by_message,
    by_people_file,
    by_profile,
    by_property,
    by_reply,
    by_webhook,
)
from tests.kit.test_fetch import ODD_URLS, Canary

# Some of them are no text a file or a form can hold.
URLS = [
    one for one in ODD_URLS if one and one.isprintable() and len(one) < 300 and not any(0xD800 <= ord(s) <= 0xDFFF for s in one)
]


@pytest.fixture
def canary() -> Iterator[Canary]:
    listener = Canary()
    yield listener
    listener.close()


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every name looked up and every address connected to by this process from here on."""
    found: list[str] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def noted_connect(line: socket.socket, address: Any) -> None:
        found.append(f"connect {address}")
        connect(line, address)

    def noted_look_up(host: Any, *rest: Any, **named: Any) -> Any:
        found.append(f"look up {host}")
        return look_up(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", noted_connect)
    monkeypatch.setattr(socket, "getaddrinfo", noted_look_up)
    return found


def offer(house: Besieged, urls: list[str]) -> None:
    """One URL per stranger, at every door there is."""
    mail = house.mail_out()
    for number, url in enumerate(urls):
        for door in (by_profile, by_message, by_job, by_webhook, by_property):
            door(house, number, f"More about it: {url}")
        by_reply(house, mail, f"Please look at {url} and tell me what you think.")
    texts = [f"See {one}" for one in urls]
    assert by_market_file(house, texts, urls) == len(urls)
    by_people_file(house, texts)
    by_people_file(house, texts, urls)


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.proof)], ids=["some", "all"])
def test_urls_of_strangers_are_never_visited(
    step: int, tmp_path: Path, database_url: str, canary: Canary, dialled: list[str]
) -> None:  # fmt: skip
    assert len(URLS) >= 40
    urls = [one.format(port=canary.port) for one in URLS[::step]]
    with besieged(tmp_path, database_url) as house:
        offer(house, urls)
        house.live()
        known = set(house.outside.vendors)
        assert {one.service for one in house.tap.sent} <= known
        assert len(house.tap.sent) > 60
    assert dialled == []
    assert canary.visits == 0


def test_the_watch_sees_a_visit(canary: Canary, dialled: list[str]) -> None:
    with socket.create_connection(("127.0.0.1", canary.port), timeout=2) as line:
        assert line.recv(1) == b""
    assert canary.visits == 1
    assert any("connect" in one for one in dialled)


class Sends(Tap):
    """A vendor whose every answer sends the caller on to `location`."""

    location = ""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        if self.sent[-1].service == "revenuecat":
            return httpx2.Response(302, headers={"location": self.location}, request=request)
        return answer


def test_a_vendor_cannot_send_us_elsewhere(tmp_path: Path, canary: Canary, dialled: list[str]) -> None:
    with besieged(tmp_path, f"sqlite:///{tmp_path}/revenue.db", Sends) as house:
        for place, url in enumerate(URLS):
            if not url.isascii():
                continue
            Sends.location = url.format(port=canary.port)
            envelope = house.app.call("revcat.overview", {}, key=f"odd/{place}")
            assert envelope.error is not None
            assert envelope.error.code.startswith(("outside_", "contract_")), envelope.error
        assert {one.service for one in house.tap.sent} == {"revenuecat"}
    assert dialled == []
    assert canary.visits == 0


def test_a_stranger_s_mail_reply_loads_nothing(tmp_path: Path, canary: Canary, dialled: list[str]) -> None:
    picture = f'<img src="http://127.0.0.1:{canary.port}/p.png"> ![p](http://127.0.0.1:{canary.port}/q.png) tell me more?'
    with besieged(tmp_path, f"sqlite:///{tmp_path}/revenue.db") as house:
        by_reply(house, house.mail_out(), picture)
        house.hear()
        house.ask("email.send")
        assert [row["direction"] for row in house.rows("actp_interactions", type="email_reply")] == ["in"]
    assert dialled == []
    assert canary.visits == 0


@pytest.mark.parametrize("url", [
    "file:///etc/passwd", "gopher://127.0.0.1/_x", "javascript:alert(1)", "//127.0.0.1/", "http:///127.0.0.1/",
    "https://everreach.app@127.0.0.1/", "http://127.0.0.1\\@everreach.app/", "http://everreach.app\n.localhost/", "http://[::1",
    "data:text/html,x",
])  # fmt: skip
def test_odd_destinations_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        check_destination(url)
