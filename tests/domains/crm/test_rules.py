"""How keys are spelled, which transitions stand, and what a happening is on a timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from revenue_machine.domains.crm import rules
from revenue_machine.domains.crm.models import ContactDraft, IdentityDraft, IdentityKind, Status

ENDS = "closed_won closed_lost archived"
# The whole table, written out: what may follow what.
TABLE = {
    "new": f"qualified warming ready_for_dm contacted replied call_booked {ENDS}",
    "qualified": f"warming ready_for_dm contacted replied call_booked {ENDS}",
    "warming": f"ready_for_dm contacted replied call_booked {ENDS}",
    "ready_for_dm": f"contacted replied call_booked {ENDS}",
    "contacted": f"replied follow_up_1 call_booked {ENDS}",
    "replied": f"call_booked {ENDS}",
    "follow_up_1": f"replied follow_up_2 call_booked {ENDS}",
    "follow_up_2": f"replied call_booked {ENDS}",
    "call_booked": ENDS,
    "closed_won": "closed_lost archived",
    "closed_lost": "qualified replied closed_won archived",
    "archived": "qualified replied closed_won",
}
YEARS = timedelta(days=999)


@pytest.mark.parametrize("before", get_args(Status))
@pytest.mark.parametrize("after", get_args(Status))
def test_every_pair_is_as_the_table_says(before: Status, after: Status) -> None:
    assert rules.may_follow(before, after, stood_for=YEARS, is_opted_out=False) == (after in TABLE[before].split())


@pytest.mark.parametrize(("before", "days", "may"), [
    ("closed_lost", 89, False), ("closed_lost", 90, True), ("archived", 179, False), ("archived", 180, True),
])  # fmt: skip
def test_reentry_waits_its_days(before: Status, days: int, may: bool) -> None:
    assert rules.may_follow(before, "qualified", stood_for=timedelta(days=days), is_opted_out=False) is may


@pytest.mark.parametrize(("after", "may"), [
    ("contacted", False), ("replied", False), ("qualified", False), ("archived", True), ("closed_won", True),
])  # fmt: skip
def test_opted_out_people_only_close(after: Status, may: bool) -> None:
    assert rules.may_follow("new", after, stood_for=YEARS, is_opted_out=True) is may


@pytest.mark.parametrize(("kind", "value", "platform", "key"), [
    ("email", " Ada@Example.COM ", None, "ada@example.com"),
    ("email", "ada+news@example.com", None, "ada+news@example.com"),
    ("email", "\uff41da@example.com", None, "ada@example.com"),
    ("email", "ada at example.com", None, None),
    ("email", "ada@example", None, None),
    ("handle", "@Ada_L", "Twitter", "x:ada_l"),
    ("handle", "ada", None, None),
    ("profile_url", "https://www.LinkedIn.com/in/Ada-L/?trk=1", None, "linkedin.com/in/ada-l"),
    ("profile_url", "de.linkedin.com/in/ada-l", None, "linkedin.com/in/ada-l"),
    ("profile_url", "ada", None, None),
    ("profile_url", "http://[::1", None, None),
    ("phone", "+49 (30) 123-45 67", None, "49301234567"),
    ("phone", "12", None, None),
    ("distinct_id", "User-1 ", None, "User-1"),
    ("subscriber", "  ", None, None),
])  # fmt: skip
def test_a_key_has_one_spelling(kind: IdentityKind, value: str, platform: str | None, key: str | None) -> None:
    assert rules.value_key(kind, value, platform) == key


@pytest.mark.parametrize(("url", "told"), [
    ("https://www.linkedin.com/in/ada-l/", ("linkedin", "ada-l")),
    ("https://www.linkedin.com/company/acme", None),
    ("https://x.com/ada", ("x", "ada")),
    ("https://twitter.com/ada/status/1", None),
    ("https://www.tiktok.com/@ada", ("tiktok", "ada")),
    ("https://ada.example/about", None),
])  # fmt: skip
def test_a_profile_tells_its_handle(url: str, told: tuple[str, str] | None) -> None:
    assert rules.handle_of_profile(url) == told


def test_a_draft_brings_every_key_once() -> None:
    draft = ContactDraft(
        email="Ada@x.com", platform="linkedin", handle="@ada-l", profile_url="https://linkedin.com/in/ada-l", phone="030 1234567",
        identities=(IdentityDraft("subscriber", "sub-1"), IdentityDraft("email", "ada@X.com")),
    )  # fmt: skip
    keys = [(one.kind, key) for one, key in rules.identities_of(draft)]
    assert keys == [
        ("subscriber", "sub-1"), ("email", "ada@x.com"), ("handle", "linkedin:ada-l"), ("profile_url", "linkedin.com/in/ada-l"),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "key"), [
    ("Zoë  Müller-Lüdenscheidt", "zoe muller ludenscheidt"), ("ADA LOVELACE", "ada lovelace"), ("...", None), (None, None),
])  # fmt: skip
def test_names_compare_without_accents(name: str | None, key: str | None) -> None:
    assert rules.name_key(name) == key


def test_a_legal_form_is_no_difference() -> None:
    assert rules.company_key("ACME GmbH") == rules.company_key("acme, Inc.") == "acme"


@pytest.mark.parametrize(("kind", "shown"), [
    ("ad_click", "ad"), ("post_click", "post"), ("email_opened", "mail"), ("message_sent", "message"), ("reply", "message"),
    ("trial_started", "product"), ("purchased", "money"), ("note", "note"),
])  # fmt: skip
def test_happenings_have_a_place(kind: str, shown: str) -> None:
    assert rules.timeline_kind(kind) == shown
