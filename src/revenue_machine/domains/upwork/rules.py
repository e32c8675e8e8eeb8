"""What a job is worth looking at: its score with reasons, what rules it out, the odds of winning it, and where it may go next."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from revenue_machine.domains.owner.models import ServiceProfile
from revenue_machine.domains.upwork.models import Client, Job, Score, ScorePart, Status, Verdict, Worth
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import MICRO, show

# A change of these rules scores every waiting job again.
VERSION = "2026-11"
APPLY_FROM, MAYBE_FROM, ENOUGH_POINTS = 70.0, 45.0, 50
BUDGET_POINTS, SKILL_POINTS, CLIENT_POINTS, COMPETITION_POINTS, FRESHNESS_POINTS = 25, 30, 20, 15, 10
# At the floor a budget earns a third of its points; all of them at ten floors (fixed) or at four (by the hour).
_AT_FLOOR = 1 / 3
_FULL_FIXED, _FULL_HOURLY = 10.0, 4.0
# Figures nobody means: a listing that names them names no budget.
PLACEHOLDER_FIXED, PLACEHOLDER_HOURLY = 100_000 * MICRO, 500 * MICRO
_FRESH = ((1.0, 10.0), (4.0, 9.0), (24.0, 7.0), (72.0, 4.0), (168.0, 1.0), (336.0, 0.0))
_SPENT = ((0, 0.0), (1_000, 2.0), (10_000, 5.0), (50_000, 7.0))
_HIRES = ((0, 0.0), (1, 1.0), (5, 2.5), (20, 4.0))
_STARS = ((3.5, 0.0), (4.5, 2.5), (5.0, 4.0))
_VERIFIED = 5.0

# p(win) before anything was decided, per score band: share of proposals won, worth so many decided ones (a guess, and said so).
BANDS = (0.0, 45.0, 60.0, 70.0, 80.0, 90.0)
PRIOR_PPM = (10_000, 30_000, 60_000, 90_000, 120_000, 150_000)
PRIOR_WEIGHT = 20
# Price of one connect in micro-dollars from a date on.
CONNECT_PRICES = ((date(2026, 1, 1), 150_000),)
CONNECT_STEPS = ((100, 2), (500, 6), (1_000, 10))
MOST_CONNECTS = 16
# The clamp (DECISIONS); how many a day of the phase wants stands in its table of volumes.
PROPOSALS_PER_DAY = 5
# How long nothing may be heard: of a proposal since it went out, of an interview since the client's last move.
NO_RESPONSE_AFTER = timedelta(days=21)
INTERVIEW_SILENT_AFTER = timedelta(days=30)
NOT_HEARD_AGAIN = "no answer since the interview began"
# What Upwork lends is kept for a day (its API terms); a job that became a proposal is the owner's own record.
LENT_FOR = timedelta(hours=24)

MOVES: Mapping[str, frozenset[str]] = {
    "found": frozenset({"scored", "skipped"}),
    "scored": frozenset({"drafted", "skipped"}),
    "skipped": frozenset({"scored"}),
    "drafted": frozenset({"approved", "skipped"}),
    "approved": frozenset({"submitted", "skipped"}),
    "submitted": frozenset({"interviewing", "won", "lost", "no_response"}),
    "interviewing": frozenset({"won", "lost", "no_response"}),
    "no_response": frozenset({"interviewing", "won", "lost"}),
    "won": frozenset(),
    "lost": frozenset(),
}
SENT: tuple[Status, ...] = ("submitted", "interviewing", "won", "lost", "no_response")
DECIDED: tuple[Status, ...] = ("won", "lost", "no_response")


def is_silent(status: str, submitted_at: datetime | None, moved_at: datetime, now: datetime) -> bool:
    """Whether nothing was heard for so long that nothing will be; `moved_at` is when the row last changed."""
    if status == "submitted":
        return submitted_at is not None and submitted_at + NO_RESPONSE_AFTER <= now
    return status == "interviewing" and moved_at + INTERVIEW_SILENT_AFTER <= now


def may_move(before: str, after: str) -> bool:
    """Whether the transition table allows it."""
    return after in MOVES.get(before, frozenset())


def scored_for(profile: ServiceProfile) -> str:
    """What a score was made with: these rules and this profile."""
    return content_hash([VERSION, profile.model_dump(mode="json")])[:16]


def score_of(job: Job, profile: ServiceProfile, now: datetime) -> Score:
    """The score over the parts that have data, each part with its reason, and what rules the job out."""
    parts = (
        _budget(job, profile), _skill(job, profile), _client(job.client), _competition(job, profile), _freshness(job, now),
    )  # fmt: skip
    known = [(one.points, one.most) for one in parts if one.points is not None]
    most = sum(one for _, one in known)
    value = round(100.0 * sum(points for points, _ in known) / most, 1) if most else None
    return Score(value, most, parts, tuple(breaks(job, profile)))


def verdict(score: Score) -> Verdict:
    """What to do: apply from 70, maybe from 45, else pass; skip whatever is ruled out.

    Little evidence is not good evidence: apply needs half of the 100 points to be known, maybe needs to know the skills.
    """
    if score.breaks:
        return "skip"
    if score.value is None or score.value < MAYBE_FROM or score.part("skill").points is None:
        return "pass"
    return "apply" if score.value >= APPLY_FROM and score.known_points >= ENOUGH_POINTS else "maybe"


def breaks(job: Job, profile: ServiceProfile) -> Iterable[str]:
    """What rules a job out, in words: the floor, excluded words, too many others; unknown figures rule nothing out."""
    budget, high = _fixed_budget(job), _hourly(job)[1]
    if budget is not None and budget < profile.min_fixed_micro_usd:
        yield f"budget {show(budget)} is below your floor of {show(profile.min_fixed_micro_usd)}"
    if job.job_type == "hourly" and high is not None and high < profile.min_hourly_micro_usd:
        yield f"{show(high)} an hour is below your floor of {show(profile.min_hourly_micro_usd)}"
    text = " ".join((job.title, job.description or "", *job.skills)).casefold()
    for word in profile.excluded_words:
        if re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text):
            yield f"says “{word}”"
    if job.proposals is not None and job.proposals >= profile.most_proposals:
        yield f"{job.proposals} proposals already, {profile.most_proposals} are too many"


def summary(score: Score) -> str:
    """The score in one line, with what has no data."""
    if score.value is None:
        return "not scored: no part has data"
    parts = ", ".join(f"{one.name} {one.points:.1f}/{one.most}" for one in score.parts if one.points is not None)
    missing = ", ".join(one.name for one in score.parts if one.points is None)
    over = f" over {score.known_points} of 100 points (no data: {missing})" if missing else ""
    return f"{score.value:.1f}{over}: {parts}"


def _no_data(name: str, most: int, why: str = "not named") -> ScorePart:
    return ScorePart(name, most, None, f"no data: {why}")


def _fixed_budget(job: Job) -> int | None:
    """The budget of a job that has one price; None for a job by the hour and for a placeholder."""
    if job.job_type == "hourly" or job.budget_micro_usd is None or job.budget_micro_usd > PLACEHOLDER_FIXED:
        return None
    return job.budget_micro_usd


def _hourly(job: Job) -> tuple[int | None, int | None]:
    low, high = job.hourly_min_micro_usd, job.hourly_max_micro_usd
    if high is None or high > PLACEHOLDER_HOURLY:
        return None, None
    return low, high


def _budget(job: Job, profile: ServiceProfile) -> ScorePart:
    name, most = "budget", BUDGET_POINTS
    budget, (low, high) = _fixed_budget(job), _hourly(job)
    if job.job_type == "hourly" and high is not None:
        middle = (high + (high if low is None else low)) // 2
        points = most * _against_floor(middle, profile.min_hourly_micro_usd, _FULL_HOURLY)
        return ScorePart(name, most, points, f"{show(middle)} an hour in the middle, floor {show(profile.min_hourly_micro_usd)}")
    if budget is not None:
        points = most * _against_floor(budget, profile.min_fixed_micro_usd, _FULL_FIXED)
        return ScorePart(name, most, points, f"{show(budget)} fixed, floor {show(profile.min_fixed_micro_usd)}")
    named = job.budget_micro_usd if job.job_type != "hourly" else job.hourly_max_micro_usd
    return _no_data(name, most, "not named" if named is None else f"{show(named)} reads like a placeholder")


def _against_floor(amount: int, floor: int, full_at: float) -> float:
    """0..1, rising: nothing at zero, a third at the floor, everything at `full_at` floors."""
    if floor <= 0:
        return 1.0
    ratio = amount / floor
    if ratio <= 1.0:
        return _AT_FLOOR * ratio
    return min(1.0, _AT_FLOOR + (1.0 - _AT_FLOOR) * math.log(ratio) / math.log(full_at))


def words_of(text: str) -> str:
    """A skill as it is compared: `Node.js`, `node js` and `NodeJS` are one."""
    return re.sub(r"[^a-z0-9+#]+", "", text.casefold())


def _skill(job: Job, profile: ServiceProfile) -> ScorePart:
    """Half for the share of the listed skills that are ours, half for how many; without a list, the title speaks."""
    name, most = "skill", SKILL_POINTS
    own = {words_of(one) for one in profile.skills}
    listed = [one for one in job.skills if words_of(one)]
    if listed:
        ours = [one for one in listed if words_of(one) in own]
        points = most * (0.5 * len(ours) / len(listed) + 0.5 * min(len(ours), 3) / 3)
        shown = ", ".join(ours[:5]) or "none"
        return ScorePart(name, most, points, f"{len(ours)} of {len(listed)} listed skills are yours: {shown}")
    title = f" {re.sub(r'[^a-z0-9+#.]+', ' ', job.title.casefold())} "
    in_title = [one for one in profile.skills if f" {one.casefold()} " in title]
    if in_title:
        return ScorePart(name, most, most * min(len(in_title), 3) / 3, f"no list; the title names {', '.join(in_title[:5])}")
    return _no_data(name, most, "no skills listed, none of yours in the title")


def _client(client: Client) -> ScorePart:
    """Payment 5, money spent 7, hires 4, stars 4; what is not known is left out and the rest stands for the whole."""
    name, most = "client", CLIENT_POINTS
    found: list[tuple[float, float, str]] = []
    if client.is_payment_verified is not None:
        word = "payment verified" if client.is_payment_verified else "payment not verified"
        found.append((_VERIFIED * client.is_payment_verified, _VERIFIED, word))
    if client.spent_micro_usd is not None:
        found.append((_between(_SPENT, client.spent_micro_usd / MICRO), 7.0, f"{show(client.spent_micro_usd)} spent"))
    if client.hires is not None:
        found.append((_between(_HIRES, client.hires), 4.0, f"{client.hires} hires"))
    if client.rating is not None:
        found.append((_between(_STARS, client.rating), 4.0, f"{client.rating:.1f} stars"))
    if not found:
        return _no_data(name, most, "nothing is known of the client")
    points = most * sum(one[0] for one in found) / sum(one[1] for one in found)
    return ScorePart(name, most, points, ", ".join(one[2] for one in found))


def _competition(job: Job, profile: ServiceProfile) -> ScorePart:
    name, most = "competition", COMPETITION_POINTS
    if job.proposals is None:
        return _no_data(name, most, "number of proposals not named")
    points = most * max(0.0, 1.0 - job.proposals / profile.most_proposals)
    return ScorePart(name, most, points, f"{job.proposals} proposals so far")


def _freshness(job: Job, now: datetime) -> ScorePart:
    name, most = "freshness", FRESHNESS_POINTS
    if job.posted_at is None:
        return _no_data(name, most, "posting time not named")
    hours = max(0.0, (now - job.posted_at) / timedelta(hours=1))
    age = f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
    return ScorePart(name, most, _between(_FRESH, hours), f"posted {age} ago")


def _between(steps: Sequence[tuple[float, float]], value: float) -> float:
    """Straight lines through the steps, flat outside them."""
    if value <= steps[0][0]:
        return steps[0][1]
    for (left, low), (right, high) in pairwise(steps):
        if value <= right:
            return low + (high - low) * (value - left) / (right - left)
    return steps[-1][1]


@dataclass(frozen=True)
class Outcomes:
    """Decided proposals of one score band."""

    decided: int = 0
    won: int = 0


def band_of(score: float) -> int:
    """Index of a score's band: below 45, 45, 60, 70, 80, 90 and more."""
    return max(0, bisect_right(BANDS, score) - 1)


def band_name(band: int) -> str:
    """`70-80`."""
    return f"{BANDS[band]:.0f}-{BANDS[band + 1] if band + 1 < len(BANDS) else 100:.0f}"


def p_win_ppm(score: float, outcomes: Mapping[int, Outcomes]) -> int:
    """Parts per million: the prior of the band, moved by the owner's own outcomes (Beta with the prior worth 20 proposals)."""
    band = band_of(score)
    own = outcomes.get(band, Outcomes())
    return (PRIOR_PPM[band] * PRIOR_WEIGHT + own.won * MICRO) // (PRIOR_WEIGHT + own.decided)


def connect_price_micro_usd(day: date) -> int:
    """What one connect costs on a date."""
    return next((price for since, price in reversed(CONNECT_PRICES) if since <= day), CONNECT_PRICES[0][1])


def connects_for(job: Job) -> int:
    """Connects as Upwork names them, else by the size of the job: 2, 6, 10, and 16 for $1,000, by the hour and unknown."""
    if job.connects is not None:
        return job.connects
    budget = _fixed_budget(job)
    if budget is None:
        return MOST_CONNECTS
    return next((connects for below, connects in CONNECT_STEPS if budget < below * MICRO), MOST_CONNECTS)


def value_of(job: Job, profile: ServiceProfile) -> tuple[int | None, str]:
    """(micro-dollars a won job brings, how that is known)."""
    budget, (low, high) = _fixed_budget(job), _hourly(job)
    if budget is not None:
        return budget, f"budget {show(budget)}"
    if job.job_type != "hourly":
        return None, "value unknown"
    rate = profile.rate_micro_usd if high is None else max(low or 0, min(profile.rate_micro_usd, high))
    named = "at your rate, none is named" if high is None else "within the named range"
    return rate * profile.typical_hours, f"{profile.typical_hours} h at {show(rate)} ({named})"


def worth_of(job: Job, score: Score, profile: ServiceProfile, outcomes: Mapping[int, Outcomes], day: date) -> Worth:
    """p(win) × value − connects − minutes × rate, in micro-dollars."""
    connects = connects_for(job)
    chance = 0 if score.value is None else p_win_ppm(score.careful, outcomes)
    value, how = value_of(job, profile)
    spent = connects * connect_price_micro_usd(day)
    time_cost = profile.rate_micro_usd * profile.proposal_minutes // 60
    expected = None if value is None or score.value is None else value * chance // MICRO - spent - time_cost
    costs = f"{connects} connects {show(spent)} − {profile.proposal_minutes} min {show(time_cost)}"
    words = f"{show(expected)} = {chance / 10_000:.1f} % × {how} − {costs}"
    return Worth(expected, chance, value, connects, job.connects is not None, words)
