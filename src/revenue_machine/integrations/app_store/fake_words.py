"""Apps of a pretend App Store Connect: their versions and the words of their listings."""

from __future__ import annotations

from revenue_machine.integrations.app_store import fake_shop
from revenue_machine.integrations.app_store.fake_jsonapi import (
    attributes_of,
    error,
    filtered,
    missing,
    of_app,
    page,
    resource,
    routes,
    single,
)
from revenue_machine.integrations.app_store.fake_shop import DRAFT, Document
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState

_MOST = {"name": 30, "subtitle": 30, "keywords": 100, "description": 4000, "promotionalText": 170, "whatsNew": 4000}


@routes("GET", "/v1/apps")
def _apps(state: FakeState, request: FakeRequest) -> FakeResponse:
    wanted = filtered(request, "bundleId")
    return page(request, [_app(one) for one in state.list("app") if not wanted or one["bundle"] in wanted])


@routes("GET", "/v1/apps/{app}")
def _one_app(state: FakeState, _request: FakeRequest, app: str) -> FakeResponse:
    held = state.get("app", app)
    return missing("apps", app) if held is None else single(200, _app(held))


@routes("GET", "/v1/apps/{app}/appStoreVersions")
def _versions(state: FakeState, request: FakeRequest, app: str) -> FakeResponse:
    wanted = filtered(request, "appVersionState")
    return of_app(
        state, request, app, [_version(one) for one in fake_shop.versions_of(state, app) if not wanted or one["state"] in wanted]
    )


@routes("GET", "/v1/apps/{app}/appInfos")
def _infos(state: FakeState, request: FakeRequest, app: str) -> FakeResponse:
    """What outlives versions stands once per version that is out or in preparation."""
    shown = [one for one in fake_shop.versions_of(state, app) if one["state"] in (fake_shop.LIVE, DRAFT)]
    return of_app(state, request, app, [resource("appInfos", f"info-{one['id']}", {"state": one["state"]}) for one in shown])


@routes("GET", "/v1/appInfos/{info}/appInfoLocalizations")
def _info_words(state: FakeState, request: FakeRequest, info: str) -> FakeResponse:
    held = state.get("version", info.removeprefix("info-"))
    if held is None:
        return missing("appInfos", info)
    return page(request, [_words("appInfoLocalizations", held, locale) for locale in held["words"]])


@routes("GET", "/v1/appStoreVersions/{version}/appStoreVersionLocalizations")
def _version_words(state: FakeState, request: FakeRequest, version: str) -> FakeResponse:
    held = state.get("version", version)
    if held is None:
        return missing("appStoreVersions", version)
    return page(request, [_words("appStoreVersionLocalizations", held, locale) for locale in held["words"]])


@routes("PATCH", "/v1/appInfoLocalizations/{localization}")
def _change_info(state: FakeState, request: FakeRequest, localization: str) -> FakeResponse:
    return _change_words(state, request, "appInfoLocalizations", localization)


@routes("PATCH", "/v1/appStoreVersionLocalizations/{localization}")
def _change_version(state: FakeState, request: FakeRequest, localization: str) -> FakeResponse:
    return _change_words(state, request, "appStoreVersionLocalizations", localization)


_FIELDS = {
    "appInfoLocalizations": ("name", "subtitle"),
    "appStoreVersionLocalizations": ("description", "keywords", "promotionalText", "whatsNew"),
}


def _change_words(state: FakeState, request: FakeRequest, kind: str, localization: str) -> FakeResponse:
    version, _, locale = localization.partition("~")
    held = state.get("version", version)
    if held is None or locale not in held["words"]:
        return missing(kind, localization)
    attributes, refusal = attributes_of(request, kind, _FIELDS[kind])
    if refusal is not None:
        return refusal
    if held["state"] != DRAFT:
        return error(409, "STATE_ERROR", "The request cannot be fulfilled because of the state of another resource.",
                      f"Attribute '{next(iter(attributes), '')}' cannot be edited at this time")  # fmt: skip
    for name, text in attributes.items():
        # Apple counts what its own code counts: units of UTF-16, so an emoji is two and a combining mark one.
        if not isinstance(text, str) or len(text.encode("utf-16-le")) // 2 > _MOST[name]:
            too_long = "ENTITY_ERROR.ATTRIBUTE.INVALID.TOO_LONG"
            return error(
                409, too_long, "An attribute value is too long.", f"{name} cannot be longer than {_MOST[name]} characters."
            )
    words = {**held["words"], locale: {**held["words"][locale], **attributes}}
    changed = {**held, "words": words}
    state.put("version", version, changed)
    return single(200, _words(kind, changed, locale))


def _app(held: Document) -> Document:
    said = {"name": held["name"], "bundleId": held["bundle"], "sku": held["bundle"], "primaryLocale": held["locale"]}
    return resource("apps", held["id"], said)


def _version(held: Document) -> Document:
    said = {
        "platform": "IOS", "versionString": held["number"], "appVersionState": held["state"], "createdDate": held["created"],
        "releaseType": "AFTER_APPROVAL",
    }  # fmt: skip
    return resource("appStoreVersions", held["id"], said)


def _words(kind: str, held: Document, locale: str) -> Document:
    said = {name: held["words"][locale].get(name) for name in _FIELDS[kind]}
    return resource(kind, f"{held['id']}~{locale}", {"locale": locale, **said})
