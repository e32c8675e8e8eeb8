"""Every number of the evening report is found again in the tables, by SQL that shares nothing with the code that wrote it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.app import build
from revenue_machine.kit.clock import wall_instant
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.world import StoreClock
from revenue_machine.surfaces.cli.living import FIRST_DAY, demo_settings
from revenue_machine.surfaces.cli.opening import opened_world
from revenue_machine.surfaces.living import living

DAY = FIRST_DAY + timedelta(days=1)
# The report is composed at 20:00; nothing may happen between it and the tables it is held against.
COMPOSED = datetime(DAY.year, DAY.month, DAY.day, 20, tzinfo=UTC)
TODAY = ("2026-11-03 00:00:00.000000", "2026-11-04 00:00:00.000000")
MONEY = r"(-?\$[\d,.]+)"


class Tables:
    """Plain SQL over the product's database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def one(self, sql: str, *values: Any) -> Any:
        return self._connection.execute(sql, values).fetchone()[0]

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()


def dollars(micro: int | None) -> str:
    cents = round((micro or 0) / 10_000)
    return f"{'-' if cents < 0 else ''}${abs(cents) / 100:,.2f}"


def ledger(t: Tables, since: str) -> tuple[str, ...]:
    """Net, sales, refunds, deductions of the ledger's own rows."""
    sums = dict(
        t.rows(
            "select kind, sum(amount_micro_usd) from actp_ledger_entries where local_date between ? and '2026-11-03' group by 1",
            since,
        )
    )
    sales, refunds = sums.get("revenue", 0), sums.get("refund", 0)
    fees = sum(sums.get(kind, 0) for kind in ("store_commission", "payment_fee", "tax"))
    return tuple(dollars(one) for one in (sales + refunds + fees, sales, refunds, fees))


def till(t: Tables, source: str) -> tuple[str, ...]:
    metrics = (
        "select json_extract(metrics, '$.' || ?) from actp_revenue_snapshots where source = ? order by created_at desc, slot desc"
    )
    paying, trials, mrr = (t.one(metrics, name, source) for name in ("active_subscriptions", "active_trials", "mrr_micro_usd"))
    return str(paying), str(trials), dollars(mrr)


def ai_spent(t: Tables, since: str, limit_usd: int) -> tuple[str, ...]:
    spent = -t.one(
        "select coalesce(sum(amount_micro_usd), 0) from actp_ledger_entries where kind = 'ai' and local_date between ? and '2026-11-03'",
        since,
    )
    return dollars(spent), dollars(limit_usd * 1_000_000), f"{100 * spent / (limit_usd * 1_000_000):.1f}"


def steps(t: Tables) -> dict[str, int]:
    """The funnel of the date, counted where each step was first written down, as it stood at the snapshot of 18:00."""
    taken_at = t.one("select updated_at from actp_funnel_snapshots where snapshot_date = '2026-11-03'")
    count = "select count(*) from actp_attribution_events where event_type = ? and occurred_at >= ? and created_at <= ?"
    found = {name: t.one(count, name, TODAY[0], taken_at) for name in ("click", "signup", "trial")}
    views = "select max(views) as views from actp_checkbacks c join actp_posts p on p.id = c.post_id where p.published_at >= ? and c.taken_at < ?"
    return found | {"view": t.one(f"select coalesce(sum(views), 0) from ({views} group by c.post_id)", TODAY[0], taken_at)}


def rate(part: str, whole: str, least: float, most: float) -> Callable[[Tables], tuple[str, ...]]:
    """The share of all days kept so far, and whether its 90 % interval lets anybody judge it; Wilson's formula once more."""

    def derive(t: Tables) -> tuple[str, ...]:
        hits, count = t.rows(f"select sum({part}s), sum({whole}s) from actp_funnel_snapshots")[0]
        share, z = hits / count, 1.6448536
        half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
        middle = (share + z * z / (2 * count)) / (1 + z * z / count)
        is_clear = count >= 20 and (middle - half >= least or middle + half < least or half <= 0.2 * least)
        verdict = "below" if share < least else "above" if share > most else "on target"
        return f"{100 * share:.1f}", verdict if is_clear else "too early"

    return derive


def step_line(words: str, band: str) -> str:
    return rf"([\d.]+) % {words} \(target {band}: (below|on target|above|too early)(?:, about [\d,]+ more to judge)?\)"


def done(t: Tables) -> tuple[str, ...]:
    return drafts(t)[0], published(t)[0], reached(t, "linkedin")[0], reached(t, "dm")[0], upwork(t)[1], mail(t)[0]


def newcomers(t: Tables) -> tuple[str, ...]:
    """Who first paid at RevenueCat in the two days before the evening's snapshot, as known then."""
    taken_at = t.one("select created_at from actp_funnel_snapshots where snapshot_date = '2026-11-03'")
    paid = "paid_at >= datetime(?, '-2 days') and paid_at < ? and created_at <= ?"
    count = t.one(
        f"select count(*) from actp_subscriptions where provider = 'revenuecat' and is_production and {paid}", *[taken_at] * 3
    )
    return str(count), str(t.one("select count(*) from actp_funnel_snapshots"))


def grouped(t: Tables, sql: str, *values: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in t.rows(sql, *values))


def published(t: Tables) -> tuple[str, ...]:
    where = "from actp_posts where status = 'published' and published_at >= ? and published_at < ?"
    by_platform = grouped(t, f"select platform, count(*) {where} group by 1 order by 1", *TODAY)
    return str(t.one(f"select count(*) {where}", *TODAY)), by_platform


def drafts(t: Tables) -> tuple[str, ...]:
    words = {"approved": "passed"}
    rows = t.rows("select status, count(*) from actp_drafts where run_date = '2026-11-03' group by 1 order by 1")
    merged: dict[str, int] = {}
    for status, count in rows:
        word = words.get(status, "passed" if status == "scheduled" else status)
        merged[word] = merged.get(word, 0) + count
    return str(sum(merged.values())), ", ".join(f"{count} {word}" for word, count in merged.items())


def calls(t: Tables) -> tuple[str, ...]:
    """As far as the day had come when the report was written: the steps before its own."""
    own = "select place from actp_routine_steps where topic = 'telegram.daily_report' and run_date = '2026-11-03'"
    before = f"run_date = '2026-11-03' and (step_no < 16 or (step_no = 16 and place < ({own})))"
    return (
        str(t.one(f"select count(*) from actp_routine_steps where status in ('ok', 'retried') and {before}")),
        str(t.one(f"select count(*) from actp_routine_steps where {before}")),
    )


def reached(t: Tables, channel: str) -> tuple[str, ...]:
    """Rows of the queue whose own times lie in the day, before the report."""
    words = {
        "created_at": "",
        "decided_at": "and status in ('approved', 'sending', 'sent', 'failed')",
        "sent_at": "",
        "replied_at": "",
    }
    count = "select count(*) from actp_outreach_queue where channel = ? and {0} >= ? and {0} < '2026-11-03 20:00' {1}"
    prepared, approved, sent, replied = (str(t.one(count.format(name, more), channel, TODAY[0])) for name, more in words.items())
    ceiling = {"linkedin": "15", "dm": "20"}[channel]
    return prepared, approved, sent, ceiling, replied


def people(t: Tables) -> tuple[str, ...]:
    talk = "select count(distinct contact_id) from actp_interactions where direction = ? and occurred_at >= ? and occurred_at < ?"
    evening = "2026-11-03 20:00"
    new = t.one(
        "select count(*) from actp_contacts where created_at >= ? and created_at < ? and merged_into_id is null", TODAY[0], evening
    )
    return str(new), str(t.one(talk, "out", TODAY[0], evening)), str(t.one(talk, "in", TODAY[0], evening))


def pipeline(t: Tables) -> tuple[str, ...]:
    """Where everybody stands, and how many came there today."""
    order = ("qualified", "contacted", "replied", "call_booked", "closed_won", "closed_lost")
    stands = dict(t.rows("select status, count(*) from actp_contacts where merged_into_id is null group by 1"))
    moved = dict(
        t.rows(
            "select to_status, count(distinct contact_id) from actp_contact_transitions where occurred_at >= ? group by 1", TODAY[0]
        )
    )
    return (", ".join(f"{name.replace('_', ' ')} {stands[name]} (+{moved.get(name, 0)})" for name in order if name in stands),)


def to_decide(t: Tables) -> tuple[str, ...]:
    """Questions nobody had answered when the report was written."""
    open_then = "requested_at < ? and (decided_at is null or decided_at >= ?) and status != 'expired'"
    evening = "2026-11-03 20:00"
    expires = t.one(f"select min(expires_at) from actp_approvals where {open_then}", evening, evening)
    count = t.one(f"select count(*) from actp_approvals where {open_then}", evening, evening)
    return str(count), f"{datetime.fromisoformat(expires):%d %b %H:%M}"


def upwork(t: Tables) -> tuple[str, ...]:
    evening = "2026-11-03 20:00"
    day = "{0} >= ? and {0} < ?"
    counts = [
        str(t.one(f"select count(*) from actp_upwork_jobs where {day.format(name)}", TODAY[0], evening))
        for name in ("created_at", "drafted_at", "submitted_at")
    ]
    spent = (
        "select coalesce(-sum(amount_micro_usd), 0) from actp_ledger_entries where kind = 'connects' and local_date = '2026-11-03'"
    )
    return (*counts, dollars(t.one(spent)))


def mail(t: Tables) -> tuple[str, ...]:
    return (str(t.one("select count(*) from actp_email_sends where sent_at >= ? and sent_at < '2026-11-03 20:00'", TODAY[0])),)


def proposals(t: Tables) -> tuple[str, ...]:
    order = ("drafted", "approved", "submitted", "interviewing", "won", "lost", "no_response")
    stands = dict(t.rows("select status, count(*) from actp_upwork_jobs group by 1"))
    return (", ".join(f"{stands[name]} {name.replace('_', ' ')}" for name in order if name in stands),)


def fewer(t: Tables) -> tuple[str, ...]:
    waiting = "select count(*) from actp_outreach_queue where platform = 'linkedin' and status = 'approved'"
    return reached(t, "linkedin")[0], str(t.one(waiting))


def asked_at_noon(t: Tables) -> tuple[str, ...]:
    noon = "requested_at <= '2026-11-03 12:00:01' and (decided_at is null or decided_at > '2026-11-03 12:00:01')"
    return (str(t.one(f"select count(*) from actp_approvals where topic = 'dm.send' and {noon}")),)


def accepted(t: Tables) -> tuple[str, ...]:
    return (
        str(
            t.one(
                "select count(*) from actp_outreach_profiles where connected_at >= ? and connected_at < '2026-11-03 20:00'",
                TODAY[0],
            )
        ),
    )


def buyers(t: Tables) -> tuple[str, ...]:
    """People who bought, by whoever they are known as."""
    who = "count(distinct coalesce(crm_contact_id, user_id, id))"
    return (str(t.one(f"select {who} from actp_attribution_events where event_type = 'purchase'")),)


def disputed(t: Tables) -> tuple[str, ...]:
    """The value whose credit differs most between two models, and the models that say least and most."""
    ends = "max(revenue_micro_usd) - min(revenue_micro_usd)"
    group = f"select dimension, dimension_value, {ends} from actp_attribution_summary group by 1, 2 order by 3 desc, 1, 2 limit 1"
    dimension, value, _ = t.rows(group)[0]
    mine = "from actp_attribution_summary where dimension = ? and dimension_value = ?"
    low = t.rows(f"select revenue_micro_usd, model {mine} order by 1, 2 limit 1", dimension, value)[0]
    high = t.rows(f"select revenue_micro_usd, model {mine} order by 1 desc, 2 limit 1", dimension, value)[0]
    ends_said = [said for amount, model in (low, high) for said in (dollars(amount), model.replace("_", " "))]
    return (f"{dimension.replace('_', ' ')} {value}", *ends_said)


def experiment(t: Tables) -> tuple[str, ...]:
    """The one experiment phase 1 allows: its registration, and its newest look as the numbers it was given."""
    kinds = {"paywall": "paywall", "product": "product", "aso": "App Store"}
    wanted = "title, kind, subject, started_at, status, next_words, planned_days, id, control"
    (title, kind, subject, since, status, said, days, key, control), = t.rows(f"select {wanted} from actp_experiments")  # fmt: skip
    start = datetime.fromisoformat(since)
    head = (title, kinds[kind], subject, f"{start.day} {start:%b}")
    columns = "days, counts, arm, effect_absolute, interval_low, interval_high, next_words, waiting_micro_usd"
    look = t.rows(f"select {columns} from actp_experiment_looks where experiment_id = ? order by on_date desc limit 1", key)
    if not look:
        building = "the arms are being built" if status == "applying" else "the first counts"
        stands = {"open": "no counts yet", "measuring": "shipped, not measured yet"}.get(status, "not measured yet")
        return (*head, stands, said or building)
    passed, counts, arm, *share, coming, cost = look[0]
    known = () if cost is None or cost < 1_000_000 else (f"{round(cost / 1e6):,}",)
    seen = {one["name"]: (one["conversions"], one["users"]) for one in json.loads(counts)}
    if any(users < 20 or hits < 5 for hits, users in seen.values()):
        few = ", ".join("{0} {1[0]:,} of {1[1]:,}".format(name, seen[name]) for name in (arm, control))
        return (*head, f"keep going, day {passed} of {days}: too few to compare, {few}", said or coming, *known)
    rate = {name: 100 * hits / users for name, (hits, users) in seen.items()}
    signs = [f"{100 * one:+.2f}" if 0 < abs(one) < 0.001 else f"{100 * one:+.1f}" for one in share]
    words = f"{arm} {rate[arm]:.1f} % against {rate[control]:.1f} %, {signs[0]} points ({signs[1]} to {signs[2]})"
    return (*head, f"keep going, day {passed} of {days}: {words}", said or coming, *known)


Derive = Callable[[Tables], tuple[str, ...]]
WAITS = r"(?:waiting: too early to say what it costs|waiting costs (?:less than \$1|nothing|about \$([\d,]+)) a week)"
LINES: list[tuple[str, Derive]] = [
    (rf"(.+) \((paywall|product|App Store), (\S+)\) since (\d+ \w+): (.+); next: (.+); {WAITS}", experiment),
    (rf"today {MONEY} net = {MONEY} sales, {MONEY} refunds, {MONEY} fees and commission", lambda t: ledger(t, "2026-11-03")),
    (rf"this month {MONEY} net = {MONEY} sales, {MONEY} refunds, {MONEY} fees and commission", lambda t: ledger(t, "2026-11-01")),
    (rf"RevenueCat: (\d+) paying, (\d+) in trial, {MONEY} a month", lambda t: till(t, "revcat")),
    (rf"Stripe: (\d+) paying, (\d+) in trial, {MONEY} a month", lambda t: till(t, "stripe")),
    (rf"day {MONEY} of {MONEY} \(([\d.]+) %\)", lambda t: ai_spent(t, "2026-11-03", 15)),
    (rf"month {MONEY} of {MONEY} \(([\d.]+) %\)", lambda t: ai_spent(t, "2026-11-01", 400)),
    (r"phase 1 \(organic only, no ads\), (\d+) paying", lambda t: till(t, "revcat")[:1]),
    (
        r"(\d+) views, (\d+) clicks, (\d+) signups, (\d+) trials",
        lambda t: tuple(str(steps(t)[name]) for name in ("view", "click", "signup", "trial")),
    ),
    (step_line("clicks of views", "2-5 %"), rate("click", "impression", 0.02, 0.05)),
    (step_line("signups of clicks", "10-20 %"), rate("signup", "click", 0.10, 0.20)),
    (step_line("trials of signups", "30-50 %"), rate("trial", "signup", 0.30, 0.50)),
    (r"done: (\d+)/50 drafts, (\d+)/30 posts, (\d+)/50 LinkedIn, (\d+)/20 DMs, (\d+)/5 Upwork, (\d+) mails \(at most 30\)", done),
    (r"forecast too early: (\d+) new payers in (\d+) days; from 5 in 7 days on there is a forecast", newcomers),
    (
        rf"by source: direct {MONEY}",
        lambda t: (dollars(t.one("select sum(revenue_micro_usd) from actp_attribution_events where utm_source = 'direct'")),),
    ),
    (r"model: last non-direct touch of 30 days(?:; (\d+) buyers are too few to rank by \(10 needed\)|, (\d+) buyers)", buyers),
    (rf"the models disagree on (.+): {MONEY} by (.+) to {MONEY} by (.+)", disputed),
    (r"(\d+) drafts: (.+)", drafts),
    (r"(\d+) posts out: (.+)", published),
    (
        r"today's others: (\d+) approved",
        # What fell due at the report's own minute went out after it was written.
        lambda t: (
            str(
                t.one(
                    "select count(*) from actp_posts where scheduled_at >= ? and scheduled_at < ? "
                    "and (status = 'approved' or sent_at >= '2026-11-03 20:00')",
                    *TODAY,
                )
            ),
        ),
    ),
    (
        r"held back by lot, to measure what posts cause: (\d+)",
        lambda t: (
            str(t.one("select count(*) from actp_posts where status = 'withheld' and scheduled_at >= ? and scheduled_at < ?", *TODAY)),
        ),
    ),
    (
        r"(\d+) too early to judge",
        lambda t: (str(t.one("select count(*) from actp_feedback_posts where classification is null and measured_at >= ? and measured_at < '2026-11-03 20:00'", TODAY[0])),),
    ),
    (r"(\d+) of (\d+) calls so far went well", calls),
    (r"LinkedIn: (\d+) prepared, (\d+) approved, (\d+) sent \(at most (\d+) a day\), (\d+) answered", lambda t: reached(t, "linkedin")),
    (r"direct messages: (\d+) prepared, (\d+) approved, (\d+) sent \(at most (\d+) a day\), (\d+) answered", lambda t: reached(t, "dm")),
    (r"(\d+) new contacts, (\d+) written to, (\d+) replied", people),
    (r"Pipeline: (.+)", pipeline),
    (r"(\d+) of 50 LinkedIn drafts: (\d+) approved ones still wait for the week's ceiling", fewer),
    (r"(\d+) invitations accepted", accepted),
    (r"all proposals: (.+)", proposals),
    (r"step 12 dm.process_outreach: awaiting approval: (\d+) direct messages wait for your approval", asked_at_noon),
    (r"(\d+) to decide, the first expires (.+) \(revenue inbox\)", to_decide),
    (rf"(\d+) new jobs, (\d+) proposals drafted, (\d+) sent for {MONEY} of connects", upwork),
    (r"(\d+) sent(?:, .*)?", mail),
]  # fmt: skip
# Lines without a number of their own: names, reasons and words.
_STANDS = (
    r"(waits for your yes|approved, waits to start|is being started|at work|done in|failed|stopped after|a person said no|nobody)"
)
WORDS_ONLY = (
    r"not built or not set up: [a-z_., ]+",
    r"nothing",
    # Delegations: their title and their own times; tests/domains/product hold them against the rows.
    rf"(Ship|Try|Roll|Take|Repair|Change|Deploy|Work) .+: {_STANDS}.*",
)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[str], Tables]]:
    """(lines of the report of the second day, the tables as they stood when it was composed)."""
    settings = demo_settings(load({"REVENUE_HOME": str(tmp_path_factory.mktemp("evening"))}), "quiet_week", 7)
    start = wall_instant(FIRST_DAY, datetime.min.time(), settings.zone).astimezone(UTC)
    with opened_world(settings, WorldRates(), start) as world:
        app = build(settings, StoreClock(world.store), SandboxTransport(world.outside))
        with living(app, world) as life:
            life.live_day(FIRST_DAY, lambda _now, _started: None)
            life.live_until(COMPOSED, lambda _now, _started: None)
        app.close()
    with closing(sqlite3.connect(Path(settings.home) / "revenue.db")) as connection:
        text = connection.execute("select text from actp_reports where report_date = '2026-11-03'").fetchone()[0]
        yield [line.strip() for line in text.splitlines() if line.startswith("  ")], Tables(connection)


def test_every_number_is_in_the_tables(evening: tuple[list[str], Tables]) -> None:
    lines, tables = evening
    for line in lines:
        if any(re.fullmatch(pattern, line) for pattern in WORDS_ONLY):
            continue
        found = [(match, derive) for pattern, derive in LINES if (match := re.fullmatch(pattern, line))]
        assert len(found) == 1, f"nothing derives the numbers of: {line}"
        match, derive = found[0]
        assert tuple(group for group in match.groups() if group is not None) == derive(tables), line


def test_the_report_has_the_lines_that_matter(evening: tuple[list[str], Tables]) -> None:
    lines, _ = evening
    told = [pattern for pattern, _ in LINES if any(re.fullmatch(pattern, line) for line in lines)]
    assert len(told) >= 14
