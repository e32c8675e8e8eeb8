"""What counts as a person, by every version of the filter, from facts that survive the request."""

from __future__ import annotations

import pytest

from revenue_machine.domains.links import filters
from revenue_machine.domains.links.filters import Facts, judge

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


def reason(method: str, headers: dict[str, str], version: int = 3, medium: str = "social", age_s: int | None = 900) -> str | None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    words = filters.words_of(headers.get("user-agent", ""))
    return judge(Facts(words, frozenset(filters.signals_of(method, raw)), medium, age_s), version)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {"user-agent": PHONE}, None),
        ("HEAD", {"user-agent": PHONE}, "head"),
        ("GET", {"user-agent": PHONE, "sec-purpose": "prefetch;prerender"}, "prefetch"),
        ("GET", {"user-agent": PHONE, "purpose": "Preview"}, "prefetch"),
        ("GET", {"user-agent": PHONE, "x-moz": "prefetch"}, "prefetch"),
        ("GET", {}, "no_agent"),
        ("GET", {"user-agent": "facebookexternalhit/1.1"}, "bot"),
        ("GET", {"user-agent": "Twitterbot/1.0"}, "bot"),
        ("GET", {"user-agent": "Slackbot-LinkExpanding 1.0"}, "bot"),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "bot"),
        ("GET", {"user-agent": "WhatsApp/2.23.20.0 A"}, "bot"),
        ("GET", {"user-agent": "TelegramBot (like TwitterBot)"}, "bot"),
        ("GET", {"user-agent": "curl/8.5.0"}, "bot"),
        ("GET", {"user-agent": "python-requests/2.32"}, "bot"),
        ("GET", {"user-agent": "Go-http-client/2.0"}, "bot"),
        ("GET", {"user-agent": "HeadlessChrome/140"}, "bot"),
    ],
)
def test_only_people_are_counted(version: int, method: str, headers: dict[str, str], expected: str | None) -> None:
    assert reason(method, headers, version) == expected


@pytest.mark.parametrize(
    ("agent", "second", "third"),
    [
        (PHONE + " Telegram-Android/10.2", "bot", None),
        ("Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36", "bot", None),
        ("axios/1.7.2", None, "bot"),
        ("Mozilla/5.0 (compatible; GoogleImageProxy)", None, "bot"),
        ("okhttp/4.12.0", None, "bot"),
        ("Mozilla/5.0 AppleWebKit/537.36; compatible; ChatGPT-User/1.0", None, "bot"),
    ],
)
def test_versions_of_the_filter_differ(agent: str, second: str | None, third: str | None) -> None:
    headers = {"user-agent": agent}
    assert (reason("GET", headers, 2), reason("GET", headers, 3)) == (second, third)


def test_a_picture_on_a_page_is_no_visit() -> None:
    headers = {"user-agent": PHONE, "sec-fetch-dest": "image"}
    assert (reason("GET", headers, 2), reason("GET", headers, 3)) == (None, "embedded")


@pytest.mark.parametrize(
    ("medium", "age_s", "expected"), [("email", 9, "scanner"), ("email", 10, None), ("email", -1, None), ("social", 1, None)]
)
def test_nobody_reads_mail_that_fast(medium: str, age_s: int, expected: str | None) -> None:
    assert reason("GET", {"user-agent": PHONE}, medium=medium, age_s=age_s) == expected


def test_new_faces_by_the_dozen_are_no_people() -> None:
    facts = Facts(filters.words_of(PHONE), frozenset({"flood"}), "social", 900)
    assert (judge(facts, 2), judge(facts, 3)) == (None, "flood")


def test_words_tell_machines_and_not_people() -> None:
    assert filters.words_of(PHONE) == "mozilla iphone cpu os like mac applewebkit mobile safari"
    assert filters.words_of(PHONE.replace("19_0", "18_2").replace("604.1", "603.2")) == filters.words_of(PHONE)
    assert len(filters.words_of(" ".join(f"word{chr(97 + number % 26) * number}" for number in range(500)))) <= 160


def test_an_unknown_version_is_no_filter() -> None:
    with pytest.raises(KeyError):
        judge(Facts("", frozenset(), "", None), 1)
