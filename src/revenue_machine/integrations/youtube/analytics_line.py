"""The line to YouTube's second address, the Analytics API, and what Google's errors mean at both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from revenue_machine.kit.errors import Failure, OutsideAuthFailed, OutsideRateLimited, OutsideRejected, OutsideUnavailable
from revenue_machine.kit.service import ServiceClient, ServiceLink

ANALYTICS_BASE_URL = "https://youtubeanalytics.googleapis.com"
_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded", "RESOURCE_EXHAUSTED"})


class AnalyticsLine(ServiceClient):
    """Takes an access token of the channel's owner."""

    service = "youtube"

    def rejection(self, status: int, payload: Any) -> Failure | None:
        return google_failure(status, payload)


def analytics_line(link: ServiceLink) -> AnalyticsLine:
    """The same service at its second address; a base URL of one's own stands for both (their paths differ).

    Raises: not_configured (no access token).
    """
    own = link.settings
    changed = {"api_key": SecretStr(link.need("access_token")), "base_url": own.base_url or ANALYTICS_BASE_URL}
    return AnalyticsLine(replace(link, settings=own.model_copy(update=changed)))


def google_failure(status: int, payload: Any) -> Failure | None:
    """Google's error object: {error: {code, message, status, errors: [{reason}]}}."""
    error = payload.get("error") if isinstance(payload, dict) else None
    if not isinstance(error, dict):
        return None
    listed = error.get("errors")
    reasons = [str(one.get("reason")) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    message = f"YouTube: {error.get('message', '')}"
    if status == 429 or _QUOTA & {*reasons, str(error.get("status"))}:
        return OutsideRateLimited(message, vendor_code=reasons[0] if reasons else None)
    if status in (401, 403) or "API_KEY_INVALID" in str(error) or "keyInvalid" in reasons:
        return OutsideAuthFailed(message)
    if status >= 500:
        return OutsideUnavailable(message)
    return OutsideRejected(message, vendor_code=reasons[0] if reasons else None)
