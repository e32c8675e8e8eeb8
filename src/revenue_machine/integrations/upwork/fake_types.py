"""The part of Upwork's documented types that the pretend Upwork plays: object types with their fields, queries with arguments."""

from __future__ import annotations

from collections.abc import Mapping

# Field to object type; None is a scalar or an enumeration.
TYPES: Mapping[str, Mapping[str, str | None]] = {
    "MarketplaceJobPostingSearchConnection": {
        "totalCount": None, "edges": "MarketplaceJobpostingSearchEdge", "pageInfo": "PageInfo",
    },
    "MarketplaceJobpostingSearchEdge": {"cursor": None, "node": "MarketplaceJobPostingSearchResult"},
    "MarketplaceJobPostingSearchResult": {
        **dict.fromkeys((
            "id", "title", "description", "ciphertext", "duration", "durationLabel", "engagement", "recordNumber",
            "experienceLevel",
            "totalApplicants", "applied", "createdDateTime", "publishedDateTime", "hourlyBudgetType", "premium", "enterprise",
            "freelancersToHire",
        )),
        "amount": "Money", "hourlyBudgetMin": "Money", "hourlyBudgetMax": "Money", "weeklyBudget": "Money",
        "client": "MarketplaceJobPostingSearchClientInfo", "skills": "MarketplaceJobPostingSearchSkill",
        "job": "MarketplaceJobPosting",
    },
    "MarketplaceJobPostingSearchClientInfo": {
        **dict.fromkeys((
            "totalHires", "totalPostedJobs", "totalReviews", "totalFeedback", "verificationStatus", "hasFinancialPrivacy",
        )),
        "totalSpent": "Money", "location": "MarketPlaceJobSearchLocation",
    },
    "MarketPlaceJobSearchLocation": dict.fromkeys(("city", "country", "timezone", "state", "offsetToUTC")),
    "MarketplaceJobPostingSearchSkill": dict.fromkeys(("id", "name", "prettyName", "highlighted")),
    "Money": dict.fromkeys(("rawValue", "currency", "displayValue")),
    "PageInfo": dict.fromkeys(("endCursor", "hasNextPage")),
    "MarketplaceJobPosting": {
        "id": None, "content": "MarketplaceJobPostingContent", "workFlowState": "MarketplacePostingWorkFlowState",
        "activityStat": "MarketplacePostingActivityStat", "contractTerms": "MarketplaceContractTerms",
        "clientCompanyPublic": "MarketplacePublicCompanyInfo", "canClientReceiveContractProposal": None,
    },
    "MarketplaceJobPostingContent": dict.fromkeys(("title", "description")),
    "MarketplacePostingWorkFlowState": dict.fromkeys(("status", "closeResult")),
    "MarketplacePostingActivityStat": {"jobActivity": "JobActivity"},
    "JobActivity": dict.fromkeys((
        "lastClientActivity", "invitesSent", "totalInvitedToInterview", "totalHired", "totalUnansweredInvites", "totalOffered",
    )),
    "MarketplaceContractTerms": {
        **dict.fromkeys(("contractType", "personsToHire", "experienceLevel")),
        "fixedPriceContractTerms": "FixedPriceContractTerms", "hourlyContractTerms": "HourlyContractTerms",
    },
    "FixedPriceContractTerms": {"amount": "Money", "maxAmount": "Money"},
    "HourlyContractTerms": dict.fromkeys(("engagementType", "hourlyBudgetType", "hourlyBudgetMin", "hourlyBudgetMax")),
    "MarketplacePublicCompanyInfo": {"id": None, "city": None, "state": None, "timezone": None, "country": "Country"},
    "Country": dict.fromkeys(("id", "name")),
    "VendorProposalsConnection": {"totalCount": None, "edges": "VendorProposalsEdge", "pageInfo": "PageInfo"},
    "VendorProposalsEdge": {"cursor": None, "node": "VendorProposal"},
    "VendorProposal": {
        "id": None, "user": "GenericUser", "marketplaceJobPosting": "MarketplaceJobPosting", "terms": "ProposalTerms",
        "coverLetter": None, "proposalCoverLetter": None, "auditDetails": "ProposalAuditDetails", "status": "VendorProposalStatus",
        "annotations": None,
    },
    "VendorProposalStatus": {"status": None, "reason": "ProposalReason"},
    "ProposalReason": dict.fromkeys(("id", "reason", "description")),
    "ProposalTerms": {"chargeRate": "Money", "upfrontPaymentPercent": None},
    # Documented as text, seen as an object by those who run it; `rawValue` is milliseconds since 1970.
    "ProposalAuditDetails": {"createdDateTime": "DateTime", "modifiedDateTime": "DateTime"},
    "DateTime": dict.fromkeys(("rawValue", "displayValue")),
    "GenericUser": dict.fromkeys(("id", "name")),
    "CurrentUser": dict.fromkeys(("id", "name")),
    "Room": {"id": None},
    "ContractDetails": {"id": None, "title": None, "status": None, "createDate": None, "terms": "ContractTerms"},
    "ContractTerms": {"fixedPriceTerms": "FixedPriceContractTerm", "hourlyTerms": "HourlyContractTerm"},
    "FixedPriceContractTerm": {"id": None, "fixedAmount": "Money"},
    "HourlyContractTerm": {"id": None, "hourlyRate": "Money"},
}  # fmt: skip

# Query to its type, the arguments it must have and those it may.
QUERIES: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "marketplaceJobPostingsSearch": (
        "MarketplaceJobPostingSearchConnection", (), ("marketPlaceJobFilter", "searchType", "sortAttributes"),
    ),
    "marketplaceJobPosting": ("MarketplaceJobPosting", ("id",), ()),
    "vendorProposals": ("VendorProposalsConnection", ("filter", "sortAttribute", "pagination"), ()),
    "vendorProposal": ("VendorProposal", ("id",), ()),
    "proposalRoom": ("Room", ("vendorProposalId",), ()),
    "contractDetails": ("ContractDetails", ("id",), ("date",)),
    "user": ("CurrentUser", (), ()),
}  # fmt: skip
JOB_FILTERS = (
    "searchExpression_eq", "skillExpression_eq", "titleExpression_eq", "jobType_eq", "budgetRange_eq", "hourlyRate_eq",
    "verifiedPaymentOnly_eq", "experienceLevel_eq", "proposalRange_eq", "locations_any", "pagination_eq",
)  # fmt: skip
