"""What a link may lead to and be called, and what a landing address looks like."""

from __future__ import annotations

import pytest

from revenue_machine.domains.links import rules
from revenue_machine.kit.errors import BadInput

UTM = {"utm_source": "x", "utm_medium": "social", "utm_campaign": "post_a", "utm_content": "s1"}


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
        "https://@a.example/", "https://u@a.example/", "https:/\\evil.example/", "https:///evil.example/", "https://a.example:port/",
        "https://a.example%00.evil.example/", "https://a.example%2f@evil.example/", "https://a..;b/", "https://a.example/" + "a" * 2_048,
        "https://a.example/\u0085x\x7f", "data:text/html,x", "https://a.example\tx/", " https://a.example/", "HTTPS:a.example",
    ],
)  # fmt: skip
def test_bad_destination_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        rules.check_destination(url)


@pytest.mark.parametrize("url", ["https://a.example/", "http://a.example:8080/p?x=1#y", "https://a.example/日本"])
def test_good_destination_passes(url: str) -> None:
    assert rules.check_destination(url) == url


def test_a_link_leads_to_no_link() -> None:
    with pytest.raises(BadInput):
        rules.check_destination("https://go.example/r/abc", "https://go.example")
    assert rules.check_destination("https://go.example/pricing", "https://go.example")


@pytest.mark.parametrize("slug", ["", "a", "A1", "-a", "a b", "a/b", "a.b", "a" * 65, "ä1", "a\n", "../x", "a%0d"])
def test_odd_slugs_are_refused(slug: str) -> None:
    with pytest.raises(BadInput):
        rules.check_slug(slug)


@pytest.mark.parametrize("slug", ["a1", "spring-sale", "x_2", "a" * 64])
def test_plain_slugs_pass(slug: str) -> None:
    assert rules.check_slug(slug) == slug
