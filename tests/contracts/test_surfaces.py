"""Every topic answers the same through the command line, HTTP and MCP."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from revenue_machine import domains
from revenue_machine.engine.registry import discover
from revenue_machine.engine.topic import Effect
from tests.contracts.surfaces import CommandLine, Envelope, Face, environment, http_face, mcp_client, mcp_face, stdio_server
from tests.contracts.topic_inputs import SMALLEST, required

TOPICS = discover(domains).topics
# Those that change something first, so that those that read have something to read.
IN_ORDER = sorted(TOPICS, key=lambda name: (TOPICS[name].effect <= Effect.READS, name))
BUILT = [name for name in IN_ORDER if TOPICS[name].built]
PLANNED = [name for name in IN_ORDER if not TOPICS[name].built]
# Libraries that take longer to load than the whole of `--help` may take.
HEAVY = {
    "duckdb", "pyarrow", "requests", "facebook_business", "httpx", "polars", "stripe", "resend", "telegram", "sqlalchemy", "litestar",
    "posthog", "numba", "fastapi", "pandas", "dbos", "openai", "scipy", "anthropic",
}  # fmt: skip
PASSING = {"duration_ms", "run_id"}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Face]]:
    """Three equal homes, one behind each face."""
    base = tmp_path_factory.mktemp("faces")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(base / "cli").items():
            patch.setenv(name, value)
        http = stack.enter_context(http_face(base / "http"))
        mcp = stack.enter_context(mcp_face(base / "mcp"))
        yield {"cli": CommandLine(), "http": http, "mcp": mcp}


def _lasting(answer: Envelope) -> Envelope:
    """An answer without time and run; a question has an id of its own in each home, for each is asked under another key."""
    text = re.sub(r"\bapr_[a-z2-7]{16}\b", "apr", json.dumps({key: value for key, value in answer.items() if key not in PASSING}))
    rest: Envelope = json.loads(text)
    result = rest.get("result")
    if result and "approvals" in result:
        result["approvals"].sort(key=lambda card: (card["topic"], card["payload_hash"]))
    return rest


def ask(faces: dict[str, Face], topic: str, payload: dict[str, Any]) -> Envelope:
    """What all three say, without what is allowed to differ."""
    answers = {name: face.call(topic, payload) for name, face in faces.items()}
    for name, answer in answers.items():
        assert set(answer) >= PASSING, f"{name} answers without {PASSING - set(answer)}"
        assert isinstance(answer["duration_ms"], int)
    plain = {name: _lasting(answer) for name, answer in answers.items()}
    assert plain["http"] == plain["cli"]
    assert plain["mcp"] == plain["cli"]
    return plain["cli"]


def test_built_topics_answer_the_same(faces: dict[str, Face]) -> None:
    seen = {name: ask(faces, name, SMALLEST.get(name, {})) for name in BUILT}
    assert [name for name, answer in seen.items() if answer["topic"] != name] == []
    codes = {answer["error"]["code"] for answer in seen.values() if not answer["ok"]}
    assert codes <= {
        "bad_input",
        "not_configured",
        "not_found",
        "outside_unavailable",
        "outside_rejected",
        "approval_required",
        "conflict",
    }
    assert sum(answer["ok"] for answer in seen.values()) >= 0.7 * len(BUILT)


@pytest.mark.parametrize("name", BUILT)
def test_unknown_fields_are_refused_alike(name: str, faces: dict[str, Face]) -> None:
    answer = ask(faces, name, {**SMALLEST.get(name, {}), "no_such_field": 1})
    assert (answer["error"]["code"], answer["error"]["field"]) == ("bad_input", "no_such_field")


@pytest.mark.parametrize("name", sorted(name for name, given in SMALLEST.items() if required(TOPICS[name])))
def test_missing_fields_are_refused_alike(name: str, faces: dict[str, Face]) -> None:
    answer = ask(faces, name, {})
    assert (answer["error"]["code"], answer["error"]["field"]) == ("bad_input", required(TOPICS[name])[0])


def test_planned_topics_say_so_alike(faces: dict[str, Face]) -> None:
    for name in PLANNED:
        error = ask(faces, name, {})["error"]
        assert (error["code"], error["issue"]) == ("not_configured", TOPICS[name].issue)
        assert error["message"] == f"{name} is not built yet: issue {TOPICS[name].issue} builds it"


def test_unknown_topics_are_refused_alike(faces: dict[str, Face]) -> None:
    error = ask(faces, "posthog.funel", {})["error"]
    assert error["code"] == "not_found"
    assert "posthog.funnel" in error["message"]


def test_mcp_offers_every_topic(faces: dict[str, Face]) -> None:
    mcp: Any = faces["mcp"]
    assert sorted(mcp.tools()) == sorted(name.replace(".", "_") for name in TOPICS)


def test_mcp_on_stdio_answers_too(tmp_path: Path) -> None:
    with mcp_client(stdio_server(tmp_path)) as mcp:
        answer = mcp.call("system.heartbeat", {})
        refusal = mcp.call("graph.search", {})
    assert (answer["ok"], answer["topic"]) == (True, "system.heartbeat")
    assert refusal["error"]["field"] == "query"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, io, contextlib\nfrom revenue_machine.__main__ import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    main(['--help'])\n"
        "import json; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(json.loads(done.stdout)) == set()


@pytest.mark.proof
def test_help_comes_at_once() -> None:
    """The machine's own load is left out by counting processor time, of which one process cannot have more than wall time."""
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "revenue_machine", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert median(seconds) <= 0.150
