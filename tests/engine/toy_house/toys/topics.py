"""Topics of every effect."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import Speech, Spend
from revenue_machine.engine.topic import Approval, Args, Effect, Result, planned, topic
from tests.engine.toy_house.toys.recipes import ToyVendor
from tests.engine.toy_house.toys.tables import NOTES


class WordsArgs(Args):
    words: str = "hello"
    times: int = 1


class WordsResult(Result):
    words: str
    count: int


class SentResult(Result):
    external_id: str


@topic("toys.echo", effect=Effect.PURE, section="§0", aliases=("echo",))
def echo(args: WordsArgs) -> WordsResult:
    """Say it back."""
    return WordsResult(words=args.words * args.times, count=args.times)


@topic("toys.note", effect=Effect.WRITES, section="§0")
def note(args: WordsArgs, database: Database, events: Events) -> WordsResult:
    """Write it down once and tell the others."""
    with database.writing() as connection:
        database.put(connection, NOTES, {"id": args.words, "words": args.words, "seen": 0}, ["id"])
        events.emit(connection, "toys.noted", args.words, {"note_id": args.words})
    return WordsResult(words=args.words, count=1)


@topic("toys.shout", effect=Effect.SPEAKS, section="§0")
def shout(args: WordsArgs, outside: Outside, vendor: ToyVendor) -> SentResult:
    """Send it to the vendor, at most three a day."""
    speech = Speech("toys", Ceiling(per_day=3), recipient=f"{args.words}@example.com")
    plan = Plan("toy", "shout", args.words, {"words": args.words}, dict[str, str], vendor.send, speech=speech)
    return SentResult(external_id=outside.perform(plan)["id"])


@topic("toys.think", effect=Effect.SPENDS, section="§0")
def think(args: WordsArgs, outside: Outside, vendor: ToyVendor) -> SentResult:
    """Spend up to 40 micro-dollars."""
    spend = Spend(40, "ai", "toy")
    plan = Plan("toy", "think", args.words, {}, dict[str, str], vendor.send, spend=spend, may_repeat_once=True)
    return SentResult(external_id=outside.perform(plan)["id"])


@topic("toys.ask", effect=Effect.SPEAKS, section="§0", approval=Approval.ALWAYS)
def ask(args: WordsArgs, vendor: ToyVendor) -> SentResult:
    """Only with a person's yes."""
    return SentResult(external_id=vendor.send(args.words)["id"])


@topic("toys.tell", effect=Effect.SPEAKS, section="§0", approval=Approval.ALWAYS)
def tell(args: WordsArgs, outside: Outside, vendor: ToyVendor) -> SentResult:
    """Only with a person's yes, and once an hour."""
    speech = Speech("toys_tell", Ceiling(per_day=3, min_gap=timedelta(hours=1)))
    plan = Plan("toy", "tell", args.words, {"words": args.words}, dict[str, str], vendor.send, speech=speech)
    return SentResult(external_id=outside.perform(plan)["id"])


@topic("toys.mail", effect=Effect.SPEAKS, section="§0", approval=Approval.ALWAYS)
def mail(args: WordsArgs, outside: Outside, vendor: ToyVendor) -> SentResult:
    """Only with a person's yes, as many as there are."""
    speech = Speech("toys_mail", Ceiling(per_day=1000), recipient=f"{args.words}@example.com")
    plan = Plan("toy", "mail", args.words, {"words": args.words}, dict[str, str], vendor.send, speech=speech)
    return SentResult(external_id=outside.perform(plan)["id"])


@topic("toys.survey", effect=Effect.SPEAKS, section="§0", approval=Approval.ALWAYS, asks_itself=True)
def survey(args: WordsArgs, approvals: Approvals, database: Database) -> WordsResult:
    """Ask about each of the words on its own."""
    words = args.words.split()
    with database.writing() as connection:
        for word in words:
            question = Question("toys.tell", f"queue/{word}", {"words": word, "times": 1}, word, "asked", channel="toys_tell")
            approvals.file(connection, question)
    return WordsResult(words=args.words, count=len(words))


PLANNED = (planned("toys.later", effect=Effect.READS, section="§0", issue=9),)
