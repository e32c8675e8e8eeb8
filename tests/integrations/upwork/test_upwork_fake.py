"""The pretend Upwork answers what is asked and no more, and proposals move because clients decide."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue_machine.integrations.upwork import fake, fake_types, operations
from revenue_machine.integrations.upwork.fake_graphql import GraphqlProblem, parse
from revenue_machine.integrations.upwork.upwork_client import JobSearch, UpworkClient
from revenue_machine.kit.errors import OutsideAuthFailed, OutsideRateLimited, OutsideRejected, OutsideUnavailable
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

Make = Callable[..., UpworkClient]
Own = Callable[[str, str], bytes]


@pytest.fixture
def client(client_of: Make) -> UpworkClient:
    return client_of(UpworkClient)


@pytest.fixture
def state(outside: Outside) -> ServiceState:
    return outside.state("upwork")


@pytest.fixture
def job_id(state: ServiceState) -> str:
    fake.public_add_profile(state, "carl", name="Carl Client", country="Germany", is_verified=True)
    return fake.public_post_job(
        state,
        "carl",
        title="Paywall for an app",
        description="RevenueCat and Expo",
        budget_micro_usd=1_500_000_000,
        skills=["Expo"],
    )


def call(state: ServiceState, query: object, variables: object = None) -> Any:
    headers = {"authorization": f"Bearer {state.api_key}"}
    body = json.dumps({"query": query, "variables": variables}).encode()
    answer = fake.respond(state, FakeRequest("POST", "/graphql", (), headers, body))
    assert answer.status == 200
    return json.loads(answer.body)


def post_many(state: ServiceState, count: int) -> None:
    fake.public_add_profile(state, "many", name="Many Jobs")
    for number in range(count):
        fake.public_post_job(state, "many", title=f"Job {number}", description="app", hourly_micro_usd=(20_000_000, 40_500_000))


def test_posted_job_is_found(client: UpworkClient, state: ServiceState, job_id: str) -> None:
    [job] = client.search_jobs(
        JobSearch(words="expo paywall", skills=("expo",), contract_type="FIXED", budget_usd=(1000, 2000))
    ).nodes
    assert job.client is not None
    assert job.client.location is not None
    assert job.amount is not None
    assert (job.id, job.amount.micro_usd, job.applied, job.client.location.country) == (job_id, 1_500_000_000, False, "Germany")
    assert job.posted_at == state.now()


def test_other_applicants_are_counted_while_open(client: UpworkClient, state: ServiceState, job_id: str) -> None:
    for total, shown in ((7, 7), (3, 7), (12, 12)):
        fake.public_add_applicants(state, job_id, total)
        assert client.search_jobs(JobSearch(words="paywall")).nodes[0].total_applicants == shown
    fake.public_close_job(state, job_id)
    fake.public_add_applicants(state, job_id, 40)
    assert [job["applicants"] for job in fake.public_jobs(state)] == [12]


@pytest.mark.parametrize(
    "search",
    [
        JobSearch(words="dentist"), JobSearch(skills=("figma",)), JobSearch(contract_type="HOURLY"), JobSearch(budget_usd=(2000, 9000)),
        JobSearch(title="expo"),
    ],
)  # fmt: skip
def test_filters_leave_out(search: JobSearch, client: UpworkClient, job_id: str) -> None:
    assert client.search_jobs(search).nodes == []


def test_jobs_page_newest_first(client: UpworkClient, state: ServiceState) -> None:
    post_many(state, 25)
    first = client.search_jobs(JobSearch(words="app"))
    second = client.search_jobs(JobSearch(words="app"), after=first.next_cursor, first=10)
    third = client.search_jobs(JobSearch(words="app"), after=second.next_cursor, first=10)
    titles = [job.title for page in (first, second, third) for job in page.nodes]
    assert titles == [f"Job {number}" for number in range(24, -1, -1)]
    assert (first.next_cursor, second.next_cursor, third.next_cursor) == ("10", "20", None)


def test_broken_paging_leaves_the_first_page(client: UpworkClient, state: ServiceState) -> None:
    post_many(state, 12)
    fake.public_break_paging(state)
    assert len(client.search_jobs(JobSearch(words="app")).nodes) == 10
    with pytest.raises(OutsideUnavailable):
        client.search_jobs(JobSearch(words="app"), after="10")
    fake.public_break_paging(state, is_broken=False)
    assert len(client.search_jobs(JobSearch(words="app"), after="10").nodes) == 2


def test_proposal_by_hand_is_read_back(client: UpworkClient, state: ServiceState, job_id: str) -> None:
    proposal_id = fake.public_apply(state, f"~02{job_id}", cover_letter="I built three.", bid_micro_usd=1_400_000_000)
    [proposal] = client.all_proposals(job_ids=[job_id])
    assert (proposal.id, proposal.outcome, proposal.cover_letter) == (proposal_id, "submitted", "I built three.")
    assert proposal.terms.charge_rate.micro_usd == 1_400_000_000
    assert client.proposal(proposal_id) == proposal
    assert client.search_jobs(JobSearch(words="paywall")).nodes[0].applied
    [held] = fake.public_inbox(state, "carl")
    assert (held["id"], held["text"], held["status"]) == (proposal_id, "I built three.", "PENDING")
    with pytest.raises(ValueError, match="no proposal"):
        fake.public_apply(state, job_id, cover_letter="Again", bid_micro_usd=1)


@pytest.mark.parametrize(("decision", "outcome"), [("declined", "lost"), ("offered", "offered"), ("hired", "won")])
def test_client_decides(decision: str, outcome: str, client: UpworkClient, state: ServiceState, job_id: str) -> None:
    proposal_id = fake.public_apply(state, job_id, cover_letter="Hello", bid_micro_usd=1_400_000_000)
    since = state.now() + timedelta(hours=1)
    assert client.all_proposals(changed_since=since) == []
    state.store.move_to(since)
    contract_id = fake.public_decide(state, proposal_id, decision, reason="budget")
    [proposal] = client.all_proposals(changed_since=since)
    assert proposal.status.reason is not None
    assert (proposal.outcome, proposal.status.reason.reason) == (outcome, "budget")
    assert (contract_id is not None) is (decision == "hired")


def test_interview_opens_a_conversation(client: UpworkClient, state: ServiceState, job_id: str) -> None:
    proposal_id = fake.public_apply(state, job_id, cover_letter="Hello", bid_micro_usd=1_400_000_000)
    assert not client.is_in_conversation(proposal_id)
    fake.public_decide(state, proposal_id, "interview")
    assert client.is_in_conversation(proposal_id)
    assert client.proposal(proposal_id).outcome == "submitted"
    activity = client.posting(job_id).activity
    assert activity is not None
    assert activity.job_activity is not None
    assert activity.job_activity.total_invited_to_interview == 1


def test_hire_makes_a_contract(client: UpworkClient, state: ServiceState, job_id: str) -> None:
    proposal_id = fake.public_apply(state, job_id, cover_letter="Hello", bid_micro_usd=1_400_000_000)
    contract_id = fake.public_decide(state, proposal_id, "hired")
    assert contract_id is not None
    contract = client.contract(contract_id)
    assert contract.terms is not None
    assert contract.terms.fixed is not None
    assert contract.terms.fixed[0].fixed_amount is not None
    assert contract.terms.fixed[0].fixed_amount.micro_usd == 1_400_000_000
    with pytest.raises(ValueError, match="HIRED"):
        fake.public_decide(state, proposal_id, "declined")


def test_closed_and_withdrawn_end(client: UpworkClient, state: ServiceState, job_id: str) -> None:
    archived = fake.public_apply(state, job_id, cover_letter="Hello", bid_micro_usd=1)
    fake.public_close_job(state, job_id)
    other = fake.public_post_job(state, "carl", title="Other", description="b", budget_micro_usd=1_000_000)
    withdrawn = fake.public_apply(state, other, cover_letter="Hello", bid_micro_usd=1)
    fake.public_withdraw(state, withdrawn)
    assert {one.id: one.outcome for one in client.all_proposals()} == {archived: "lost", withdrawn: "withdrawn"}
    assert [one.id for one in client.search_jobs(JobSearch(words="b")).nodes] == [other]


def test_many_proposals_page_to_the_end(client: UpworkClient, state: ServiceState) -> None:
    post_many(state, 45)
    for job in fake.public_jobs(state):
        fake.public_apply(state, job["id"], cover_letter="Hello", bid_micro_usd=20_000_000)
    assert len(client.all_proposals()) == 45


def test_expired_token_is_refused(client: UpworkClient, state: ServiceState, client_of: Make) -> None:
    assert client.owner().name == "Solo G."
    fake.public_expire_token(state)
    with pytest.raises(OutsideAuthFailed):
        client.owner()
    fake.public_renew_token(state)
    client.owner()
    with pytest.raises(OutsideAuthFailed):
        client_of(UpworkClient, api_key="wrong").owner()


def test_too_many_calls_are_refused(client: UpworkClient, state: ServiceState) -> None:
    state.put("calls", "all", {"at": ["2026-11-22T05:59:30+00:00"] * 600})
    with pytest.raises(OutsideRateLimited):
        client.owner()
    state.store.move_to(state.now() + timedelta(seconds=30))
    client.owner()


def test_unknown_things_are_unknown(client: UpworkClient) -> None:
    for ask in (client.posting, client.proposal, client.contract):
        with pytest.raises(OutsideRejected) as refusal:
            ask("5")
        assert refusal.value.details == {"reason": "unknown"}


MISTAKES = [
    ("query { user { id", "InvalidSyntax"), ("query { user { id } } query { user { id } }", "InvalidSyntax"), ("{ }", "InvalidSyntax"),
    ("subscription { user { id } }", "InvalidSyntax"), ("query { user { ...f } }", "InvalidSyntax"), (5, "InvalidSyntax"),
    ("query { connectsBalance }", "ValidationError"), ("query { user }", "ValidationError"), ("query { user { salary } }", "ValidationError"),
    ("query { user { id { id } } }", "ValidationError"), ("query { user(id: 1) { id } }", "ValidationError"),
    ("query { vendorProposal { id } }", "ValidationError"), ("query { vendorProposal(id: $id) { id } }", "ValidationError"),
    ("query($id: ID!) { vendorProposal(id: $id) { id } }", "ValidationError"),
    ("mutation { submitProposal(id: 1) { id } }", "ValidationError"), ("mutation { user { id } }", "ValidationError"),
    ("query { marketplaceJobPostingsSearch(marketPlaceJobFilter: {colour_eq: 1}) { totalCount } }", "ValidationError"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "kind"), MISTAKES)
def test_undocumented_questions_are_errors(query: object, kind: str, state: ServiceState) -> None:
    answer = call(state, query)
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["classification"] == kind


def test_only_what_is_asked_comes_back(state: ServiceState, job_id: str) -> None:
    query = "{ mine: user { who: id } marketplaceJobPostingsSearch { totalCount edges { node { title } } } }"
    assert call(state, query)["data"] == {
        "mine": {"who": "424200000000000001"},
        "marketplaceJobPostingsSearch": {"totalCount": 1, "edges": [{"node": {"title": "Paywall for an app"}}]},
    }


@given(st.text(alphabet='{}()$:!"[]=. abcidquery\\\n', max_size=60))
def test_noise_is_a_syntax_error(text: str) -> None:
    with contextlib.suppress(GraphqlProblem):
        assert parse(text).selections


def test_same_seed_same_bytes(tmp_path: Path, outside: Outside) -> None:
    def live(place: Path) -> list[tuple[Any, ...]]:
        store = WorldStore(place)
        store.move_to(outside.store.now())
        state = Outside(store, 7).state("upwork")
        fake.public_add_profile(state, "carl", name="Carl")
        job = fake.public_post_job(state, "carl", title="A", description="b", budget_micro_usd=5_000_000)
        fake.public_decide(state, fake.public_apply(state, job, cover_letter="c", bid_micro_usd=1), "hired")
        rows = store.run("select key, document from documents order by place")
        store.close()
        return rows

    assert live(tmp_path / "one.db") == live(tmp_path / "two.db")


def same_keys(held: Any, made: Any, path: str) -> None:
    """A fixture and a fake's answer have the same fields all the way down."""
    if isinstance(held, dict) and isinstance(made, dict):
        assert set(held) == set(made), path
        for name in held:
            same_keys(held[name], made[name], f"{path}.{name}")
    if isinstance(held, list) and isinstance(made, list) and held and made:
        same_keys(held[0], made[0], f"{path}[]")


def test_fixtures_and_fake_agree(state: ServiceState, job_id: str, own: Own) -> None:
    post_many(state, 1)
    search = call(state, operations.SEARCH, {"filter": {"pagination_eq": {"first": 1, "after": "0"}}})
    proposal_id = fake.public_apply(state, job_id, cover_letter="Hello", bid_micro_usd=1_400_000_000)
    variables = {
        "filter": {"status_eq": "Pending"},
        "sort": {"field": "MODIFIEDDATETIME", "sortOrder": "DESC"},
        "page": {"first": 20},
    }
    made = {
        "search": search, "search_empty": call(state, operations.SEARCH, {"filter": {"titleExpression_eq": "none"}}),
        "posting": call(state, operations.about(operations.POSTING, job_id)), "owner": call(state, operations.OWNER),
        "proposals": call(state, operations.PROPOSALS, variables),
        "contract": call(state, operations.about(operations.CONTRACT, str(fake.public_decide(state, proposal_id, "hired")))),
    }  # fmt: skip
    for name, answer in made.items():
        same_keys(json.loads(own("upwork", f"{name}.json")), answer, name)


def test_contract_is_kept(shared: Path) -> None:
    text = (shared / "contracts" / "upwork" / "operations.json").read_text(encoding="utf-8")
    known = {one["name"]: one for one in json.loads(text)}
    for name, (_, needs, may) in fake_types.QUERIES.items():
        assert known[name]["kind"] == "query"
        assert all(f"${argument}:" in known[name]["arguments"] for argument in (*needs, *may)), name
    assert not [one for one in known if "submit" in one.lower() and "proposal" in one.lower()]


def test_types_are_documented(shared: Path) -> None:
    text = (shared / "contracts" / "upwork" / "types.subset.json").read_text(encoding="utf-8")
    known = json.loads(text)["components"]["schemas"]
    for name, fields in fake_types.TYPES.items():
        if name in known:
            assert set(fields) <= set(known[name]["properties"]), name
    assert set(fake_types.TYPES) - set(known) == {"DateTime", "Room"}
    assert set(fake_types.JOB_FILTERS) <= set(known["MarketplaceJobPostingsSearchFilter"]["properties"])


def test_published_answers_are_read(shared: Path, client_hearing: Make) -> None:
    import httpx2

    text = (shared / "fixtures" / "upwork" / "search_hourly_and_fixed.json").read_text(encoding="utf-8")
    case = json.loads(text)
    body = json.dumps(case["response"]).encode()
    client = client_hearing(UpworkClient, lambda request: httpx2.Response(200, content=body))
    hourly, fixed = client.search_jobs(JobSearch(words="a")).nodes
    expected = case["expected_mapping"]
    assert (hourly.ciphertext, hourly.url) == (expected["hourly"]["external_id"], expected["hourly"]["url"])
    assert [skill.pretty_name for skill in hourly.skills] == expected["hourly"]["skills"]
    assert hourly.hourly_budget_max is not None
    assert fixed.amount is not None
    assert hourly.hourly_budget_max.micro_usd == expected["hourly"]["budget_max"] * 1_000_000
    assert (fixed.budget_type, fixed.amount.micro_usd) == ("fixed", expected["fixed"]["budget_max"] * 1_000_000)
    assert fixed.posted_at.isoformat() == "2026-08-25T09:00:00+00:00"
