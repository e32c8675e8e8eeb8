"""A pretend Superwall's REST API v2: lists in pages of a cursor, charts, users, and the events its webhooks told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from revenue_machine.integrations.superwall import fake_charts
from revenue_machine.integrations.superwall.fake_paywalls import ORGANIZATION, PLACEMENT, PROJECT
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json

routes = Routes()
Document = dict[str, Any]
_LEAST, _MOST, _USUAL = 1, 100, 10


def refusal(status: int, kind: str, message: str) -> FakeResponse:
    """An error as Superwall words it."""
    return answer_json(status, {"error": {"type": kind, "message": message}})


@routes("GET", "/me/organizations")
def _organizations(state: FakeState, request: FakeRequest) -> FakeResponse:
    return answer_json(200, {"object": "list", "data": [{"id": str(ORGANIZATION), "name": "Sandbox", "role": "OWNER"}]})


@routes("GET", "/projects")
def _projects(state: FakeState, request: FakeRequest) -> FakeResponse:
    return _page(request, [_project(state)], "/v2/projects")


@routes("GET", "/projects/{project}")
def _one_project(state: FakeState, request: FakeRequest, project: str) -> FakeResponse:
    if project != str(PROJECT):
        return refusal(404, "not_found", "Project not found")
    return answer_json(200, _project(state))


@routes("GET", "/projects/{project}/events")
def _project_events(state: FakeState, request: FakeRequest, project: str) -> FakeResponse:
    if project != str(PROJECT):
        return refusal(404, "not_found", "Project not found")
    return _events(state, request, lambda held: held["applicationId"] == _app_number(request))


@routes("GET", "/paywalls")
def _paywalls(state: FakeState, request: FakeRequest) -> FakeResponse:
    return _of_app(state, request, "paywall", lambda one: _paywall(state, one), "/v2/paywalls")


@routes("GET", "/paywalls/{paywall}")
def _one_paywall(state: FakeState, request: FakeRequest, paywall: str) -> FakeResponse:
    found = [one for one in state.list("paywall") if one["id"] == paywall]
    return answer_json(200, _paywall(state, found[0])) if found else refusal(404, "not_found", "Paywall not found")


@routes("GET", "/campaigns")
def _campaigns(state: FakeState, request: FakeRequest) -> FakeResponse:
    return _of_app(state, request, "campaign", _campaign, "/v2/campaigns")


@routes("GET", "/campaigns/{campaign}")
def _one_campaign(state: FakeState, request: FakeRequest, campaign: str) -> FakeResponse:
    held = state.get("campaign", campaign)
    return answer_json(200, _campaign(held)) if held else refusal(404, "not_found", "Campaign not found")


@routes("GET", "/charts/definitions")
def _definitions(state: FakeState, request: FakeRequest) -> FakeResponse:
    if not _knows_app(state, request.param("application_id")):
        return refusal(404, "not_found", "Application not found")
    return answer_json(200, fake_charts.definitions())


@routes("POST", "/charts/data")
def _chart(state: FakeState, request: FakeRequest) -> FakeResponse:
    asked = request.json()
    if not isinstance(asked, dict) or not all(isinstance(asked.get(name), str) for name in ("application_id", "x_axis", "y_axis")):
        return refusal(400, "invalid_request", "application_id, x_axis and y_axis are required")
    if not _knows_app(state, asked["application_id"]):
        return refusal(404, "not_found", "Application not found")
    try:
        return answer_json(200, fake_charts.answer(state, asked))
    except fake_charts.Refused as refused:
        return refusal(400, "invalid_request", str(refused))


@routes("GET", "/users/resolve")
def _resolve(state: FakeState, request: FakeRequest) -> FakeResponse:
    user, app = request.param("app_user_id"), request.param("application_id")
    if user is None or app is None:
        return refusal(400, "invalid_request", "app_user_id and application_id are required")
    found = _find_person(state, app, user)
    aliases = [] if found is None else [{"app_user_id": user, "created_at": f"{found['install']}T00:00:00.000Z"}]
    return answer_json(
        200, {"object": "user_resolution", "application_user_found": found is not None, "application_user_aliases": aliases}
    )


@routes("GET", "/users/{user}/subscription-summary")
def _summary(state: FakeState, request: FakeRequest, user: str) -> FakeResponse:
    found = _find_person(state, request.param("application_id") or "", user)
    if found is None:
        return refusal(404, "not_found", "User not found")
    nothing = (
        "expiration_date", "first_purchase_date", "integration_partner", "last_purchase_date", "latest_event", "latest_event_ts",
        "next_renewal_date", "primary_product_id", "primary_store",
    )  # fmt: skip
    zero = (
        "average_order_value", "lifetime_value", "monthly_recurring_revenue", "net_revenue", "total_refunds", "total_renewals",
        "total_spend",
    )  # fmt: skip
    bought = found["purchase"] or None
    return answer_json(200, {
        **dict.fromkeys(nothing), **dict.fromkeys(zero, 0), "object": "user_subscription_summary", "active_product_ids": [],
        "auto_renew_enabled": False, "has_active_subscription": bool(bought), "is_family_share": False,
        "subscription_status": "active" if bought else "none", "first_purchase_date": bought and f"{bought}T00:00:00.000Z",
        "last_paywall_conversion": found["last"] if bought else None,
    })  # fmt: skip


@routes("GET", "/users/{user}/events")
def _user_events(state: FakeState, request: FakeRequest, user: str) -> FakeResponse:
    return _events(state, request, lambda held: held["data"]["originalAppUserId"] == user)


def _events(state: FakeState, request: FakeRequest, fits: Callable[[Document], bool]) -> FakeResponse:
    """What webhooks told, newest first, by offset."""
    limit, offset = _whole(request.param("limit"), _USUAL), _whole(request.param("offset"), 0)
    if limit is None or offset is None or request.param("application_id") is None:
        return refusal(400, "invalid_request", "application_id, a whole limit and a whole offset")
    told = [json.loads(one["body"]) for one in reversed(state.list("told"))]
    found = [_event(one) for one in told if fits(one)]
    shown = found[offset : offset + min(max(limit, _LEAST), _MOST)]
    more = offset + len(shown) < len(found)
    body = {"object": "list", "url": "/v2/users/events", "data": shown, "has_more": more, "total_count": len(found)}
    return answer_json(200, body)


def _event(told: Document) -> Document:
    at = datetime.fromtimestamp(told["data"]["ts"] // 1000, UTC)
    return {
        "id": told["data"]["id"], "name": told["type"], "properties": told["data"], "source": "App Store Connect",
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip


def _of_app(state: FakeState, request: FakeRequest, kind: str, shape: Callable[[Document], Document], url: str) -> FakeResponse:
    app = request.param("application_id")
    if not _knows_app(state, app):
        return refusal(404 if app else 400, "not_found" if app else "invalid_request", "application_id names no application")
    return _page(request, [shape(one) for one in state.list(kind) if one["app"] == app], url)


def _page(request: FakeRequest, items: Sequence[Document], url: str) -> FakeResponse:
    """Forward by `starting_after`, backward by `ending_before`; 10 a page unless asked, 100 at most."""
    limit = _whole(request.param("limit"), _USUAL)
    if limit is None or not _LEAST <= limit <= _MOST:
        return refusal(400, "invalid_request", "limit is a whole number from 1 to 100")
    ids, after, before = [one["id"] for one in items], request.param("starting_after"), request.param("ending_before")
    if (after is not None and after not in ids) or (before is not None and before not in ids):
        return refusal(400, "invalid_request", "the cursor names nothing in this list")
    rest = list(items[: ids.index(before)][-limit:]) if before is not None else list(items[ids.index(after) + 1 if after else 0 :])
    return answer_json(200, {"object": "list", "url": url, "data": rest[:limit], "has_more": len(rest) > limit})


def _whole(text: str | None, usual: int) -> int | None:
    return usual if text is None else int(text) if text.isascii() and text.isdigit() else None


def _project(state: FakeState) -> Document:
    made = "2026-01-01T00:00:00.000Z"
    return {
        "id": str(PROJECT), "object": "project", "name": "Sandbox", "archived": False, "metadata": {}, "created_at": made,
        "updated_at": made, "organization_id": ORGANIZATION,
        "applications": [_shown_app(one) for one in state.list("application")],
    }  # fmt: skip


def _shown_app(held: Mapping[str, Any]) -> Document:
    return {
        "id": held["id"], "app_id": None, "archived_at": None, "bundle_id": f"app.{held['slug']}", "platform": "ios",
        "created_at": held["created_at"], "updated_at": held["created_at"], "features_enabled": [], "integrated": True,
        "name": held["slug"].replace("_", " ").title(), "public_api_key": f"pk_{held['id']}", "slug": held["slug"],
    }  # fmt: skip


def _paywall(state: FakeState, held: Mapping[str, Any]) -> Document:
    return {
        "id": held["id"], "object": "paywall", "application_id": held["app"], "archived": False, "created_at": held["created_at"],
        "updated_at": held["created_at"], "published_at": held["created_at"], "feature_gating": "gated", "metadata": {},
        "identifier": held["identifier"], "name": held["name"], "presentation_style": "fullscreen", "preview_url": None,
        "paywall_url": f"https://{held['id']}.superwall.app", "source_template": None, "status": "active", "version": 1,
        "products": [{"identifier": "pro_monthly", "reference_name": "primary", "store": "app-store"}],
    }  # fmt: skip


def _campaign(held: Mapping[str, Any]) -> Document:
    audience = {
        "id": held["audience"], "object": "audience", "description": None, "enabled": True, "expression": None, "rank": "0",
        "variant_optimization": "ucb1_bandit" if held["bandit"] else "none",
        "variants": [{"object": "variant", **{name: one[name] for name in _VARIANT}} for one in held["variants"]],
    }  # fmt: skip
    placement = {"id": f"{held['id']}1", "object": "placement", "enabled": True, "event_name": PLACEMENT}
    return {
        "id": held["id"], "object": "campaign", "application_id": held["app"], "archived": held["archived"], "notes": None,
        "created_at": held["created_at"], "updated_at": held["created_at"], "description": held["description"],
        "is_legacy": False, "audiences": [audience], "placements": [placement],
    }  # fmt: skip


_VARIANT = ("id", "paywall", "percentage", "type")


def _knows_app(state: FakeState, app_id: str | None) -> bool:
    return any(one["id"] == app_id for one in state.list("application"))


def _app_number(request: FakeRequest) -> int:
    return _whole(request.param("application_id"), 0) or 0


def _find_person(state: FakeState, app_id: str, user: str) -> Document | None:
    slugs = [one["slug"] for one in state.list("application") if one["id"] == app_id]
    return state.get("person", f"{slugs[0]}/{user}") if slugs else None
