"""What a tracking link may be called and lead to; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from revenue_machine.kit.errors import BadInput

_PATH = "/%:@!$&'()*+,;=~"
MOST_URL = 2_048
# A name, an address, or an address of version 6; what else `urlsplit` lets through is no host.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{1,63}")


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


def check_slug(slug: str) -> str:
    """A word the owner may choose for a link: 2 to 64 small letters, digits, hyphens, underscores. Raises: bad_input."""
    if _SLUG.fullmatch(slug) is None:
        raise BadInput(f"'{slug}' cannot be a slug: 2 to 64 of a-z, 0-9, - and _, a letter or digit first", field="slug")
    return slug


def check_destination(url: str, public_url: str | None = None) -> str:
    """A destination the owner may link to: http or https, a host, no credentials, no control characters, no link of ours."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadInput(f"'{url}' is no address", field="destination_url") from None
    is_plain = parts.scheme in ("http", "https") and host and _HOST.fullmatch(host) and parts.netloc.isascii()
    if not is_plain or parts.username is not None or "@" in parts.netloc:
        raise BadInput(f"'{url}' cannot be the destination of a link", field="destination_url")
    if len(url) > MOST_URL or any(ord(letter) < 33 or ord(letter) == 127 or letter == "\\" for letter in url):
        raise BadInput(f"a destination has at most {MOST_URL} signs, no spaces or control characters", field="destination_url")
    if public_url is not None and host == urlsplit(public_url).hostname and parts.path.startswith("/r/"):
        raise BadInput("a tracking link cannot lead to a tracking link", field="destination_url")
    return url
