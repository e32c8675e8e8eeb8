"""The day's note, its milestones, facts with evidence, and recall."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS
from revenue_machine.domains.memory.tables import DAILY_NOTES, GRAPH_ENTITIES, GRAPH_RELATIONS, MEMORY_EVENTS
from revenue_machine.domains.revenue.tables import SNAPSHOTS
from tests.app_fixture import START, make_app
from tests.domains.feedback.test_list_posts import fill
from tests.domains.publishing.stage import DAY, HOUR, Stage

TODAY = START.date()
FACT: dict[str, Any] = {
    "subject": "paywall",
    "statement": "Annual first beats monthly first",
    "evidence": ["exp_1"],
    "confidence": 0.8,
}


def snapshot(stage: Stage, days_ago: int, mrr_micro_usd: int, source: str = "revcat", *, is_stale: bool = False) -> None:
    day = TODAY - timedelta(days=days_ago)
    row = {
        "id": f"{source}{days_ago}", "source": source, "slot": "pm", "snapshot_date": day, "is_stale": is_stale, "as_of": START,
        "metrics": {"mrr_micro_usd": mrr_micro_usd}, "created_at": START,
    }  # fmt: skip
    with stage.app.database.writing() as connection:
        connection.execute(SNAPSHOTS.insert().values(row))


def phase(stage: Stage, days_ago: int, number: int, paying: int) -> None:
    day = TODAY - timedelta(days=days_ago)
    nothing = {column.name: 0 for column in FUNNEL_SNAPSHOTS.c if not column.nullable and column.name not in ("id", "is_stale")}
    row = nothing | {
        "id": f"fun{days_ago}", "snapshot_date": day, "paying_users": paying, "phase": number, "created_at": START,
        "updated_at": START,
    }  # fmt: skip
    with stage.app.database.writing() as connection:
        connection.execute(FUNNEL_SNAPSHOTS.insert().values(row))


def eventful(stage: Stage) -> None:
    """A day with risen money, a new phase and a winner."""
    snapshot(stage, 1, 100_000_000)
    snapshot(stage, 0, 119_990_000)
    phase(stage, 1, 1, 49)
    phase(stage, 0, 2, 50)
    judged = {"engagement_score": 9.6, "classification": "viral", "measured_at": START + HOUR, "published_at": START - DAY + HOUR}
    fill(stage, {"post_id": "post_a", **judged})


def contents(stage: Stage) -> list[tuple[str, float, str]]:
    rows = sorted(stage.rows(MEMORY_EVENTS), key=lambda row: -row["importance_score"])
    return [(row["event_type"], row["importance_score"], row["content"]) for row in rows]


def test_day_has_its_milestones(stage: Stage) -> None:
    eventful(stage)
    result = stage.in_run("graph.record_event", START).result
    assert result == {"run_date": "2026-11-02", "recorded": 3, "known": 0, "dropped": 0}
    assert contents(stage) == [
        ("milestone", 10.0, "phase 2 followed phase 1"),
        ("milestone", 9.0, "MRR at revcat rose from $100.00 to $119.99"),
        ("insight", 8.5, "winner on x in saas_growth: list hook, PAS framework, score 9.6, viral (post_a)"),
    ]


def test_milestones_are_recorded_once(stage: Stage) -> None:
    eventful(stage)
    stage.in_run("graph.record_event", START)
    result = stage.in_run("graph.record_event", START).result
    assert (result["recorded"], result["known"], len(stage.rows(MEMORY_EVENTS))) == (0, 3, 3)


def test_stale_money_moves_nothing(stage: Stage) -> None:
    snapshot(stage, 1, 100_000_000)
    snapshot(stage, 0, 90_000_000, is_stale=True)
    snapshot(stage, 1, 5_000_000, "stripe")
    snapshot(stage, 0, 5_000_000, "stripe")
    assert stage.in_run("graph.record_event", START).result["recorded"] == 0


def test_run_date_is_the_runs(stage: Stage) -> None:
    stage.clock.move_to(START + DAY)
    assert stage.in_run("memory.write_daily", START).result["run_date"] == "2026-11-02"
    assert stage.call("memory.write_daily")["run_date"] == "2026-11-03"


def test_note_tells_the_day(stage: Stage) -> None:
    eventful(stage)
    stage.draft("a")
    stage.go_public()
    text = stage.call("memory.write_daily")["text"]
    assert text == (
        "# 2026-11-02\n\n"
        "## Routine\n\n- nothing\n\n"
        "## Posts\n\n- published 1: x 1\n\n"
        "## Verdicts\n\n- viral 1\n- winner on x in saas_growth: list hook, PAS framework, score 9.6, viral (post_a)\n\n"
        "## Money\n\n- revenue $0.00, refunds $0.00\n- after fees and tax $0.00\n- models $0.00\n- MRR at revcat $119.99\n"
        "- phase 2, paying users 50\n\n"
        "## Events\n\n- milestone: phase 2 followed phase 1\n- milestone: MRR at revcat rose from $100.00 to $119.99\n"
    )


def test_note_is_same_after_recording(stage: Stage) -> None:
    eventful(stage)
    before = stage.call("memory.write_daily", run_date="2026-11-02")["text"]
    stage.call("graph.record_event", run_date="2026-11-02")
    assert stage.call("memory.write_daily", run_date="2026-11-02")["text"] == before
    assert [row["text"] for row in stage.rows(DAILY_NOTES)] == [before]


def test_file_keeps_the_owners_words(stage: Stage, tmp_path: Path) -> None:
    answer = stage.call("memory.write_daily")
    place = tmp_path / answer["file"]
    assert answer["file"] == "vault/DAILY-NOTES/2026-11-02.md"
    place.write_text(f"{place.read_text()}\nCalled Ada about the price.\n")
    eventful(stage)
    stage.call("memory.write_daily")
    page = place.read_text()
    assert page.endswith("Called Ada about the price.\n")
    assert "phase 2 followed phase 1" in page
    assert list(place.parent.iterdir()) == [place]


def test_full_disk_is_a_named_failure(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("in the way")
    error = stage.app.call("memory.write_daily").as_dict()["error"]
    assert error["code"] == "outside_unavailable"
    assert len(stage.rows(DAILY_NOTES)) == 1


def memories(home: Path, **env: Any) -> tuple[bytes, Any, list[tuple[str, float, str]], Any]:
    """Everything a house remembers after an eventful day: the note's file, what recall answers, events, facts."""
    home.mkdir()
    app, outside, clock = make_app(home, **env)
    stage = Stage(app, outside, clock)
    eventful(stage)
    stage.call("graph.record_event")
    stage.call("memory.write_knowledge", **FACT | {"tags": ["Ünïcode", "b", "a"]})
    stage.call("memory.write_daily")
    recalled = stage.call("graph.search", query="winning phase annual", limit=50)
    events, facts = contents(stage), stage.rows(GRAPH_ENTITIES)
    app.close()
    return (home / "vault/DAILY-NOTES/2026-11-02.md").read_bytes(), recalled, events, facts


def test_same_facts_same_bytes(tmp_path: Path) -> None:
    assert memories(tmp_path / "one") == memories(tmp_path / "two")


@pytest.mark.postgres
def test_both_databases_remember_alike(tmp_path: Path, postgres_url: str) -> None:
    assert memories(tmp_path / "one") == memories(tmp_path / "two", REVENUE_DATABASE_URL=postgres_url)


def test_strong_fact_lasts_with_evidence(stage: Stage) -> None:
    first = stage.call("memory.write_knowledge", **FACT)
    assert (first["is_kept"], first["layer"], first["score"]) == (True, 1, 8.0)
    rows = stage.rows(GRAPH_ENTITIES)
    stage.clock.move_to(START + HOUR)
    assert stage.call("memory.write_knowledge", **FACT) == first
    assert stage.rows(GRAPH_ENTITIES) == rows
    more = FACT | {"evidence": ["exp_2"], "confidence": 0.75, "tags": ["annual"]}
    stage.call("memory.write_knowledge", **more)
    fact = next(row for row in stage.rows(GRAPH_ENTITIES) if row["entity_type"] == "fact")
    assert (fact["properties"], fact["confidence"]) == ({"subject": "paywall", "evidence": ["exp_1", "exp_2"]}, 0.8)
    assert fact["tags"] == ["annual"]
    (relation,) = stage.rows(GRAPH_RELATIONS)
    assert relation["to_id"] == fact["id"]


def test_weak_statement_leaves_nothing(stage: Stage) -> None:
    answer = stage.call("memory.write_knowledge", **FACT | {"confidence": 0.3})
    assert answer == {"is_kept": False, "layer": None, "score": 3.0, "id": None}
    assert stage.rows(GRAPH_ENTITIES) == stage.rows(MEMORY_EVENTS) == []


def test_middling_statement_stays_an_event(stage: Stage) -> None:
    stage.call("memory.write_knowledge", **FACT | {"confidence": 0.6})
    answer = stage.call("memory.write_knowledge", **FACT | {"confidence": 0.6})
    assert (answer["layer"], stage.rows(GRAPH_ENTITIES)) == (2, [])
    (row,) = stage.rows(MEMORY_EVENTS)
    assert (row["content"], row["id"], row["metadata"]) == (
        "paywall: Annual first beats monthly first", answer["id"], {"evidence": "exp_1"},
    )  # fmt: skip


def test_outside_text_stays_labelled(stage: Stage) -> None:
    stage.call("memory.write_knowledge", **FACT | {"provenance": "outside"})
    stage.call("memory.write_knowledge", **FACT)
    (hit, *_) = stage.call("graph.search", query="annual monthly")["hits"]
    assert (hit["kind"], hit["provenance"], hit["layer"]) == ("entity", "outside", 1)


@pytest.mark.parametrize(
    ("args", "field"),
    [
        (FACT | {"evidence": []}, "evidence"),
        (FACT | {"confidence": 1.1}, "confidence"),
        (FACT | {"statement": ""}, "statement"),
        (FACT | {"provenance": "hearsay"}, "provenance"),
    ],
)
def test_unfounded_knowledge_is_refused(args: dict[str, Any], field: str, stage: Stage) -> None:
    assert stage.app.call("memory.write_knowledge", args).as_dict()["error"]["field"] == field


def test_said_event_is_kept_once(stage: Stage) -> None:
    said: dict[str, Any] = {"event_type": "decision", "content": "Raise the price in December", "importance": 8, "tags": ["price"]}
    assert [stage.call("graph.record_event", **said)["recorded"] for _ in range(2)] == [1, 0]
    assert contents(stage) == [("decision", 8.0, "Raise the price in December")]


def test_trifle_is_dropped(stage: Stage) -> None:
    result = stage.call("graph.record_event", event_type="observation", content="It rained", importance=4.9)
    assert (result["recorded"], result["dropped"], stage.rows(MEMORY_EVENTS)) == (0, 1, [])


@pytest.mark.parametrize(("args", "field"), [({"content": "a"}, "event_type"), ({"event_type": "plan"}, "content")])
def test_half_an_event_is_refused(args: dict[str, Any], field: str, stage: Stage) -> None:
    assert stage.app.call("graph.record_event", args).as_dict()["error"]["field"] == field


def test_recall_orders_by_relevance(stage: Stage) -> None:
    for importance, words in ((5, "a winner alone"), (9, "lesson alone"), (6, "lessons of winners"), (9, "unrelated")):
        stage.call("graph.record_event", event_type="insight", content=words, importance=importance)
    result = stage.call("graph.search", query="winning lessons", limit=2)
    assert [hit["text"] for hit in result["hits"]] == ["lessons of winners", "lesson alone"]
    assert result["found"] == 3


@pytest.mark.parametrize("query", ["", "???", "nothing like it", "%", "'; drop table actp_memory_events; --"])
def test_empty_recall_is_fine(query: str, stage: Stage) -> None:
    stage.call("graph.record_event", event_type="insight", content="a lesson")
    assert stage.call("graph.search", query=query) == {"found": 0, "hits": []}
