"""Takes an owner's set of posts in, whatever its layout, and says what it can teach: mechanics, numbers, timing."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.research.rules import ALIASES, PLATFORMS, UNKNOWN_NICHE, Counts, NicheMatcher
from revenue_machine.domains.research.store import NewItem, store_items, touch_blueprints
from revenue_machine.engine.database import Database
from revenue_machine.engine.importing import BadRow, ImportField, ImportRow, ImportSource, LeftOut, Written
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.settings import Settings

FIELDS = (
    ImportField("source_url", "text", ("url", "post_url", "link", "permalink", "tweet_url", "video_url", "share_url")),
    ImportField("external_id", "text", ("video_id", "post_id", "tweet_id", "media_id", "item_id", "id")),
    ImportField("platform", "text", ("source_platform", "network", "channel")),
    ImportField("niche", "text", ()),
    ImportField(
        "caption", "text",
        ("content_caption", "text", "tweet_text", "post_text", "description", "message", "body", "content",
         "video_transcription_text", "transcript", "title"),
    ),
    ImportField("hashtags", "text", ("content_hashtags", "tags", "hashtag")),
    ImportField("content_type", "text", ("type", "post_type", "media_type", "format")),
    ImportField("likes", "count", ("like", "like_count", "metrics_likes", "video_like_count", "favorites", "reactions")),
    ImportField(
        "comments", "count", ("comment", "comment_count", "metrics_comments", "video_comment_count", "replies", "reply_count")
    ),
    ImportField("shares", "count", ("share", "share_count", "metrics_shares", "video_share_count", "retweets", "reposts")),
    ImportField("saves", "count", ("save", "bookmarks", "save_count", "metrics_saves", "video_download_count", "downloads")),
    ImportField("quotes", "count", ("quote_count", "quote_tweets")),
    ImportField(
        "views", "count",
        ("view_count", "video_view_count", "metrics_views", "impressions", "t_impression", "lifetime_post_total_impressions",
         "plays", "reach", "t_reach"),
    ),
    ImportField(
        "followers", "count", ("follower_count", "creator_follower_count", "page_t_likes", "page_total_likes", "subscribers")
    ),
    ImportField("posted_at", "instant", ("post_date", "date", "created_at", "timestamp", "published_at", "posted")),
    ImportField("posted_weekday", "count", ("weekday", "post_weekday", "day_of_week")),
    ImportField("posted_hour", "count", ("hour", "post_hour", "hour_of_day")),
    ImportField("age", "text", ("time_since_posted",)),
    ImportField("author", "text", ("creator_handle", "author_handle", "username", "advertiser_name", "handle")),
)  # fmt: skip
_PLATFORM_WORDS = {
    "tiktok": "tiktok", "instagram": "instagram", "facebook": "facebook", "threads": "threads", "twitter": "x", "tweet": "x",
}  # fmt: skip
_CONTENT_TYPES = {"photo": "image", "picture": "image", "reel": "video", "album": "carousel", "status": "text"}
_AGE = re.compile(r"(\d+)\s*(minute|hour|day|week)s?", re.IGNORECASE)
_AGE_UNIT = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_TAG = re.compile(r"#(\w+)")
_NUMBERS = ("likes", "comments", "shares", "saves", "quotes", "views")


def begin(source: ImportSource, business: Business, database: Database, clock: Clock, settings: Settings) -> MarketItemImport:
    """Start on one file; `bad_input` when no column and no file name says which platform it is from."""
    return MarketItemImport(source, business, database, clock, local_zone_date=local_date(clock.now(), settings.zone))


def guess_platform(source: ImportSource) -> str | None:
    """The platform for every row: as set, else as the file's name or columns say; None when rows say it themselves."""
    given = source.constants.get("platform")
    if given is not None:
        return read_platform(given)
    if "platform" in source.mapping:
        return None
    words = " ".join([source.file.name, *source.file.columns]).lower()
    found = {platform for word, platform in _PLATFORM_WORDS.items() if word in words}
    if len(found) != 1:
        raise BadInput("which platform is this file from? say it, for instance --set platform=tiktok", field="platform")
    return found.pop()


def read_platform(text: str) -> str:
    """A platform by any of its names, or `bad_input`."""
    word = text.strip().lower().replace(" ", "_")
    word = ALIASES.get(word, word)
    if word not in PLATFORMS:
        raise BadInput(f"'{text}' is none of {', '.join(PLATFORMS)}", field="platform")
    return word


class MarketItemImport:
    """The rows of one file."""

    def __init__(self, source: ImportSource, business: Business, database: Database, clock: Clock, *, local_zone_date: Any) -> None:
        self._source, self._database, self._clock, self._today = source, database, clock, local_zone_date
        self._platform = guess_platform(source)
        self._niches = {one.key for one in business.niches}
        self._matcher = NicheMatcher({one.key: (one.name, *one.search_terms, *one.hashtags) for one in business.niches})
        column = source.mapping.get("posted_weekday", "")
        self._has_weekday_zero = any(row.values.get(column, "").strip() == "0" for row in source.file.rows)
        self._now = clock.now()
        self._items: list[NewItem] = []

    def read(self, row: ImportRow) -> None:
        """Take a row in; a row with neither text nor any number teaches nothing and is left out."""
        caption = row.text("caption")
        counts = Counts(**{name: row.count(name) for name in _NUMBERS}, followers=row.count("followers"))
        if caption is None and all(getattr(counts, name) is None for name in _NUMBERS):
            raise LeftOut("neither text nor numbers")
        tags = [tag.lower() for tag in _TAG.findall(f"{row.text('hashtags') or ''} {caption or ''}")]
        posted_at, weekday, hour = self._posted(row)
        platform = self._platform_of(row)
        self._items.append(
            NewItem(
                source="import", platform=platform, niche=self._niche(row, caption, tags), counts=counts, provenance="import",
                source_url=row.text("source_url") or self._source.key(row.number), caption=caption,
                content_type=_content_type(row.text("content_type"), platform), external_id=row.text("external_id"),
                hashtag=tags[0] if tags else None, advertiser_name=row.text("author"), posted_at=posted_at, posted_weekday=weekday,
                posted_hour=hour, import_file=self._source.file.sha256, row_number=row.number, collected_at=self._now,
                metadata=_metadata(row, tags),
            )
        )  # fmt: skip

    def write(self, connection: sa.Connection) -> Written:
        """Store everything and read the mechanics off what has text."""
        stored = store_items(connection, self._database, self._items, self._now)
        if stored.stored + stored.refreshed:
            pairs = {(one.platform, one.niche) for one in self._items if one.caption}
            touch_blueprints(connection, self._database, pairs, self._now, self._today)
        return Written(stored.stored, stored.refreshed + stored.equal)

    def notes(self) -> list[str]:
        """What this file can teach and what it cannot."""
        if not self._items:
            return ["no row could be used"]
        platforms = Counter(one.platform for one in self._items)
        niches = Counter(one.niche for one in self._items)
        found = [f"platform: {_counted(platforms)}", f"niche (by your own terms): {_counted(niches)}"]
        if not any(one.caption for one in self._items):
            found.append("this set has no text: it feeds percentiles and timing only and never becomes a blueprint")
        if not any(one.posted_weekday is not None for one in self._items):
            found.append("this set has no posting time: it says nothing about timing")
        if "posted_weekday" in self._source.mapping and not self._has_weekday_zero:
            found.append("weekdays 1..7 are read as Sunday..Saturday")
        if not any(one.counts.views is not None for one in self._items):
            found.append("this set has no views: its scores compare only among themselves")
        if "source_url" not in self._source.mapping:
            found.append("rows have no URL: they are known by file and row number")
        return found

    def _platform_of(self, row: ImportRow) -> str:
        if self._platform is not None:
            return self._platform
        try:
            return read_platform(row.text("platform") or "")
        except BadInput as reason:
            raise BadRow(reason.message) from None

    def _niche(self, row: ImportRow, caption: str | None, tags: list[str]) -> str:
        given = row.text("niche")
        if given is not None:
            word = given.lower().replace(" ", "_").replace("-", "_")
            return word if word in self._niches else UNKNOWN_NICHE
        return self._matcher.match(caption or "", tags) or UNKNOWN_NICHE

    def _posted(self, row: ImportRow) -> tuple[datetime | None, int | None, int | None]:
        """(instant, weekday 0 = Sunday, hour) as far as the file tells; a bare date tells no hour."""
        moment = row.instant("posted_at")
        weekday, hour = row.count("posted_weekday"), row.count("posted_hour")
        if moment is not None:
            is_bare_date = len(row.written.get("posted_at", "")) <= 10
            return moment, (moment.weekday() + 1) % 7, None if is_bare_date else moment.hour
        if weekday is not None and not 0 <= weekday <= (6 if self._has_weekday_zero else 7):
            raise BadRow(f"{weekday} is no weekday")
        if hour is not None and hour > 24:
            raise BadRow(f"{hour} is no hour")
        if weekday is not None and not self._has_weekday_zero:
            weekday = (weekday - 1) % 7
        return None, weekday, None if hour is None else hour % 24


def _metadata(row: ImportRow, tags: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"hashtags": tags[:30]} if tags else {}
    age = _AGE.search(row.text("age") or "")
    if age:
        found["age_hours"] = round(int(age[1]) * _AGE_UNIT[age[2].lower()] / timedelta(hours=1), 2)
    rest = {column: text for column, text in row.extra.items() if text.strip()}
    return {**found, "columns": rest} if rest else found


def _content_type(text: str | None, platform: str) -> str | None:
    word = (text or "").lower()
    if word:
        return _CONTENT_TYPES.get(word, word[:40])
    return "video" if platform == "tiktok" else None


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))
