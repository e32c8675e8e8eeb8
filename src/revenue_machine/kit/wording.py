"""Finds in a text of ours what no model may put there: addresses, secrets, signs nobody sees, and words meant for machines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

# Top-level domains that a network makes a link of when they stand bare; others are taken for addresses before a slash only.
_TOPS = (
    "com|org|net|info|biz|xyz|top|shop|site|online|store|click|link|live|club|app|dev|page|cloud|tech|space|website|fun|icu|vip|work"
    "|invalid|example|ru|cn|de|uk|eu|us|io|ai|co|me|ly|gg|to|cc|tv|sh|su|pw|ws|in|nl|fr"
)
_ADDRESS = re.compile(
    rf"\w+://\S+|(?<![\w/])//[\w-]+\.\S+|\bwww\.\S+|\b(?:[\w-]+\.)+(?:{_TOPS})\b(?![.\w])|\b(?:[\w-]{{2,}}\.)+[a-z]{{2,24}}/\S+"
    r"|\]\([^)\s]*\)|\b(?:data|javascript|mailto):\S+",
    re.IGNORECASE,
)
_MAILBOX = re.compile(r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+\.\w+", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\w)(?:\+|00)\d[\d ().-]{7,}\d")
_TOKEN = re.compile(r"[\w+/=-]{12,}")
_KNOWN_SECRET = re.compile(r"\b(?:sk|pk|rk|whsec|ghp|gho|xox[abpr]|akia)[-_][\w-]{8,}|\bcanary\b|-----BEGIN ", re.IGNORECASE)
_SPELLED_OUT = re.compile(r"(?:(?<!\w)\w[\s.,_-]){10,}")
_SWITCHES = re.compile(r"(?<=\d)[^\W\d_]|(?<=[^\W\d_])\d")
_FOR_MACHINES = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules above|policy|you were told)\b"
    r"|\bsystem prompt\b|\byou are (?:now|an? (?:ai|assistant|llm|language model))\b|\bas an? (?:ai|large)? ?language model\b"
    r"|\bif you(?:'re| are) an? (?:ai|llm|language model)\b|\bprevious instructions\b|\bdebug ?bot\b|\bjailbreak\b"
    r"|</?\s*(?:brief|task|system|instructions?|assistant|function_calls|invoke|tool_use)\b|\[/?(?:inst|system|admin)\]"
    r"|\{\s*[\"'](?:tool|function|name|args|arguments|action)[\"']\s*:"
    r"|\b(?:approve|grant|mark|release)\b.{0,20}\b(?:all|every|any)\b.{0,40}\b(?:pending|waiting|messages?|items?|drafts?|approvals?)\b"
    r"|\ball approvals\b|\bapproved by the owner\b|\bkill switch\b|\b(?:raise|lift|remove) the (?:\w+ )?(?:budget|cap|ceiling)\b"
    r"|\bthe (?:api|access|secret) (?:key|token)\b.{0,40}\b(?:is|of this)\b|\bdecode (?:it|this) (?:yourself|and)\b"
    r"|\b(?:send|give|share|tell)\b.{0,30}\bbank (?:details|number|account)\b"
    r"|\b(?:forward|send|give|hand|reveal)\b.{0,30}\b(?:every conversation|all (?:messages|conversations)|contact list"
    r"|customer list|passwords?|credentials|private key)\b.{0,20}\bto\b",
    re.IGNORECASE | re.DOTALL,
)
# The same in the languages people try next: the word for the key, and the order to forget what was said.
_IN_OTHER_TONGUES = re.compile(
    r"geheime\w* (?:Schlüssel|Daten)|Zugangsdaten|(?:ignoriere|vergiss)\b.{0,30}\b(?:Anweisung|Vorgabe|Regel)|clave secreta"
    r"|contraseña|(?:ignora|olvida)\b.{0,30}\binstrucciones|clé secrète|mot de passe"
    r"|(?:ignore|oublie)\w*\b.{0,30}\b(?:consignes"
    r"|instructions)|chiave segreta"
    r"|密钥|密码|忽略.{0,12}指令|секретн\w+ ключ|парол|забудь.{0,30}указан|المفتاح السري|كلمة السر|تجاهل",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_HIDDEN = frozenset({"Cf", "Cc", "Co", "Cn", "Cs"})
# An emoji may be made of several with this between them.
_JOINER = "\u200d"


def address_in(text: str) -> str | None:
    """The first web address, mailbox or telephone number in a text, however it is spelt."""
    for form in (text, unicodedata.normalize("NFKC", text)):
        for pattern in (_ADDRESS, _MAILBOX, _PHONE):
            found = pattern.search(form)
            if found:
                return found.group()[:60]
    return None


def secret_in(text: str) -> str | None:
    """The first thing that looks like a key rather than a word: letters and digits in turn, or letters one by one."""
    return next(_secrets(unquote(unicodedata.normalize("NFKC", _visible(text)))), None)


def masked(text: str) -> str:
    """A text as it may be quoted to somebody: what looks like a key is cut out."""
    form = unquote(unicodedata.normalize("NFKC", _visible(text)))
    found = sorted(set(_secrets(form)), key=len, reverse=True)
    if not found:
        return text
    for one in found:
        form = form.replace(one, "…")
    return form


def _secrets(form: str) -> Iterator[str]:
    for pattern in (_KNOWN_SECRET, _SPELLED_OUT):
        yield from (one.group() for one in pattern.finditer(form))
    yield from (one for one in _TOKEN.findall(form) if len(_SWITCHES.findall(one)) >= 3)


def orders_in(text: str) -> str | None:
    """The first words that speak to a machine, or to whoever holds its keys, instead of to people."""
    form = unicodedata.normalize("NFKC", _visible(text))
    found = _FOR_MACHINES.search(form) or _IN_OTHER_TONGUES.search(form)
    return found.group()[:60] if found else None


def hides_signs(text: str) -> bool:
    """Whether a text holds signs nobody sees; line ends and what joins two emoji are none."""
    return any(_is_hidden(text, place) for place in range(len(text)))


def _is_hidden(text: str, place: int) -> bool:
    sign = text[place]
    if sign in "\n\t" or unicodedata.category(sign) not in _HIDDEN:
        return False
    return sign != _JOINER or not _joins_emoji(text, place)


def _joins_emoji(text: str, place: int) -> bool:
    """A joiner between two pictures, not between two letters."""
    around = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    return len(around) == 2 and not any(sign.isalnum() or sign.isspace() for sign in around)


def _visible(text: str) -> str:
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in _HIDDEN)


def poison_in(text: str) -> str | None:
    """Why a text is nothing a person should find among ours, in a few words; None when nothing is wrong with it."""
    if hides_signs(text):
        return "it holds signs nobody sees"
    if secret_in(text) is not None:
        return "it holds what may be a secret"
    found = orders_in(text)
    return None if found is None else f"it holds words to a machine: {found[:40]}"


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text that say anything."""
    return [one for one in _SENTENCE_END.split(text) if one.strip()]


def runs(words: Sequence[str], length: int) -> list[str]:
    """Every run of so many words, in order: two texts that share one were not written apart."""
    return [" ".join(words[start : start + length]) for start in range(len(words) - length + 1)]


def is_plain(text: str) -> bool:
    """Whether a model's sentence may be kept as advice: no address in it and nothing that is not meant for people."""
    return poison_in(text) is None and address_in(text) is None
