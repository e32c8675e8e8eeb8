"""What people and agents read of the harness: its own word, our rows, a page, a report line, and where a project lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.domains.owner.owner_file import EXAMPLE, load_business
from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product.delegations_harness import Harness
from revenue_machine.engine.briefing import Briefing
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.page import Pages
from revenue_machine.integrations.acd import fake
from revenue_machine.kit.clock import local_date
from revenue_machine.kit.errors import NotConfigured
from revenue_machine.kit.settings import load
from tests.domains.delegation_house import House


def at_work(house: House) -> str:
    asked = house.propose()
    house.decide(asked["approval_id"])
    house.tick(seconds=1)
    return str(asked["delegation_id"])


def test_harness_says_how_it_stands(house: House) -> None:
    assert house.ask("acd.harness_status", {"project": "everreach_pro"})["status"] == "not_imported"
    assert house.ask("acd.harness_logs", {"project": "everreach_pro"})["lines"] == []
    assert house.refused("acd.harness_status", {"project": "no_such_app"})[0] == "bad_input"
    name = at_work(house)
    found = house.ask("acd.harness_status", {"project": "everreach_pro"}, key="again")
    assert (found["status"], found["delegation_id"], found["harness_project_id"]) == ("running", name, "everreach_pro")


def test_import_starts_nothing(house: House) -> None:
    assert house.ask("acd.import_project", {"project": "kindletters"}) == {
        "project": "kindletters", "harness_project_id": "kindletters",
    }  # fmt: skip
    assert house.ask("acd.list_projects")["projects"] == [
        {"project": "kindletters", "harness_project_id": "kindletters", "is_ours": True}
    ]
    assert (house.runs(), house.rows()) == ([], [])
    assert house.refused("acd.import_project", {"project": "no_such_app"})[0] == "bad_input"


def test_every_harness_is_listed(house: House) -> None:
    house.ask("acd.import_project", {"project": "kindletters"})
    name = at_work(house)
    found = house.ask("acd.list_harnesses")
    assert [(one["project"], one["status"], one["delegation_id"]) for one in found["harnesses"]] == [
        ("everreach_pro", "running", name), ("kindletters", "idle", None),
    ]  # fmt: skip
    assert (found["count"], found["running"]) == (2, 1)


def test_harness_and_our_counts_stand_side_by_side(house: House) -> None:
    at_work(house)
    house.propose(decision_key="another")
    assert house.ask("acd.dashboard_stats") == {
        "harness": {"projects": 1, "running": 1, "completed": 0, "failed": 0, "stopped": 0},
        "delegations": {"awaiting_approval": 1, "running": 1},
    }


def test_status_is_asked_by_id_project_or_all(house: House) -> None:
    first = at_work(house)
    second = house.propose(decision_key="another", project="kindletters")["delegation_id"]
    house.finish()
    every = house.ask("system.acd_status")
    assert (every["total"], every["at_work"]) == (2, 0)
    assert [one["delegation_id"] for one in house.ask("system.acd_status", {"open_only": True})["delegations"]] == [second]
    assert house.ask("system.acd_status", {"project": "everreach_pro"})["delegations"][0]["delegation_id"] == first
    assert house.ask("system.acd_status", {"delegation_id": second})["delegations"][0]["status"] == "awaiting_approval"
    assert len(house.ask("system.acd_status", {"limit": 1})["delegations"]) == 1
    assert house.refused("system.acd_status", {"delegation_id": "dlg_none"})[0] == "not_found"


@pytest.mark.proof
def test_logs_are_read_page_by_page(house: House) -> None:
    fake.public_flood_next(house.harness, 60)
    at_work(house)
    house.finish()
    after, lines = 0, []
    for _ in range(20):
        found = house.ask("acd.harness_logs", {"project": "everreach_pro", "after": after, "limit": 25}, key=f"page {after}")
        lines += found["lines"]
        if not found["lines"]:
            break
        after = found["next_after"]
    assert len(lines) == house.rows()[0]["stats"]["log_lines"]


def test_report_and_page_tell_it(house: House) -> None:
    fake.public_fail_next(house.harness)
    name = at_work(house)
    house.propose(decision_key="another")
    assert report(house) == [
        "Ship the winning paywall of EverReach Pro: at work since 02 Nov 06:00",
        "Ship the winning paywall of EverReach Pro: waits for your yes, asked 02 Nov 06:00",
    ]
    house.finish()
    assert report(house)[-1].startswith("Ship the winning paywall of EverReach Pro: failed after ")
    shown = house.app.container.get(Pages).show("harness", house.app.container)
    assert "Failed or stopped" in str(shown)
    assert "End of the log: Ship the winning paywall of EverReach Pro" in str(shown)
    assert house.row(name)["log_tail"].splitlines()[0] in str(shown)


def report(house: House) -> list[str]:
    today = local_date(house.now, house.app.settings.zone)
    with house.app.database.reading() as connection:
        blocks = dict(house.app.container.get(Briefing).blocks(connection, today))
    return blocks.get("Coding harness", [])


def a_business(project_path: str | None) -> Business:
    product = Product(
        key="everreach_pro", name="EverReach Pro", url="https://everreach.app/", facts=("a",), offers=(),
        money_source="revenuecat", project_path=project_path,
    )  # fmt: skip
    return Business(name="x", voice="x", products=(product,), niches=(), channels=())


def live_harness(folder: Path, project_path: str | None, **env: str) -> Harness:
    config = folder / "revenue.toml"
    config.write_text("")
    settings = load({"REVENUE_HOME": str(folder / "home"), "REVENUE_MODE": "live", "REVENUE_CONFIG": str(config), **env})
    return Harness(settings, a_business(project_path), Clients({}, lambda _service: None))  # type: ignore[arg-type, return-value]


def test_live_folder_is_the_owners_word(tmp_path: Path) -> None:
    assert live_harness(tmp_path, "../apps/everreach").folder("everreach_pro") == tmp_path.parent / "apps" / "everreach"
    assert live_harness(tmp_path, "/srv/everreach").folder("everreach_pro") == Path("/srv/everreach")
    own = live_harness(tmp_path, None, REVENUE_ACD__SELF_PATH="/srv/machine")
    assert own.folder(rules.SELF_PROJECT) == Path("/srv/machine")


@pytest.mark.parametrize(("project", "words"), [("everreach_pro", "project_path"), (rules.SELF_PROJECT, "REVENUE_ACD__SELF_PATH")])
def test_live_without_a_folder_is_not_set_up(tmp_path: Path, project: str, words: str) -> None:
    with pytest.raises(NotConfigured, match=words):
        live_harness(tmp_path, None).folder(project)


def test_rehearsal_never_touches_the_owners_code(tmp_path: Path) -> None:
    settings = load({"REVENUE_HOME": str(tmp_path)})
    harness = Harness(settings, a_business("/srv/everreach"), Clients({}, lambda _service: None))  # type: ignore[arg-type, return-value]
    assert harness.folder("everreach_pro") == tmp_path / "projects" / "everreach_pro"


def test_owners_file_names_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "revenue.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8").replace('# project_path = "', 'project_path = "'), encoding="utf-8")
    business = load_business(path)
    assert business is not None
    assert [one.project_path for one in business.products] == ["../everreach", None, None]
