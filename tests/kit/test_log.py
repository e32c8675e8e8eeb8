"""Log lines go to stderr as JSON; data stays on stdout; chatter is dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from revenue_machine.kit.log import configure, logger


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_line_is_one_json_object_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    logger().bind(run_id="r1").warning("topic.crashed", topic="a.b")
    logger().info("chatter")
    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert (line["event"], line["topic"], line["run_id"], line["level"]) == ("topic.crashed", "a.b", "r1", "warning")
    assert line["timestamp"].endswith("Z")


def test_pretty_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure("pretty")
    logger().error("topic.crashed", topic="a.b")
    out, err = capsys.readouterr()
    assert out == ""
    assert "topic.crashed" in err
    assert not err.startswith("{")
