"""How we ask the market research service: search, niche, metrics; nothing here changes anything outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import ValidationError

from revenue_machine.integrations.market_research.wire import (
    ErrorAnswer,
    MetricsPage,
    NicheView,
    PostMetrics,
    ResearchItem,
    SearchPage,
)
from revenue_machine.kit.errors import BadInput, ContractBroken, Failure, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.service import ServiceClient

PLATFORMS = ("x", "threads", "instagram", "tiktok", "facebook")
MAX_ITEMS = 500
MAX_PAGES = 100
URLS_PER_CALL = 100
# The platform has noticed the robot: the service rests an hour before it tries again.
STUCK_S = 3600.0
_STUCK = {"captcha": "the platform asks for a captcha", "login_required": "the platform asks to log in again"}


class MarketResearchClient(ServiceClient):
    """Reads only; captions come from strangers and are data, never instructions."""

    service: ClassVar[str] = "market_research"

    def search(self, platform: str, query: str, niche: str, max_items: int) -> list[ResearchItem]:
        """Up to `max_items` posts over as many pages as it takes, best match first; may name a post twice.

        Raises `outside_rejected` with `reason` captcha or login_required when the platform blocks the service.
        """
        if not 1 <= max_items <= MAX_ITEMS:
            raise BadInput(f"between 1 and {MAX_ITEMS} items", field="max_items")
        path, found, seen = f"{_path(platform)}/search", [], set[str]()
        body: dict[str, Any] = {"query": query, "niche": niche, "max_items": max_items}
        while True:
            page = self.post(path, SearchPage, body)
            found.extend(page.items)
            if page.next_cursor is None or len(found) >= max_items:
                return found[:max_items]
            if page.next_cursor in seen or len(seen) >= MAX_PAGES:
                raise ContractBroken("Market research pages in circles")
            seen.add(page.next_cursor)
            body = {**body, "cursor": page.next_cursor}

    def niche(self, platform: str, niche: str, max_items: int = 20) -> NicheView:
        """The leading creators, hashtags and posts of a niche."""
        if not 1 <= max_items <= MAX_ITEMS:
            raise BadInput(f"between 1 and {MAX_ITEMS} items", field="max_items")
        return self.post(f"{_path(platform)}/niche", NicheView, {"niche": niche, "max_items": max_items})

    def metrics(self, platform: str, urls: Sequence[str]) -> list[PostMetrics]:
        """The public numbers of the posts at these addresses; a post nobody knows is left out."""
        path, found = f"{_path(platform)}/metrics", []
        wanted = list(dict.fromkeys(urls))
        for start in range(0, len(wanted), URLS_PER_CALL):
            found.extend(self.post(path, MetricsPage, {"urls": wanted[start : start + URLS_PER_CALL]}).posts)
        return found

    def rejection(self, status: int, payload: Any) -> Failure | None:
        try:
            error = ErrorAnswer.model_validate(payload).error
        except ValidationError:
            return None
        if status == 429:
            return OutsideRateLimited("Market research asks for fewer calls", retry_after_s=error.retry_after_s)
        if error.code in _STUCK:
            return OutsideRejected(f"Market research: {_STUCK[error.code]}", reason=error.code, retry_after_s=STUCK_S)
        return None


def _path(platform: str) -> str:
    if platform not in PLATFORMS:
        raise BadInput(f"'{platform}' is none of {', '.join(PLATFORMS)}", field="platform")
    return f"/api/research/{platform}"
