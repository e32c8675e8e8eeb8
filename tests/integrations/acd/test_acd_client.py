"""How the harness client reads, asks and fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from pydantic import TypeAdapter, ValidationError

from revenue_machine.integrations.acd.acd_client import AcdClient
from revenue_machine.integrations.acd.wire import HarnessRun, StartOrder
from revenue_machine.kit.errors import (
    BadInput,
    ContractBroken,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRejected,
    OutsideUnavailable,
)

Own = Callable[[str, str], bytes]
Hearing = Callable[..., AcdClient]
PROJECT, REFERENCE = "everreach_pro", "del_4qv7"


class Line:
    """Answers one thing and keeps what was asked."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body, self.status = body, status
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return httpx2.Response(self.status, content=self.body)


def order(own: Own) -> StartOrder:
    body = json.loads(own("acd", "start_request.json"))
    names = {"projectPath": "project_path", "maxSessions": "max_sessions", "sessionDelayMs": "session_delay_ms"}
    return StartOrder.model_validate({names.get(name, name): value for name, value in body.items()})


def test_a_start_is_sent_as_agreed(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("acd", "status_running.json"))
    run = client_hearing(AcdClient, line).start(PROJECT, order(own))
    assert (run.reference, run.status, run.has_ended, run.stats.files_changed) == (REFERENCE, "running", False, None)
    [request] = line.asked
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:3434/api/projects/everreach_pro/harness/start")
    assert json.loads(request.content) == json.loads(own("acd", "start_request.json"))
    assert request.headers["authorization"] == "Bearer sk_sandbox_acd"


def test_an_end_is_read_whole(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("acd", "status_completed.json"))
    run = client_hearing(AcdClient, line, base_url="http://127.0.0.1:9999/").status(PROJECT, REFERENCE)
    assert str(line.asked[0].url) == "http://127.0.0.1:9999/api/projects/everreach_pro/harness/status?reference=del_4qv7"
    assert (run.has_ended, run.ended_at) == (True, datetime(2026, 11, 22, 9, 21, 30, tzinfo=UTC))
    assert [(one.path, one.change) for one in run.files_changed] == [("product.json", "modified"), ("paywall_b.py", "added")]
    assert [(one.id, one.subject) for one in run.commits] == [("1f0c9ab", "Show paywall B to nine in ten")]
    assert "48211" not in run.model_dump_json()


def test_a_run_survives_being_kept(client_hearing: Hearing, own: Own) -> None:
    run = client_hearing(AcdClient, Line(own("acd", "status_completed.json"))).status(PROJECT)
    kept = TypeAdapter(HarnessRun).dump_json(run)
    assert TypeAdapter(HarnessRun).validate_json(kept) == run


def test_an_idle_project_has_no_run(client_hearing: Hearing, own: Own) -> None:
    run = client_hearing(AcdClient, Line(own("acd", "status_idle.json"))).status(PROJECT)
    assert (run.status, run.reference, run.has_ended) == ("idle", None, False)


def test_small_answers_are_read(client_hearing: Hearing, own: Own) -> None:
    found = client_hearing(AcdClient, Line(own("acd", "projects.json"))).projects()
    assert [(one.id, one.status) for one in found] == [("clientportal", "idle"), ("everreach_pro", "running")]
    line = Line(own("acd", "imported.json"))
    assert client_hearing(AcdClient, line).import_project(PROJECT, "/srv/apps/everreach").is_new is True
    assert json.loads(line.asked[0].content) == {"name": PROJECT, "path": "/srv/apps/everreach"}
    stats = client_hearing(AcdClient, Line(own("acd", "stats.json"))).dashboard_stats()
    assert (stats.projects, stats.running, stats.completed, stats.failed, stats.stopped) == (3, 1, 12, 2, 0)


def test_logs_are_asked_by_number(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("acd", "logs.json"))
    page = client_hearing(AcdClient, line).logs(PROJECT, REFERENCE, 6)
    assert str(line.asked[0].url).endswith("/harness/logs?reference=del_4qv7&after=6")
    assert [(one.number, one.stream) for one in page.lines] == [(7, "stdout"), (8, "stderr")]
    assert (page.next_after, page.is_end) == (8, False)
    with pytest.raises(ContractBroken, match="circles"):
        client_hearing(AcdClient, line).logs(PROJECT, REFERENCE, 7)


@pytest.mark.parametrize(
    ("place", "kind", "reason", "wait_s"),
    [
        (0, OutsideAuthFailed, None, None),
        (1, OutsideRejected, "unknown_project", None),
        (2, OutsideRejected, "unknown_run", None),
        (3, OutsideRejected, "running", 300.0),
        (4, OutsideRejected, "reference_used", None),
        (5, OutsideRejected, "dirty_tree", None),
        (6, OutsideRejected, "bad_path", None),
        (7, OutsideUnavailable, None, None),
    ],
)
def test_errors_mean_failures(
    place: int, kind: type[Failure], reason: str | None, wait_s: float | None, client_hearing: Hearing, own: Own
) -> None:
    error = json.loads(own("acd", "errors.json"))[place]
    line = Line(json.dumps(error["body"]).encode(), error["status"])
    with pytest.raises(Failure) as failure:
        client_hearing(AcdClient, line).start(PROJECT, order(own))
    assert type(failure.value) is kind
    assert (failure.value.details.get("reason"), failure.value.retry_after_s) == (reason, wait_s)
    assert failure.value.nothing_happened is (place != 7)


def test_only_what_is_unknown_was_never_started(client_hearing: Hearing, own: Own) -> None:
    errors = json.loads(own("acd", "errors.json"))
    for place in (1, 2):
        line = Line(json.dumps(errors[place]["body"]).encode(), errors[place]["status"])
        assert client_hearing(AcdClient, line).find(PROJECT, REFERENCE) is None
    for place in (0, 3, 6, 7):
        line = Line(json.dumps(errors[place]["body"]).encode(), errors[place]["status"])
        with pytest.raises(Failure):
            client_hearing(AcdClient, line).find(PROJECT, REFERENCE)
    with pytest.raises(OutsideRejected):
        client_hearing(AcdClient, Line(b"<html>Not Found</html>", 404)).find(PROJECT, REFERENCE)


def test_another_run_is_no_answer(client_hearing: Hearing, own: Own) -> None:
    client = client_hearing(AcdClient, Line(own("acd", "status_running.json")))
    with pytest.raises(ContractBroken, match="another run"):
        client.status(PROJECT, "del_other")
    with pytest.raises(ContractBroken, match="another project"):
        client.status("clientportal")
    with pytest.raises(ContractBroken, match="another project"):
        client.stop("clientportal")


@pytest.mark.parametrize(
    "body", [b"{}", b'{"data": {}}', b'{"data": {"projectId": "everreach_pro", "status": "sleeping"}}', b"oops"]
)
def test_strange_answers_are_failures(body: bytes, client_hearing: Hearing) -> None:
    with pytest.raises(ContractBroken):
        client_hearing(AcdClient, Line(body)).status(PROJECT)


def test_bad_questions_are_not_asked(client_hearing: Hearing) -> None:
    line = Line(b"")
    client = client_hearing(AcdClient, line)
    asks: list[Callable[[], Any]] = [
        lambda: client.status("../x"), lambda: client.status(""), lambda: client.import_project("Big Name", "/x"),
        lambda: client.status(PROJECT, "a b"), lambda: client.stop(PROJECT, ""), lambda: client.log_tail(PROJECT, None, 501),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(BadInput):
            ask()
    assert line.asked == []
    with pytest.raises(ValidationError):
        StartOrder(reference="a b", task="x", task_type="tests", model="haiku")


def test_without_a_key_it_is_not_configured(client_hearing: Hearing) -> None:
    with pytest.raises(NotConfigured, match="REVENUE_ACD__API_KEY"):
        client_hearing(AcdClient, Line(b""), api_key=None)
