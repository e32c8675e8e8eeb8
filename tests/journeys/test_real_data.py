"""A day on the real post sets of the shared folder: imported as they are, quoted as evidence, built upon (`make real`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

SETS = {
    "tiktok_claims_google_cert/tiktok_dataset.csv": {"rows_read": 19_382, "repaired": 1_892, "stored": 19_084, "left_out": 298},
    "instagram_posts/instagram_data.csv": {"rows_read": 176, "repaired": 0, "stored": 176, "left_out": 0},
    "instagram_reach/instagram_reach_deidentified.csv": {"rows_read": 100, "repaired": 0, "stored": 100, "left_out": 0},
    "facebook_post_metrics_uci/dataset_Facebook.csv": {"rows_read": 500, "repaired": 0, "stored": 500, "left_out": 0},
}


def shared_data() -> Path:
    folder = Path(os.environ.get("REVENUE_SHARED", "../shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"there are no real data sets in {folder} (set REVENUE_SHARED)")
    return folder


def revenue(home: Path, *words: str) -> str:
    env = {**os.environ, "REVENUE_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "revenue_machine", *words], env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(home: Path, query: str) -> list[Any]:
    engine = sa.create_engine(f"sqlite:///{home}/revenue.db")
    with engine.connect() as connection:
        found = list(connection.exec_driver_sql(query))
    engine.dispose()
    return found


@pytest.mark.real
@pytest.mark.proof
def test_a_day_on_real_posts(tmp_path: Path) -> None:
    folder = shared_data()
    for name, wanted in SETS.items():
        report = json.loads(revenue(tmp_path, "--json", "import", "market_items", str(folder / name)))
        assert {key: report[key] for key in wanted} == wanted
        assert report["bad"] == 0
    revenue(tmp_path, "run", "daily")
    captions = dict(rows(tmp_path, "select id, caption from actp_market_items where provenance = 'import'"))
    quoting = [
        (quote, [one for one in json.loads(ids) if one in captions])
        for quote, ids in rows(tmp_path, "select quote, source_item_ids from actp_creative_blueprints")
    ]
    assert [quote for quote, ids in quoting if ids]
    without_text = (
        "select count(*) from actp_creative_blueprints b join actp_market_items i on i.blueprint_id = b.id where i.caption is null"
    )
    assert rows(tmp_path, without_text) == [(0,)]
    built_on = (
        "select count(*) from actp_drafts d join actp_market_items i on i.id = d.evidence_item_id where i.provenance = 'import'"
    )
    assert rows(tmp_path, built_on)[0][0] >= 5
