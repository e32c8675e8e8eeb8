"""The page Upwork: what waits for the owner, the best jobs with their reasons, and how proposals did."""

from __future__ import annotations

from revenue_machine.domains.upwork.models import FoundJob, Rate, RecentProposal, SearchArgs
from revenue_machine.domains.upwork.upwork_engine import UpworkEngine
from revenue_machine.engine.page import Figure, Figures, Notice, Notices, Table, Tone, View, page
from revenue_machine.kit.money import micro, show

_JOB_COLUMNS = ("Job", "Score", "Worth", "Kind", "Why")
_SHOWN = 10


@page("/upwork", title="Upwork", order=55)
def upwork(engine: UpworkEngine) -> View:
    """Jobs, proposals and outcomes as they stand."""
    status, stats = engine.status(), engine.stats()
    best = engine.search(SearchArgs(query=None, order="expected_value", status="scored", limit=_SHOWN)).jobs
    counts = stats.by_status
    interviewing = counts.get("interviewing", 0)
    figures = (
        Figure("Jobs kept", f"{status.jobs:,}", f"{counts.get('skipped', 0):,} ruled out"),
        Figure("Waiting for you", str(status.waiting_for_you), tone=Tone.WAITING if status.waiting_for_you else Tone.QUIET),
        Figure("Out", str(counts.get("submitted", 0) + interviewing), f"{interviewing} interviewing"),
        Figure("Won", str(counts.get("won", 0)), f"contracts for {show(micro(stats.contract_value_usd))}", Tone.GOOD),
        Figure("Received", show(micro(stats.revenue_usd)), f"connects {show(micro(stats.connects_usd))}"),
    )
    return View(
        "Upwork", "Jobs are scored for you; the day's five best become proposals that you approve and send.",
        (
            Notices("For you", _notices(status.health, status.waiting_for_you), "Nothing waits."),
            Figures(figures),
            Table("Best jobs without a proposal", _JOB_COLUMNS, tuple(_job(one) for one in best), numeric=("Score", "Worth")),
            Table("Latest proposals", ("Job", "Status", "Score"), tuple(map(_proposal, status.recent_proposals)),
                  numeric=("Score",)),
            Table("Odds by score", ("Score", "Decided", "Won", "p(win)"), tuple(_band(one) for one in stats.by_score_band),
                  numeric=("Decided", "Won", "p(win)")),
        ),
    )  # fmt: skip


def _notices(health: str, waiting: int) -> tuple[Notice, ...]:
    found = []
    if waiting:
        found.append(Notice(f"{waiting} proposals wait for your yes or to be sent", link="/inbox", action="Look"))
    if health != "ready":
        found.append(Notice("Upwork cannot be searched", Tone.BAD, health))
    return tuple(found)


def _job(one: FoundJob) -> tuple[str, ...]:
    worth = "–" if one.expected_value_usd is None else show(micro(one.expected_value_usd))
    return one.title, "–" if one.score is None else f"{one.score:.1f}", worth, one.job_type, one.score_line


def _proposal(one: RecentProposal) -> tuple[str, ...]:
    return one.title, one.status.replace("_", " "), "–" if one.score is None else f"{one.score:.1f}"


def _band(one: Rate) -> tuple[str, ...]:
    return one.group, str(one.decided), str(one.won), "–" if one.p_win is None else f"{100 * one.p_win:.1f} %"
