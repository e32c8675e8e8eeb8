"""A pretend vendor reads requests as they come and answers by its routing table."""

from __future__ import annotations

import pytest

from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, Routes, answer_json


def test_a_body_is_read_as_json_or_form() -> None:
    assert FakeRequest("POST", "/x", body=b'{"a": 1}').json() == {"a": 1}
    assert FakeRequest("POST", "/x", body=b"").json() is None
    assert FakeRequest("POST", "/x", body=b"<html>").json() is None
    assert FakeRequest("POST", "/x", body=b"a=1&b=&c=%C3%BC").form() == {"a": "1", "b": "", "c": "ü"}


def test_the_last_parameter_of_a_name_counts() -> None:
    request = FakeRequest("GET", "/x", query=(("a", "1"), ("a", "2")))
    assert (request.param("a"), request.param("b"), request.param("b", "z")) == ("2", None, "z")


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", None), ("", None), ("abc", None)]
)
def test_a_bearer_token_is_found(header: str, token: str | None) -> None:
    assert FakeRequest("GET", "/x", headers={"authorization": header}).bearer() == token


def test_a_refusal_did_not_act() -> None:
    fine, refused = answer_json(201, {"a": "ü"}, {"x": "y"}), answer_json(400, {})
    assert (fine.status, fine.body, fine.acted, refused.acted) == (201, '{"a":"ü"}'.encode(), True, False)
    assert dict(fine.headers) == {"content-type": "application/json", "x": "y"}


def test_routes_find_their_function() -> None:
    routes = Routes()

    @routes("GET", "/v1/customers/{id}")
    def one(id: str) -> FakeResponse:  # noqa: A002 - the path's own name
        return answer_json(200, id)

    found = routes.find("GET", "/v1/customers/cus_1/")
    assert found == (one, {"id": "cus_1"})
    for method, path in (
        ("POST", "/v1/customers/cus_1"),
        ("GET", "/v1/customers"),
        ("GET", "/v1/customers/a/b"),
        ("GET", "/v2/customers/a"),
    ):
        assert routes.find(method, path) is None
