"""How we publish through Blotato, and what each platform needs before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from revenue_machine.integrations.blotato.wire import Account, Accounts, Media, PostStatus, Subaccount, Subaccounts, Submission
from revenue_machine.kit.clock import iso
from revenue_machine.kit.errors import BadInput, Failure, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.service import ServiceClient

# Our platform names to Blotato's.
PLATFORMS: Mapping[str, str] = {
    "x": "twitter", "threads": "threads", "instagram": "instagram", "tiktok": "tiktok", "facebook": "facebook",
    "youtube": "youtube", "linkedin": "linkedin",
}  # fmt: skip
NEEDS_MEDIA = frozenset({"instagram", "tiktok", "youtube"})
HAS_THREADS = frozenset({"x", "threads"})
MAX_MEDIA = 20
MAX_ADDITIONAL = 10
# Limits are per minute and the 429 names no time, so a whole minute is safe.
PAUSE_S = 60.0

_TIKTOK_FLAGS = ("disabledComments", "disabledDuet", "disabledStitch", "isBrandedContent", "isYourBrand", "isAiGenerated")
_NEEDED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "tiktok": ("privacyLevel", *_TIKTOK_FLAGS),
    "facebook": ("pageId",),
    "youtube": ("title", "privacyStatus"),
}
_FURTHER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "facebook": ("mediaType", "link"),
    "linkedin": ("pageId",),
    "instagram": ("mediaType", "audioName", "collaborators", "altText", "coverImageUrl"),
    "youtube": ("shouldNotifySubscribers", "isMadeForKids", "containsSyntheticMedia"),
    "threads": ("replyControl",),
}
_USUAL_FIELDS: Mapping[str, Mapping[str, Any]] = {"youtube": {"shouldNotifySubscribers": True}}
_YES_NO = frozenset({*_TIKTOK_FLAGS, "shouldNotifySubscribers", "isMadeForKids", "containsSyntheticMedia"})


class BlotatoClient(ServiceClient):
    """Publishing has no idempotency key: after an unknown outcome a person has to look."""

    service: ClassVar[str] = "blotato"

    def publish(
        self,
        account_id: str,
        platform: str,
        text: str,
        *,
        media_urls: Sequence[str] = (),
        additional_posts: Sequence[str] = (),
        target_fields: Mapping[str, Any] | None = None,
        scheduled_at: datetime | None = None,
    ) -> str:
        """Hand in a post, now or for later; returns the submission id to ask `status` about.

        `platform` is our name (`x`), `additional_posts` the further parts of a thread, `target_fields` what the platform
        needs in Blotato's spelling (`pageId`). Raises `bad_input` before anything is sent when something needed is missing.
        """
        _check_content(platform, text, media_urls, additional_posts)
        target = _target(platform, target_fields or {})
        content: dict[str, Any] = {"text": text, "mediaUrls": list(media_urls), "platform": PLATFORMS[platform]}
        if additional_posts:
            content["additionalPosts"] = [{"text": part, "mediaUrls": []} for part in additional_posts]
        body: dict[str, Any] = {"post": {"accountId": account_id, "content": content, "target": target}}
        if scheduled_at is not None:
            body["scheduledTime"] = iso(scheduled_at)
        return self.post("/posts", Submission, body).submission_id

    def status(self, submission_id: str) -> PostStatus:
        """How far a submission has come."""
        return self.get(f"/posts/{quote(submission_id, safe='')}", PostStatus)

    def accounts(self, platform: str | None = None) -> list[Account]:
        """The connected accounts, of one platform (our name) or all."""
        query = None if platform is None else {"platform": _known(platform)}
        return self.get("/users/me/accounts", Accounts, query).items

    def subaccounts(self, account_id: str) -> list[Subaccount]:
        """The pages below an account, for `pageId`."""
        return self.get(f"/users/me/accounts/{quote(account_id, safe='')}/subaccounts", Subaccounts).items

    def upload_media(self, url: str) -> str:
        """Have Blotato fetch a public file; returns its address there."""
        return self.post("/media", Media, {"url": url}).url

    def auth_headers(self) -> dict[str, str]:
        return {"blotato-api-key": self.link.api_key}

    def rejection(self, status: int, payload: Any) -> Failure | None:
        if status == 429:
            return OutsideRateLimited("Blotato asks for fewer calls", retry_after_s=PAUSE_S)
        if status == 404:
            return OutsideRejected("Blotato does not know this submission or account", reason="unknown")
        return None


def _known(platform: str) -> str:
    if platform not in PLATFORMS:
        raise BadInput(f"'{platform}' is none of {', '.join(PLATFORMS)}", field="platform")
    return PLATFORMS[platform]


def _check_content(platform: str, text: str, media_urls: Sequence[str], additional_posts: Sequence[str]) -> None:
    _known(platform)
    if platform in NEEDS_MEDIA and not media_urls:
        raise BadInput(f"{platform} needs a picture or video", field="media_urls")
    if len(media_urls) > MAX_MEDIA:
        raise BadInput(f"a post carries at most {MAX_MEDIA} files", field="media_urls")
    if not text.strip() and not media_urls:
        raise BadInput("a post needs text or media", field="text")
    if additional_posts and platform not in HAS_THREADS:
        raise BadInput(f"{platform} has no threads", field="additional_posts")
    if len(additional_posts) > MAX_ADDITIONAL:
        raise BadInput(f"a thread has at most {MAX_ADDITIONAL} further posts", field="additional_posts")
    if not all(part.strip() for part in additional_posts):
        raise BadInput("every further post needs text", field="additional_posts")


def _target(platform: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The target with everything the platform asks for; disclosures are never filled in for the caller."""
    needed = _NEEDED_FIELDS.get(platform, ())
    unknown = sorted(set(fields) - {*needed, *_FURTHER_FIELDS.get(platform, ())})
    if unknown:
        raise BadInput(f"{platform} has no field {unknown[0]}", field=f"target_fields.{unknown[0]}")
    for name in needed:
        if fields.get(name) in (None, ""):
            raise BadInput(f"{platform} needs {name}", field=f"target_fields.{name}")
    for name in sorted(_YES_NO & set(fields)):
        if not isinstance(fields[name], bool):
            raise BadInput(f"{name} is yes or no", field=f"target_fields.{name}")
    return {"targetType": PLATFORMS[platform], **_USUAL_FIELDS.get(platform, {}), **fields}
