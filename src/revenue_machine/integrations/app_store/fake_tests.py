"""Product-page tests of a pretend App Store Connect: made, reviewed, started, stopped; never a result."""

from __future__ import annotations

from revenue_machine.integrations.app_store import fake_shop
from revenue_machine.integrations.app_store.fake_jsonapi import (
    attributes_of,
    error,
    filtered,
    invalid,
    missing,
    of_app,
    page,
    related,
    resource,
    routes,
    single,
)
from revenue_machine.integrations.app_store.fake_shop import DRAFT, Document, make_uuid
from revenue_machine.kit.clock import iso
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState

MOST_TREATMENTS = 3
OTHERS_STATE = "The request cannot be fulfilled because of the state of another resource."
OWN_STATE = "The request cannot be fulfilled because of the state of the resource."
_PLATFORMS = ("IOS", "MAC_OS", "TV_OS", "VISION_OS")


@routes("GET", "/v1/apps/{app}/appStoreVersionExperimentsV2")
def _tests(state: FakeState, request: FakeRequest, app: str) -> FakeResponse:
    wanted = filtered(request, "state")
    shown = [one for one in fake_shop.tests_of(state, app) if not wanted or fake_shop.stage(state, one) in wanted]
    return of_app(state, request, app, [_experiment(state, one) for one in shown])


@routes("POST", "/v2/appStoreVersionExperiments")
def _new_test(state: FakeState, request: FakeRequest) -> FakeResponse:
    known = ("name", "platform", "trafficProportion")
    attributes, refusal = attributes_of(request, "appStoreVersionExperiments", known, needed=known)
    app = state.get("app", related(request, "app"))
    if refusal is not None or app is None:
        return refusal or error(409, "ENTITY_ERROR.RELATIONSHIP.INVALID", "The app does not exist.", "app")
    if attributes["platform"] not in _PLATFORMS:
        return invalid("platform", "Unknown platform")
    traffic = attributes["trafficProportion"]
    if not isinstance(traffic, int) or isinstance(traffic, bool) or not 1 <= traffic <= 100:
        return invalid("trafficProportion", "A whole percent from 1 to 100")
    if fake_shop.live_version(state, app["id"]) is None:
        code = "STATE_ERROR.PPO_CREATE_ONLY_ALLOWED_WITH_APP_STORE_DISTRIBUTION"
        return error(409, code, OTHERS_STATE,
                      "A test needs a version that is ready for distribution on the App Store")  # fmt: skip
    test_id = make_uuid("experiment", state.next_number("experiment"))
    held = {"id": test_id, "app": app["id"], "name": attributes["name"], "platform": attributes["platform"], "traffic": traffic}
    state.put("experiment", test_id, held)
    return single(201, _experiment(state, held))


@routes("GET", "/v2/appStoreVersionExperiments/{test}")
def _one_test(state: FakeState, _request: FakeRequest, test: str) -> FakeResponse:
    held = state.get("experiment", test)
    return missing("appStoreVersionExperiments", test) if held is None else single(200, _experiment(state, held))


@routes("PATCH", "/v2/appStoreVersionExperiments/{test}")
def _change_test(state: FakeState, request: FakeRequest, test: str) -> FakeResponse:
    held = state.get("experiment", test)
    if held is None:
        return missing("appStoreVersionExperiments", test)
    attributes, refusal = attributes_of(request, "appStoreVersionExperiments", ("name", "trafficProportion", "started"))
    if refusal is not None:
        return refusal
    if {"name", "trafficProportion"} & set(attributes) and fake_shop.stage(state, held) != DRAFT:
        return _wrong_stage(state, held)
    changed = {
        **held,
        **{new: attributes[old] for old, new in (("name", "name"), ("trafficProportion", "traffic")) if old in attributes},
    }
    if attributes.get("started") is True and (not_yet := _not_startable(state, changed)) is not None:
        return not_yet
    if attributes.get("started") is False and not fake_shop.is_running(state, changed):
        return _wrong_stage(state, held)
    if attributes.get("started") is not None:
        changed |= {"started" if attributes["started"] else "stopped": iso(state.now())}
    state.put("experiment", test, changed)
    return single(200, _experiment(state, changed))


def _not_startable(state: FakeState, held: Document) -> FakeResponse | None:
    """A test begins once, accepted or in need of no review, with an arm at least, and never beside another one of the app."""
    is_free = not fake_shop.needs_review(state, held) and fake_shop.stage(state, held) == DRAFT
    has_arms = bool(fake_shop.treatments_of(state, held["id"]))
    if not has_arms or not (is_free or fake_shop.stage(state, held) == "ACCEPTED"):
        return _wrong_stage(state, held)
    if any(fake_shop.is_running(state, one) for one in fake_shop.tests_of(state, held["app"])):
        return error(409, "STATE_ERROR", OTHERS_STATE,
                      "Another test of this app is running")  # fmt: skip
    return None


@routes("DELETE", "/v2/appStoreVersionExperiments/{test}")
def _drop_test(state: FakeState, _request: FakeRequest, test: str) -> FakeResponse:
    held = state.get("experiment", test)
    if held is None:
        return missing("appStoreVersionExperiments", test)
    if fake_shop.stage(state, held) not in (DRAFT, "REJECTED"):
        return _wrong_stage(state, held)
    state.drop("experiment", test)
    return FakeResponse(204)


@routes("GET", "/v2/appStoreVersionExperiments/{test}/appStoreVersionExperimentTreatments")
def _arms(state: FakeState, request: FakeRequest, test: str) -> FakeResponse:
    if state.get("experiment", test) is None:
        return missing("appStoreVersionExperiments", test)
    return page(request, [_treatment(one) for one in fake_shop.treatments_of(state, test)])


@routes("POST", "/v1/appStoreVersionExperimentTreatments")
def _new_arm(state: FakeState, request: FakeRequest) -> FakeResponse:
    attributes, refusal = attributes_of(request, "appStoreVersionExperimentTreatments", ("name", "appIconName"), needed=("name",))
    test = state.get("experiment", related(request, "appStoreVersionExperimentV2"))
    if refusal is not None or test is None:
        return refusal or error(409, "ENTITY_ERROR.RELATIONSHIP.INVALID", "The test does not exist.", "appStoreVersionExperimentV2")
    if fake_shop.stage(state, test) != DRAFT:
        return _wrong_stage(state, test)
    arms = fake_shop.treatments_of(state, test["id"])
    if len(arms) >= MOST_TREATMENTS:
        return error(409, "STATE_ERROR.TREATMENT_LIMIT_EXCEEDED", OTHERS_STATE,
                      f"A test has at most {MOST_TREATMENTS} treatments")  # fmt: skip
    if any(one["name"] == attributes["name"] for one in arms):
        return error(409, "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE", "The name is taken.", "name")
    arm_id = make_uuid("treatment", state.next_number("treatment"))
    held = {"id": arm_id, "experiment": test["id"], "name": attributes["name"], "icon": attributes.get("appIconName")}
    state.put("treatment", arm_id, held)
    return single(201, _treatment(held))


@routes("GET", "/v1/appStoreVersionExperimentTreatments/{arm}/appStoreVersionExperimentTreatmentLocalizations")
def _arm_words(state: FakeState, request: FakeRequest, arm: str) -> FakeResponse:
    if state.get("treatment", arm) is None:
        return missing("appStoreVersionExperimentTreatments", arm)
    return page(request, [_arm_locale(one) for one in fake_shop.localizations_of(state, arm)])


@routes("POST", "/v1/appStoreVersionExperimentTreatmentLocalizations")
def _new_arm_words(state: FakeState, request: FakeRequest) -> FakeResponse:
    kind = "appStoreVersionExperimentTreatmentLocalizations"
    attributes, refusal = attributes_of(request, kind, ("locale",), needed=("locale",))
    arm = state.get("treatment", related(request, "appStoreVersionExperimentTreatment"))
    if refusal is not None or arm is None:
        return refusal or error(409, "ENTITY_ERROR.RELATIONSHIP.INVALID", "The treatment does not exist.", "treatment")
    held = {"id": make_uuid("words", arm["id"], attributes["locale"]), "treatment": arm["id"], "locale": attributes["locale"]}
    if state.get("treatment_localization", held["id"]) is not None:
        return error(409, "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE", "The locale is there already.", "locale")
    state.put("treatment_localization", held["id"], held)
    return single(201, _arm_locale(held))


def _experiment(state: FakeState, held: Document) -> Document:
    stage = fake_shop.stage(state, held)
    said = {
        "name": held["name"], "platform": held["platform"], "trafficProportion": held["traffic"], "state": stage,
        "reviewRequired": fake_shop.needs_review(state, held), "startDate": held.get("started"), "endDate": held.get("stopped"),
    }  # fmt: skip
    return resource("appStoreVersionExperiments", held["id"], said, {"app": ("apps", held["app"])})


def _treatment(held: Document) -> Document:
    kind = "appStoreVersionExperimentTreatments"
    link = {"appStoreVersionExperimentV2": ("appStoreVersionExperiments", held["experiment"])}
    return resource(kind, held["id"], {"name": held["name"], "appIconName": held["icon"]}, link)


def _arm_locale(held: Document) -> Document:
    kind = "appStoreVersionExperimentTreatmentLocalizations"
    link = {"appStoreVersionExperimentTreatment": ("appStoreVersionExperimentTreatments", held["treatment"])}
    return resource(kind, held["id"], {"locale": held["locale"]}, link)


def _wrong_stage(state: FakeState, held: Document) -> FakeResponse:
    words = f"The test is {fake_shop.stage(state, held)}"
    return error(409, "STATE_ERROR.ENTITY_STATE_INVALID", OWN_STATE, words)
