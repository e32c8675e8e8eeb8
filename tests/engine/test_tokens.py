"""A token grants its scopes until it is revoked or expires, and the database cannot give it away."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import AUDIT, TOKENS
from revenue_machine.engine.tokens import SCOPES, Tokens
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import BadInput, Conflict, NotFound
from tests.app_fixture import START

MATRIX = {
    ("read",): {"read"}, ("operate",): {"read", "operate"}, ("approve",): {"read", "approve"},
    ("admin",): {"read", "operate", "approve", "admin"}, ("operate", "approve"): {"read", "operate", "approve"},
}  # fmt: skip


@pytest.fixture
def tokens(database: Database, clock: PushedClock, audit: Audit) -> Tokens:
    return Tokens(database, clock, audit)


@pytest.mark.parametrize("scopes", MATRIX)
def test_scopes_grant_what_the_matrix_says(scopes: tuple[str, ...], tokens: Tokens) -> None:
    identity = tokens.identify(tokens.create("ci", scopes, actor="ada"))
    assert identity is not None
    assert identity.name == "ci"
    assert {scope for scope in SCOPES if identity.may(scope)} == MATRIX[scopes]
    assert not identity.may("everything")


@pytest.mark.parametrize("guess", ["", "rev_", "rev_" + "A" * 43, "admin"])
def test_a_guess_identifies_nobody(guess: str, tokens: Tokens) -> None:
    tokens.create("ci", ["admin"], actor="ada")
    assert tokens.identify(guess) is None


def test_a_stored_hash_is_no_token(database: Database, tokens: Tokens) -> None:
    token = tokens.create("ci", ["read"], actor="ada")
    with database.reading() as connection:
        row = connection.execute(sa.select(TOKENS)).mappings().one()
        everything = str([dict(row), connection.execute(sa.select(AUDIT)).mappings().all()])
    assert token not in everything
    assert token.removeprefix("rev_") not in everything
    assert tokens.identify(row["token_hash"]) is None


def test_two_tokens_are_never_alike(tokens: Tokens) -> None:
    made = {tokens.create(f"t{number}", ["read"], actor="ada") for number in range(20)}
    assert len(made) == 20
    assert min(len(token) for token in made) >= 47


def test_a_revoked_token_dies_at_once(tokens: Tokens) -> None:
    kept, gone = tokens.create("kept", ["read"], actor="ada"), tokens.create("gone", ["admin"], actor="ada")
    tokens.revoke("gone", actor="ada")
    assert tokens.identify(gone) is None
    assert tokens.identify(kept) is not None
    with pytest.raises(NotFound):
        tokens.revoke("never", actor="ada")


def test_a_token_ends_at_its_expiry(tokens: Tokens, clock: PushedClock) -> None:
    token = tokens.create("day", ["read"], actor="ada", expires_at=START + timedelta(days=1))
    clock.move_to(START + timedelta(days=1, microseconds=-1))
    assert tokens.identify(token) is not None
    clock.move_to(START + timedelta(days=1))
    assert tokens.identify(token) is None


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "write"], ["READ"]])
def test_unknown_scopes_are_refused(scopes: list[str], tokens: Tokens) -> None:
    with pytest.raises(BadInput, match="scopes are read, operate, approve, admin"):
        tokens.create("x", scopes, actor="ada")


def test_a_taken_name_leaves_the_first_token(tokens: Tokens) -> None:
    first = tokens.create("ci", ["read"], actor="ada")
    with pytest.raises(Conflict):
        tokens.create("ci", ["admin"], actor="eve")
    identity = tokens.identify(first)
    assert identity is not None
    assert identity.scopes == {"read"}


def test_creating_and_revoking_is_on_the_record(database: Database, tokens: Tokens) -> None:
    tokens.create("ci", ["read"], actor="ada")
    tokens.revoke("ci", actor="bob")
    with database.reading() as connection:
        rows = connection.execute(sa.select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject).order_by(AUDIT.c.id)).all()
    assert [tuple(row) for row in rows] == [("ada", "token.create", "ci"), ("bob", "token.revoke", "ci")]
