"""When a mail is due, what may stand in it, when sending has to stop, and what a hold-out proves; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from types import MappingProxyType

from revenue_machine.kit.intervals import Z95, wilson
from revenue_machine.kit.wording import address_in, poison_in

# The recipient's day in which a mail may arrive at all (reliability §11), and the hours it is planned for (definitions §2.8).
OPENS, CLOSES = time(8), time(21)
PREFERRED_OPENS, PREFERRED_CLOSES = time(9), time(11)
# What a day bears unless the owner says otherwise stands in the phase's table of volumes; no setting passes the clamp.
MOST_PER_DAY = 1_000
# What one person bears over all channels together; three, because the seed's own trial mails are three in seven days.
PERSON_DAY, PERSON_WEEK = 1, 3
COUNTED = timedelta(days=7)
CONVERTS_WITHIN = timedelta(days=30)
# A text that is written anew is asked about this long before it goes, and a yes to it stands for a week.
ASKED_BEFORE: Mapping[str, timedelta] = MappingProxyType({"person": timedelta(days=2), "issue": timedelta(days=1)})
STANDS = timedelta(days=7)
# Reliability §12: complaints 0.3 %, bounces 5 % (ours) of a week's mails; below 200 mails two complaints or ten bounces.
SMALL = 200
COMPLAINT_STOP, COMPLAINT_WARN, FEW_COMPLAINTS = 0.003, 0.001, 2
BOUNCE_STOP, BOUNCE_WARN = 0.05, 0.03
MOST_SUBJECT, MOST_BODY = 120, 4_000
WEEK_ZERO = date(2024, 1, 1)
_LINK = re.compile(r"\[([^\[\]\n]{1,80})\]\(([a-z_]{1,20})\)")
_TAG = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_QUOTED = re.compile(r"^(?:>|on .{4,120}wrote:|-{2,}\s*original message|_{5,}|from: )", re.IGNORECASE)
_STOP = re.compile(
    r"^\W*(?:please\s+)?(?:stop|unsubscribe|remove(?: me)?|opt[- ]?out|cancel|no more)\W*(?:please|thanks?|thank you)?\W*$"
    r"|\bunsubscribe\b|\bremove me\b|\btake me off\b|\bopt(?:ing)? (?:me )?out\b|\bleave me alone\b"
    r"|\b(?:stop|don'?t|do not|never)\b.{0,20}\b(?:mail\w*|email\w*|writ\w*|contact\w*|messag\w*|spam\w*)\b",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"\bout of (?:the )?office\b|\bauto(?:matic|mated)?[- ]?(?:reply|response)\b|\bon (?:vacation|holiday|leave) (?:until|till)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Standing:
    """What is known of a person at the moment a mail would leave."""

    has_address: bool
    is_reachable: bool
    is_email_opt_out: bool
    email_state: str
    has_replied: bool
    subscriptions: tuple[str, ...]
    has_lawful_basis: bool
    is_warm: bool


def exit_reason(trigger: str, standing: Standing) -> str | None:
    """Why a person's sequence ends here; None when the mail is still wanted. Opens never decide anything."""
    if not standing.has_address:
        return "no address"
    if not standing.is_reachable or standing.is_email_opt_out:
        return "opted out"
    if standing.email_state in ("bounced", "complained"):
        return standing.email_state
    if standing.has_replied:
        return "replied"
    return _REASONS[trigger](standing)


def _trial(standing: Standing) -> str | None:
    if "refunded" in standing.subscriptions:
        return "refunded"
    return "purchased" if _pays(standing) else None


def _churned(standing: Standing) -> str | None:
    if "refunded" in standing.subscriptions:
        return "refunded"
    return "came back" if _pays(standing) or "trial" in standing.subscriptions else None


def _weekly(standing: Standing) -> str | None:
    if not standing.has_lawful_basis:
        return "no lawful basis"
    if _pays(standing):
        return "purchased"
    return None if standing.is_warm else "no longer warm"


_REASONS = {"trial_started": _trial, "churned": _churned, "weekly": _weekly}


def standing_of(status: str, *, has_paid: bool) -> str:
    """A subscription's status as sequences see it: a trial whose renewal is switched off is a trial still."""
    return "trial" if status == "cancelled_at_period_end" and not has_paid else status


def _pays(standing: Standing) -> bool:
    return any(one in ("active", "grace", "cancelled_at_period_end") for one in standing.subscriptions)


def week_number(day: date) -> int:
    """Weeks since the first Monday of 2024: the step number of a weekly mail."""
    return (day - WEEK_ZERO).days // 7


def day_of_week(number: int, weekday: int) -> date:
    """The date of that weekday (0 is Monday) in that week."""
    return WEEK_ZERO + timedelta(days=number * 7 + weekday)


def per_day(setting: int | None, of_phase: int) -> int:
    """Mails a day: what the phase bears unless the owner set a number, which may not pass the clamp."""
    return of_phase if setting is None else min(setting, MOST_PER_DAY)


@dataclass(frozen=True)
class Health:
    """A week of mails: how many went out, came back, were called spam."""

    sent: int
    bounced: int
    complained: int


def reason_to_stop(health: Health) -> str | None:
    """Why marketing mail has to stop now; None when it need not."""
    if health.sent < SMALL:
        if health.complained >= FEW_COMPLAINTS:
            return f"{health.complained} complaints on {health.sent} mails in seven days"
        if health.bounced >= SMALL * BOUNCE_STOP:
            return f"{health.bounced} bounces on {health.sent} mails in seven days"
        return None
    return _share("complaints", health.complained, health.sent, COMPLAINT_STOP) or _share(
        "bounces", health.bounced, health.sent, BOUNCE_STOP
    )


def reason_to_warn(health: Health) -> str | None:
    """What is getting near the point where sending stops."""
    if health.sent < SMALL:
        return None
    return _share("complaints", health.complained, health.sent, COMPLAINT_WARN) or _share(
        "bounces", health.bounced, health.sent, BOUNCE_WARN
    )


def _share(name: str, count: int, sent: int, most: float) -> str | None:
    return f"{count} {name} on {sent} mails in seven days ({count / sent:.2%})" if count >= sent * most else None


def text_faults(subject: str, body: str, links: Sequence[str], no_go: Sequence[str]) -> list[str]:
    """What forbids a text: other placeholders than ours, links of its own, claims the owner excluded, a subject that is none."""
    whole = f"{subject}\n{body}"
    faults = []
    if not subject.strip() or "\n" in subject or len(subject) > MOST_SUBJECT or "{" in subject:
        faults.append(f"the subject is one line of at most {MOST_SUBJECT} characters")
    if not body.strip() or len(body) > MOST_BODY:
        faults.append(f"the text has 1 to {MOST_BODY} characters")
    rest = _TAG.sub(lambda hit: "" if hit[1] == "greeting" else hit[0], body)
    if any(mark in rest for mark in ("{{", "{%", "{#", "}}", "%}")):
        faults.append("{{ greeting }} is the only placeholder")
    if address_in(_LINK.sub(" ", _TAG.sub(" ", whole))) is not None:
        faults.append("links are written [words](product); an address of its own would go uncounted")
    poison = poison_in(whole)
    if poison is not None:
        faults.append(poison)
    faults += [f"there is no link ({key})" for _, key in _LINK.findall(body) if key not in links]
    faults += [f"'{word}' is on the owner's no-go list" for word in no_go if word.casefold() in whole.casefold()]
    return faults


def blocks(body: str) -> list[str]:
    """A text's paragraphs."""
    return [part.strip() for part in re.split(r"\n\s*\n", body) if part.strip()]


def links_in(body: str) -> list[tuple[str, str]]:
    """(words, key) of every link, in order."""
    return [(words, key) for words, key in _LINK.findall(body)]


def is_button(block: str) -> bool:
    """Whether a paragraph is nothing but one link."""
    return _LINK.fullmatch(block) is not None


def replace_links(block: str, make: Mapping[str, str], shape: str) -> str:
    """Every link in a shape of `{words}` and `{address}`; `make` knows the address of each key."""
    return _LINK.sub(lambda hit: shape.replace("{words}", hit[1]).replace("{address}", make[hit[2]]), block)


def own_words(text: str) -> str:
    """What somebody wrote, without what they quoted below it."""
    lines = []
    for line in text.splitlines():
        if _QUOTED.match(line.strip()):
            break
        lines.append(line)
    return " ".join(" ".join(lines).split())


def is_stop(text: str) -> bool:
    """Whether an answer asks never to be written to again; the quoted footer does not count."""
    return bool(_STOP.search(own_words(text)[:300]))


def is_automatic(subject: str, text: str, headers: Mapping[str, str]) -> bool:
    """Whether a machine answered: nobody has read the mail."""
    named = {name.lower(): value.lower() for name, value in headers.items()}
    if (
        named.get("auto-submitted", "no") != "no"
        or "x-autoreply" in named
        or named.get("precedence") in ("auto_reply", "bulk", "junk")
    ):
        return True
    return bool(_AWAY.search(subject) or _AWAY.search(own_words(text)[:300]))


@dataclass(frozen=True)
class Lift:
    """What the mails changed, as the difference of two shares with its 95 % interval (Newcombe)."""

    treated: int
    treated_converted: int
    held_out: int
    held_out_converted: int
    difference: float
    low: float
    high: float


def lift(treated: tuple[int, int], held_out: tuple[int, int]) -> Lift | None:
    """(people, converted) with and without mail; None until there are people on both sides."""
    sent, kept_back = wilson(treated[1], treated[0], Z95), wilson(held_out[1], held_out[0], Z95)
    if sent is None or kept_back is None:
        return None
    first, second = treated[1] / treated[0], held_out[1] / held_out[0]
    (low1, high1), (low2, high2) = sent, kept_back
    low = first - second - math.hypot(first - low1, high2 - second)
    high = first - second + math.hypot(high1 - first, second - low2)
    return Lift(*treated, *held_out, first - second, low, high)
