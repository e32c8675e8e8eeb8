"""Questions and orders to App Store Connect: listings, product-page tests, reviews and report files."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2

from revenue_machine.integrations.app_store.wire import (
    App,
    Experiment,
    Info,
    InfoLocalization,
    Instance,
    Listing,
    Many,
    Nothing,
    One,
    RateLimit,
    Report,
    ReportRequest,
    Review,
    Segment,
    Treatment,
    TreatmentLocalization,
    Version,
    VersionLocalization,
)
from revenue_machine.integrations.app_store.wire_token import LIFE, RENEWED_BEFORE, UnusableKey, make_token, signing_key
from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)
from revenue_machine.kit.service import TIMEOUT_S, Exchange, ServiceClient, ServiceLink

T = TypeVar("T")
PAGE = 200
MAX_PAGES = 10_000
BIGGEST_FILE = 256 * 1024 * 1024
LIVE = "READY_FOR_DISTRIBUTION"
_LIMIT = re.compile(r"user-hour-lim:(\d+);\s*user-hour-rem:(\d+)")
_DIGESTS = {32: "md5", 40: "sha1", 64: "sha256"}
# Apple counts by the rolling hour: a minute later some of it has come back.
_SLOW_DOWN_S = 60.0


class AppStoreClient(ServiceClient):
    """One token for nineteen minutes; whatever is created can be found again by its name."""

    service = "app_store"

    def __init__(self, link: ServiceLink) -> None:
        super().__init__(link)
        try:
            self._key = signing_key(link.api_key)
        except UnusableKey as reason:
            variable = "REVENUE_APP_STORE__API_KEY"
            words = f"App Store Connect's private key cannot be used: {reason}; {variable}_FILE names the downloaded AuthKey_….p8"
            raise NotConfigured(words, field=variable) from None
        self._token: tuple[str, datetime] | None = None
        self.rate: RateLimit | None = None

    def auth_headers(self) -> dict[str, str]:
        """The token in hand while it lives, else a new one."""
        now = self.link.clock.now()
        if self._token is None or not now < self._token[1] - RENEWED_BEFORE or now < self._token[1] - LIFE:
            self._token = make_token(self._key, self.link.need("key_id"), self.link.need("issuer_id"), now), now + LIFE
        return {"authorization": f"Bearer {self._token[0]}"}

    # --- apps and their words ---

    def app(self, bundle_id: str) -> App | None:
        """The app of exactly that bundle id, or None."""
        found = self._all("/v1/apps", Many[App], {"filter[bundleId]": bundle_id})
        return next((one for one in found if one.attributes.bundle_id == bundle_id), None)

    def apps(self) -> list[App]:
        """Every app of the account."""
        return self._all("/v1/apps", Many[App], {})

    def versions(self, app_id: str, state: str | None = None) -> list[Version]:
        """Versions of an app; `state` is Apple's word, READY_FOR_DISTRIBUTION for what the public has."""
        return self._all(f"/v1/apps/{_id(app_id)}/appStoreVersions", Many[Version], {"filter[appVersionState]": state})

    def infos(self, app_id: str) -> list[Info]:
        """The lasting part of the listing, live and being edited."""
        return self._all(f"/v1/apps/{_id(app_id)}/appInfos", Many[Info], {})

    def info_localizations(self, info_id: str) -> list[InfoLocalization]:
        """Name and subtitle per language."""
        return self._all(f"/v1/appInfos/{_id(info_id)}/appInfoLocalizations", Many[InfoLocalization], {})

    def version_localizations(self, version_id: str) -> list[VersionLocalization]:
        """Description and keywords per language."""
        path = f"/v1/appStoreVersions/{_id(version_id)}/appStoreVersionLocalizations"
        return self._all(path, Many[VersionLocalization], {})

    def listing(self, app: App, locale: str | None = None) -> Listing | None:
        """The words the public reads, in the app's first language unless told; None while no version is out."""
        wanted = locale or app.attributes.primary_locale or "en-US"
        versions = self.versions(app.id, LIVE)
        if not versions:
            return None
        infos = self.infos(app.id)
        live = [one for one in infos if LIVE in (one.attributes.state, one.attributes.app_store_state)]
        head = self.info_localizations((live or infos)[0].id) if infos else []
        named = next((one.attributes for one in head if one.attributes.locale == wanted), None)
        texts = self.version_localizations(versions[0].id)
        words = next((one.attributes for one in texts if one.attributes.locale == wanted), None)
        return Listing(
            locale=wanted, name=named.name if named else None, subtitle=named.subtitle if named else None,
            keywords=words.keywords if words else None, description=words.description if words else None,
        )  # fmt: skip

    def change_info_localization(self, localization_id: str, words: Mapping[str, str]) -> InfoLocalization:
        """Set name or subtitle of a version in preparation; the same words twice are one change."""
        path = f"/v1/appInfoLocalizations/{_id(localization_id)}"
        return self.ask("PATCH", path, One[InfoLocalization], body=_change("appInfoLocalizations", localization_id, words)).data

    def change_version_localization(self, localization_id: str, words: Mapping[str, str]) -> VersionLocalization:
        """Set description or keywords of a version in preparation; the same words twice are one change."""
        path = f"/v1/appStoreVersionLocalizations/{_id(localization_id)}"
        body = _change("appStoreVersionLocalizations", localization_id, words)
        return self.ask("PATCH", path, One[VersionLocalization], body=body).data

    # --- product-page tests ---

    def experiments(self, app_id: str) -> list[Experiment]:
        """Every product-page test of an app, ended ones too."""
        return self._all(f"/v1/apps/{_id(app_id)}/appStoreVersionExperimentsV2", Many[Experiment], {})

    def experiment(self, experiment_id: str) -> Experiment:
        """One test as it stands; it never says what it found."""
        return self.get(f"/v2/appStoreVersionExperiments/{_id(experiment_id)}", One[Experiment]).data

    def create_experiment(self, app_id: str, name: str, traffic_percent: int, platform: str = "IOS") -> Experiment:
        """A test in preparation; `traffic_percent` of the visitors are shared evenly among its treatments."""
        body = _new(
            "appStoreVersionExperiments",
            {"name": name, "platform": platform, "trafficProportion": traffic_percent},
            {"app": ("apps", app_id)},
        )
        return self.post("/v2/appStoreVersionExperiments", One[Experiment], body).data

    def set_started(self, experiment_id: str, *, is_started: bool) -> Experiment:
        """Start or stop a test."""
        body = _change("appStoreVersionExperiments", experiment_id, {"started": is_started})
        return self.ask("PATCH", f"/v2/appStoreVersionExperiments/{_id(experiment_id)}", One[Experiment], body=body).data

    def drop_experiment(self, experiment_id: str) -> None:
        """Take a test in preparation away."""
        self.ask("DELETE", f"/v2/appStoreVersionExperiments/{_id(experiment_id)}", Nothing)

    def treatments(self, experiment_id: str) -> list[Treatment]:
        """The arms of a test beside the page as it is."""
        path = f"/v2/appStoreVersionExperiments/{_id(experiment_id)}/appStoreVersionExperimentTreatments"
        return self._all(path, Many[Treatment], {})

    def create_treatment(self, experiment_id: str, name: str, icon_name: str | None = None) -> Treatment:
        """One more arm; `icon_name` is an icon that lies in the live build."""
        attributes: dict[str, Any] = {"name": name} | ({"appIconName": icon_name} if icon_name else {})
        link = {"appStoreVersionExperimentV2": ("appStoreVersionExperiments", experiment_id)}
        body = _new("appStoreVersionExperimentTreatments", attributes, link)
        return self.post("/v1/appStoreVersionExperimentTreatments", One[Treatment], body).data

    def treatment_localizations(self, treatment_id: str) -> list[TreatmentLocalization]:
        """The languages an arm has pictures of its own in."""
        path = f"/v1/appStoreVersionExperimentTreatments/{_id(treatment_id)}/appStoreVersionExperimentTreatmentLocalizations"
        return self._all(path, Many[TreatmentLocalization], {})

    def create_treatment_localization(self, treatment_id: str, locale: str) -> TreatmentLocalization:
        """One more language of an arm; its pictures are put in on the web page."""
        link = {"appStoreVersionExperimentTreatment": ("appStoreVersionExperimentTreatments", treatment_id)}
        body = _new("appStoreVersionExperimentTreatmentLocalizations", {"locale": locale}, link)
        return self.post("/v1/appStoreVersionExperimentTreatmentLocalizations", One[TreatmentLocalization], body).data

    # --- what people say and do ---

    def reviews(self, app_id: str, most: int = PAGE) -> list[Review]:
        """The newest customer reviews; text of strangers."""
        query = {"sort": "-createdDate", "limit": min(most, PAGE)}
        return self.get(f"/v1/apps/{_id(app_id)}/customerReviews", Many[Review], query).data

    def report_requests(self, app_id: str) -> list[ReportRequest]:
        """What reports have been ordered for an app."""
        return self._all(f"/v1/apps/{_id(app_id)}/analyticsReportRequests", Many[ReportRequest], {})

    def request_reports(self, app_id: str, access_type: str) -> ReportRequest:
        """Order reports: ONGOING from today on, ONE_TIME_SNAPSHOT for what was before."""
        body = _new("analyticsReportRequests", {"accessType": access_type}, {"app": ("apps", app_id)})
        return self.post("/v1/analyticsReportRequests", One[ReportRequest], body).data

    def reports(self, request_id: str, name: str | None = None) -> list[Report]:
        """The kinds of report of an order."""
        return self._all(f"/v1/analyticsReportRequests/{_id(request_id)}/reports", Many[Report], {"filter[name]": name})

    def instances(self, report_id: str, granularity: str = "DAILY") -> list[Instance]:
        """The editions of a report, oldest first."""
        found = self._all(f"/v1/analyticsReports/{_id(report_id)}/instances", Many[Instance], {"filter[granularity]": granularity})
        return sorted(found, key=lambda one: (one.attributes.processing_date or date.min, one.id))

    def segments(self, instance_id: str) -> list[Segment]:
        """The files of an edition."""
        return self._all(f"/v1/analyticsReportInstances/{_id(instance_id)}/segments", Many[Segment], {})

    def segment_text(self, segment: Segment) -> str:
        """A report file, unpacked and held against its checksum; columns stand between tabs.

        Raises: outside_unavailable when what came is not what was announced.
        """
        address = self._segment_address(segment)
        # The address is signed: the token stays at home.
        response = self._send(self.link.http.build_request("GET", address, timeout=TIMEOUT_S))
        self.link.record(self._file_exchange(urlsplit(address).path, response))
        if response.status_code >= 400:
            raise OutsideUnavailable(f"App Store Connect's report file answers HTTP {response.status_code}")
        _check_sum(response.content, segment.attributes.checksum)
        return _unpacked(response.content)

    def sales_report(self, day: date, frequency: str = "DAILY") -> str | None:
        """The sales summary of a day, tab-separated; None when Apple has none for it. Raises: not_configured."""
        query = {
            "filter[vendorNumber]": self.link.need("vendor_number"), "filter[reportType]": "SALES",
            "filter[reportSubType]": "SUMMARY", "filter[frequency]": frequency, "filter[reportDate]": day.isoformat(),
        }  # fmt: skip
        headers = {**self.auth_headers(), "accept": "application/a-gzip"}
        request = self.link.http.build_request(
            "GET", f"{self.link.base_url}/v1/salesReports", params=query, headers=headers, timeout=TIMEOUT_S
        )
        response = self._send(request)
        self.link.record(self._file_exchange("/v1/salesReports", response))
        if response.status_code == 404:
            return None
        if response.status_code >= 400:
            raise self._failure(response)
        return _unpacked(response.content)

    # --- how it is said ---

    def _segment_address(self, segment: Segment) -> str:
        """Where the file lies; on a loopback the vendor's whole world lies there."""
        address = urlsplit(segment.attributes.url or "")
        if self.link.settings.is_loopback:
            return f"{self.link.base_url}{address.path}?{address.query}"
        if address.scheme != "https" or not address.hostname:
            raise ContractBroken("App Store Connect names no address for a report file")
        return address.geturl()

    def _file_exchange(self, path: str, response: httpx2.Response) -> Exchange:
        return Exchange(self.service, "GET", path, "", response.status_code, f"{len(response.content)} bytes")

    def _all(self, path: str, page: type[Many[T]], query: Mapping[str, Any]) -> list[T]:
        """Follow `links.next` to the end; only its query is used, never its host or path."""
        found: list[T] = []
        asked: dict[str, Any] = {"limit": PAGE, **{name: value for name, value in query.items() if value is not None}}
        for _ in range(MAX_PAGES):
            answer = self.get(path, page, asked)
            found.extend(answer.data)
            if not answer.links.next:
                return found
            following = {**asked, **dict(parse_qsl(urlsplit(answer.links.next).query))}
            if following == asked:
                raise ContractBroken("App Store Connect names the same page as its next one")
            asked = following
        raise ContractBroken(f"App Store Connect's list {path} does not end after {MAX_PAGES} pages")

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        response = super()._send(request)
        told = _LIMIT.search(response.headers.get("x-rate-limit", ""))
        if told is not None:
            self.rate = RateLimit(most=int(told[1]), left=int(told[2]))
        return response

    def _decode(self, response: httpx2.Response, answer: type[T]) -> T:
        return answer() if answer is Nothing and not response.content else super()._decode(response, answer)

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """Apple's list of errors: the first decides. A state error is refused for good: repeating it changes nothing."""
        errors = payload.get("errors") if isinstance(payload, dict) else None
        if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
            return None
        first = errors[0]
        code, source = str(first.get("code", "")), first.get("source")
        message = f"App Store Connect: {first.get('detail') or first.get('title') or code}"
        field = source.get("pointer") or source.get("parameter") if isinstance(source, dict) else None
        if status in (401, 403):
            return OutsideAuthFailed(message, vendor_code=code)
        if status == 429:
            return OutsideRateLimited(message, retry_after_s=_SLOW_DOWN_S)
        if status >= 500:
            return OutsideUnavailable(message)
        return OutsideRejected(message, field=field, vendor_code=code)


def _id(text: str) -> str:
    return quote(text, safe="")


def _new(kind: str, attributes: Mapping[str, Any], related: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    links = {name: {"data": {"type": other, "id": other_id}} for name, (other, other_id) in related.items()}
    return {"data": {"type": kind, "attributes": dict(attributes), "relationships": links}}


def _change(kind: str, resource_id: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": {"type": kind, "id": resource_id, "attributes": dict(attributes)}}


def _check_sum(data: bytes, announced: str | None) -> None:
    """Apple names no method: the length of the sum does; one of another length cannot be checked."""
    method = _DIGESTS.get(len(announced or ""))
    if method is None:
        return
    # A torn file, not an attacker: the sum came over the same line.
    if hashlib.new(method, data, usedforsecurity=False).hexdigest().casefold() != (announced or "").casefold():
        raise OutsideUnavailable("App Store Connect's report file is not the one announced: its checksum differs")


def _unpacked(data: bytes) -> str:
    if data[:2] == b"\x1f\x8b":
        worker = zlib.decompressobj(wbits=31)
        try:
            plain = worker.decompress(data, BIGGEST_FILE)
        except zlib.error:
            raise OutsideUnavailable("App Store Connect's report file is damaged") from None
        if worker.unconsumed_tail:
            raise ContractBroken(f"App Store Connect's report file is larger than {BIGGEST_FILE} bytes")
        if not worker.eof:
            raise OutsideUnavailable("App Store Connect's report file ends early")
        data = plain
    return data.decode("utf-8-sig", "replace")
