"""What the pretend Upwork remembers: clients, jobs, the owner's proposals and contracts, and what people do on the site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.kit.money import dollars
from revenue_machine.kit.rng import rng

Document = dict[str, Any]
OWNER = {"id": "424200000000000001", "name": "Solo G."}
# From which status a client may go where.
DECISIONS = {
    "interview": ("ACCEPTED", ("PENDING",)),
    "offered": ("OFFERED", ("PENDING", "ACCEPTED")),
    "hired": ("HIRED", ("PENDING", "ACCEPTED", "OFFERED")),
    "declined": ("DECLINED", ("PENDING", "ACCEPTED", "OFFERED")),
}


def iso_text(instant: datetime) -> str:
    """How jobs spell an instant."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S+0000")


def public_add_profile(state: FakeState, person: str, *, name: str, **further: Any) -> str:
    """Place a person of the world on Upwork as a client; returns the client id.

    `further`: country, city, total_spent_micro_usd, total_hires, total_reviews, feedback (of 5), is_verified.
    """
    draw = rng(state.seed, "upwork_client", person)
    hires = draw.randint(0, 40)
    usual = {
        "country": "United States", "city": None, "total_spent_micro_usd": hires * draw.randint(200, 900) * 1_000_000,
        "total_hires": hires, "total_reviews": hires * 2 // 3, "feedback": round(4 + draw.random(), 2) if hires else 0.0,
        "is_verified": draw.random() < 0.8,
    }  # fmt: skip
    client_id = _number_of(state, "client", person)
    own = {"id": client_id, "person": person, "name": name, "posted": 0}
    state.put("client", person, {**usual, **own, **(state.get("client", person) or {}), **further, "name": name})
    return client_id


def public_people(state: FakeState) -> list[Document]:
    """Every client placed so far."""
    return state.list("client")


def public_post_job(
    state: FakeState,
    person: str,
    *,
    title: str,
    description: str,
    budget_micro_usd: int | None = None,
    hourly_micro_usd: tuple[int, int] | None = None,
    skills: Sequence[str] = (),
    **further: Any,
) -> str:
    """A client posts a job, fixed (`budget_micro_usd`) or hourly (a range); returns its numeric id.

    `further`: experience (ENTRY_LEVEL, INTERMEDIATE or EXPERT), duration_label, engagement, applicants.
    """
    if (budget_micro_usd is None) == (hourly_micro_usd is None):
        raise ValueError("a job has either a budget or an hourly range")
    client = _client(state, person)
    number = state.next_number("job")
    job_id = _number_of(state, "job", number)
    usual = {
        "experience": "INTERMEDIATE",
        "duration_label": "1 to 3 months",
        "engagement": "Less than 30 hrs/week",
        "applicants": 0,
    }
    state.put("job", job_id, {
        **usual, **further, "id": job_id, "number": number, "ciphertext": f"~02{job_id}", "person": person, "title": title,
        "description": description, "budget": budget_micro_usd, "hourly": hourly_micro_usd, "skills": list(skills),
        "at": state.now().isoformat(), "status": "ACTIVE", "hired": 0, "interviewed": 0, "offered": 0,
    })  # fmt: skip
    state.put("client", person, {**client, "posted": client["posted"] + 1})
    return job_id


def public_close_job(state: FakeState, job_id: str) -> None:
    """The client takes the job off the market; open proposals are archived."""
    job = _job(state, job_id)
    state.put("job", job["id"], {**job, "status": "CLOSED"})
    for proposal in state.list("proposal"):
        if proposal["job_id"] == job["id"] and proposal["status"] in ("PENDING", "ACCEPTED", "OFFERED"):
            _move(state, proposal, "ARCHIVED")


def public_apply(state: FakeState, job_id: str, *, cover_letter: str, bid_micro_usd: int) -> str:
    """The owner hands a proposal in by hand on the site; `job_id` is numeric or the ciphertext. Returns the proposal id.

    Raises ValueError when the job is closed or has a proposal of the owner's already.
    """
    job = _job(state, job_id)
    if job["status"] != "ACTIVE" or any(one["job_id"] == job["id"] for one in state.list("proposal")):
        raise ValueError(f"no proposal can be handed in for {job_id}")
    proposal_id = _number_of(state, "proposal", job["id"])
    now = state.now().isoformat()
    state.put("proposal", proposal_id, {
        "id": proposal_id, "job_id": job["id"], "cover_letter": cover_letter, "bid": bid_micro_usd, "status": "PENDING",
        "created_at": now, "modified_at": now, "order": state.next_number("change"), "reason": None, "has_room": False,
    })  # fmt: skip
    state.put("job", job["id"], {**job, "applicants": job["applicants"] + 1})
    return proposal_id


def public_add_applicants(state: FakeState, job_id: str, total: int) -> None:
    """Other freelancers hand proposals in until there are so many; never fewer than before, and none for a closed job."""
    job = _job(state, job_id)
    if job["status"] == "ACTIVE" and total > job["applicants"]:
        state.put("job", job["id"], {**job, "applicants": total})


def public_withdraw(state: FakeState, proposal_id: str) -> None:
    """The owner takes a proposal back on the site."""
    _move(state, _proposal(state, proposal_id), "WITHDRAWN")


def public_decide(state: FakeState, proposal_id: str, outcome: str, *, reason: str | None = None) -> str | None:
    """The client decides: interview, offered, hired or declined; a hire makes a contract, whose id is returned.

    Raises ValueError when the proposal is past that.
    """
    proposal = _proposal(state, proposal_id)
    status, allowed = DECISIONS[outcome]
    if proposal["status"] not in allowed:
        raise ValueError(f"a proposal that is {proposal['status']} cannot be {outcome}")
    _move(state, {**proposal, "reason": reason, "has_room": proposal["has_room"] or outcome != "declined"}, status)
    job = _job(state, proposal["job_id"])
    field = {"interview": "interviewed", "offered": "offered", "hired": "hired"}.get(outcome)
    if field is not None:
        state.put("job", job["id"], {**job, field: job[field] + 1})
    if outcome != "hired":
        return None
    contract_id = _number_of(state, "contract", proposal_id)
    state.put("contract", contract_id, {"id": contract_id, "proposal_id": proposal_id, "job_id": job["id"], "status": "ACTIVE"})
    return contract_id


def public_inbox(state: FakeState, person: str) -> list[Document]:
    """The proposals a client received, oldest first: `id`, `job_id`, `text`, `bid_micro_usd`, `at` and `status`."""
    mine = {job["id"] for job in state.list("job") if job["person"] == person}
    return [
        {
            "kind": "proposal", "id": one["id"], "job_id": one["job_id"], "text": one["cover_letter"], "bid_micro_usd": one["bid"],
            "at": one["created_at"], "status": one["status"],
        }
        for one in state.list("proposal")
        if one["job_id"] in mine
    ]  # fmt: skip


def public_jobs(state: FakeState) -> list[Document]:
    """Every job posted so far, the closed ones too."""
    return state.list("job")


def public_expire_token(state: FakeState) -> None:
    """The access token's 24 hours are over."""
    state.put("token", "expired", {"at": state.now().isoformat()})


def public_renew_token(state: FakeState) -> None:
    """The owner renewed the access token."""
    state.drop("token", "expired")


def public_break_paging(state: FakeState, *, is_broken: bool = True) -> None:
    """Upwork's known fault: a search that asks for pages fails inside."""
    if is_broken:
        state.put("paging", "broken", {"at": state.now().isoformat()})
    else:
        state.drop("paging", "broken")


def money_shape(micro_usd: int | None) -> Document | None:
    """An amount as Upwork spells it: one decimal at least."""
    if micro_usd is None:
        return None
    amount = dollars(micro_usd).quantize(Decimal("0.01")).normalize()
    text = f"{amount:f}" if "." in f"{amount:f}" else f"{amount:f}.0"
    return {"rawValue": text, "currency": "USD", "displayValue": f"${Decimal(text):,.2f}"}


def milliseconds(text: str) -> Document:
    """An audit time as Upwork spells it."""
    instant = parse_instant(text)
    return {"rawValue": str(int(instant.timestamp() * 1000)), "displayValue": iso_text(instant)}


def _number_of(state: FakeState, kind: str, key: object) -> str:
    """A 19-digit id that follows from what it names."""
    return str(1_900_000_000_000_000_000 + int(content_hash(f"{state.seed} upwork {kind} {key}")[:14], 16))


def _move(state: FakeState, proposal: Document, status: str) -> None:
    changed = {"status": status, "modified_at": state.now().isoformat(), "order": state.next_number("change")}
    state.put("proposal", proposal["id"], {**proposal, **changed})


def _client(state: FakeState, person: str) -> Document:
    client = state.get("client", person)
    if client is None:
        raise KeyError(f"nobody placed {person} on Upwork")
    return client


def _job(state: FakeState, job_id: str) -> Document:
    job = state.get("job", job_id.removeprefix("~02"))
    if job is None:
        raise KeyError(f"there is no job {job_id}")
    return job


def _proposal(state: FakeState, proposal_id: str) -> Document:
    proposal = state.get("proposal", proposal_id)
    if proposal is None:
        raise KeyError(f"there is no proposal {proposal_id}")
    return proposal


def room_id(state: FakeState, proposal_id: str) -> str:
    """The room of a proposal."""
    return make_id("room", state.seed, proposal_id)
