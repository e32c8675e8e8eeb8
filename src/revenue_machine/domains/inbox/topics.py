"""The inbox in Telegram as topics (definitions §1.14)."""

from __future__ import annotations

from revenue_machine.domains.inbox.answering import Answers
from revenue_machine.domains.inbox.listening import Ears
from revenue_machine.domains.inbox.models import AnswerResult, ListenArgs, ListenResult, TellResult
from revenue_machine.domains.inbox.telling import Teller
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.topic import Effect, NoArgs, topic


@topic("inbox.tell", effect=Effect.SPEAKS, section="own: definitions §1.14, anchors/reliability.md §14")
def tell(args: NoArgs, teller: Teller, outside: Outside) -> TellResult:
    """Show the owner in Telegram what waits for a decision or to be sent by hand.

    Returns: cards and digests sent, and what still waits for its turn; nothing is shown while everything is stopped.
    """
    return teller.tell(outside)


@topic("inbox.answer", effect=Effect.WRITES, section="own: definitions §1.14, anchors/reliability.md §14")
def answer(args: NoArgs, answers: Answers, outside: Outside) -> AnswerResult:
    """Deal with taps and texts that came from Telegram and bring messages there up to date.

    It reaches nobody but the owner's chat, so it works while everything is stopped.
    """
    return answers.answer(outside)


@topic("inbox.listen", effect=Effect.READS, section="own: definitions §1.14, anchors/reliability.md §14")
def listen(args: ListenArgs, ears: Ears) -> ListenResult:
    """Ask Telegram for taps and texts, for where no webhook can reach us.

    Raises: outside_rejected while a webhook is set for the bot.
    """
    return ListenResult(new=ears.listen(args.wait_s))
