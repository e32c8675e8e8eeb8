"""The revenue message of the morning: one per date, edited when the numbers change, never repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from revenue_machine.domains.revenue import reads, store
from revenue_machine.domains.revenue.anomalies import change_words, sparkline
from revenue_machine.domains.revenue.answers import SummaryResult
from revenue_machine.domains.revenue.money_desk import MoneyDesk, rate_figure
from revenue_machine.domains.revenue.movement import Movement
from revenue_machine.domains.revenue.watching import WEEK, Watch
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.gates import Speech
from revenue_machine.integrations.telegram.telegram_client import TelegramClient
from revenue_machine.kit.clock import Clock, day_bounds, iso
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.messages import split_text
from revenue_machine.kit.money import show
from revenue_machine.kit.settings import Settings

# The owner asked to be told; the ceiling only guards against a loop.
TO_OWNER = Speech("telegram_owner", Ceiling(per_day=200))
MONTH = timedelta(days=30)
TREND_WEEKS, TREND_DAYS = 8, 14
_TILLS = (("revcat", "RevenueCat", "active_subscriptions"), ("stripe", "Stripe", "own_paying"))


@dataclass(frozen=True)
class Morning:
    """Composes from the tables; what it says can be derived again."""

    database: Database
    clock: Clock
    settings: Settings
    clients: Clients
    desk: MoneyDesk
    watch: Watch

    def compose(self, day: date) -> str:
        """The message of a date: monthly money, payers, yesterday, churn, the fortnight, and what stands out."""
        with self.database.reading() as connection:
            lines = [f"Revenue, {day:%A} {day.day} {day:%B %Y}", *self._standing(connection), *self._movement(connection, day)]
            lines += [*self._money(connection, day), *self._churn(connection, day), *self._waiting(connection, day)]
        return split_text("\n".join(lines))[0]

    def trend(self, last: date) -> tuple[list[int], str]:
        """(net micro-dollars of eight weeks, oldest first; the text with its bars)."""
        with self.database.reading() as connection:
            weeks = self.watch.weeks(connection, last, TREND_WEEKS)
        nets = [week.net_micro_usd for week in weeks]
        change = change_words(nets[-1], nets[-2])
        head = f"{TREND_WEEKS} weeks to {last:%d %b %Y}: {sparkline(nets)} {show(nets[-1])} net last week"
        return nets, f"{head} ({change})" if change else head

    def tell(self, outside: Outside, day: date) -> SummaryResult:
        """Send the date's message, or change the one that stands; the same words again do nothing.

        Raises: what a gate forbids; outcome_unknown (it may stand there; it is never sent again).
        """
        return self.say(outside, f"morning/{day.isoformat()}", self.compose(day))

    def say(self, outside: Outside, key: str, text: str) -> SummaryResult:
        """One message by its key: sent once, later versions replace its text."""
        client = self.clients.maybe(TelegramClient)
        if client is None:
            return SummaryResult(messages=0, edited=False, characters=len(text), reason=self.clients.why_not("telegram"))
        with self.database.reading() as connection:
            said = reads.said(connection, key)
        number = outside.perform(
            Plan("telegram", "revenue", key, {"message": key}, int, _sender(client, text), speech=TO_OWNER)
        )  # fmt: skip
        is_edit = said is not None and said != text
        if is_edit:
            outside.perform(self._edit(client, number, key, text))
        with self.database.writing() as connection:
            store.keep_said(self.database, connection, key, text, self.clock.now())
        return SummaryResult(messages=int(said is None), edited=is_edit, characters=len(text), reason=None)

    def _edit(self, client: TelegramClient, number: int, key: str, text: str) -> Plan[bool]:
        def send(_key: str) -> bool:
            client.edit_message(number, text)
            return True

        at = iso(self.clock.now())
        said = {"message": key, "text": content_hash(text)}
        return Plan("telegram", "revenue_edit", f"{key}/{at}", said, bool, send, repeats_safely=True, speech=TO_OWNER)

    def _standing(self, connection: sa.Connection) -> list[str]:
        """Monthly money and payers as the tills last said, and how old that is where it is."""
        mrr, people, trials, notes = 0, 0, 0, list[str]()
        for source, name, column in _TILLS:
            row = reads.newest_snapshot(connection, source)
            if row is None:
                notes.append(f"{name} is not known")
                continue
            mrr += row.metrics.get("mrr_micro_usd") or 0
            people += row.metrics.get(column) or 0
            trials += row.metrics.get("active_trials") or 0
            if row.is_stale:
                notes.append(f"{name} is silent: numbers of {row.as_of.astimezone(self.settings.zone):%d %b %H:%M}")
            if row.metrics.get("mrr_micro_usd") is None:
                notes.append(f"{name} names no monthly money")
        return [f"MRR {show(mrr)}, {people} paying, {trials} in trial", *notes]

    def _movement(self, connection: sa.Connection, day: date) -> list[str]:
        """How monthly money moved yesterday, and how much it grew in thirty days."""
        end, start = day_bounds(day, self.settings.zone)[0], day_bounds(day - timedelta(days=1), self.settings.zone)[0]
        yesterday, month = self.desk.movement(connection, start, end), self.desk.movement(connection, end - MONTH, end)
        grown = change_words(month.end, month.start)
        lines = [f"yesterday {_moved(yesterday)}"]
        return [*lines, f"growth in 30 days {grown} (from {show(month.start)})"] if grown else lines

    def _money(self, connection: sa.Connection, day: date) -> list[str]:
        last = day - timedelta(days=1)
        money = reads.money_between(connection, last, last)
        days = [reads.money_between(connection, one, one).net_micro_usd for one in _days(last)]
        this, before = sum(days[-7:]), sum(days[:7])
        change = change_words(this, before)
        return [
            f"came in yesterday {show(money.net_micro_usd)} net of {show(money.gross_micro_usd)} sales",
            f"7 days {show(this)} net{f', {change} to the 7 before' if change else ''} {sparkline(days)}",
        ]

    def _churn(self, connection: sa.Connection, day: date) -> list[str]:
        end = day_bounds(day, self.settings.zone)[0]
        payers, left = reads.churn_between(connection, end - MONTH, end)
        rate = rate_figure(left, payers)
        if rate.rate is None or rate.low is None or rate.high is None:
            return []
        words = f"churn in 30 days {100 * rate.rate:.1f} % (90 %: {100 * rate.low:.1f}-{100 * rate.high:.1f})"
        return [f"churn too early to say: {payers} paid a month ago" if rate.is_early else words]

    def _waiting(self, connection: sa.Connection, day: date) -> list[str]:
        parked = len(reads.parked_payments(connection))
        start, _ = day_bounds(day - WEEK + timedelta(days=1), self.settings.zone)
        alerts = reads.money_alerts(connection, start)
        waiting = [f"{parked} payments wait for a rate, a price or a product"] if parked else []
        return [*waiting, *(f"! {text}" for text in alerts)]


def _sender(client: TelegramClient, text: str) -> Callable[[str], int]:
    return lambda _key: client.send_message(text)


def _moved(moved: Movement) -> str:
    """`+2 new $39.98, 1 left $19.99`; the parts that are nothing are left out."""
    parts = [f"{moved.payers_new} new {show(moved.new)}"] if moved.payers_new else []
    parts += [f"{moved.payers_reactivated} came back {show(moved.reactivated)}"] if moved.payers_reactivated else []
    parts += [f"{moved.payers_churned} left {show(moved.churned)}"] if moved.payers_churned else []
    parts += [f"{show(moved.expansion)} more"] if moved.expansion else []
    parts += [f"{show(moved.contraction)} less"] if moved.contraction else []
    return ", ".join(parts) or "nobody came, nobody left"


def _days(last: date) -> list[date]:
    return [last - timedelta(days=place) for place in range(TREND_DAYS - 1, -1, -1)]
