"""Customer reviews and report orders of a pretend App Store Connect, down to the files."""

from __future__ import annotations

from datetime import date

from revenue_machine.integrations.app_store import fake_reports
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
from revenue_machine.integrations.app_store.fake_shop import Document, make_uuid
from revenue_machine.kit.clock import iso
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState


@routes("GET", "/v1/apps/{app}/customerReviews")
def _reviews(state: FakeState, request: FakeRequest, app: str) -> FakeResponse:
    shown = [one for one in state.list("review") if one["app"] == app]
    if request.param("sort") == "-createdDate":
        shown.reverse()
    words = ("rating", "title", "body", "reviewerNickname", "territory", "createdDate")
    return of_app(
        state, request, app, [resource("customerReviews", one["id"], {name: one[name] for name in words}) for one in shown]
    )


@routes("GET", "/v1/apps/{app}/analyticsReportRequests")
def _orders(state: FakeState, request: FakeRequest, app: str) -> FakeResponse:
    wanted = filtered(request, "accessType")
    mine = [one for one in state.list("request") if one["app"] == app and (not wanted or one["access"] in wanted)]
    return of_app(state, request, app, [_order(one) for one in mine])


@routes("POST", "/v1/analyticsReportRequests")
def _new_order(state: FakeState, request: FakeRequest) -> FakeResponse:
    attributes, refusal = attributes_of(request, "analyticsReportRequests", ("accessType",), needed=("accessType",))
    app = state.get("app", related(request, "app"))
    if refusal is not None or app is None:
        return refusal or error(409, "ENTITY_ERROR.RELATIONSHIP.INVALID", "The app does not exist.", "app")
    access = attributes["accessType"]
    if access not in ("ONGOING", "ONE_TIME_SNAPSHOT"):
        return invalid("accessType", "ONGOING or ONE_TIME_SNAPSHOT")
    if any(one["app"] == app["id"] and one["access"] == access for one in state.list("request")):
        return error(409, "STATE_ERROR", "You already have such an entity", f"An order {access} stands for this app")
    held = {"id": make_uuid("request", app["id"], access), "app": app["id"], "access": access, "created": iso(state.now())}
    state.put("request", held["id"], held)
    for report in fake_reports.reports_of(held):
        state.put("report", report["id"], report)
    return single(201, _order(held))


@routes("GET", "/v1/analyticsReportRequests/{order}/reports")
def _reports(state: FakeState, request: FakeRequest, order: str) -> FakeResponse:
    held = state.get("request", order)
    if held is None:
        return missing("analyticsReportRequests", order)
    names, categories = filtered(request, "name"), filtered(request, "category")
    shown = [
        one
        for one in fake_reports.reports_of(held)
        if (not names or one["name"] in names) and (not categories or one["category"] in categories)
    ]
    return page(
        request, [resource("analyticsReports", one["id"], {"name": one["name"], "category": one["category"]}) for one in shown]
    )


@routes("GET", "/v1/analyticsReports/{report}/instances")
def _instances(state: FakeState, request: FakeRequest, report: str) -> FakeResponse:
    held = state.get("report", report)
    order = state.get("request", held["request"]) if held else None
    if held is None or order is None:
        return missing("analyticsReports", report)
    if "DAILY" not in (filtered(request, "granularity") or ["DAILY"]):
        return page(request, [])
    dates = filtered(request, "processingDate")
    found = [one for one in fake_reports.editions(state, order, held) if not dates or one["processed"] in dates]
    for one in found:
        state.put("edition", one["id"], one)
    words = [{"granularity": "DAILY", "processingDate": one["processed"]} for one in found]
    return page(request, [resource("analyticsReportInstances", one["id"], said) for one, said in zip(found, words, strict=True)])


@routes("GET", "/v1/analyticsReportInstances/{edition}/segments")
def _segments(state: FakeState, request: FakeRequest, edition: str) -> FakeResponse:
    held = state.get("edition", edition)
    if held is None:
        return missing("analyticsReportInstances", edition)
    found = fake_reports.segment_of(state, held)
    said = {"checksum": found["checksum"], "sizeInBytes": found["size"], "url": found["url"]}
    return page(request, [resource("analyticsReportSegments", found["id"], said)])


def report_file(state: FakeState, request: FakeRequest) -> FakeResponse:
    """A report file: whoever has the signed address gets it; a token beside it is refused, as signed addresses do."""
    edition = state.get("edition", request.path.removeprefix("/segments/"))
    if edition is None or request.bearer() is not None or not fake_reports.is_signed(state, request, edition["id"]):
        return FakeResponse(403, b"<Error><Code>AccessDenied</Code></Error>", {"content-type": "application/xml"}, acted=False)
    return fake_reports.answer_file(fake_reports.packed(state, edition), "application/x-gzip")


@routes("GET", "/v1/salesReports")
def _sales(state: FakeState, request: FakeRequest) -> FakeResponse:
    needed = ("vendorNumber", "reportType", "reportSubType", "frequency")
    lacking = [name for name in needed if not filtered(request, name)]
    if lacking:
        return error(400, "PARAMETER_ERROR.REQUIRED", "A required parameter is missing.", f"filter[{lacking[0]}]")
    try:
        day = date.fromisoformat((filtered(request, "reportDate") or [""])[0])
    except ValueError:
        return error(400, "PARAMETER_ERROR.INVALID", "A parameter has an invalid value.", "filter[reportDate]")
    data = fake_reports.sales(state, day)
    if data is None:
        return error(404, "NOT_FOUND", "The specified resource does not exist", "There were no sales for the date specified.")
    return fake_reports.answer_file(data, "application/a-gzip")


def _order(held: Document) -> Document:
    return resource("analyticsReportRequests", held["id"], {"accessType": held["access"], "stoppedDueToInactivity": False})
