"""The topics of experiments: what counts prove, and the book of what is being tried."""

from __future__ import annotations

from revenue_machine.domains.experiments.asked import (
    Changed,
    CloseArgs,
    ListArgs,
    ListResult,
    LookArgs,
    LookResult,
    NoteArgs,
    OpenArgs,
    OpenResult,
    ShowArgs,
    ShowResult,
    SweepResult,
)
from revenue_machine.domains.experiments.book import ExperimentBook
from revenue_machine.domains.experiments.book_desk import ExperimentDesk
from revenue_machine.domains.experiments.book_ending import ExperimentEnds
from revenue_machine.domains.experiments.book_looks import ExperimentLooks
from revenue_machine.domains.experiments.models import (
    MaturityArgs,
    MaturityResult,
    SizeArgs,
    SizeResult,
    VerdictArgs,
    VerdictResult,
)
from revenue_machine.engine.topic import Effect, topic


@topic("experiments.verdict", effect=Effect.PURE, section="INTERFACE§7")
def verdict(args: VerdictArgs) -> VerdictResult:
    """Say what the counts of an experiment prove: ship, roll back, keep going, inconclusive, or unhealthy (a broken split).

    Returns: the verdict with its reason in words, the winner, effect and interval, a p for one planned look and one that survives
    any number of looks, the p of the split, days left, power; every arm beside the control.
    Raises: bad_input naming the field for counts, names, splits and plans that cannot be.
    """
    from revenue_machine.domains.experiments.verdict import judge

    return judge(args)


@topic("experiments.size", effect=Effect.PURE, section="own: how long a test takes is asked before it is opened")
def size(args: SizeArgs) -> SizeResult:
    """Say how many users and days it takes to find an effect, and how likely free looks find it in the same time.

    Raises: bad_input for no effect, or one that would convert more than everybody.
    """
    from revenue_machine.domains.experiments import planning

    return planning.size(args)


@topic("experiments.maturity", effect=Effect.PURE, section="own: trials pay later; revenue per assigned user, ripened")
def maturity(args: MaturityArgs) -> MaturityResult:
    """Say how much of its final revenue a young cohort has shown, and what each arm will have brought per assigned user.

    Returns: the curve per assigned user by day of age, each day counted over those watched that long; arms at the curve's end.
    """
    from revenue_machine.domains.experiments import planning

    return planning.maturity(args)


@topic("experiments.open", effect=Effect.WRITES, section="own: §4.4 and §4.9 try things; what is tried is registered first")
def open_one(args: OpenArgs, book: ExperimentBook) -> OpenResult:
    """Register an experiment before it is counted: hypothesis, metric, arms, split, days and looks.

    Returns: the one id that goes along into delegation, measure and memory; the same kind, subject and `opened_for` is one.
    Raises: conflict naming the field (registered otherwise, and looked at already); cap_reached (one per kind and subject; as many
    loops' experiments as the phase allows: 1, 2, 3).
    """
    return book.open(args)


@topic("experiments.look", effect=Effect.WRITES, section="own: §4.4 and §4.9 try things; every look is kept")
def look(args: LookArgs, looks: ExperimentLooks) -> LookResult:
    """Judge cumulative counts of a date: verdict, effect, what shipping now brings, what waiting costs, and what happens next.

    Nothing ships or rolls back before `minimum_days` or between planned looks; a broken split makes the verdict unhealthy, which
    blocks every change. The same date again replaces its counts; an older date only fills the history.
    Raises: not_found; bad_input (fewer users than the date before, unknown arms, a date ahead); conflict (that phase is over).
    """
    return looks.look(args)


@topic("experiments.note", effect=Effect.WRITES, section="own: §4.4 and §4.9 act on what the book decided")
def note(args: NoteArgs, ends: ExperimentEnds) -> Changed:
    """Keep what was done about an experiment: its standing, delegation, shipping, the share held out, what comes next.

    Raises: not_found; conflict (a move the book does not allow; nothing is changed on an unhealthy or open verdict).
    """
    return ends.note(args)


@topic("experiments.close", effect=Effect.WRITES, section="own: §4.4 and §4.9 end in a memory entry; the book says how")
def close(args: CloseArgs, ends: ExperimentEnds) -> Changed:
    """End an experiment for good, with its outcome in words and the effect that counts.

    Raises: not_found; conflict (it ended otherwise).
    """
    return ends.close(args)


@topic("experiments.close_overdue", effect=Effect.WRITES, section="own: an experiment nobody decides ends by rule")
def close_overdue(ends: ExperimentEnds) -> SweepResult:
    """End every open experiment whose planned end passed two days ago without a decision: no winner, the control is kept."""
    return ends.close_overdue()


@topic("experiments.list", effect=Effect.READS, section="own: the book as data")
def list_all(args: ListArgs, desk: ExperimentDesk) -> ListResult:
    """List experiments, newest first: open, closed, all, or the shipped ones whose weekly look at the holdout is due."""
    return desk.listed(args)


@topic("experiments.show", effect=Effect.READS, section="own: the book as data")
def show(args: ShowArgs, desk: ExperimentDesk) -> ShowResult:
    """Show one experiment: its registration, every look, whether the measure bears the test out, and how the effect lasts.

    Raises: not_found.
    """
    return desk.show(args.experiment_id)
