"""Each house rule finds its broken sample and lets the sound one pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lint.__main__ import RULES, TREE_RULES, lint, read_tree
from tools.lint.source import Source, words

ROOT = Path(__file__).resolve().parents[2]
DOC = '"""Decides nothing; a sample."""\n'
DOMAIN = "src/revenue_machine/domains/crm/rules.py"
STORE = "src/revenue_machine/domains/crm/store.py"
ENGINE = "src/revenue_machine/engine/runner.py"
KIT = "src/revenue_machine/kit/clock.py"
CLIENT = "src/revenue_machine/integrations/stripe/stripe_client.py"
FAKE = "src/revenue_machine/integrations/stripe/fake.py"
LONG_TEST = "def test_long():\n" + "    assert 1\n" * 50
LONG = "def long():\n" + '    """Say."""\n' + "    print(1)\n" * 59

BROKEN = [
    ("time-and-chance", DOMAIN, "from datetime import datetime\nNOW = datetime.now()\n"),
    ("time-and-chance", DOMAIN, "import time as t\nSTART = t.monotonic()\n"),
    ("time-and-chance", DOMAIN, "from random import choice\nPICK = choice([1])\n"),
    ("time-and-chance", DOMAIN, "import numpy as np\nDRAW = np.random.default_rng()\n"),
    ("time-and-chance", STORE, "import sqlalchemy as sa\nNOW = sa.func.now()\n"),
    ("sql-place", DOMAIN, "from sqlalchemy import select\n"),
    ("sql-place", DOMAIN, "import sqlalchemy as sa\nQUERY = sa.select(1)\n"),
    ("sql-place", DOMAIN, "from tables import CONTACTS\nQUERY = CONTACTS.update()\n"),
    ("commit-place", STORE, "def save(connection):\n    'Save.'\n    connection.commit()\n"),
    ("constant-time", DOMAIN, "def check(signature, wanted):\n    'Check.'\n    return signature == wanted\n"),
    ("constant-time", DOMAIN, "import hmac\nSAME = hmac.new(b'', b'', 'md5').hexdigest() == 'a'\n"),
    ("swallowed", DOMAIN, "try:\n    x = 1\nexcept ValueError:\n    pass\n"),
    ("swallowed", DOMAIN, "import contextlib\nwith contextlib.suppress(Exception):\n    x = 1\n"),
    ("float-money", DOMAIN, "cost_usd: float\n"),
    ("float-money", DOMAIN, "cost_usd = 1.5\n"),
    ("float-money", DOMAIN, "def charge(limit_usd: float | None):\n    'Charge.'\n"),
    ("float-money", DOMAIN, "print(cost_usd=float('1'))\n"),
    ("float-money", DOMAIN, "def spend_usd() -> float:\n    'Spend.'\n"),
    ("file-size", DOMAIN, "x = 1\n" * 401),
    ("function-size", DOMAIN, LONG),
    ("function-size", "tests/domains/test_crm.py", LONG_TEST),
    ("positional", DOMAIN, "def many(a, b, c, d, e, f):\n    'Many.'\n"),
    ("empty-word", "src/revenue_machine/domains/crm/contact_utils.py", "x = 1\n"),
    ("empty-word", DOMAIN, "class LeadManager:\n    'Manage.'\n"),
    ("product-word", ENGINE, "draft_text = 1\n"),
    ("product-word", ENGINE, "KIND = 'tweet'\n"),
    ("docstring", DOMAIN, "def said_nothing():\n    return 1\n"),
    ("docstring", DOMAIN, "class Lead:\n    'A lead.'\n    def long(self):\n" + "        print(1)\n" * 9),
    ("foreign-domain", DOMAIN, "from revenue_machine.domains.email import store\n"),
    ("foreign-domain", DOMAIN, "from revenue_machine.domains.email.rules import due\n"),
    ("foreign-domain", DOMAIN, "from ..email.email_engine import due\n"),
    ("needs-said", "src/revenue_machine/domains/crm/__init__.py", "NEEDS = ['email']\n"),
    ("fake-apart", FAKE, "from revenue_machine.integrations.stripe.wire import Charge\n"),
    ("fake-apart", FAKE, "from .stripe_client import StripeClient\n"),
    ("fake-apart", CLIENT, "from revenue_machine.integrations.stripe import fake\n"),
]
SOUND = [
    ("time-and-chance", KIT, "import time\nSTART = time.monotonic()\n"),
    (
        "time-and-chance",
        DOMAIN,
        "from datetime import datetime, time\nimport random\ndue: datetime\nwall = time(6)\nr: random.Random\n",
    ),
    ("sql-place", STORE, "import sqlalchemy as sa\nQUERY = sa.select(1)\n"),
    ("sql-place", DOMAIN, "import sqlalchemy as sa\nkind: sa.Connection\n"),
    ("commit-place", ENGINE, "def save(connection):\n    'Save.'\n    connection.commit()\n"),
    (
        "constant-time",
        DOMAIN,
        "import hmac\ndef check(signature, b):\n    'Check.'\n    return hmac.compare_digest(signature, b)\n",
    ),
    ("swallowed", DOMAIN, "try:\n    x = 1\nexcept ValueError:\n    x = 2\n"),
    ("swallowed", DOMAIN, "import contextlib\nwith contextlib.suppress(KeyError):\n    x = 1\n"),
    ("float-money", DOMAIN, "from decimal import Decimal\ncost_usd: Decimal = Decimal(1)\nrate: float = 0.5\n"),
    ("file-size", DOMAIN, "x = 1\n" * 399),
    ("function-size", DOMAIN, LONG.replace("    print(1)\n", "", 1)),
    ("positional", DOMAIN, "class A:\n    'A.'\n    def many(self, a, b, c, d, e, *, f):\n        'Many.'\n"),
    ("positional", DOMAIN, "@topic('crm.many')\ndef many(a, b, c, d, e, f):\n    'Many.'\n"),
    ("empty-word", "src/revenue_machine/domains/crm/timeline.py", "x = 1\n"),
    ("product-word", DOMAIN, "draft_text = 1\n"),
    ("product-word", ENGINE, "TEXT = 'a post is data here'\nposture = 1\n"),
    ("docstring", DOMAIN, "def _private():\n    return 1\n"),
    ("docstring", DOMAIN, "class Lead:\n    'A lead.'\n    def name(self):\n        return 1\n"),
    (
        "foreign-domain",
        DOMAIN,
        "from revenue_machine.domains.email import reads\nfrom revenue_machine.domains.email.models import Mail\n",
    ),
    ("foreign-domain", DOMAIN, "from revenue_machine.domains.crm import store\n"),
    ("needs-said", "src/revenue_machine/domains/crm/__init__.py", "NEEDS = ('email',)\n"),
    ("fake-apart", FAKE, "from revenue_machine.integrations.stripe.fake_prices import PRICES\n"),
    ("fake-apart", CLIENT, "from revenue_machine.integrations.stripe.wire import Charge\n"),
]


def found(path: str, text: str) -> set[str]:
    """The rules one sample breaks."""
    return {finding.rule for finding in lint([Source.parse(path, DOC + text)])}


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_broken_sample_is_found(rule: str, path: str, text: str) -> None:
    assert rule in found(path, text)


@pytest.mark.parametrize(("rule", "path", "text"), SOUND)
def test_sound_sample_may_pass(rule: str, path: str, text: str) -> None:
    assert rule not in found(path, text)


def test_every_rule_has_both_samples() -> None:
    names = {rule.name for rule in RULES} | {"fake-apart"}
    assert {rule for rule, _, _ in BROKEN} == names
    assert {rule for rule, _, _ in SOUND} == names


def test_empty_module_lacks_its_docstring() -> None:
    assert lint([Source.parse(DOMAIN, "x = 1\n")])[0].rule == "docstring"


def test_reasoned_escape_excuses_its_line() -> None:
    text = "from sqlalchemy import select  # lint: allow sql-place - shown to the reader only\n"
    assert found(DOMAIN, text) == set()


def test_escape_alone_excuses_next_line() -> None:
    text = "# lint: allow sql-place - shown to the reader only\nfrom sqlalchemy import select\n"
    assert found(DOMAIN, text) == set()


def test_escape_without_reason_is_found() -> None:
    assert found(DOMAIN, "from sqlalchemy import select  # lint: allow sql-place\n") == {"unreasoned-escape"}


def test_unused_escape_is_found() -> None:
    assert found(DOMAIN, "x = 1  # lint: allow sql-place - shown to the reader only\n") == {"unused-escape"}


def domain(name: str, needs: str, imports: str = "") -> list[Source]:
    """A domain of two files."""
    folder = f"src/revenue_machine/domains/{name}"
    return [Source.parse(f"{folder}/__init__.py", f"{DOC}NEEDS = {needs}\n"), Source.parse(f"{folder}/topics.py", DOC + imports)]


def test_import_outside_needs_is_found() -> None:
    sources = [*domain("a", "()", "from revenue_machine.domains.b import reads\n"), *domain("b", "()")]
    assert [str(finding) for finding in lint(sources)] == [
        "src/revenue_machine/domains/a/topics.py:2: needs: a imports b, but its NEEDS does not name it"
    ]


def test_circle_of_needs_is_found() -> None:
    sources = [*domain("a", "('b',)"), *domain("b", "('c',)"), *domain("c", "('a',)")]
    assert [finding.message for finding in lint(sources)] == ["circle: a -> b -> c -> a"]


def test_unknown_need_is_found() -> None:
    assert [finding.message for finding in lint(domain("a", "('nobody',)"))] == ["NEEDS names nobody, which is no domain"]


def test_module_shared_with_fake_is_found() -> None:
    folder = "src/revenue_machine/integrations/stripe"
    shares = f"{DOC}from revenue_machine.integrations.stripe import prices\n"
    sources = [
        Source.parse(f"{folder}/stripe_client.py", shares),
        Source.parse(f"{folder}/fake.py", f"{DOC}from revenue_machine.integrations.stripe import till\n"),
        Source.parse(f"{folder}/till.py", shares),
        Source.parse(f"{folder}/prices.py", DOC),
    ]
    assert [(finding.path, finding.message) for finding in lint(sources)] == [
        (f"{folder}/till.py", "till imports prices: fake and client are two readings of one contract")
    ]


def test_two_heads_are_found() -> None:
    chain = [("0001", None), ("0002", "0001"), ("0003", "0001")]
    sources = [
        Source.parse(
            f"src/revenue_machine/migrations/versions/{name}.py", f"{DOC}revision = {name!r}\ndown_revision = {parent!r}\n"
        )
        for name, parent in chain
    ]
    assert [finding.message for finding in lint(sources)] == ["two heads: 0002, 0003"]


def test_one_chain_may_pass() -> None:
    chain = [("0001", None), ("0002", "0001")]
    sources = [
        Source.parse(
            f"src/revenue_machine/migrations/versions/{name}.py", f"{DOC}revision = {name!r}\ndown_revision = {parent!r}\n"
        )
        for name, parent in chain
    ]
    assert lint(sources) == []


def test_words_split_every_spelling() -> None:
    assert words("draftText_ofPost") == ["draft", "text", "of", "post"]


def test_rules_are_named_once() -> None:
    names = [rule.name for rule in RULES] + [rule.name for rule in TREE_RULES]
    assert len(names) == len(set(names)) == 17


def test_whole_tree_is_sound() -> None:
    assert [str(finding) for finding in lint(read_tree(ROOT))] == []
