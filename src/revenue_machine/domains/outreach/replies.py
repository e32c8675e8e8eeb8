"""What an answer means by its words alone: a no, a machine, spam, a lead; None where a model has to read it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from revenue_machine.domains.crm.models import IntentClass

INTENTS: tuple[str, ...] = get_args(IntentClass)
# What gets no drafted answer.
SILENT = frozenset({"spam", "automated"})
_STOP = re.compile(
    r"^\W*(?:please\s+)?(?:stop|unsubscribe|remove(?: me)?|opt[- ]?out|no more|leave me alone|end|cancel|quit"
    r"|remove me please)\W*(?:please|thanks?|thank you)?\W*$"
    r"|\b(?:stop|don'?t|do not|never|quit)\b.{0,20}\b(?:messag\w*|contact\w*|writ\w*|spamm\w*|email\w*|dm\w*|bother\w*)\b"
    r"|\bunsubscribe\b|\bopt(?:ing)? (?:me )?out\b|\bremove me\b|\btake me off\b|\bleave me alone\b"
    r"|\bno more (?:messages|dms|of this)\b"
    r"|\bnot (?:consent|agree) to\b|\breport(?:ed|ing)? (?:you|this|as spam)\b|\bgdpr\b|\b(?:hör|hören sie) auf\b"
    r"|\barrêtez\b|\bno me escrib",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:no|nope|nah|no thanks?|no thank you|not for me|not interested|pass|i'?ll pass|not now"
    r"|not right now)\W*(?:thanks?|thank you|sorry|for now)?\W*$"
    r"|\bnot interested\b|\bno,? thanks?\b|\bno thank you\b|\bnot (?:for|a fit for) (?:me|us)\b|\bwe(?:'re"
    r"| are) (?:all )?(?:set|good)\b|\bnot looking\b",
    re.IGNORECASE,
)
_RULES: tuple[tuple[IntentClass, re.Pattern[str]], ...] = (
    ("automated", re.compile(
        r"\bout of (?:the )?office\b|\bon (?:vacation|holiday|leave) (?:until|till|from)\b|\bauto(?:matic"
        r"|mated)?[- ]?(?:reply|response|message)\b"
        r"|\bthis is an automated\b|\bi(?:'m| am) currently away\b|\bwill (?:get back|reply"
        r"|respond) (?:to you )?(?:as soon as|within|when i)\b"
        r"|\bthank you for (?:your message|contacting)\b.{0,60}\b(?:we|our team)\b", re.IGNORECASE | re.DOTALL)),
    ("spam", re.compile(
        r"\b(?:seo|backlinks?|guest posts?|link building|web ?design) (?:services?|packages?|offers?|agency)\b"
        r"|\bcrypto\b.{0,40}\b(?:invest|profit|signal)\b"
        r"|\b(?:increase|boost) your (?:followers|ranking|traffic)\b|\bloan\b|\bcasino\b|\bforex\b|\bwhatsapp me\b"
        r"|\bclick (?:here|this link)\b"
        r"|\bi can (?:help you )?(?:rank|grow your instagram)\b", re.IGNORECASE | re.DOTALL)),
    ("job_offer", re.compile(
        r"\bwe(?:'re| are) hiring\b|\b(?:open|full[- ]time|part[- ]time) (?:role|position)\b|\brecruit\w*\b"
        r"|\bjoin our team\b|\bjob (?:offer|opening)\b"
        r"|\bsend (?:me )?your (?:cv|resume)\b|\blooking for a job\b|\bare you hiring\b", re.IGNORECASE)),
    ("support", re.compile(
        r"\b(?:bug|error|crash\w*|broken|doesn'?t work|not working|can'?t (?:log|sign) ?in|refund|cancel my"
        r"|my (?:account|subscription|invoice)|charged twice)\b",
        re.IGNORECASE)),
    ("collaboration", re.compile(
        r"\b(?:collab\w*|partner(?:ship| up| with)|work together|co-?host|guest on|podcast|affiliate"
        r"|cross[- ]promo\w*|joint)\b", re.IGNORECASE)),
    ("lead", re.compile(
        r"\b(?:how much|price|pricing|cost|demo|trial|interested|tell me more|send (?:me )?(?:the |a |more )?(?:link"
        r"|info|details)|how (?:does|do) (?:it|this|that|you)"
        r"|how (?:would|could|can) (?:it|this|i)|does it (?:work|support|integrate)|can it|is there a|what(?:'s"
        r"| is) (?:it|the product|the tool)|love to (?:try|see|hear)"
        r"|sounds (?:good|useful|interesting|great)|curious|show me|sign me up|where do i)\b", re.IGNORECASE)),
    ("greeting", re.compile(
        r"^\W*(?:hi|hello|hey|thanks?|thank you|cheers|welcome|nice to (?:meet|e-?meet|connect)(?: with)?(?: you)?"
        r"|good (?:morning|afternoon|evening)|great to connect)"
        r"[\w\s,'!.]{0,40}$", re.IGNORECASE)),
    ("networking", re.compile(
        r"\b(?:connect|network|coffee|meetup|event|in the same (?:field|space|city)|keep in touch|stay in touch)\b",
        re.IGNORECASE)),
)  # fmt: skip
# Refusals that say something of the account; each closes the channel for a day. That one person is not there says nothing of it.
_BLOCKS: Mapping[str, str] = {
    "blocked": "a person has blocked you", "restricted": "the account is restricted",
    "disconnected": "the account must be linked anew", "provider_limit": "the platform asks for fewer messages",
}  # fmt: skip


def is_stop(text: str) -> bool:
    """Whether somebody asks never to be written to again; one word is enough."""
    return bool(_STOP.search(" ".join(text.split())[:400]))


def is_no(text: str) -> bool:
    """Whether somebody declines this, without asking for more than that."""
    return bool(_NO.search(" ".join(text.split())[:400]))


def intent_of(text: str) -> IntentClass | None:
    """The class of an answer, None when its words alone do not tell."""
    plain = " ".join(text.split())[:1000]
    if is_no(plain):
        return "greeting"
    return next((name for name, pattern in _RULES if pattern.search(plain)), None)


def outcome_of(text: str, intent: str | None, *, is_history: bool) -> str:
    """What a message leads to: opted_out, history (too old to answer), declined, silent (nobody to answer) or owed."""
    if is_stop(text):
        return "opted_out"
    if is_history:
        return "history"
    if is_no(text):
        return "declined"
    return "silent" if intent in SILENT else "owed"


def block_signal(reason: str | None) -> str | None:
    """Why a channel has to rest after a refusal of this kind; None when it need not."""
    return None if reason is None else _BLOCKS.get(reason)
