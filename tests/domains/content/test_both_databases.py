"""A morning of research, writing and review is the same on every database."""

from __future__ import annotations

import json
from pathlib import Path

from revenue_machine.domains.research.imports import IMPORTS
from revenue_machine.engine.importing import ImportWishes, import_file
from revenue_machine.kit.ids import content_hash
from tests.domains.content_house import House, open_house

FILE = "text,likes,views\nIs ai automation worth it for invoices?,90,1000\n5 tools for workflow automation,80,1000\n"


def live(house: House, folder: Path) -> list[str]:
    """Hashes of everything the morning left behind."""
    path = folder / "posts.csv"
    path.write_text(FILE, encoding="utf-8")
    import_file(IMPORTS["market_items"], path, ImportWishes(constants={"platform": "x"}), house.app.container)
    for topic in ("research.twitter", "research.platform", "twitter.strategy", "twitter.generate", "content.review"):
        house.ask(topic)
    tables = ("actp_market_items", "actp_creative_blueprints", "actp_twitter_strategy", "actp_drafts", "actp_content_reviews")
    return [content_hash(json.dumps(house.rows(name), sort_keys=True, default=str)) for name in tables]


def test_morning_is_the_same_everywhere(database_url: str, tmp_path: Path) -> None:
    found = []
    for name, env in (("plain", {}), ("other", {"REVENUE_DATABASE_URL": database_url})):
        (tmp_path / name).mkdir()
        with open_house(tmp_path / name, **env) as house:
            found.append(live(house, tmp_path))
            assert len(house.rows("actp_drafts")) == 50
            assert any(row["provenance"] == "import" for row in house.rows("actp_market_items"))
    assert found[0] == found[1]
