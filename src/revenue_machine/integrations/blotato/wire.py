"""Blotato's payloads, exactly as it sends them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from revenue_machine.kit.service import Wire


class Submission(Wire):
    """`POST /posts`: accepted, not yet published."""

    submission_id: str = Field(alias="postSubmissionId", min_length=1)


class PostStatus(Wire):
    """`GET /posts/{id}`; `public_url` once published, `error` once failed."""

    submission_id: str | None = Field(None, alias="postSubmissionId")
    status: Literal["in-progress", "scheduled", "published", "failed"]
    public_url: str | None = Field(None, alias="publicUrl")
    error: str | None = Field(None, alias="errorMessage")


class Account(Wire):
    """A connected social account; `platform` in Blotato's words (`twitter` is our `x`)."""

    id: str
    platform: str
    fullname: str | None = None
    username: str | None = None


class Accounts(Wire):
    """`GET /users/me/accounts`."""

    items: list[Account]


class Subaccount(Wire):
    """A page below an account; its id is the `pageId` of a target."""

    id: str
    name: str | None = None


class Subaccounts(Wire):
    """`GET /users/me/accounts/{id}/subaccounts`."""

    items: list[Subaccount]


class Media(Wire):
    """`POST /media`: where Blotato keeps the file."""

    url: str
