"""A pretend Upwork: its GraphQL queries over jobs and proposals, errors in 200 bodies, limits, and no way to submit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from revenue_machine.integrations.upwork.fake_graphql import (
    GraphqlProblem,
    Operation,
    Selection,
    check,
    parse,
    project,
    resolved,
    undeclared,
)
from revenue_machine.integrations.upwork.fake_market import (
    OWNER,
    Document,
    iso_text,
    milliseconds,
    money_shape,
    public_add_applicants,
    public_add_profile,
    public_apply,
    public_break_paging,
    public_close_job,
    public_decide,
    public_expire_token,
    public_inbox,
    public_jobs,
    public_people,
    public_post_job,
    public_renew_token,
    public_withdraw,
    room_id,
)
from revenue_machine.integrations.upwork.fake_types import JOB_FILTERS, QUERIES, TYPES
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, answer_json
from revenue_machine.kit.money import dollars

__all__ = [
    "public_add_applicants",
    "public_add_profile",
    "public_apply",
    "public_break_paging",
    "public_close_job",
    "public_decide",
    "public_expire_token",
    "public_inbox",
    "public_jobs",
    "public_people",
    "public_post_job",
    "public_renew_token",
    "public_withdraw",
    "respond",
]

# Ten a second; the world's clock stands still while code runs, so the fake counts a whole minute.
CALLS_PER_MINUTE = 600
MOST_PROPOSALS = 20
MOST_JOBS = 100
USUAL_JOBS = 10
# Seen live: three buckets answer with all open proposals, so the status of each one has to decide.
_OPEN = ("PENDING", "ACCEPTED", "OFFERED")
BUCKETS: Mapping[str, tuple[str, ...]] = {
    "Pending": ("PENDING",), "Accepted": ("ACCEPTED",), "Offered": ("OFFERED",), "Activated": ("ACTIVATED", "HIRED"),
    "Hired": _OPEN, "Declined": _OPEN, "Withdrawn": _OPEN, "Archived": ("ARCHIVED", "DECLINED", "WITHDRAWN"),
}  # fmt: skip


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer one POST /graphql."""
    if (request.method, request.path) != ("POST", "/graphql"):
        return answer_json(404, {"message": "Not Found"})
    if request.bearer() != state.api_key or state.get("token", "expired"):
        return answer_json(401, {"message": "Authentication failed"}, {"www-authenticate": "Bearer"})
    if _is_too_often(state):
        return answer_json(429, {"message": "Too Many Requests"})
    try:
        return answer_json(200, {"data": _execute(state, request.json())})
    except GraphqlProblem as problem:
        return answer_json(200, {"data": None, "errors": [{"message": problem.message, "extensions": problem.extensions}]})


def _execute(state: FakeState, body: Any) -> Document:
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise GraphqlProblem("Invalid syntax: no query", "InvalidSyntax")
    variables = body.get("variables") or {}
    if not isinstance(variables, dict):
        raise GraphqlProblem("Validation error: variables is no object")
    operation = parse(body["query"])
    asked = [(one, _checked(operation, one)) for one in operation.selections]
    answers = {}
    for one, query in asked:
        arguments = resolved(dict(one.arguments), variables)
        for name in QUERIES[query][1]:
            if arguments.get(name) is None:
                raise GraphqlProblem(f"Validation error (NullValueForNonNullArgument@[{query}]) : argument '{name}' is null")
        answers[one.alias] = project(one, _RESOLVERS[query](state, arguments))
    return answers


def _checked(operation: Operation, one: Selection) -> str:
    """The query a selection names, once everything about it is documented."""
    owner = "Query" if operation.kind == "query" else "Mutation"
    if operation.kind == "mutation" or one.name not in QUERIES:
        raise GraphqlProblem(f"Validation error (FieldUndefined@[{one.name}]) : Field '{one.name}' in type '{owner}' is undefined")
    kind, needs, may = QUERIES[one.name]
    for name in one.arguments:
        if name not in (*needs, *may):
            raise GraphqlProblem(f"Validation error (UnknownArgument@[{one.name}]) : Unknown field argument '{name}'")
    for name in needs:
        if name not in one.arguments:
            raise GraphqlProblem(f"Validation error (MissingFieldArgument@[{one.name}]) : Missing field argument '{name}'")
    loose = undeclared(dict(one.arguments), operation.variables)
    if loose is not None:
        raise GraphqlProblem(f"Validation error (UndefinedVariable@[{one.name}]) : Undefined variable '{loose}'")
    check(one, owner, kind, TYPES)
    return one.name


def _is_too_often(state: FakeState) -> bool:
    now = state.now()
    calls = [at for at in (state.get("calls", "all") or {"at": []})["at"] if now - parse_instant(at) < timedelta(minutes=1)]
    if len(calls) >= CALLS_PER_MINUTE:
        return True
    state.put("calls", "all", {"at": [*calls, iso(now)]})
    return False


def _user(state: FakeState, arguments: Document) -> Document:
    return dict(OWNER)


def _search(state: FakeState, arguments: Document) -> Document:
    wanted = arguments.get("marketPlaceJobFilter") or {}
    unknown = sorted(set(wanted) - set(JOB_FILTERS))
    if unknown:
        raise GraphqlProblem(f"Validation error (WrongType@[marketplaceJobPostingsSearch]) : not in the filter: '{unknown[0]}'")
    paging = wanted.get("pagination_eq")
    if paging and state.get("paging", "broken"):
        raise GraphqlProblem("Exception occurred", "DataFetchingException")
    jobs = [one for one in state.list("job") if one["status"] == "ACTIVE" and _fits(state, one, wanted)]
    return _connection([_job_node(state, one) for one in jobs[::-1]], paging or {}, USUAL_JOBS, MOST_JOBS)


def _fits(state: FakeState, job: Document, wanted: Document) -> bool:
    """Whether a job passes every filter; words are all required, skills alternatives."""
    text = f"{job['title']} {job['description']} {' '.join(job['skills'])}".lower()
    skills = {one.lower() for one in job["skills"]}
    asked = {one.strip().lower() for one in str(wanted.get("skillExpression_eq") or "").split(",")} - {""}
    client = state.get("client", job["person"]) or {}
    return (
        all(word in text for word in str(wanted.get("searchExpression_eq") or "").lower().split())
        and all(word in job["title"].lower() for word in str(wanted.get("titleExpression_eq") or "").lower().split())
        and (not asked or bool(asked & skills))
        and wanted.get("jobType_eq") in (None, "HOURLY" if job["hourly"] else "FIXED")
        and wanted.get("experienceLevel_eq") in (None, job["experience"])
        and (job["budget"] is None or _within(dollars(job["budget"]), wanted.get("budgetRange_eq")))
        and (job["hourly"] is None or _within(dollars(job["hourly"][1]), wanted.get("hourlyRate_eq")))
        and _within(Decimal(job["applicants"]), wanted.get("proposalRange_eq"))
        and (not wanted.get("verifiedPaymentOnly_eq") or bool(client.get("is_verified")))
        and (not wanted.get("locations_any") or client.get("country") in wanted["locations_any"])
    )


def _within(amount: Decimal, bounds: Any) -> bool:
    low, high = (bounds or {}).get("rangeStart"), (bounds or {}).get("rangeEnd")
    return (low is None or amount >= low) and (high is None or amount <= high)


def _connection(nodes: list[Document], paging: Document, usual: int, most: int) -> Document:
    """A page by offset: the cursor is the number of entries before it, as text."""
    first, after = paging.get("first", usual), str(paging.get("after") or "0")
    if type(first) is not int or not 1 <= first <= most or not (after.isascii() and after.isdigit()):
        raise GraphqlProblem(f"Validation error: pagination.first must be 1 to {most} and after a number", "BAD_REQUEST")
    end = int(after) + first
    edges = [{"cursor": str(int(after) + place + 1), "node": node} for place, node in enumerate(nodes[int(after) : end])]
    has_more = end < len(nodes)
    info = {"hasNextPage": has_more, "endCursor": str(end) if has_more else None} if edges else None
    return {"totalCount": len(nodes), "edges": edges, "pageInfo": info}


def _job_node(state: FakeState, job: Document) -> Document:
    client, low_high = state.get("client", job["person"]) or {}, job["hourly"] or (None, None)
    posted = iso_text(parse_instant(job["at"]))
    spent = money_shape(client.get("total_spent_micro_usd"))
    info = {
        "totalHires": client["total_hires"], "totalPostedJobs": client["posted"], "totalReviews": client["total_reviews"],
        "totalFeedback": client["feedback"], "verificationStatus": "VERIFIED" if client["is_verified"] else "NOT_VERIFIED",
        "hasFinancialPrivacy": False, "totalSpent": spent,
        "location": {"city": client["city"], "country": client["country"]},
    }  # fmt: skip
    return {
        "id": job["id"], "ciphertext": job["ciphertext"], "title": job["title"], "description": job["description"],
        "createdDateTime": posted, "publishedDateTime": posted, "durationLabel": job["duration_label"],
        "duration": "MONTH", "engagement": job["engagement"], "experienceLevel": job["experience"], "recordNumber": job["id"],
        "totalApplicants": job["applicants"], "premium": False, "enterprise": False, "freelancersToHire": 1,
        "applied": any(one["job_id"] == job["id"] for one in state.list("proposal")), "amount": money_shape(job["budget"]),
        "hourlyBudgetType": "MANUAL" if job["hourly"] else "NOT_PROVIDED", "hourlyBudgetMin": money_shape(low_high[0]),
        "hourlyBudgetMax": money_shape(low_high[1]), "client": info, "job": _posting_node(state, job),
        "skills": [{"name": one.lower().replace(" ", "-"), "prettyName": one, "highlighted": False} for one in job["skills"]],
    }  # fmt: skip


def _posting_node(state: FakeState, job: Document) -> Document:
    client = state.get("client", job["person"]) or {}
    fixed = {"amount": money_shape(job["budget"])} if job["budget"] is not None else None
    hourly = None
    if job["hourly"]:
        low, high = (float(dollars(one)) for one in job["hourly"])
        hourly = {"engagementType": "PART_TIME", "hourlyBudgetType": "MANUAL", "hourlyBudgetMin": low, "hourlyBudgetMax": high}
    activity = {
        "lastClientActivity": None, "invitesSent": 0, "totalInvitedToInterview": job["interviewed"], "totalHired": job["hired"],
        "totalUnansweredInvites": 0, "totalOffered": job["offered"],
    }  # fmt: skip
    return {
        "id": job["id"], "content": {"title": job["title"], "description": job["description"]},
        "workFlowState": {"status": job["status"], "closeResult": None if job["status"] == "ACTIVE" else "CLOSED_BY_CLIENT"},
        "activityStat": {"jobActivity": activity}, "canClientReceiveContractProposal": True,
        "contractTerms": {
            "contractType": "HOURLY" if hourly else "FIXED", "personsToHire": 1, "experienceLevel": job["experience"],
            "fixedPriceContractTerms": fixed, "hourlyContractTerms": hourly,
        },
        "clientCompanyPublic": {"id": client["id"], "city": client["city"], "country": {"id": None, "name": client["country"]}},
    }  # fmt: skip


def _posting(state: FakeState, arguments: Document) -> Document:
    return _posting_node(state, _held(state, "job", arguments["id"]))


def _proposals(state: FakeState, arguments: Document) -> Document:
    wanted, sort = arguments["filter"], arguments["sortAttribute"]
    bucket, only = wanted.get("status_eq"), wanted.get("jobPostingIds_any")
    if bucket not in BUCKETS or sort.get("field") not in ("CREATEDDATETIME", "MODIFIEDDATETIME"):
        raise GraphqlProblem(
            "Validation error (WrongType@[vendorProposals]) : status_eq or sortAttribute is not in its enumeration"
        )
    by = "order" if sort["field"] == "MODIFIEDDATETIME" else "created_at"
    rows = [one for one in state.list("proposal") if one["status"] in BUCKETS[bucket] and (not only or one["job_id"] in only)]
    rows.sort(key=lambda one: (one[by], one["id"]), reverse=sort.get("sortOrder") == "DESC")
    return _connection([_proposal_node(state, one) for one in rows], arguments["pagination"], MOST_PROPOSALS, MOST_PROPOSALS)


def _proposal_node(state: FakeState, proposal: Document) -> Document:
    job = _held(state, "job", proposal["job_id"])
    reason = {"id": "1", "reason": proposal["reason"], "description": None} if proposal["reason"] else None
    times = {"createdDateTime": milliseconds(proposal["created_at"]), "modifiedDateTime": milliseconds(proposal["modified_at"])}
    return {
        "id": proposal["id"], "user": dict(OWNER), "marketplaceJobPosting": _posting_node(state, job),
        "terms": {"chargeRate": money_shape(proposal["bid"]), "upfrontPaymentPercent": 0}, "annotations": [],
        "coverLetter": proposal["cover_letter"], "proposalCoverLetter": proposal["cover_letter"], "auditDetails": times,
        "status": {"status": proposal["status"], "reason": reason},
    }  # fmt: skip


def _proposal(state: FakeState, arguments: Document) -> Document:
    return _proposal_node(state, _held(state, "proposal", arguments["id"]))


def _room(state: FakeState, arguments: Document) -> Document | None:
    proposal = _held(state, "proposal", arguments["vendorProposalId"])
    return {"id": room_id(state, proposal["id"])} if proposal["has_room"] else None


def _contract(state: FakeState, arguments: Document) -> Document:
    contract = _held(state, "contract", arguments["id"])
    job, proposal = _held(state, "job", contract["job_id"]), _held(state, "proposal", contract["proposal_id"])
    bid, term_id = money_shape(proposal["bid"]), f"{contract['id']}1"
    terms = {
        "fixedPriceTerms": [] if job["hourly"] else [{"id": term_id, "fixedAmount": bid}],
        "hourlyTerms": [{"id": term_id, "hourlyRate": bid}] if job["hourly"] else [],
    }
    created = iso_text(parse_instant(proposal["modified_at"]))
    return {"id": contract["id"], "title": job["title"], "status": contract["status"], "createDate": created, "terms": terms}


def _held(state: FakeState, kind: str, key: Any) -> Document:
    found = state.get(kind, str(key))
    if found is None:
        raise GraphqlProblem(f"{kind} {key} not found", "NOT_FOUND")
    return found


_RESOLVERS: Mapping[str, Callable[[FakeState, Document], Document | None]] = {
    "user": _user, "marketplaceJobPostingsSearch": _search, "marketplaceJobPosting": _posting, "vendorProposals": _proposals,
    "vendorProposal": _proposal, "proposalRoom": _room, "contractDetails": _contract,
}  # fmt: skip
