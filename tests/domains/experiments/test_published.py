"""Two published experiments, counted from their raw rows and judged by the topic: the figures everybody knows come out."""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.experiments.models import VerdictArgs, VerdictResult
from revenue_machine.domains.experiments.topics import verdict

Arms = list[dict[str, Any]]
FIXED = {"looks": 1, "look": 1}


@pytest.fixture(scope="module")
def shared() -> Path:
    folder = Path(os.environ.get("REVENUE_SHARED", str(Path(__file__).resolve().parents[4] / "shared"))) / "data"
    if not (folder / "cookie_cats").is_dir() or not (folder / "hillstrom_email").is_dir():
        pytest.skip("REVENUE_SHARED names no folder with published experiments")
    return folder


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def arms_of(path: Path, arm: str, converted: Callable[[dict[str, str]], bool], money: str | None = None) -> Arms:
    """Users, conversions and, where there is money, its sum and variance per arm, arms by name."""
    users, hits, paid, squares = (defaultdict[str, Any](int) for _ in range(4))
    for row in rows(path):
        users[row[arm]] += 1
        hits[row[arm]] += converted(row)
        amount = float(row[money]) if money else 0.0
        paid[row[arm]] += amount
        squares[row[arm]] += amount * amount
    found: Arms = []
    for name in sorted(users):
        found.append({"name": name, "users": users[name], "conversions": hits[name]})
        if money:
            mean = paid[name] / users[name]
            found[-1] |= {"revenue_usd": f"{paid[name]:.2f}", "revenue_variance": squares[name] / users[name] - mean**2}
    return found


def said(arms: Arms, control: str, **asked: Any) -> VerdictResult:
    return verdict(VerdictArgs.model_validate({"arms": arms, "control": control, "days": 14, **asked}))


def holds_reference(found: VerdictResult, reference: dict[str, Any]) -> None:
    """The reference's own z, p and 95 % interval; it subtracts the other way round when its second arm is not the control."""
    sign = 1 if found.effect.absolute is not None and found.effect.absolute * reference["diff"] > 0 else -1
    assert found.effect.absolute == pytest.approx(sign * reference["diff"], rel=1e-9)
    assert found.p_value == pytest.approx(reference["p_two_sided"], rel=1e-9)
    assert found.interval == pytest.approx(sorted(sign * one for one in reference["ci95_unpooled"]), abs=1e-8)


def test_cookie_cats_keep_their_gate(shared: Path) -> None:
    folder = shared / "cookie_cats"
    reference = json.loads((folder / "reference_results.json").read_text(encoding="utf-8"))
    week = arms_of(folder / "cookie_cats.csv", "version", lambda row: row["retention_7"].upper() == "TRUE")
    assert [(one["users"], one["conversions"]) for one in week] == [(44_700, 8502), (45_489, 8279)]
    found = said(week, "gate_30", plan=FIXED)
    assert (found.verdict, found.winner) == ("roll_back", "gate_30")
    assert found.srm_p == pytest.approx(0.0086, abs=1e-4)
    holds_reference(found, reference["retention_7"])
    assert [round(one["conversions"] / one["users"], 4) for one in week] == [0.1902, 0.1820]
    assert said(week, "gate_40", plan=FIXED).winner == "gate_30"
    assert said(week, "gate_30").verdict == "keep_going"

    day = arms_of(folder / "cookie_cats.csv", "version", lambda row: row["retention_1"].upper() == "TRUE")
    first = said(day, "gate_30", plan=FIXED)
    assert (first.verdict, first.winner) == ("inconclusive", None)
    holds_reference(first, reference["retention_1"])
    assert [round(one["conversions"] / one["users"], 4) for one in day] == [0.4482, 0.4423]


@pytest.mark.parametrize(
    ("measure", "men", "women", "none"), [("visit", 0.1828, 0.1514, 0.1062), ("conversion", 0.0125, 0.0088, 0.0057)]
)
def test_hillstrom_mails_are_shipped(shared: Path, measure: str, men: float, women: float, none: float) -> None:
    folder = shared / "hillstrom_email"
    reference = json.loads((folder / "reference_results.json").read_text(encoding="utf-8"))
    arms = arms_of(folder / "hillstrom.csv", "segment", lambda row: row[measure] == "1", "spend")
    assert [one["users"] for one in arms] == [21_307, 21_306, 21_387]
    assert [round(one["conversions"] / one["users"], 4) for one in arms] == [men, none, women]
    both = said(arms, "No E-Mail", plan=FIXED)
    assert (both.verdict, both.winner) == ("ship", "Mens E-Mail")
    assert {one.name: one.standing for one in both.arms} == {"Mens E-Mail": "better", "Womens E-Mail": "better"}
    spent = {one.name: one.revenue for one in both.arms}
    assert [round(one.arm, 2) for one in spent.values() if one] == [1.42, 1.08]
    assert [round(one.control, 2) for one in spent.values() if one] == [0.65, 0.65]
    for name in ("Mens E-Mail", "Womens E-Mail"):
        pair = [one for one in arms if one["name"] in {name, "No E-Mail"}]
        alone = said(pair, "No E-Mail", plan=FIXED)
        assert (alone.verdict, alone.winner) == ("ship", name)
        holds_reference(alone, reference[f"{name} vs none {measure}"])
    assert said(arms, "No E-Mail").verdict == "ship"
    assert said(arms, "Mens E-Mail", plan=FIXED).verdict == "roll_back"


def test_broken_or_tiny_cookie_cats_are_not_judged(shared: Path) -> None:
    week = arms_of(shared / "cookie_cats" / "cookie_cats.csv", "version", lambda row: row["retention_7"].upper() == "TRUE")
    lost = [week[0], {**week[1], "users": 43_000, "conversions": 8000}]
    assert said(lost, "gate_30", plan=FIXED).verdict == "unhealthy"
    assert said(week, "gate_30", plan=FIXED, planned_split={"gate_30": 0.4, "gate_40": 0.6}).verdict == "unhealthy"
    few = [{**week[0], "users": 19, "conversions": 1}, {**week[1], "users": 19, "conversions": 19}]
    for plan in (None, FIXED):
        assert said(few, "gate_30", plan=plan).verdict == "inconclusive"
