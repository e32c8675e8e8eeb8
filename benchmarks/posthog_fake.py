"""What a funnel over a month costs in the pretend PostHog beside reading its rows: `python benchmarks/posthog_fake.py`."""

from __future__ import annotations

import argparse
import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from timing import median_s

from revenue_machine.integrations.posthog import fake, fake_insights
from revenue_machine.sandbox.store import ServiceState, WorldStore

START = datetime(2026, 11, 2, tzinfo=UTC)
STEPS = ("$pageview", "signup", "trial_started", "purchase")


def fill(store: WorldStore, state: ServiceState, events: int) -> None:
    """A month of visits, most of them one page view."""
    draw = random.Random(7)
    with store.together():
        for number in range(events):
            name, at = draw.choices(STEPS, [85, 10, 4, 1])[0], START + timedelta(hours=draw.random() * 719)
            properties = {"utm_source": draw.choice(["tiktok", "x", "email"]), "n": number}
            fake.public_capture(state, name, f"v{number % 9000}", properties, at)


def main() -> None:
    """Print the funnel beside its floor, a plain read of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    query = {
        "series": [{"event": step} for step in STEPS],
        "dateRange": {"date_from": START.isoformat(), "date_to": (START + timedelta(days=31)).isoformat()},
        "breakdownFilter": {"breakdown": "utm_source"},
    }
    with tempfile.TemporaryDirectory() as folder:
        store = WorldStore(Path(folder) / "world.db")
        store.move_to(START)
        state = ServiceState(store, "posthog", 7)
        fill(store, state, args.events)
        floor_s = median_s(lambda: store.run("select * from documents where service = 'posthog'"), args.rounds)
        funnel_s = median_s(lambda: fake_insights.funnel(state, query), args.rounds)
    print(f"read (floor) {1000 * floor_s:.0f} ms, funnel {1000 * funnel_s:.0f} ms, {funnel_s / floor_s:.1f} x floor")


if __name__ == "__main__":
    main()
