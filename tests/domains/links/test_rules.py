"""What counts as a person, and what a landing address looks like."""

from __future__ import annotations

import pytest

from revenue_machine.domains.links import rules
from revenue_machine.kit.errors import BadInput

UTM = {"utm_source": "x", "utm_medium": "social", "utm_campaign": "post_a", "utm_content": "s1"}
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("method", "headers", "reason"),
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
        ("GET", {"user-agent": "curl/8.5.0"}, "bot"),
        ("GET", {"user-agent": "python-requests/2.32"}, "bot"),
        ("GET", {"user-agent": "HeadlessChrome/140"}, "bot"),
    ],
)
def test_only_people_are_counted(method: str, headers: dict[str, str], reason: str | None) -> None:
    assert rules.filter_reason(method, headers) == reason


def test_landing_carries_all_values() -> None:
    assert rules.landing_url("https://a.example/p", UTM, "clk_1") == (
        "https://a.example/p?utm_source=x&utm_medium=social&utm_campaign=post_a&utm_content=s1&rc=clk_1"
    )


def test_owners_values_are_kept() -> None:
    found = rules.landing_url("https://a.example/p?utm_source=mine&ref=&b=1#part", UTM, "clk_1")
    assert found == (
        "https://a.example/p?utm_source=mine&ref=&b=1&utm_medium=social&utm_campaign=post_a&utm_content=s1&rc=clk_1#part"
    )


def test_foreign_click_id_is_replaced() -> None:
    assert rules.landing_url("https://a.example/?rc=clk_old", {}, "clk_1") == "https://a.example/?rc=clk_1"


def test_landing_fits_a_header() -> None:
    found = rules.landing_url("https://a.example/日本?q=ü#teil→", {}, "clk_1")
    assert found == "https://a.example/%E6%97%A5%E6%9C%AC?q=%C3%BC&rc=clk_1#teil%E2%86%92"
    assert rules.landing_url("https://a.example/a%20b", {}, "c") == "https://a.example/a%20b?rc=c"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "ftp://a.example/", "//evil.example", "https://", "https://u:p@a.example/", "https://a.example/a b",
        "https://a.example/\r\nX: y", "https://a.example\\@evil.example/", "https://[::1/", "https://\u0430pple.example/", "",
    ],
)  # fmt: skip
def test_bad_destination_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        rules.check_destination(url)


@pytest.mark.parametrize("url", ["https://a.example/", "http://a.example:8080/p?x=1#y", "https://a.example/日本"])
def test_good_destination_passes(url: str) -> None:
    assert rules.check_destination(url) == url
