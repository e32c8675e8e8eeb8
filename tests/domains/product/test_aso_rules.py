"""What may be tried on a page in the store, counted as Apple counts, and what figures prove."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from revenue_machine.domains.owner.models import Offer, Product
from revenue_machine.domains.product import aso_rules
from revenue_machine.domains.product.aso_control import Measured
from revenue_machine.domains.product.aso_models import AppleFigure, Change, ProposeArgs
from revenue_machine.kit.errors import BadInput

OFFER = Offer(key="monthly", name="Monthly", price_micro_usd=9_990_000, period="month")
APP = Product(
    key="kindletters", name="KindLetters", url="https://kindletters.app/", facts=("f",), no_go=("therapy",), offers=(OFFER,),
    money_source="revenuecat", bundle_id="app.kindletters",
)  # fmt: skip
WEB = APP.model_copy(update={"key": "clientportal", "name": "ClientPortal", "money_source": "stripe", "bundle_id": None})


def wish(**other: Any) -> ProposeArgs:
    base = {"app": "kindletters", "experiment_type": "subtitle", "hypothesis": "It brings more people.", "new_text": "Warm letters"}
    return ProposeArgs.model_validate(base | other)


def field_of(product: Product = APP, before: str | None = None, **other: Any) -> str | None:
    """The field a refusal names."""
    with pytest.raises(BadInput) as refusal:
        aso_rules.change_of(wish(**other), product, before)
    return refusal.value.field


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("letter", 6),
        ("é", 1),
        ("e\u0301", 2),
        ("\U0001f48c", 2),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 8),
        ("手紙", 2),
        ("ตัวแก้", 6),
        ("\U0001f1e9\U0001f1ea", 4),
    ],
)
def test_characters_are_counted_as_apple_does(text: str, used: int) -> None:
    assert aso_rules.apple_length(text) == used


@pytest.mark.parametrize(("kind", "most"), [("title", 30), ("subtitle", 30), ("keywords", 100), ("description", 4000)])
def test_every_limit_holds_to_the_character(kind: str, most: int) -> None:
    assert aso_rules.change_of(wish(experiment_type=kind, new_text="x" * most), APP, None).after == "x" * most
    assert field_of(experiment_type=kind, new_text="x" * (most + 1)) == "new_text"
    # An emoji is two of Apple's characters, a letter and its mark are composed first.
    assert aso_rules.change_of(wish(experiment_type=kind, new_text="\U0001f48c" * (most // 2)), APP, None).after is not None
    assert field_of(experiment_type=kind, new_text="\U0001f48c" * (most // 2) + "x") == "new_text"
    assert aso_rules.change_of(wish(experiment_type=kind, new_text="e\u0301" * most), APP, None).after == "é" * most
    assert field_of(experiment_type=kind, new_text="x\u0323\u0301" * (most // 2)) == "new_text"


@pytest.mark.parametrize("text", ["  ", "two\nlines", "bell\x07", "\ud800"])
def test_words_no_store_takes(text: str) -> None:
    with pytest.raises(BadInput):
        aso_rules.clean_text(text, "subtitle")
    assert aso_rules.clean_text("two\nlines", "description") == "two\nlines"


def test_what_stands_there_is_no_change() -> None:
    assert field_of(before="Warm letters") == "new_text"
    assert aso_rules.change_of(wish(), APP, "Letters").as_dict() == {
        "field": "subtitle",
        "before": "Letters",
        "after": "Warm letters",
    }


def test_forbidden_words_stay_out() -> None:
    assert field_of(new_text="Like Therapy") == "new_text"


def test_web_product_has_only_its_billing() -> None:
    assert field_of(WEB) == "experiment_type"
    price = aso_rules.change_of(wish(experiment_type="pricing", new_text="$39"), WEB, None)
    assert (price.after, aso_rules.end_state(price)) == ("39.00", {"listing": {"price_usd": "39.00"}})
    page = aso_rules.change_of(wish(experiment_type="paywall", new_text="short_form"), WEB, None)
    assert aso_rules.end_state(page) == {"paywall": {"variant": "short_form"}}
    assert aso_rules.metric_of(wish(experiment_type="pricing"), WEB) == "trial_starts"
    with pytest.raises(BadInput):
        aso_rules.metric_of(wish(experiment_type="pricing", metric_name="downloads"), WEB)


@pytest.mark.parametrize("price", ["free", "0", "-3", "1e400", "9.999", "NaN", "Infinity", "1000000"])
def test_price_is_an_amount_of_dollars(price: str) -> None:
    assert field_of(WEB, experiment_type="pricing", new_text=price) == "new_text"


@pytest.mark.parametrize("name", ["", "two words", "a/b", "x" * 41])
def test_paywall_names_a_variant(name: str) -> None:
    assert field_of(WEB, experiment_type="paywall", new_text=name) == "new_text"


def test_page_test_has_three_arms_at_most() -> None:
    def arms(*names: str, icon: str | None = "i") -> list[dict[str, Any]]:
        return [{"name": name, "icon": icon} for name in names]

    def refused(**other: Any) -> str | None:
        return field_of(**({"experiment_type": "screenshots", "new_text": None} | other))

    assert refused() == "treatments"
    assert refused(treatments=arms("a", "b", "c", "d")) == "treatments"
    assert refused(treatments=arms("a", "A")) == "treatments"
    assert refused(treatments=arms("original")) == "treatments"
    assert refused(treatments=arms("a", icon=None)) == "locales"
    assert refused(treatments=arms("a"), new_text="words") == "new_text"
    assert field_of(treatments=arms("a")) == "treatments"
    sound = aso_rules.change_of(wish(experiment_type="screenshots", new_text=None, treatments=arms("a", "b", "c")), APP, None)
    assert [one["name"] for one in sound.treatments] == ["a", "b", "c"]


def test_traffic_is_shared_evenly() -> None:
    own, each = aso_rules.shares(30, 3)
    assert (round(own, 9), round(each, 9)) == (0.7, 0.1)


def test_keywords_are_warned_about() -> None:
    change = Change("keywords", None, "letter, note,letter,kindletters")
    assert aso_rules.warnings_for(change, APP) == [
        "blanks after commas cost characters", "letter stands twice", "kindletters stands in the name already",
    ]  # fmt: skip


def test_apps_come_in_the_seeds_order() -> None:
    apps = ["zeta", "social_campaigns", "alpha", "clientportal", "everreach_pro", "rork_crm", "kindletters"]
    wanted = ["everreach_pro", "kindletters", "clientportal", "rork_crm", "social_campaigns", "alpha", "zeta"]
    assert sorted(apps, key=aso_rules.rank) == wanted


def test_windows_end_two_days_late() -> None:
    # Live on the 5th: the 6th to the 19th are measured, Apple has the 19th complete on the 21st.
    assert aso_rules.measure_from(date(2026, 11, 5)) == date(2026, 11, 22)


def test_interval_decides_the_outcome() -> None:
    def found(low: float | None, high: float | None) -> Measured:
        return Measured(100.0, 110.0, 0.1, expected=100.0, effect=0.1, low=low, high=high, weights={"b": 1.0}, placebos=24)

    outcomes = [aso_rules.outcome_of(found(*ends)) for ends in ((0.01, 0.2), (-0.2, -0.01), (-0.01, 0.2), (None, None))]
    assert outcomes == ["improved", "regressed", "neutral", "inconclusive"]
    words = aso_rules.words_of(found(0.01, 0.2), "downloads")
    assert (
        words
        == "downloads 100.0 a day before, 110.0 after, 100.0 expected from 1 other app: +10.0 %, 95 % interval +1.0 % to +20.0 % from 24 placebos"
    )
    assert "nothing is proven" in aso_rules.words_of(found(None, None), "downloads")


def test_apples_interval_is_widened() -> None:
    figure = AppleFigure(winner="a", improvement_pct=8, low_pct=1, high_pct=15, confidence_pct=90)
    # 7 points at 90 % are 7 x 1.960 / 1.645 = 8.34 at 95 %.
    assert aso_rules.apple_outcome(figure) == ("neutral", 0.08, -0.00341, 0.16341)
    sure = AppleFigure(winner="a", improvement_pct=8, low_pct=1, high_pct=15, confidence_pct=95)
    assert aso_rules.apple_outcome(sure)[0] == "improved"


def test_every_state_leads_to_an_end() -> None:
    reached = set(aso_rules.ENDS)
    for _ in aso_rules.MOVES:
        reached |= {before for before, after in aso_rules.MOVES.items() if after & reached}
    assert reached == set(aso_rules.MOVES)
    assert set(aso_rules.OPEN) | set(aso_rules.ENDS) | {"proposed"} == set(aso_rules.MOVES)
