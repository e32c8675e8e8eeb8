"""The same fact has the same id everywhere; a secret is never derived."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from revenue_machine.kit.ids import canonical_json, content_hash, make_id, random_key, random_token, two_ids


def test_an_id_is_stable_over_machines() -> None:
    assert make_id("con", "ada@example.com") == "con_wx6ilzkxkx46bubq"
    assert make_id("con", 1, "a") == make_id("con", "1", "a")


def test_parts_do_not_run_together() -> None:
    assert len({make_id("x", "ab", "c"), make_id("x", "a", "bc"), make_id("x", "abc"), make_id("y", "abc")}) == 4


def test_an_id_needs_a_natural_key() -> None:
    with pytest.raises(ValueError, match="natural key"):
        make_id("con")


def test_json_has_one_spelling() -> None:
    assert canonical_json({"b": [1, None], "a": "ü"}) == '{"a":"ü","b":[1,null]}'
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_text_and_bytes_hash_as_they_are() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert content_hash("") == content_hash(b"") == empty
    assert content_hash("ü") == content_hash("ü".encode())


def test_secrets_are_long_and_never_alike() -> None:
    tokens, keys = {random_token("rev") for _ in range(50)}, {random_key() for _ in range(50)}
    assert len(tokens) == len(keys) == 50
    assert {len(token) for token in tokens} == {47}
    assert {len(key) for key in keys} == {16}


def test_an_id_is_base_32_of_a_hash() -> None:
    for number in range(2000):
        key = ("email", f"zo\u00eb.{number}@example.com", None)
        digest = hashlib.sha256("\x1f".join(str(part) for part in key).encode()).digest()[:10]
        assert make_id("idn", *key) == f"idn_{base64.b32encode(digest).decode().lower()}"


def test_two_ids_look_like_any() -> None:
    first = two_ids("vis", "clk", "a\x1fb")
    assert first == two_ids("vis", "clk", "a\x1fb")
    assert all(re.fullmatch(r"(vis|clk)_[a-z2-7]{16}", one) for one in first)
    made = [one[4:] for number in range(5_000) for one in two_ids("vis", "clk", f"a{number}")]
    assert len(set(made)) == 10_000
