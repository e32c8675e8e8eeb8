"""Which contacts are suggested as one person, and with which words."""

from __future__ import annotations

import pytest

from revenue_machine.domains.crm.likeness import Card, compare, suggest

ADA = Card("con_a", "ada lovelace", "acme", ("ada@acme.com",), ("x:adalovelace",))


@pytest.mark.parametrize(("other", "sure", "reason"), [
    (Card("con_b", None, None, ("ada+news@acme.com",)), 0.9, "the same mailbox: ada@acme.com"),
    (Card("con_b", None, None, (), ("threads:adalovelace",)), 0.6, "the same handle on two platforms: adalovelace"),
    (Card("con_b", None, None, ("ada.lovelace@mail.org",)), 0.5, "one's e-mail begins like the other's handle: adalovelace"),
    (Card("con_b", "ada lovelace", "acme"), 0.8, "the same name and company: ada lovelace, acme"),
    (Card("con_b", "ada lovelace", "other"), 0.3, "the same name: ada lovelace"),
])  # fmt: skip
def test_each_rule_gives_its_reason(other: Card, sure: float, reason: str) -> None:
    assert compare(ADA, other) == (sure, (reason,))


@pytest.mark.parametrize("other", [
    Card("con_b", "ada", "acme"), Card("con_b", None, "acme", ("bob@acme.com",)), Card("con_b", "bob", None, ("info@mail.org",), ("x:info",)),
])  # fmt: skip
def test_little_in_common_says_nothing(other: Card) -> None:
    assert compare(ADA, other) == (0.0, ())


def test_reasons_add_up() -> None:
    sure, reasons = compare(ADA, Card("con_b", "ada lovelace", "acme", (), ("threads:adalovelace",)))
    assert sure == 0.92  # 1 - 0.4 x 0.2
    assert len(reasons) == 2


def test_colleagues_of_one_name_are_doubted() -> None:
    sure, reasons = compare(ADA, Card("con_b", "ada lovelace", "acme", ("a.lovelace2@acme.com",)))
    assert sure == 0.4
    assert reasons[-1] == "but two mailboxes at one house"


def test_the_surest_pair_comes_first() -> None:
    cards = [
        ADA, Card("con_b", "ada lovelace", "acme"), Card("con_c", None, None, ("ada+x@acme.com",)), Card("con_d", "bob ross", None),
    ]  # fmt: skip
    assert [(one.first_id, one.second_id, one.confidence) for one in suggest(cards, 10)] == [
        ("con_a", "con_c", 0.9), ("con_a", "con_b", 0.8),
    ]  # fmt: skip


def test_a_crowd_of_one_name_is_no_double() -> None:
    cards = [Card(f"con_{number}", "john smith", "acme") for number in range(9)]
    assert suggest(cards, 10) == []
