"""What the Upwork client asks, how it reads two spellings of everything, and what errors in a 200 mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import httpx2
import pytest

from revenue_machine.integrations.upwork import operations
from revenue_machine.integrations.upwork.upwork_client import BUCKETS, JobSearch, UpworkClient
from revenue_machine.kit.errors import BadInput, ContractBroken, Failure, OutsideRejected

Own = Callable[[str, str], bytes]
Hearing = Callable[..., UpworkClient]


class Line:
    """Answers one request after the other and keeps what was asked; the last answer repeats."""

    def __init__(self, *bodies: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.bodies, self.status, self.headers = list(bodies), status, headers or {}
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        body = self.bodies[min(len(self.asked), len(self.bodies)) - 1]
        return httpx2.Response(self.status, content=body, headers=self.headers)


def test_search_is_sent_as_documented(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("upwork", "search.json"))
    search = JobSearch(
        words="expo app", skills=("expo", "react-native"), contract_type="FIXED", budget_usd=(500, 5000), verified_payment_only=True
    )
    client_hearing(UpworkClient, line, organization_id="org9").search_jobs(search, after="50")
    assert str(line.asked[0].url) == "https://api.upwork.com/graphql"
    assert line.asked[0].headers["authorization"] == "Bearer sk_sandbox_upwork"
    assert line.asked[0].headers["x-upwork-api-tenantid"] == "org9"
    body = json.loads(line.asked[0].content)
    assert (body["query"], body["variables"]) == (operations.SEARCH, json.loads(own("upwork", "search_variables.json")))


def test_first_page_asks_for_no_paging(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("upwork", "search.json"))
    client_hearing(UpworkClient, line).search_jobs(JobSearch(words="expo"))
    assert json.loads(line.asked[0].content)["variables"]["filter"] == {"searchExpression_eq": "expo"}
    assert "x-upwork-api-tenantid" not in line.asked[0].headers


def test_jobs_are_read(client_hearing: Hearing, own: Own) -> None:
    page = client_hearing(UpworkClient, Line(own("upwork", "search.json"))).search_jobs(JobSearch(words="expo"))
    hourly, fixed = page.nodes
    assert hourly.hourly_budget_min is not None
    assert hourly.hourly_budget_max is not None
    assert fixed.amount is not None
    assert (page.total_count, page.next_cursor) == (31, "2")
    assert (hourly.budget_type, hourly.hourly_budget_min.micro_usd, hourly.hourly_budget_max.micro_usd) == (
        "hourly", 30_000_000, 50_000_000,
    )  # fmt: skip
    assert (fixed.budget_type, fixed.amount.micro_usd) == ("fixed", 1_500_000_000)
    assert hourly.url == "https://www.upwork.com/jobs/~021900000000000000001"
    assert hourly.posted_at == datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    assert fixed.posted_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert [skill.pretty_name for skill in hourly.skills] == ["Expo"]
    assert hourly.client is not None
    assert hourly.client.total_spent is not None
    assert hourly.client.total_spent.raw == Decimal("18500.5")


@pytest.mark.parametrize(
    "data", ['{"marketplaceJobPostingsSearch":null}', '{"marketplaceJobPostingsSearch":{"edges":[],"totalCount":0}}']
)
def test_empty_search_is_an_empty_page(data: str, client_hearing: Hearing) -> None:
    page = client_hearing(UpworkClient, Line(b'{"data":%s}' % data.encode())).search_jobs(JobSearch(words="expo"))
    assert (page.nodes, page.next_cursor) == ([], None)


def test_foreign_money_has_no_dollars(client_hearing: Hearing, own: Own) -> None:
    body = own("upwork", "contract.json").replace(b"USD", b"EUR")
    contract = client_hearing(UpworkClient, Line(body)).contract("1920000000000000001")
    assert contract.terms is not None
    assert contract.terms.fixed is not None
    assert contract.terms.fixed[0].fixed_amount is not None
    assert contract.terms.fixed[0].fixed_amount.micro_usd is None


def test_posting_is_asked_by_id(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("upwork", "posting.json"))
    posting = client_hearing(UpworkClient, line).posting('19"} evil')
    assert posting.terms is not None
    assert posting.workflow is not None
    assert (posting.terms.contract_type, posting.workflow.status) == ("FIXED", "ACTIVE")
    assert r'marketplaceJobPosting(id: "19\"} evil")' in json.loads(line.asked[0].content)["query"]


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("PENDING", "submitted"), ("Accepted", "submitted"), ("OFFERED", "offered"), ("ACTIVATED", "won"), ("HIRED", "won"),
        ("DECLINED", "lost"), ("ARCHIVED", "lost"), ("WITHDRAWN", "withdrawn"), ("SHORTLISTED", None),
    ],
)  # fmt: skip
def test_status_is_told_in_our_words(word: str, outcome: str | None, client_hearing: Hearing, own: Own) -> None:
    body = own("upwork", "proposals.json").replace(b'"PENDING"', f'"{word}"'.encode())
    [proposal] = client_hearing(UpworkClient, Line(body)).proposals("Pending").nodes
    assert proposal.outcome == outcome
    assert proposal.audit.created_at == datetime(2026, 11, 22, 6, tzinfo=UTC)
    assert proposal.terms.charge_rate.micro_usd == 1_400_000_000


def test_every_bucket_is_read_once(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("upwork", "proposals.json"))
    found = client_hearing(UpworkClient, line).all_proposals(job_ids=["19"])
    asked = [json.loads(one.content)["variables"] for one in line.asked]
    assert len(found) == 1
    assert [one["filter"] for one in asked] == [{"status_eq": bucket, "jobPostingIds_any": ["19"]} for bucket in BUCKETS]
    assert asked[0]["page"] == {"first": 20}


def test_old_proposals_are_left_out(client_hearing: Hearing, own: Own) -> None:
    client = client_hearing(UpworkClient, Line(own("upwork", "proposals.json")))
    changed_at = datetime(2026, 11, 22, 7, tzinfo=UTC)
    assert len(client.all_proposals(changed_since=changed_at)) == 1
    assert client.all_proposals(changed_since=changed_at.replace(minute=1)) == []


def test_endless_proposals_break_the_contract(client_hearing: Hearing, own: Own) -> None:
    body = json.loads(own("upwork", "proposals.json"))
    body["data"]["vendorProposals"]["pageInfo"] = {"hasNextPage": True, "endCursor": "20"}
    with pytest.raises(ContractBroken):
        client_hearing(UpworkClient, Line(json.dumps(body).encode())).all_proposals()


def test_unknown_bucket_is_not_asked(client_hearing: Hearing) -> None:
    line = Line(b"{}")
    with pytest.raises(BadInput):
        client_hearing(UpworkClient, line).proposals("Interviewing")
    assert line.asked == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ('{"data":{"proposalRoom":{"id":"r"}}}', True), ('{"data":{"proposalRoom":null}}', False),
        ('{"errors":[{"message":"room not found"}]}', False),
    ],
)  # fmt: skip
def test_room_tells_a_conversation(answer: str, told: bool, client_hearing: Hearing) -> None:
    assert client_hearing(UpworkClient, Line(answer.encode())).is_in_conversation("1") is told


def test_missing_thing_is_unknown(client_hearing: Hearing) -> None:
    with pytest.raises(OutsideRejected) as refusal:
        client_hearing(UpworkClient, Line(b'{"data":{"vendorProposal":null}}')).proposal("1")
    assert refusal.value.details == {"reason": "unknown"}


def test_errors_in_an_answer_are_failures(client_hearing: Hearing, own: Own) -> None:
    for case in json.loads(own("upwork", "errors.json")):
        with pytest.raises(Failure) as failure:
            client_hearing(UpworkClient, Line(json.dumps(case["body"]).encode())).owner()
        assert (failure.value.code, failure.value.details.get("reason")) == (case["code"], case["reason"])


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "outside_auth_failed"), (403, "outside_auth_failed"), (429, "outside_rate_limited"), (503, "outside_unavailable")],
)
def test_http_errors_are_failures(status: int, code: str, client_hearing: Hearing) -> None:
    with pytest.raises(Failure) as failure:
        client_hearing(UpworkClient, Line(b"{}", status=status)).owner()
    assert failure.value.code == code


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data":{}}', b'{"data":{"user":null}}', b'{"data":{"user":{"id":5}}}'])
def test_strange_answer_breaks_the_contract(body: bytes, client_hearing: Hearing) -> None:
    with pytest.raises(ContractBroken):
        client_hearing(UpworkClient, Line(body)).owner()


def test_nothing_here_changes_anything() -> None:
    documents = [value for name, value in vars(operations).items() if name.isupper() and not name.startswith("_")]
    assert len(documents) == 7
    assert all(document.startswith("query ") for document in documents)
