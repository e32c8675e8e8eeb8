"""`revenue demo` and `run daily`."""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import UTC, date, datetime, timedelta

from revenue_machine.app import SANDBOX_PUBLIC_URL, App, build, refuse_unready_live
from revenue_machine.engine.database import rebuilt_beside
from revenue_machine.kit.clock import day_bounds, local_date, machine_s
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.settings import Settings
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.scenarios import scenario_named
from revenue_machine.sandbox.scoring import score_lines
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.world import StoreClock
from revenue_machine.surfaces.cli.opening import closing_app, opened, opened_world, settings_from_environment
from revenue_machine.surfaces.cli.running import say
from revenue_machine.surfaces.cli.state import read_date
from revenue_machine.surfaces.living import Progress, living

# Every demo begins here, so that the same seed always tells the same story.
FIRST_DAY = date(2026, 11, 2)
MOST_DAYS = 366


def demo(args: argparse.Namespace) -> int:
    """Build a world, live in it, show the report and where to look next."""
    if not 1 <= args.days <= MOST_DAYS:
        raise BadInput(f"a demo lasts 1 to {MOST_DAYS} days", field="--days")
    scenario = scenario_named(args.scenario)
    settings = demo_settings(settings_from_environment(), args.scenario, args.seed)
    shutil.rmtree(settings.home, ignore_errors=True)
    start = day_bounds(FIRST_DAY, settings.zone)[0].astimezone(UTC)
    with opened_world(settings, scenario.rates(WorldRates()), start) as world:
        scenario.stand(world.store, start)
        app = build(settings, StoreClock(world.store), SandboxTransport(world.outside))
        with closing_app(app), living(app, world) as life:
            days = [FIRST_DAY + timedelta(days=offset) for offset in range(args.days)]
            for number, day in enumerate(days, start=1):
                life.live_day(day, progress_of(day, number, args.days))
            _show_demo(args, app, days[-1], score_lines(world.store, credited=_credited(app)))
    return 0


def demo_settings(settings: Settings, scenario: str, seed: int) -> Settings:
    """The demo's own home and database, rebuilt each time; the owner's data is never touched."""
    home = settings.home / "demo" / f"{scenario}-{seed}"
    url = f"sqlite:///{home}/revenue.db"
    if not settings.database_url.startswith("sqlite"):
        url = rebuilt_beside(settings.database_url, f"revenue_demo_{scenario}_{seed}")
    changes = {
        "home": home, "database_url": url, "seed": seed, "clock": None, "mode": "sandbox", "services": {},
        "public_url": SANDBOX_PUBLIC_URL, "caps": {},
    }  # fmt: skip
    return settings.model_copy(update=changes)


def _credited(app: App) -> dict[str, dict[str, float]]:
    """Micro-dollars per network by each model of attribution, as the product's summary has them."""
    from revenue_machine.domains.attribution.reads import revenue_by_model

    found: dict[str, dict[str, float]] = {}
    with app.database.reading() as connection:
        for (dimension, network), by_model in revenue_by_model(connection).items():
            for model, amount in by_model.items():
                if dimension == "platform":
                    found.setdefault(model, {})[network] = amount
    return found


def _show_demo(args: argparse.Namespace, app: App, day: date, truth: list[str]) -> None:
    from revenue_machine.domains.reports.reads import report_text

    with app.database.reading() as connection:
        text = report_text(connection, day) or "No report was written: see `revenue status`."
    home = app.settings.home
    lines = [text, "", "What really happened in this world (the machine cannot see this):", *truth, ""]
    lines += [
        "Look around:",
        f"  REVENUE_HOME={home} revenue inbox      what waits for you",
        f"  REVENUE_HOME={home} revenue status     what is going on",
        f"  REVENUE_HOME={home} revenue report --date {day}",
        f"  sqlite3 {home}/revenue.db" if app.database.dialect == "sqlite" else f"  psql {app.settings.database_url}",
    ]
    say(args, {"date": day.isoformat(), "home": str(home), "report": text, "truth": truth}, "\n".join(lines))


def progress_of(day: date, number: int, total: int) -> Progress:
    """One line per local date on stderr, redrawn as the hours pass when somebody watches."""
    started_s = machine_s()
    is_watched = sys.stderr.isatty()

    def show(now: datetime, _started: int) -> None:
        is_over = now.hour == 3 and now.minute == 30
        if is_watched or is_over:
            end = "\n" if is_over or not is_watched else ""
            line = f"\rday {number}/{total}  {day}  lived until {now:%d %b %H:%M}  {machine_s() - started_s:5.1f} s"
            print(line if is_watched else line.lstrip("\r"), end=end, file=sys.stderr, flush=True)

    return show


def run_daily(args: argparse.Namespace) -> int:
    """Live the whole local date in the sandbox's own time; otherwise do what is due."""
    wanted = read_date(args.date)
    settings = settings_from_environment()
    with opened(settings) as home:
        app = home.app
        if args.dry_run:
            return _show_plan(args, app, wanted)
        refuse_unready_live(app)
        if home.world is not None and settings.clock is None and args.block is None:
            day = wanted or local_date(app.clock.now(), settings.zone)
            with living(app, home.world) as life:
                life.live_day(day, progress_of(day, 1, 1))
        else:
            day = wanted or local_date(app.clock.now(), settings.zone)
            app.durable.launch()
            app.durable.settle(timeout_s=60)
            app.ticker.tick(blocks=None if args.block is None else [_block_name(args.block)])
        return _show_day(args, app, day)


def _block_name(text: str) -> str:
    from revenue_machine.domains.routine.daily_routine import block_named

    return block_named(text)


def _show_plan(args: argparse.Namespace, app: App, wanted: date | None) -> int:
    from revenue_machine.domains.routine.reads import plan_lines

    day = wanted or local_date(app.clock.now(), app.settings.zone)
    lines = plan_lines(app.registry, day, app.settings.zone)
    say(args, lines, "\n".join(lines))
    return 0


def _show_day(args: argparse.Namespace, app: App, day: date) -> int:
    from revenue_machine.domains.reports.reads import report_text
    from revenue_machine.domains.routine.reads import day_lines

    with app.database.reading() as connection:
        text = report_text(connection, day)
        steps = day_lines(connection, day)
    say(args, {"date": day.isoformat(), "steps": steps, "report": text}, "\n".join([*steps, "", text or "No report yet."]))
    return 0
