"""Files, snapshots, phases and the morning's message leave the same behind on every database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS
from revenue_machine.domains.phase.tables import PHASE_CHANGES, PHASES
from revenue_machine.domains.revenue.imports import IMPORTS
from revenue_machine.domains.revenue.tables import PAYMENTS
from revenue_machine.engine.importing import ImportWishes, import_file
from revenue_machine.engine.page import Pages, plain
from revenue_machine.engine.tables import LEDGER
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House, open_house

SALES = "customer,date,amount,currency,channel\n" + "".join(
    f"c{place % 7},2026-{9 + place % 2:02d}-{1 + place % 28:02d},{place}.{place % 100:02d},{'EUR' if place % 5 == 0 else 'USD'},mail\n"
    for place in range(60)
)
FILES = {
    "purchases": SALES, "costs": "date,cost,channel\n2026-09-03,10.10,mail\n2026-10-03,3,x\n",
    "fx_rates": "date,currency,rate\n" + "".join(f"2026-{month}-{day:02d},EUR,1.0{day:02d}\n" for month in ("09", "10") for day in range(1, 30)),
}  # fmt: skip


def lived(house: House, folder: Path) -> list[Any]:
    """Everything two evenings with files leave behind, and what the topics and pages say of it."""
    for kind, text in FILES.items():
        path = folder / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        assert import_file(IMPORTS[kind], path, ImportWishes(), house.app.container).applied
    fake, state = house.fake("revenuecat")
    for place in range(52):
        fake.public_purchase(state, f"p{place}", "everreach_pro_monthly", PRICE, at=START - DAY)
    for day in range(2):
        house.move_to(START + day * DAY + 13 * HOUR)
        house.snapshot("pm")
    found: list[Any] = [house.app.call(name, asked).result for name, asked in (
        ("revenue.dashboard", {"by": "month"}), ("revenue.cohorts", {"by": "week"}), ("revcat.mrr", {}), ("funnel.status", {}),
        ("revenue.weekly_trend", {}), ("revenue.telegram_summary", {}), ("revenue.youtube_stats", {}),
    )]  # fmt: skip
    pages = house.app.container.get(Pages)
    found += [plain(pages.show(name, house.app.container)) for name in ("money", "funnel")]
    for table in (FUNNEL_SNAPSHOTS, PHASES, PHASE_CHANGES, PAYMENTS, LEDGER):
        names = [column.name for column in table.columns if column.computed is None]
        found.append(house.rows(table, *names))
    return found


def test_money_is_the_same_everywhere(database_url: str, tmp_path: Path) -> None:
    answers = []
    for name, env in (("plain", {}), ("other", {"REVENUE_DATABASE_URL": database_url})):
        (tmp_path / name).mkdir()
        house = open_house(tmp_path / name, **env)
        answers.append(lived(house, tmp_path / name))
        house.app.close()
    for one, other in zip(*answers, strict=True):
        assert one == other
    dashboard, status = answers[0][0], answers[0][3]
    assert (dashboard["parked_payments"], status["phase"], status["paying_users"]) == (0, 2, 52)
    assert dashboard["sources"][0]["source"] == "mail"
