"""JSON:API as App Store Connect speaks it: how things and errors are shown, how lists go on, how bodies are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from revenue_machine.integrations.app_store.fake_shop import Document, make_uuid
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json

routes = Routes()
HOME = "https://api.appstoreconnect.apple.com"


def resource(
    kind: str, resource_id: str, attributes: Mapping[str, Any], related: Mapping[str, tuple[str, str]] | None = None
) -> Document:
    """One thing as Apple shows it; what is not set is not said."""
    shown: Document = {
        "type": kind,
        "id": resource_id,
        "attributes": {name: value for name, value in attributes.items() if value is not None},
    }
    if related:
        shown["relationships"] = {name: {"data": {"type": other, "id": other_id}} for name, (other, other_id) in related.items()}
    return shown | {"links": {"self": f"{HOME}/v1/{kind}/{resource_id}"}}


def single(status: int, shown: Document) -> FakeResponse:
    """An answer of one thing."""
    return answer_json(status, {"data": shown, "links": {"self": shown["links"]["self"]}})


def of_app(state: FakeState, request: FakeRequest, app: str, shown: Sequence[Document]) -> FakeResponse:
    """A list that belongs to an app, or that there is no such app."""
    return missing("apps", app) if state.get("app", app) is None else page(request, shown)


def page(request: FakeRequest, shown: Sequence[Document]) -> FakeResponse:
    """Fifty a page unless asked; the cursor is the place to go on at."""
    limit, cursor = request.param("limit") or "50", request.param("cursor") or "0"
    if not limit.isdigit() or not 1 <= int(limit) <= 200 or not cursor.isdigit():
        return error(400, "PARAMETER_ERROR.INVALID", "A parameter has an invalid value.", "limit")
    first, most = int(cursor), int(limit)
    links = {"self": f"{HOME}{request.path}"}
    if first + most < len(shown):
        rest = [(name, value) for name, value in request.query if name != "cursor"]
        links["next"] = f"{HOME}{request.path}?{urlencode([*rest, ('cursor', str(first + most))])}"
    meta = {"paging": {"total": len(shown), "limit": most}}
    return answer_json(200, {"data": list(shown[first : first + most]), "links": links, "meta": meta})


def filtered(request: FakeRequest, name: str) -> list[str]:
    """The values of `filter[name]`, none when it is not given."""
    return [one for one in (request.param(f"filter[{name}]") or "").split(",") if one]


def _data(request: FakeRequest) -> Document:
    body = request.json()
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else {}


def related(request: FakeRequest, name: str) -> str:
    """The id a body links to under a name, empty without one."""
    linked = (_data(request).get("relationships") or {}).get(name) or {}
    return str((linked.get("data") or {}).get("id", ""))


def attributes_of(
    request: FakeRequest, kind: str, known: Sequence[str], needed: Sequence[str] = ()
) -> tuple[Document, FakeResponse | None]:
    """(attributes, what is wrong with the body)."""
    data = _data(request)
    given = data.get("attributes")
    if data.get("type") != kind or not isinstance(given, dict):
        return {}, error(409, "ENTITY_ERROR.TYPE_INVALID", "The type of the entity is not the one of this address.", kind)
    unknown = [name for name in given if name not in known]
    if unknown:
        return {}, error(409, "ENTITY_ERROR.ATTRIBUTE.UNKNOWN", "The provided entity includes an unknown attribute", unknown[0])
    lacking = [name for name in needed if given.get(name) in (None, "")]
    if lacking:
        return {}, error(409, "ENTITY_ERROR.ATTRIBUTE.REQUIRED", "The provided entity is missing a required attribute", lacking[0])
    return {name: value for name, value in given.items() if value is not None}, None


def invalid(name: str, words: str) -> FakeResponse:
    """A value Apple does not take."""
    return error(
        409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "The provided entity includes an attribute with an invalid value", f"{name}: {words}"
    )


def missing(kind: str, resource_id: str) -> FakeResponse:
    """There is nothing of that id."""
    return error(
        404, "NOT_FOUND", "The specified resource does not exist", f"There is no resource of type '{kind}' with id '{resource_id}'"
    )


def error(status: int, code: str, title: str, detail: str = "", *, headers: Mapping[str, str] | None = None) -> FakeResponse:
    """One error in the shape all of them have."""
    error = {"id": make_uuid("error", code, detail), "status": str(status), "code": code, "title": title, "detail": detail or title}
    return answer_json(status, {"errors": [error]}, headers)
