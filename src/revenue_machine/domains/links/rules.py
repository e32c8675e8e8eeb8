"""What counts as a person's click, and what a tracking link leads to; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from revenue_machine.kit.errors import BadInput

FILTER_VERSION = 2
# Nobody reads a mail that fast: what follows its links at once is the scanner of a mail server, whatever it calls itself.
HASTE = timedelta(seconds=10)
_PATH = "/%:@!$&'()*+,;=~"
_BOTS = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|facebookexternalhit|whatsapp|telegram|slack|discord|embedly|curl/|wget/|python-|httpx|go-http|"
    r"headless|monitor|scanner|safelinks|proofpoint|mimecast|barracuda",
    re.IGNORECASE,
)
_PREFETCH_HEADERS = ("purpose", "sec-purpose", "x-purpose", "x-moz")


def filter_reason(method: str, headers: Mapping[str, str]) -> str | None:
    """Why a request is no person's click: `head`, `prefetch`, `no_agent`, `bot`; None for a person."""
    if method != "GET":
        return "head"
    if any("prefetch" in headers.get(name, "").lower() or "preview" in headers.get(name, "").lower() for name in _PREFETCH_HEADERS):
        return "prefetch"
    agent = headers.get("user-agent", "")
    if not agent:
        return "no_agent"
    return "bot" if _BOTS.search(agent) else None


def is_hasty(medium: str, made_at: datetime, now: datetime) -> bool:
    """Whether a link of a mail was followed before anybody could have read it."""
    return medium == "email" and now - made_at < HASTE


def landing_url(destination_url: str, utm: Mapping[str, str], click_id: str) -> str:
    """The destination with our UTM values and click id; what it carries already is never overwritten."""
    return tagged_url(destination_url, utm, (("rc", click_id),))


def tagged_url(destination_url: str, utm: Mapping[str, str], ours: tuple[tuple[str, str], ...] = ()) -> str:
    """The destination with UTM values where it has none, and with what is ours alone; plain ASCII, fit for a header."""
    parts = urlsplit(destination_url)
    taken = {name for name, _ in ours}
    present = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in taken]
    names = {name for name, _ in present}
    added = [(name, value) for name, value in utm.items() if name not in names]
    path, fragment = quote(parts.path, safe=_PATH), quote(parts.fragment, safe=_PATH + "?")
    return urlunsplit(parts._replace(path=path, query=urlencode([*present, *added, *ours]), fragment=fragment))


def check_destination(url: str) -> str:
    """A destination the owner may link to: http or https, a host, no credentials, no control characters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadInput(f"'{url}' is no address", field="destination_url") from None
    is_plain = parts.scheme in ("http", "https") and parts.hostname and parts.netloc.isascii()
    if not is_plain or parts.username is not None:
        raise BadInput(f"'{url}' cannot be the destination of a link", field="destination_url")
    if any(ord(letter) < 33 or ord(letter) == 127 or letter == "\\" for letter in url):
        raise BadInput("a destination has no spaces or control characters", field="destination_url")
    return url
