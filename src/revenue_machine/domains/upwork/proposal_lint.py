"""Whether a proposal may be shown to its owner at all: what it must not claim, copy, name or leave out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from revenue_machine.kit.wording import address_in, masked, poison_in, runs, sentences

MOST_WORDS, LEAST_WORDS = 300, 40
COPIED_WORDS = 8
# A claim about ourselves is backed when this share of its weighty words stands in one fact.
BACKED_FROM = 0.7
_CONTACT = (
    (re.compile(r"[\w.+-]+@[\w-]+\.\w+"), "an e-mail address"),
    (re.compile(r"(?:\+|\b00)?\d[\d ().-]{7,}\d"), "a telephone number"),
    (re.compile(r"\b(?:e-?mail me|call me at|text me|message me on|add me on)\b", re.IGNORECASE), "a way around Upwork"),
)
# A job about a Telegram bot may be answered with that word; nobody else needs it.
_ELSEWHERE = re.compile(r"\b(?:whats\s?app|telegram|skype|discord|wechat|calendly|zoom|google meet)\b", re.IGNORECASE)
# Tools people ask for by that name.
_TOOL = re.compile(r"(?<![\w./-])(?:make\.com|bubble\.io|monday\.com|socket\.io|fly\.io|x\.ai)(?![\w/-]|\.\w)", re.IGNORECASE)
_DONE = (
    "built|made|delivered|shipped|worked|led|helped|created|developed|designed|completed|launched|managed|run|ran|served|finished"
    "|implemented|automated"
)
_CLAIM = re.compile(
    rf"\b(?:I(?:'ve| have)?\s+(?:(?!would|will|can|could|should|might)\w+\s+)?(?:{_DONE})"
    r"|years? of|experienced?\b|experience (?:with|in)|expert(?:ise)?\b|specialist|certified|award|top[- ]rated"
    r"|my (?:past |previous )?clients?\b|clients? (?:like|such as)|trusted by|worked (?:with|for|at)|case stud(?:y|ies)"
    r"|portfolio|similar projects?|track record|dozens|hundreds|thousands|our (?:team|agency|company))",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|fifty|hundred|thousand)\b", re.IGNORECASE
)
_GREETING = re.compile(
    r"^\s*(?i:hi|hello|hey|dear|good (?:morning|afternoon|evening))\b"
    r"(?:[ \t]+(?P<name>[^,!.:\n]*)|,[ \t]*(?P<called>[A-Z]\w+(?: [A-Z]\w+)?)(?=[,!\n]))"
)
_NOBODY = frozenset({"", "there", "team", "all", "everyone", "hiring manager", "sir or madam"})
_BLANK = re.compile(r"\[[A-Za-z][^\]]*\]|\{\w+\}|<\w[^>]*>|lorem ipsum", re.IGNORECASE)
_PROMISE = re.compile(r"\bguarante\w*|\b100 ?%|\brisk[- ]free\b|\bmoney[- ]back\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9+#]+")
_LIGHT = frozenset(
    _WORD.findall(
        "a an and are as at be but by can do for from have i in is it me my of on or our so that the this to we will with you your"
    )
)


@dataclass(frozen=True)
class LintRules:
    """What a text is held against: the job's words, what may be claimed, what may not be said."""

    title: str
    description: str
    facts: tuple[str, ...]
    no_go: tuple[str, ...] = ()
    client_name: str | None = None


def flaws(text: str, rules: LintRules) -> tuple[str, ...]:
    """Everything wrong with a proposal, each as one sentence; none for a text that may be shown."""
    return tuple(
        masked(flaw)
        for look in (_length, _question, _contact, _greeting, _copied, _claims, _numbers, _forbidden, _obedience)
        for flaw in look(text, rules)
    )


def word_count(text: str) -> int:
    """Words as a person counts them."""
    return len(text.split())


def _length(text: str, _rules: LintRules) -> Iterator[str]:
    words = word_count(text)
    if words >= MOST_WORDS:
        yield f"{words} words; fewer than {MOST_WORDS} are wanted"
    elif words < LEAST_WORDS:
        yield f"{words} words; at least {LEAST_WORDS} are wanted"


def _question(text: str, _rules: LintRules) -> Iterator[str]:
    if "?" not in text:
        yield "it asks the client nothing"


def _contact(text: str, rules: LintRules) -> Iterator[str]:
    for pattern, words in _CONTACT:
        found = pattern.search(text)
        if found:
            yield f"it holds {words}: {found.group().strip()}"
    address = address_in(_TOOL.sub(" ", _CONTACT[0][0].sub(" ", text)))
    if address is not None:
        yield f"it holds a web address: {address}"
    elsewhere = _ELSEWHERE.search(text)
    if elsewhere and elsewhere.group().lower() not in f"{rules.title} {rules.description}".lower():
        yield f"it holds a way around Upwork: {elsewhere.group()}"


def _greeting(text: str, rules: LintRules) -> Iterator[str]:
    found = _GREETING.match(text)
    name = (found["name"] or found["called"] or "").strip() if found else ""
    known = (rules.client_name or "").casefold()
    if name.casefold() not in _NOBODY and name.casefold() not in {known, known.split(" ")[0]}:
        yield f"it greets “{name}”, who is not the client" if known else f"it greets “{name}”, a name nobody gave"


def _copied(text: str, rules: LintRules) -> Iterator[str]:
    theirs = frozenset(_runs(f"{rules.title} . {rules.description}"))
    copied = next((run for run in _runs(text) if run in theirs), None)
    if copied:
        yield f"it copies the job: “{copied}”"


def _runs(text: str) -> list[str]:
    return runs(_WORD.findall(text.lower()), COPIED_WORDS)


def _claims(text: str, rules: LintRules) -> Iterator[str]:
    for sentence in sentences(text):
        found = _CLAIM.search(sentence)
        if found and not sentence.rstrip().endswith("?") and not is_backed(sentence, rules.facts):
            yield f"no fact stands behind “{sentence.strip()[:120]}”"


def is_backed(sentence: str, facts: tuple[str, ...]) -> bool:
    """Whether most of what a sentence says stands in one fact."""
    said = set(_WORD.findall(sentence.lower())) - _LIGHT
    return not said or any(len(said & set(_WORD.findall(fact.lower()))) >= BACKED_FROM * len(said) for fact in facts)


def _numbers(text: str, rules: LintRules) -> Iterator[str]:
    """A figure has to come from the job or from a fact; the numbers of a list are no figures."""
    given = " ".join((rules.title, rules.description, *rules.facts)).lower()
    known = {one.replace(",", "").rstrip(".") for one in _NUMBER.findall(given)} | set(_NUMBER_WORD.findall(given))
    plain = re.sub(r"(?m)^\s*\d[.)]\s", "", text)
    used = [one.replace(",", "").rstrip(".") for one in _NUMBER.findall(plain)]
    used += [one.lower() for one in _NUMBER_WORD.findall(plain)]
    for one in dict.fromkeys(used):
        if one not in known:
            yield f"nobody gave the number {one}"


def _forbidden(text: str, rules: LintRules) -> Iterator[str]:
    lower = text.casefold()
    for phrase in rules.no_go:
        if phrase.casefold() in lower:
            yield f"it says “{phrase}”, which you never want said"
    promise = _PROMISE.search(text)
    if promise:
        yield f"it promises “{promise.group()}”"
    blank = _BLANK.search(text)
    if blank:
        yield f"a blank was left unfilled: {blank.group()}"


def _obedience(text: str, _rules: LintRules) -> Iterator[str]:
    poison = poison_in(text)
    if poison is not None:
        yield poison
