"""Whether a message may be shown to its owner: length, facts, familiarity, links, names, and words that only a machine obeys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from revenue_machine.domains.outreach.scoring import ORDERS
from revenue_machine.kit.wording import address_in, masked, poison_in, runs, sentences

LEAST_WORDS = 5
COPIED_WORDS = 7
# A sentence that names a product is backed when this share of its weighty words stands in one fact.
BACKED_FROM = 0.6
LINK_MARK = "[link]"
OPT_OUT_LINE = "Not for you? Say stop and I will not write again."

_WORD = re.compile(r"[a-z0-9']+")
_NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")
_COUNT_WORD = re.compile(
    r"\b(?:dozens?|hundreds?|thousands?|millions?|twice|thrice|double|triple|half|ten|twenty|fifty|(?:two|three|four|five) times)\b"
    r"(?=.{0,40}\b(?:clients?|customers?|users?|companies|founders?|teams?|people|revenue|sales|replies|leads|time|cost|years?)\b)",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"\bguarante\w*|\brisk[- ]free\b|\bno risk\b|\b100\s?%|\bproven\b|\b(?:the )?best (?:tool|app|way|product|solution)\b"
    r"|\bnumber one\b|\b#1\b|\bworld[- ]class\b|\bmoney[- ]back\b|\bskyrocket|\bovernight\b|\b10x\b"
    r"|\bpassive income\b|\bindustry[- ]leading\b"
    r"|\bwill (?:double|triple|save you|grow your)\b",
    re.IGNORECASE,
)
_TRACK_RECORD = re.compile(
    r"\b(?:we|i)(?:'ve| have)? (?:helped|worked with|served|built (?:this|it|tools?) for|onboarded|grew|increased|saved)\b"
    r"|\b(?:our|my) (?:clients?|customers?|users?) (?:love|say|see|get|saved|include)\b|\btrusted by\b|\baward\b"
    r"|\bas seen (?:in|on)\b"
    r"|\b(?:our|my) (?:team|investors?)\b|\bbacked by\b|\bcase stud(?:y|ies)\b",
    re.IGNORECASE,
)
_TALKED = re.compile(
    r"\b(?:great|good|nice|lovely|wonderful|pleasure|enjoyed) (?:to )?(?:talk|talking|chat|chatting|speak|speaking"
    r"|meet|meeting|catch|catching|connecting|seeing)\b"
    r"|\bas (?:we )?(?:discussed|agreed|promised|mentioned)\b|\b(?:our (?:last |recent )?|the (?:last"
    r"|recent) )(?:call|conversation|chat|meeting)\b"
    r"|\bwe (?:met|spoke|talked|chatted)\b|\bremember me\b|\blong time no\b|\bgood to see you\b|\bour mutual\b|\bmutual friend\b"
    r"|\b(?:suggested|recommended|told me) (?:that )?i (?:should )?(?:reach|contact|write|message|talk)\b"
    r"|\bthanks? for (?:your time|the chat|the call|reaching out)\b"
    r"|\bfollowing up on (?:our|your)\b|\bas (?:an? )?old friends?\b|\bhope (?:you're|you are) (?:still )?enjoying\b",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"\b(?:loved?|enjoyed|liked|read|saw|watched|impressed by|inspired by|admire|big fan of|huge fan of|fan of"
    r"|congrat\w*(?: on)?|kudos)\b"
    r".{0,30}\b(?:your|you)\b|\b(?:i(?:'ve| have) been) (?:following|reading|watching)\b|\byour (?:recent|latest|last|new) \w+"
    r"|\bcame across your (?:post|article|talk|podcast|video|work)\b|\byour (?:post|article|talk|podcast|video"
    r"|newsletter) (?:on|about|really)\b",
    re.IGNORECASE,
)
_URL = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|dev|app|me|ai|co|ly|gg|xyz|info|link)\b(?:/\S*)?",
    re.IGNORECASE,
)
_DETOUR = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+|(?:\+|\b00)\d[\d ().-]{7,}\d|\b(?:whatsapp|telegram me|signal me|wechat|calendly)\b", re.IGNORECASE
)
_PUSH = re.compile(
    r"\b(?:act now|last chance|hurry|limited (?:time|spots?|offer)|only (?:today|a few)|(?:spots?|seats?) left"
    r"|before it'?s too late|don'?t miss)\b"
    r"|^\s*(?:re|fwd?)\s*:|\burgent\b",
    re.IGNORECASE,
)
_RESIDUE = re.compile(
    r"\bas an? (?:ai|language model|assistant)\b|\bi (?:cannot|can't|am unable to) (?:help|assist|comply|fulfil)\b"
    r"|\bsystem prompt\b"
    r"|\bhere (?:is|'s) (?:your|the|a) (?:message|draft|note)\b|```|!\[|</?[a-z][^>]*>|\blorem ipsum\b|\bsubject:\s",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\[[A-Za-z][^\]]*\]|\{+\s*\w+\s*\}+|<\w+>|\bXX+\b|\bfirst ?name\b", re.IGNORECASE)
_SECRET = re.compile(r"\b(?:sk|pk|whsec|ghp|xox[bp])[-_][\w-]{8,}|\bcanary\b|\b(?=\w*[a-zA-Z])(?=\w*\d)\w{16,}\b", re.IGNORECASE)
_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|thanks?(?: for connecting| for accepting)?)\b[\s,]+"
    r"(?:(?P<name>(?-i:[A-Z])[\w'’-]*)|(?P<lower>\w+)(?=[,!:]))?",
    re.IGNORECASE,
)
_NOBODY = frozenset({"", "there", "for", "again", "i", "just", "quick", "thanks", "you", "so", "a", "the", "your", "and"})
_MENTION = re.compile(r"(?<![\w.@])[@#]\w{2,}")
_WAY_OUT = re.compile(
    r"\b(?:say|reply|write|answer|just say|tell me) [“\"']?(?:stop|no)\b|\bwill not write again\b|\bwon'?t (?:write"
    r"|message|bother) (?:you )?again\b|\bopt out\b",
    re.IGNORECASE,
)
_LIGHT = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "for", "from", "have", "i", "in", "is",
    "it", "its", "me", "my", "of", "on", "or", "our", "so", "that", "the", "this", "to", "we", "with", "you",
    "your", "will", "one", "if", "it's", "i'm", "there's", "would", "could", "about", "what", "how", "up",
    "out", "just", "more", "when", "which",
})  # fmt: skip


@dataclass(frozen=True)
class LintRules:
    """What a message is held against.

    `facts` are the owner's, prices among them; `products` the names whose mention needs one; `evidence` outside words that are on
    file; `others` first names of other people at hand; `theirs` what the person's profile says; `known_words` names that may hold
    any sign (their company); `link` the only address allowed.
    """

    action: str
    most_chars: int
    first_name: str | None = None
    facts: tuple[str, ...] = ()
    no_go: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()
    known_words: tuple[str, ...] = ()
    link: str | None = None
    has_talked: bool = False
    may_sell: bool = False
    needs_opt_out: bool = False


def flaws(text: str, rules: LintRules) -> tuple[str, ...]:
    """Everything wrong with a message, a sentence each; none for one that may be shown."""
    looks = (
        _length, _signs, _links, _names, _familiar, _numbers, _claims, _selling, _forbidden, _obedience, _copied, _opt_out,
    )  # fmt: skip
    return tuple(dict.fromkeys(masked(flaw) for look in looks for flaw in look(text, rules)))


def _bare(text: str, rules: LintRules) -> str:
    """The words without what may hold any sign: the one link that is allowed, and names."""
    for known in (rules.link, *rules.known_words):
        text = text.replace(known, " ") if known else text
    return text


def _length(text: str, rules: LintRules) -> Iterator[str]:
    if len(_WORD.findall(text.lower())) < LEAST_WORDS:
        yield "it says nothing"
    if len(text) > rules.most_chars:
        yield f"{len(text)} of {rules.most_chars} characters"


def _signs(text: str, rules: LintRules) -> Iterator[str]:
    hidden = [sign for sign in text if unicodedata.category(sign) in ("Cf", "Cc", "Co", "Cn") and sign not in "\n\u200d"]
    if hidden:
        yield "it holds signs nobody sees"
    letters = [sign for sign in text if sign.isalpha()]
    if len(letters) > 20 and sum(sign.isupper() for sign in letters) > 0.4 * len(letters):
        yield "it shouts"
    if "!!" in text or text.count("!") > 2:
        yield "too many exclamation marks"
    if _MENTION.search(_bare(text, rules)):
        yield "it names an account or a hashtag"


def _links(text: str, rules: LintRules) -> Iterator[str]:
    if rules.action == "connect" and ((rules.link and rules.link in text) or LINK_MARK in text):
        yield "a link in an invitation"
    if rules.link and text.count(rules.link) > 1:
        yield "the link stands twice"
    found = _URL.search(_bare(text, rules))
    address = found.group()[:60] if found else address_in(_bare(text, rules).replace(LINK_MARK, " "))
    if address:
        yield f"an address of its own: {address}"
    detour = _DETOUR.search(text)
    if detour:
        yield f"another way to write to somebody: {detour.group()[:40]}"


def _names(text: str, rules: LintRules) -> Iterator[str]:
    found = _GREETING.match(text)
    name = (found["name"] or found["lower"] or "") if found else ""
    if name.casefold() not in _NOBODY and name.casefold() != (rules.first_name or "").casefold():
        yield f"it greets {name}, not {rules.first_name}" if rules.first_name else f"it greets {name}, a name nobody gave"
    own = (rules.first_name or "").casefold()
    other = next((one for one in sorted(rules.others) if one.casefold() != own and re.search(rf"\b{re.escape(one)}\b", text)), None)
    if other:
        yield f"it names {other}, who is somebody else"
    blank = _BLANK.search(_bare(text, rules))
    if blank:
        yield f"a blank was left unfilled: {blank.group()}"


def _familiar(text: str, rules: LintRules) -> Iterator[str]:
    talked = _TALKED.search(text)
    if talked and not rules.has_talked:
        yield f"false familiarity: “{talked.group().strip()}”, and you never talked"
    for sentence in sentences(text):
        seen = _SEEN.search(sentence)
        if seen and not is_backed(sentence, rules.evidence, share=0.3):
            yield f"false familiarity: “{seen.group().strip()}” without evidence on file"


def _numbers(text: str, rules: LintRules) -> Iterator[str]:
    given = {_plain(one) for fact in rules.facts for one in _NUMBER.findall(fact)}
    for one in dict.fromkeys(_plain(found) for found in _NUMBER.findall(_bare(text, rules))):
        if one not in given:
            yield f"no fact gives the number {one}"
    said = _COUNT_WORD.search(text)
    if said and not any(said.group().lower() in fact.lower() for fact in rules.facts):
        yield f"no fact gives the figure “{said.group()}”"


def _claims(text: str, rules: LintRules) -> Iterator[str]:
    promise = _PROMISE.search(text)
    if promise and not any(promise.group().lower() in fact.lower() for fact in rules.facts):
        yield f"it promises “{promise.group()}”"
    for sentence in sentences(_bare(text, rules)):
        boast = _TRACK_RECORD.search(sentence)
        if boast and not is_backed(sentence, rules.facts):
            yield f"no fact stands behind “{boast.group().strip()}”"
        named = next((one for one in rules.products if re.search(rf"\b{re.escape(one)}\b", sentence, re.IGNORECASE)), None)
        if named and not sentence.rstrip().endswith("?") and not is_backed(sentence, rules.facts):
            yield f"no fact of {named} says “{sentence.strip()[:80]}”"


def _selling(text: str, rules: LintRules) -> Iterator[str]:
    push = _PUSH.search(text)
    if push:
        yield f"it pushes: “{push.group().strip()}”"
    if rules.may_sell:
        return
    named = next((one for one in rules.products if re.search(rf"\b{re.escape(one)}\b", text, re.IGNORECASE)), None)
    if named or re.search(r"[$€£]\s?\d|\b(?:free trial|discount|pricing|buy|subscribe|sign up)\b", text, re.IGNORECASE):
        yield f"it sells{f' {named}' if named else ''} where nothing may be sold"


def _forbidden(text: str, rules: LintRules) -> Iterator[str]:
    lower = text.casefold()
    for phrase in rules.no_go:
        if phrase.strip() and phrase.casefold() in lower:
            yield f"it says “{phrase}”, which you never want said"


def _obedience(text: str, rules: LintRules) -> Iterator[str]:
    for pattern, words in (
        (ORDERS, "it passes on orders to a machine"),
        (_RESIDUE, "it speaks as a machine"),
        (_SECRET, "it may hold a secret"),
    ):
        found = pattern.search(_bare(text, rules))
        if found:
            yield f"{words}: “{found.group().strip()[:40]}”"
    poison = poison_in(_bare(text, rules))
    if poison is not None:
        yield poison


def _copied(text: str, rules: LintRules) -> Iterator[str]:
    theirs = {run for one in rules.theirs for run in _runs(one)}
    copied = next((run for run in _runs(text) if run in theirs), None)
    if copied:
        yield f"it repeats their profile: “{copied}”"


def _opt_out(text: str, rules: LintRules) -> Iterator[str]:
    if rules.needs_opt_out and not _WAY_OUT.search(text):
        yield "it does not say how to end this"


def is_backed(sentence: str, facts: Sequence[str], share: float = BACKED_FROM) -> bool:
    """Whether a share of what a sentence says stands in one fact, two weighty words of it at least."""
    said = set(_WORD.findall(sentence.lower())) - _LIGHT
    return any(len(said & set(_WORD.findall(fact.lower()))) >= max(2, share * len(said)) for fact in facts)


def _runs(text: str) -> list[str]:
    return runs(_WORD.findall(text.lower()), COPIED_WORDS)


def _plain(number: str) -> str:
    return number.replace(",", "").rstrip(".").removesuffix(".00")
