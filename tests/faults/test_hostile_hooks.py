"""Scenario 8: forged, stale, malformed and oversized webhooks change nothing and are all the sender's mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.engine.tables import HOOK_INBOX, LEDGER
from revenue_machine.kit.rng import rng
from revenue_machine.kit.settings import sandbox_webhook_secret
from tests.faults.hook_house import SENDERS, Line, honest, kept, open_app, served
from tests.faults.hostile_hooks import EVERY, drawn

SERVICES = sorted(SENDERS)


def sums(app: App) -> tuple[int, ...]:
    with app.database.reading() as connection:
        return tuple(connection.execute(sa.select(sa.func.count()).select_from(one)).scalar_one() for one in (HOOK_INBOX, LEDGER))


def attack(app: App, service: str, number: int, valid_every: int) -> tuple[dict[int, int], list[str]]:
    """(answers by status, ids of the honest ones) of that many hostile webhooks with an honest one among every few."""
    draw, statuses, honest_ids = rng(7, "hostile", service), dict[int, int](), []
    with served(app) as port:
        line = Line(port)
        for turn in range(number):
            knock = drawn(service, turn, draw)
            status, said = line.post(service, knock.headers, knock.body, method=knock.method, chunk_size=knock.chunk_size)
            statuses[status] = statuses.get(status, 0) + 1
            assert 400 <= status < 500, (service, turn, status, knock.headers, knock.body[:200], said[:200])
            if turn % valid_every == valid_every - 1:
                body = SENDERS[service].event(turn)
                answer = line.post(service, list(honest(service, body, f"ok{turn}").items()), body)
                assert (answer[0], b'"new":true' in answer[1]) == (200, True), answer
                honest_ids.append(f"ok{turn}")
        line.close()
    return statuses, honest_ids


@pytest.mark.parametrize("service", SERVICES)
def test_hostile_webhooks_change_nothing(service: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app = open_app(tmp_path, f"sqlite:///{tmp_path}/r.db")
    statuses, honest_ids = attack(app, service, len(EVERY) * 3, 15)
    assert sums(app) == (len(honest_ids), 0)
    assert len(honest_ids) == 3
    assert {400, 405, 413, 415} <= set(statuses) | ({405} if service == "meta_ads" else set())
    app.inbox.drain()
    assert app.inbox.dead_letters() == []
    app.audit.seal()
    app.audit.verify()
    app.close()
    said = capfd.readouterr()
    assert sandbox_webhook_secret(service) not in said.out + said.err


@pytest.mark.proof
@pytest.mark.parametrize("service", SERVICES)
def test_thousand_hostile_webhooks_change_nothing(service: str, tmp_path: Path, database_url: str) -> None:
    app = open_app(tmp_path, database_url)
    statuses, _ = attack(app, service, 1000, 100)
    assert (sum(statuses.values()), sums(app)) == (1000, (10, 0))
    app.inbox.drain()
    assert app.inbox.dead_letters() == []
    app.audit.seal()
    app.audit.verify()
    app.close()


def test_unknown_senders_methods_and_sizes(tmp_path: Path) -> None:
    app = open_app(tmp_path, f"sqlite:///{tmp_path}/r.db")
    with served(app) as port:
        line = Line(port)
        body = SENDERS["stripe"].event(1)
        signed = list(honest("stripe", body, "m").items())
        assert [line.post(name, signed, body)[0] for name in ("nobody", "anthropic", "../stripe", "stripe/", "", "Stripe")] == [
            404
        ] * 6
        assert line.post("stripe", signed, b"", method="GET")[0] == 405
        assert line.post("nobody", signed, b"", method="GET")[0] == 404
        assert line.post("stripe", signed, b"x" * 1_000_001)[0] == 413
        assert line.post("stripe", signed, body)[0] == 200
        line.close()
    assert kept(app) == [("stripe", "evt_1")]
    app.close()


def test_metas_question_is_answered_only_with_our_token(tmp_path: Path) -> None:
    app = open_app(tmp_path, f"sqlite:///{tmp_path}/r.db")
    right = "meta_ads?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=sandbox-verify-token"
    hostile = [
        "meta_ads", "meta_ads?hub.mode=subscribe&hub.challenge=1", right.replace("sandbox-verify", "guess"), right.replace("subscribe", "x"),
        right.replace("1158201444", "%3Cscript%3E"), right.replace("1158201444", ""), right + "&x=1" * 60,
        right.replace("sandbox-verify-token", "%ff%fe"),
    ]  # fmt: skip
    with served(app) as port:
        line = Line(port)
        assert line.post(right, [], b"", method="GET") == (200, b"1158201444")
        assert {line.post(one, [], b"", method="GET")[0] for one in hostile} == {400, 403}
        line.close()
    app.close()
