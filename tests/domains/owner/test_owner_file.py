"""Broken owner's files are refused with every mistake on its line; sound ones are read exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.domains.owner.owner_file import EXAMPLE, load_business
from revenue_machine.domains.owner.recipes import business
from revenue_machine.kit.errors import BadInput, NotConfigured
from revenue_machine.kit.settings import load

SOUND = """\
[business]
name = "Letters Ltd"

[[products]]
key = "letters"
name = "Letters"
url = "https://letters.example/"
facts = ["Letters writes letters"]
money_source = "stripe"
niches = ["writing"]

[[products.offers]]
key = "monthly"
name = "Monthly"
price_usd = 19.99

[[niches]]
key = "writing"
name = "Writing"
audience = "people who write"

[[channels]]
platform = "x"
"""


def _write(folder: Path, text: str | bytes) -> Path:
    path = folder / "revenue.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(BadInput) as refusal:
        load_business(_write(folder, text))
    assert refusal.value.field == "REVENUE_CONFIG"
    return refusal.value.message


BROKEN = [
    (
        "price_usd = 19.99",
        "price_usd = true",
        'line 15: products[0].offers[0].price_usd: a price is an amount of dollars; write "19.99"',
    ),
    (
        "price_usd = 19.99",
        'price_usd = "19,99"',
        'line 15: products[0].offers[0].price_usd: "19,99" is not an amount of dollars; write "19.99"',
    ),
    ("price_usd = 19.99", "price_usd = -1", "line 15: products[0].offers[0].price_usd: a price is zero dollars or more"),
    ("price_usd = 19.99", "price_usd = nan", "line 15: products[0].offers[0].price_usd: a price is zero dollars or more"),
    ("price_usd = 19.99", "price_usd = 1e9", "line 15: products[0].offers[0].price_usd: a price is at most 1000000 dollars"),
    ("price_usd = 19.99", "price_usd = 0.0000001", "line 15: products[0].offers[0].price_usd: a price has at most six decimals"),
    ("price_usd = 19.99", "prise_usd = 19.99", "line 12: products[0].offers[0].price_usd: is missing"),
    ('key = "monthly"', "key = 7", "line 13: products[0].offers[0].key: the value should be a valid string"),
    (
        'money_source = "stripe"',
        'money_source = "paypal"',
        "line 9: products[0].money_source: the value should be 'revenuecat', 'stripe' or 'superwall'",
    ),
    (
        'facts = ["Letters writes letters"]',
        'facts = [\n  "one",\n  2,\n]',
        "line 10: products[0].facts[1]: the value should be a valid string",
    ),
    (
        'niches = ["writing"]',
        'niches = ["writting"]',
        "line 10: products[0].niches[0]: there is no niche writting; did you mean writing?",
    ),
    ('audience = "people who write"', 'audiance = "people"', "line 20: niches[0].audiance: unknown key; did you mean audience?"),
    ('platform = "x"', 'platform = "x"\nper_day = 21', "line 24: channels[0].per_day: x takes at most 20 posts a day"),
    (
        'platform = "x"',
        'platform = "x"\nmin_gap_minutes = 5',
        "line 24: channels[0].min_gap_minutes: x needs at least 30 minutes between two posts",
    ),
    (
        'platform = "x"',
        'platform = "x"\n[[channels]]\nplatform = "x"',
        "line 25: channels[1].platform: x stands here a second time",
    ),
    ('url = "https://letters.example/"', 'url = "http://letters.example/"', "line 7: products[0].url: "),
    ('name = "Letters Ltd"', 'name = "Letters Ltd"\n[budget]\nday_usd = "lots"', "line 4: budget.day_usd: "),
    (
        'name = "Letters Ltd"',
        'name = "Letters Ltd"\n[caps.email]\nper_dya = 3',
        "line 4: caps.email.per_dya: unknown key; did you mean per_day?",
    ),
    ('name = "Letters Ltd"', 'name = "Letters Ltd"\n[machine]\nmode = "prod"', "line 4: machine.mode: "),
    ('name = "Letters Ltd"', 'name = "Letters Ltd"\n[busines]\n', "line 3: busines: unknown key; did you mean business?"),
    ('name = "Letters Ltd"', 'name = "Letters Ltd"\nname = "Again"', "line 3: Cannot overwrite a value (column 15)"),
    ('name = "Letters Ltd"', 'name = "Letters Ltd', "line 2: "),
    ('name = "Letters Ltd"', "name = ", "line 2: Invalid value (column 8)"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN)
def test_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert f"revenue.toml {said}" in _refusal(tmp_path, SOUND.replace(old, new, 1))


def test_every_mistake_is_named_in_order(tmp_path: Path) -> None:
    text = SOUND.replace("19.99", "true").replace('platform = "x"', 'platform = "myspace"').replace('name = "Writing"\n', "")
    assert _refusal(tmp_path, text).split("; revenue.toml ") == [
        'revenue.toml line 15: products[0].offers[0].price_usd: a price is an amount of dollars; write "19.99"',
        "line 17: niches[0].name: is missing",
        "line 22: channels[0].platform: the value should be 'x', 'threads', 'instagram', 'tiktok' or 'facebook'",
    ]


def test_missing_sections_are_named(tmp_path: Path) -> None:
    assert _refusal(tmp_path, '[business]\nname = "A"\n') == (
        "revenue.toml line 1: channels: is missing; a business needs at least one [[channels]]; "
        "revenue.toml line 1: niches: is missing; a business needs at least one [[niches]]; "
        "revenue.toml line 1: products: is missing; a business needs at least one [[products]]"
    )


def test_latin_1_bytes_are_named_with_their_line(tmp_path: Path) -> None:
    raw = SOUND.replace("Letters Ltd", "Lettres é").encode("latin-1")
    assert _refusal(tmp_path, raw) == "revenue.toml line 2: byte 0xe9 is not UTF-8; save the file as UTF-8"


def test_huge_and_deep_files_are_refused(tmp_path: Path) -> None:
    assert _refusal(tmp_path, "#" * 1_048_577) == "revenue.toml: the file has 1048577 bytes; at most 1048576 are read"
    assert _refusal(tmp_path, "a = " + "[" * 5_000 + "]" * 5_000).startswith("revenue.toml")


def test_many_mistakes_stay_readable(tmp_path: Path) -> None:
    said = _refusal(tmp_path, SOUND + "".join(f"odd_{number} = 1\n" for number in range(30)))
    assert said.count("revenue.toml line") == 20
    assert said.endswith("; and 10 more")


@pytest.mark.parametrize(
    ("text", "micro_usd"), [("19.99", 19_990_000), ('"19.99"', 19_990_000), ("49", 49_000_000), ("0.1", 100_000), ("1e-6", 1)]
)
def test_prices_are_read_exactly(tmp_path: Path, text: str, micro_usd: int) -> None:
    found = load_business(_write(tmp_path, SOUND.replace("19.99", text)))
    assert found is not None
    assert found.products[0].offers[0].price_micro_usd == micro_usd


def test_left_out_numbers_are_the_clamp(tmp_path: Path) -> None:
    found = load_business(_write(tmp_path, SOUND))
    assert found is not None
    assert [(one.platform, one.per_day, one.min_gap_minutes) for one in found.channels] == [("x", 20, 30)]


def test_example_holds_the_seeds_apps() -> None:
    found = load_business(EXAMPLE)
    assert found is not None
    assert found.is_example
    assert [(one.key, one.offers[0].price_micro_usd, one.money_source) for one in found.products] == [
        ("everreach_pro", 19_990_000, "revenuecat"),
        ("kindletters", 9_990_000, "revenuecat"),
        ("clientportal", 49_000_000, "stripe"),
    ]
    assert [one.key for one in found.niches] == [
        "ai_automation", "saas_growth", "content_creation", "digital_marketing", "creator_economy",
    ]  # fmt: skip
    assert [(one.platform, one.per_day, one.min_gap_minutes) for one in found.channels] == [
        ("x", 20, 30), ("threads", 10, 60), ("instagram", 5, 180), ("tiktok", 10, 120), ("facebook", 5, 180),
    ]  # fmt: skip
    sold = found.sold_as("kindletters_monthly")
    assert sold is not None
    assert sold.key == "kindletters"


@pytest.mark.parametrize("text", ["", "# nothing\n", '[machine]\ntimezone = "Europe/Berlin"\n'])
def test_file_without_a_business_uses_the_example_only_in_sandbox(tmp_path: Path, text: str) -> None:
    path = str(_write(tmp_path, text))
    env = {"REVENUE_HOME": str(tmp_path), "REVENUE_CONFIG": path}
    assert business(load(env)).is_example
    with pytest.raises(NotConfigured, match="no business is described"):
        business(load({**env, "REVENUE_MODE": "live"}))


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    path = _write(tmp_path, SOUND)
    first = load_business(path)
    second = load_business(_write(tmp_path, SOUND.replace("Letters Ltd", "Letters and More")))
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("Letters Ltd", "Letters and More")


def test_windows_line_ends_and_bom_are_fine(tmp_path: Path) -> None:
    text = SOUND.replace("19.99", "true").replace("\n", "\r\n")
    assert "revenue.toml line 15: products[0].offers[0].price_usd" in _refusal(tmp_path, b"\xef\xbb\xbf" + text.encode())


SERVICES = """
[upwork]
headline = "Dashboards"
skills = ["Python", "Dashboard"]
facts = ["I write tests"]
rate_usd = "45.50"
"""


def test_work_for_hire_is_optional(tmp_path: Path) -> None:
    found = load_business(_write(tmp_path, SOUND))
    assert found is not None
    assert found.services is None


def test_work_for_hire_has_the_owners_floor(tmp_path: Path) -> None:
    found = load_business(_write(tmp_path, SOUND + SERVICES))
    assert found is not None
    assert found.services is not None
    services = found.services
    assert (services.skills, services.rate_micro_usd) == (("Python", "Dashboard"), 45_500_000)
    assert (services.min_fixed_micro_usd, services.min_hourly_micro_usd, services.most_proposals) == (200_000_000, 20_000_000, 50)
    assert (services.excluded_words, services.searches, services.proposal_minutes) == ((), (), 15)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('rate_usd = "45.50"', "", "line 25: upwork.rate_usd: is missing"),
        ('rate_usd = "45.50"', 'rate_usd = "fast"', 'line 29: upwork.rate_usd: "fast" is not an amount of dollars; write "19.99"'),
        (
            'rate_usd = "45.50"',
            'rate_usd = "45"\nmin_fixd_usd = "5"',
            "line 30: upwork.min_fixd_usd: unknown key; did you mean min_fixed_usd",
        ),
        ('skills = ["Python", "Dashboard"]', "skills = []", "line 27: upwork.skills: "),
        ('facts = ["I write tests"]', "facts = [\n1,\n]", "line 29: upwork.facts[0]: the value should be a valid string"),
        ('rate_usd = "45.50"', 'rate_usd = "45"\nmost_proposals = 51', "line 30: upwork.most_proposals: "),
        (
            'rate_usd = "45.50"',
            'rate_usd = "45"\nexcluded_words = [\n"casino",\n"dashboard",\n]',
            "line 32: upwork.excluded_words[1]: dashboard stands in your own skills",
        ),
    ],
)
def test_mistake_in_work_for_hire_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert f"revenue.toml {said}" in _refusal(tmp_path, SOUND + SERVICES.replace(old, new))


def test_example_sells_four_kinds_of_work() -> None:
    found = load_business(EXAMPLE)
    assert found is not None
    assert found.services is not None
    assert found.services.headline == "AI automation, web apps, mobile apps and dashboards for small companies"
    assert {"AI Agent Development", "Web Application", "Mobile App Development", "Dashboard"} <= set(found.services.skills)
