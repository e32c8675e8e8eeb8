"""Who lives on the pretend X and Instagram, what they wrote and received, and what they do of their own accord."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.ids import content_hash, make_id

Document = dict[str, Any]
PLATFORMS = ("x", "instagram")
OWNER_IDS = {"x": "1700000000000000001", "instagram": "17841400000000001"}
OWNER_HANDLE = "solo_growth_lab"
# No platform says how many complaints cost an account; three within thirty days do here.
REPORTS_TO_RESTRICTION = 3
REPORTS_COUNT_FOR = timedelta(days=30)


def public_add_profile(
    state: FakeState, person: str, *, platform: str, handle: str, name: str | None = None, takes_messages: bool = True
) -> str:
    """Place a person of the world on `x` or `instagram`; returns the platform's id.

    On X one who does not take messages from strangers is closed until they write first.
    """
    if platform not in PLATFORMS:
        raise ValueError(f"nobody can be written to on {platform}")
    digits = int(content_hash(f"{state.seed} {platform} {person}")[:13], 16)
    person_id = str((1_000_000_000_000_000_000 if platform == "x" else 1_000_000_000_000_000) + digits % 10**15)
    before = state.get("profile", f"{platform} {person}") or {"blocked": False}
    own = {"id": person_id, "person": person, "platform": platform, "handle": handle, "name": name or handle}
    state.put("profile", f"{platform} {person}", {**before, **own, "takes_messages": takes_messages})
    state.put("id", f"{platform} {person_id}", {"person": person})
    state.put("handle", f"{platform} {handle.lower()}", {"person": person})
    return person_id


def public_people(state: FakeState) -> list[Document]:
    """Every profile placed so far; one person may have one on each platform."""
    return state.list("profile")


def public_inbox(state: FakeState, person: str) -> list[Document]:
    """The messages a person received from the owner, oldest first: `platform`, `id`, `text` and `at`."""
    mine = [one for one in state.list("message") if one["person"] == person and one["is_ours"]]
    return [{"kind": "message", **{name: one[name] for name in ("platform", "id", "text", "at")}} for one in mine]


def public_reply(state: FakeState, person: str, text: str, *, platform: str) -> str:
    """The person writes to the owner, first or in answer; on Instagram this opens 24 hours. Returns the message id."""
    return str(write(state, profile_of(state, platform, person), text, is_ours=False)["id"])


def public_send_by_hand(state: FakeState, person: str, text: str, *, platform: str) -> bool:
    """The owner himself writes in the app, to a person of the world, a handle or the platform's id; whether it let him."""
    profile = state.get("profile", f"{platform} {person}") or find(state, "handle", platform, person.lower())
    profile = profile or find(state, "id", platform, person)
    if profile is None or profile["blocked"] or is_restricted(state, platform):
        return False
    write(state, profile, text, is_ours=True)
    return True


def public_block(state: FakeState, person: str, *, platform: str) -> None:
    """The person blocks the owner on a platform."""
    profile = profile_of(state, platform, person)
    state.put("profile", f"{platform} {person}", {**profile, "blocked": True})


def public_report(state: FakeState, person: str, *, platform: str) -> None:
    """The person blocks and reports the owner; the third report within thirty days restricts the account on that platform."""
    public_block(state, person, platform=platform)
    now, number = state.now(), state.next_number("report")
    state.put("report", str(number), {"number": number, "platform": platform, "person": person, "at": iso(now)})


def public_restore(state: FakeState, *, platform: str) -> None:
    """The platform lifts the restriction and forgets the reports."""
    for report in state.list("report"):
        if report["platform"] == platform:
            state.drop("report", str(report["number"]))


def is_restricted(state: FakeState, platform: str) -> bool:
    """Whether enough people complained lately."""
    now = state.now()
    recent = [
        one for one in state.list("report")
        if one["platform"] == platform and now - parse_instant(one["at"]) <= REPORTS_COUNT_FOR
    ]  # fmt: skip
    return len(recent) >= REPORTS_TO_RESTRICTION


def profile_of(state: FakeState, platform: str, person: str) -> Document:
    """A person's profile on a platform."""
    profile = state.get("profile", f"{platform} {person}")
    if profile is None:
        raise KeyError(f"nobody placed {person} on {platform}")
    return profile


def find(state: FakeState, kind: str, platform: str, key: str) -> Document | None:
    """A profile by `id` or `handle`."""
    known = state.get(kind, f"{platform} {key}")
    return state.get("profile", f"{platform} {known['person']}") if known else None


def messages_with(state: FakeState, profile: Document) -> list[Document]:
    """Everything between a person and the owner on one platform, oldest first."""
    wanted = (profile["platform"], profile["person"])
    return [one for one in state.list("message") if (one["platform"], one["person"]) == wanted]


def last_word(state: FakeState, profile: Document) -> datetime | None:
    """When the person wrote last."""
    theirs = [parse_instant(one["at"]) for one in messages_with(state, profile) if not one["is_ours"]]
    return theirs[-1] if theirs else None


def write(state: FakeState, profile: Document, text: str, *, is_ours: bool) -> Document:
    """Keep a message; X numbers them, Instagram names them."""
    number, platform = state.next_number("message"), profile["platform"]
    message_id = str(1_800_000_000_000_000_000 + number * 104_729)
    if platform == "instagram":
        message_id = make_id("igm", state.seed, number)
    message = {
        "id": message_id, "number": number, "platform": platform, "person": profile["person"], "person_id": profile["id"],
        "text": text, "at": iso(state.now()), "is_ours": is_ours,
    }  # fmt: skip
    state.put("message", message_id, message)
    return message
