"""Pure: how rates, volumes and what lies ahead are said in a report, a message or a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from revenue_machine.domains.funnel.models import ForecastReport, StepRate

_VERDICTS = {"below": "below", "on_target": "on target", "above": "above"}
_SHORT = {
    "drafts": "drafts", "published": "posts", "linkedin_drafts": "LinkedIn", "dm_drafts": "DMs", "upwork_proposals": "Upwork",
    "emails": "mails",
}  # fmt: skip


def band_words(one: StepRate) -> str:
    """`2-5 %`, or `80 %` where more is always better."""
    low, high = round(100 * one.target_low), round(100 * one.target_high)
    return f"{low}-{high} %" if high < 100 else f"{low} %"


def verdict_words(one: StepRate) -> str:
    """Below, on target, above, or how many more people it takes to say."""
    if one.verdict in _VERDICTS:
        return _VERDICTS[one.verdict]
    if one.verdict == "no_data":
        return "nobody yet"
    return f"too early, about {rounded(one.needs_more or 1)} more to judge"


def rounded(count: int) -> str:
    """A guess in two digits: 1,237 reads 1,200."""
    places = max(0, len(str(count)) - 2)
    return f"{round(count, -places):,}"


def rate_line(one: StepRate) -> str | None:
    """`1.2 % clicks of views (target 2-5 %: below)`; None of nobody without forecast."""
    beside = "" if one.forecast is None else f", forecast {100 * one.forecast:.0f} %"
    if one.rate is None:
        return f"{one.words}: no cohort is a month old{beside} (target {band_words(one)})" if one.forecast is not None else None
    return f"{100 * one.rate:.1f} % {one.words} (target {band_words(one)}: {verdict_words(one)}{beside})"


def volume_line(actions: Mapping[str, Mapping[str, int | None]]) -> str | None:
    """`48/50 drafts, 31/30 posts, 12 mails (at most 30)`: what was done of what the phase wants."""
    parts = []
    for name, word in _SHORT.items():
        said = actions.get(name)
        if said is None or said["done"] is None:
            continue
        least, most = said["least"], said["most"]
        parts.append(f"{said['done']}/{least} {word}" if least else f"{said['done']} {word} (at most {most})")
    return ", ".join(parts) or None


def ahead_lines(found: ForecastReport | None) -> list[str]:
    """The next milestone with its band, and the step that buys most time; or why it is too early."""
    if found is None or found.is_early:
        return [] if found is None else [f"forecast {found.reason}"]
    lines = [f"{one.payers} paying: {_when(one.early, one.likely, one.late)}" for one in found.milestones[:1]]
    best = next((one for one in found.levers if one.days_saved), None)
    if best is not None:
        words = best.step.replace("_", " ")
        lines.append(
            f"most time is won at {words}: {100 * best.from_rate:.1f} -> {100 * best.to_rate:.0f} % saves {best.days_saved} days"
        )
    return lines


def _when(early: date | None, likely: date | None, late: date | None) -> str:
    if likely is None:
        return "not within two years at today's pace" if early is None else f"{early:%d %b %Y} at the earliest"
    end = "later than two years" if late is None else f"{late:%d %b %Y}"
    return f"about {likely:%d %b %Y} (between {early:%d %b %Y} and {end})" if early else f"about {likely:%d %b %Y}"
