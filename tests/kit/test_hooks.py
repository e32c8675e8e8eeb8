"""A webhook's body is a JSON object or a 400, never a crash."""

from __future__ import annotations

import pytest

from revenue_machine.kit.hooks import BadHook, hook_json


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b"null", b'"x"', b"\xff\xfe", b"{'a': 1}", b"[" * 100_000, b'{"a": \x00}']
)
def test_anything_else_is_a_400(body: bytes) -> None:
    with pytest.raises(BadHook) as caught:
        hook_json(body)
    assert (caught.value.http_status, caught.value.code) == (400, "bad_input")


def test_an_object_is_read() -> None:
    assert hook_json('{"a": ["ü", null, 1.5]}'.encode()) == {"a": ["ü", None, 1.5]}
