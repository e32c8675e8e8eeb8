"""Which clicks are a person's: versions of the filter over a few facts of a request, so that history can be judged anew; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

FILTER_VERSION = 3
# Nobody reads a mail that fast: what follows its links at once is the scanner of a mail server, whatever it calls itself.
HASTE_S = 10
MOST_WORDS = 160
_WORD = re.compile(r"[a-z]{2,}")
_PREFETCH_HEADERS = frozenset((b"purpose", b"sec-purpose", b"x-purpose", b"x-moz"))

_MACHINES_2 = re.compile(
    r"bot\b|crawl|spider|slurp|preview|facebookexternalhit|whatsapp|telegram|slack|discord|embedly|\bcurl\b|\bwget\b|\bpython\b|httpx|"
    r"go http|headless|monitor|scanner|safelinks|proofpoint|mimecast|barracuda"
)
# Since 3: browsers inside Telegram and Slack, and telephones by Cubot, are people again; more previewers and libraries are not.
_MACHINES_3 = re.compile(
    r"\b(?!cubot\b)[a-z]*bots?\b|crawl|spider|slurp|preview|facebookexternalhit|facebookcatalog|externalagent|externalfetcher|"
    r"\bwhatsapp\b|embedly|iframely|unfurl|metainspector|im(?:g|age)proxy|mailproxy|feedfetcher|mediapartners|inspectiontool|"
    r"googleother|"
    r"\b(?:curl|wget|python|httpx|httpie|aiohttp|urllib|libwww|axios|undici|scrapy|guzzlehttp|httpclient|insomnia|postmanruntime)\b|"
    r"^(?:java|ruby|perl|php|node|okhttp|dart|faraday|go http)\b|headless|phantomjs|puppeteer|playwright|selenium|"
    r"lighthouse|pagespeed|monitor|uptime|pingdom|statuscake|scanner|safelinks|urldefense|proofpoint|mimecast|barracuda|forcepoint|virustotal|zgrab|"
    r"masscan|nmap|nikto|sqlmap|nutch|archiver|validator|chatgpt|perplexity|claude user"
)


@dataclass(frozen=True)
class Facts:
    """What a filter may look at: words of the browser's name, signs of the request, the link's medium and age in seconds."""

    words: str
    signals: frozenset[str]
    medium: str
    link_age_s: int | None


def words_of(agent: str) -> str:
    """The words a browser calls itself by, each once, without versions: enough to tell machines, too little to tell people."""
    return " ".join(dict.fromkeys(_WORD.findall(agent.lower())))[:MOST_WORDS]


def signals_of(method: str, headers: Mapping[bytes, bytes]) -> list[str]:
    """Signs of a request: `head`, `prefetch`, `preview`, `no_agent`, `embedded`, `html`, `navigate`."""
    found = [] if method == "GET" else ["head"]
    for name in sorted(headers.keys() & _PREFETCH_HEADERS):
        said = headers[name].decode("latin-1").lower()
        found += [word for word in ("prefetch", "preview") if word in said and word not in found]
    if not headers.get(b"user-agent"):
        found.append("no_agent")
    if headers.get(b"sec-fetch-dest") in (b"image", b"script", b"style", b"empty"):
        found.append("embedded")
    if b"text/html" in headers.get(b"accept", b""):
        found.append("html")
    if headers.get(b"sec-fetch-mode") == b"navigate":
        found.append("navigate")
    return found


@lru_cache(maxsize=8192)
def judge(facts: Facts, version: int = FILTER_VERSION) -> str | None:
    """Why a request is no person's click by that version; None for a person. Raises: KeyError for a version there never was."""
    return FILTERS[version](facts)


def _second(facts: Facts) -> str | None:
    """`head`, `prefetch`, `no_agent`, `bot`, `scanner`."""
    return _by_signs(facts) or ("bot" if _MACHINES_2.search(facts.words) else _by_haste(facts))


def _third(facts: Facts) -> str | None:
    """Also `embedded` (fetched by a page, not by a person) and `flood` (new faces by the dozen from one place)."""
    by_signs = _by_signs(facts)
    if by_signs is not None:
        return by_signs
    if _MACHINES_3.search(facts.words):
        return "bot"
    found = next((one for one in ("embedded", "flood") if one in facts.signals), None)
    return found or _by_haste(facts)


def _by_signs(facts: Facts) -> str | None:
    if "head" in facts.signals:
        return "head"
    if "prefetch" in facts.signals or "preview" in facts.signals:
        return "prefetch"
    return "no_agent" if "no_agent" in facts.signals else None


def _by_haste(facts: Facts) -> str | None:
    is_hasty = facts.medium == "email" and facts.link_age_s is not None and 0 <= facts.link_age_s < HASTE_S
    return "scanner" if is_hasty else None


FILTERS: Mapping[int, Callable[[Facts], str | None]] = {2: _second, 3: _third}
