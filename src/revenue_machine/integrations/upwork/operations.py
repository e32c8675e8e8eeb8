"""The documents we send to Upwork: each documented query with the fields we read, and not one mutation."""

from __future__ import annotations

import json

# Ids stand in the document itself: whether they are declared String or ID differs between pages, a literal fits both.
_MONEY = "{ rawValue currency }"

SEARCH = f"""query search($filter: MarketplaceJobPostingsSearchFilter, $sort: [MarketplaceJobPostingSearchSortAttribute]) {{
  marketplaceJobPostingsSearch(marketPlaceJobFilter: $filter, searchType: USER_JOBS_SEARCH, sortAttributes: $sort) {{
    totalCount
    edges {{ node {{
      id ciphertext title description createdDateTime publishedDateTime
      amount {_MONEY} hourlyBudgetType hourlyBudgetMin {_MONEY} hourlyBudgetMax {_MONEY}
      durationLabel engagement experienceLevel totalApplicants applied
      skills {{ name prettyName }}
      client {{
        totalHires totalPostedJobs totalReviews totalFeedback verificationStatus
        totalSpent {_MONEY} location {{ country }}
      }}
    }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

POSTING = f"""query posting {{
  marketplaceJobPosting(id: %KEY%) {{
    id
    content {{ title description }}
    workFlowState {{ status closeResult }}
    activityStat {{ jobActivity {{ lastClientActivity invitesSent totalInvitedToInterview totalHired totalOffered }} }}
    contractTerms {{
      contractType personsToHire experienceLevel
      fixedPriceContractTerms {{ amount {_MONEY} }}
      hourlyContractTerms {{ hourlyBudgetMin hourlyBudgetMax }}
    }}
    clientCompanyPublic {{ city country {{ name }} }}
  }}
}}"""

_PROPOSAL = f"""id
      status {{ status reason {{ id reason }} }}
      terms {{ chargeRate {_MONEY} }}
      auditDetails {{ createdDateTime {{ rawValue }} modifiedDateTime {{ rawValue }} }}
      marketplaceJobPosting {{ id content {{ title description }} }}
      proposalCoverLetter"""

PROPOSALS = f"""query proposals($filter: VendorProposalFilter!, $sort: VendorProposalSortAttribute!, $page: Pagination!) {{
  vendorProposals(filter: $filter, sortAttribute: $sort, pagination: $page) {{
    totalCount
    edges {{ node {{
      {_PROPOSAL}
    }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

PROPOSAL = f"""query proposal {{
  vendorProposal(id: %KEY%) {{
      {_PROPOSAL}
  }}
}}"""

ROOM = """query room {
  proposalRoom(vendorProposalId: %KEY%) { id }
}"""

CONTRACT = f"""query contract {{
  contractDetails(id: %KEY%) {{
    id title status
    terms {{ fixedPriceTerms {{ fixedAmount {_MONEY} }} hourlyTerms {{ hourlyRate {_MONEY} }} }}
  }}
}}"""

OWNER = "query owner { user { id name } }"


def about(document: str, key: str) -> str:
    """A document with the id it asks about."""
    return document.replace("%KEY%", json.dumps(key))
