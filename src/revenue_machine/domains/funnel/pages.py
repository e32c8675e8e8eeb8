"""The page Funnel: the phase, five rates against their targets, the day's volumes, and when the next milestone comes."""

from __future__ import annotations

from datetime import date

from revenue_machine.domains.funnel.desk import FunnelDesk
from revenue_machine.domains.funnel.models import ActionVolume, FunnelStatus, StepRate
from revenue_machine.domains.funnel.wording import ahead_lines, band_words, verdict_words
from revenue_machine.domains.phase.models import Volume
from revenue_machine.engine.page import Figure, Figures, Notice, Notices, Table, Text, Tone, View, page

_TONES = {"below": Tone.BAD, "on_target": Tone.GOOD, "above": Tone.GOOD}


@page("/funnel", title="Funnel", order=30)
def funnel(desk: FunnelDesk) -> View:
    """The funnel as it stands."""
    found = desk.status()
    ahead = found.forecast
    milestones = [] if ahead is None else ahead.milestones
    return View(
        "Funnel", "Five steps from a view to a customer who stays; 90 % intervals, and no verdict before there are people enough.",
        (
            Notices("For you", tuple(_notices(found)), "Nothing stands out."),
            Figures(_figures(found)),
            Table("Rates, last 28 days", ("Step", "Rate", "90 %", "People", "Target", "Verdict"),
                  tuple(map(_rate, found.rates)), numeric=("Rate", "90 %", "People", "Target")),
            Table("Today", ("Action", "Done", "Phase wants"), tuple(map(_action, found.actions)), numeric=("Done",)),
            Table("Ahead", ("Paying", "Early", "Likely", "Late"),
                  tuple((str(one.payers), _date(one.early), _date(one.likely), _date(one.late)) for one in milestones),
                  none="Too early for a forecast.", numeric=("Paying",)),
            Text("What helps", tuple(ahead_lines(ahead)) or ("Too early to say.",)),
            Text("In the next phase", tuple(found.changes_in_next_phase) or ("There is none.",)),
        ),
    )  # fmt: skip


def _notices(found: FunnelStatus) -> list[Notice]:
    notices = []
    if found.is_stale:
        notices.append(
            Notice("The number of payers is not known now", Tone.WAITING, "the phase stays; nothing is spent more on it")
        )
    if found.override_reason is not None:
        notices.append(Notice(f"The phase is held by hand: {found.override_reason}", Tone.WAITING))
    notices += [Notice(f"{one.words}: below target", Tone.BAD) for one in found.rates if one.verdict == "below"]
    return notices


def _figures(found: FunnelStatus) -> tuple[Figure, ...]:
    to_next = "the last phase" if found.to_next is None else f"{found.to_next} to the next phase"
    return (
        Figure("Phase", str(found.phase), found.phase_words),
        Figure("Paying", "–" if found.paying_users is None else str(found.paying_users), to_next),
        *(
            Figure(one.words.capitalize(), _share(one.rate), verdict_words(one), _TONES.get(one.verdict, Tone.QUIET))
            for one in found.rates
        ),
    )


def _rate(one: StepRate) -> tuple[str, ...]:
    interval = "–" if one.low is None or one.high is None else f"{100 * one.low:.1f}-{100 * one.high:.1f}"
    beside = "" if one.forecast is None else f" (forecast {100 * one.forecast:.0f} %)"
    return one.words, _share(one.rate) + beside, interval, f"{one.part:,} of {one.whole:,}", band_words(one), verdict_words(one)


def _action(one: ActionVolume) -> tuple[str, ...]:
    span = {"day": "", "week": " a week", "open": " open"}[one.span]
    done = "–" if one.done is None else str(one.done)
    return one.label, done, f"{Volume(one.least, one.most).words()}{span}"


def _share(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f} %"


def _date(day: date | None) -> str:
    return "–" if day is None else f"{day:%d %b %Y}"
