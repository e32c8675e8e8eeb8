from __future__ import annotations

from pathlib import Path

from revenue_machine.sandbox.scoring import ModelScore, earned_by_network, league, league_lines, score, score_lines
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.truth import Deed, every_deed, note
from tests.sandbox.stage import START


def told(folder: Path) -> WorldStore:
    store = WorldStore(folder / "world.db")
    for deed in (
        Deed(START, "purchase", "before", None, "before", "everreach", 19_990_000),
        Deed(START, "click", "a", "post_1", "post"),
        Deed(START, "purchase", "a", "post_1", "post", "everreach", 19_990_000),
        Deed(START, "purchase", "b", "post_1", "lookup", "everreach", 19_990_000),
        Deed(START, "purchase", "c", "post_2", "post", "kindletters", 9_990_000, seen=False),
        Deed(START, "refund", "c", "post_2", "post", "kindletters", -9_990_000, seen=False),
        Deed(START, "purchase", "d", None, "direct", "clientportal", 49_000_000),
    ):
        note(store, deed)
    return store


def test_score_tells_truth_from_trace(tmp_path: Path) -> None:
    found = score(told(tmp_path))
    assert (found.caused_by_posts, found.visible_of_those) == (3, 1)
    assert found.captured_share == 1 / 3
    assert found.earned_micro_usd == 88_980_000
    assert found.earned_by_posts_micro_usd == 39_980_000
    assert (found.best_post, found.best_post_micro_usd) == ("post_1", 39_980_000)


def test_score_lines_stand_beside_what_was_seen(tmp_path: Path) -> None:
    lines = score_lines(told(tmp_path), {"purchase": 2})
    assert "purchase 4 (the machine saw 2)" in lines[0]
    assert lines[1] == "  earned $88.98, of that because of posts $39.98"
    assert lines[2] == "  3 bought because of a post; 1 of them left a trace (33% can be attributed at best)"


def test_an_empty_world_scores_without_shares(tmp_path: Path) -> None:
    store = WorldStore(tmp_path / "world.db")
    assert score(store).captured_share is None
    assert len(score_lines(store)) == 2


def test_the_truth_reads_back_as_told(tmp_path: Path) -> None:
    deed = every_deed(told(tmp_path))[4]
    assert deed == Deed(START, "purchase", "c", "post_2", "post", "kindletters", 9_990_000, seen=False)


def met(store: WorldStore) -> WorldStore:
    """The networks of the two posts, as the world's post book notes them."""
    notes = ServiceState(store, "world", 7)
    notes.put("post", "post_1", {"id": "post_1", "crowd": "x/saas_growth"})
    notes.put("post", "post_2", {"id": "post_2", "crowd": "threads/saas_growth"})
    return store


def test_money_is_summed_by_its_network(tmp_path: Path) -> None:
    assert earned_by_network(met(told(tmp_path))) == ({"threads": 0.0, "x": 39_980_000.0}, 88_980_000)


def test_the_league_ranks_by_share_error() -> None:
    truth = {"x": 40.0, "threads": 20.0}
    scores = league(truth, 100.0, {"last": {"x": 30.0, "threads": 20.0}, "first": {"x": 60.0, "unknown": 9.0}})
    assert scores == [ModelScore("last", 0.05, -0.1), ModelScore("first", 0.2, 0.0)]


def test_the_best_model_is_named_with_its_bias() -> None:
    lines = league_lines([ModelScore("linear", 0.021, -0.083), ModelScore("last", 0.04, 0.1)])
    assert lines[1] == "    linear           error   2.1  bias   -8.3"
    assert lines[-1] == "  best is linear: it credits posts with 8.3 points too little"


def test_without_sales_there_is_no_league(tmp_path: Path) -> None:
    assert league({"x": 0.0}, 0.0, {"last": {"x": 1.0}}) == []
    assert not any("attribution" in line for line in score_lines(told(tmp_path)))


def test_the_league_stands_under_the_truth(tmp_path: Path) -> None:
    lines = score_lines(met(told(tmp_path)), credited={"last": {"x": 19_990_000.0}})
    assert lines[-1] == "  best is last: it credits posts with 22.5 points too little"
