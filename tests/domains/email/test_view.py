"""What people see of mail: how the channel stands, who gets what in the next days and why, each mail as they would get it."""

from __future__ import annotations

from typing import Any

import pytest

from revenue_machine.domains.email.models import SenderCheck
from revenue_machine.domains.email.sender_check import SenderDesk
from revenue_machine.integrations.resend import fake as resend
from revenue_machine.kit.settings import Settings
from tests.domains.email.conftest import House


def test_preview_shows_every_step(house: House) -> None:
    contact_id = house.person("Ada")
    for contact in (contact_id, "ADA@people.example"):
        result = house.app.call("email.preview", {"sequence": "trial_onboarding", "contact": contact}).result
        assert result["contact_id"] == contact_id
        assert [step["step"] for step in result["steps"]] == [1, 2, 3]
        for step in result["steps"]:
            assert {"subject", "html", "text", "headers"} <= set(step)
            assert step["text"].startswith("Hi Ada,")
            assert step["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert step["reason"] == "not in this sequence; as somebody new would get it"
    assert house.sends() == []
    assert house.texts() == []


def test_preview_of_strangers_is_not_found(house: House) -> None:
    for payload in ({"contact": "con_nobody"}, {"contact": "x@y.example"}, {"sequence": "no_such"}):
        assert house.app.call("email.preview", payload).as_dict()["error"]["code"] == "not_found"


def test_days_ahead_have_reasons(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    lines = house.app.call("email.list", {"days": 14}).result["upcoming"]
    assert (lines[0]["step"], lines[0]["reason"][:10]) == (1, "held: text")
    house.approve()
    house.send()
    lines = house.app.call("email.list", {"days": 14}).result["upcoming"]
    assert [(line["step"], line["reason"]) for line in lines] == [
        (1, "you started a trial, day 1"), (2, "you started a trial, day 3"), (3, "you started a trial, day 7"),
    ]  # fmt: skip
    assert len(house.app.call("email.list", {"days": 2}).result["upcoming"]) == 1


def test_status_names_one_mail_without_secrets(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.until_sent(1)
    send_id = house.sends()[0]["id"]
    result = house.app.call("email.status", {"send_id": send_id}).result
    assert (result["send"]["status"], result["sent_today"], result["per_day"], result["ready"]) == ("sent", 1, 30, True)
    assert {"recipient", "unsubscribe_hash"} & set(result["send"]) == set()
    assert house.app.call("email.status", {"send_id": "ems_none"}).as_dict()["error"]["code"] == "not_found"


class Records:
    """A name server with these TXT records."""

    def __init__(self, **found: str) -> None:
        self._found = {name.replace("__", "."): [text] for name, text in found.items()}

    def texts(self, name: str) -> list[str]:
        return self._found.get(name, [])


def sender(house: House, lookup: Any) -> SenderDesk:
    """The check as live mode makes it."""
    made: SenderDesk = house.app.container.get(SenderDesk)
    made._settings = house.app.container.get(Settings).model_copy(update={"mode": "live"})
    made._lookup = lookup
    return made


@pytest.mark.parametrize(
    ("spf", "dkim", "records", "missing"),
    [
        ("verified", "verified", {"_dmarc__maker__example": "v=DMARC1; p=none"}, None),
        ("failed", "verified", {"_dmarc__maker__example": "v=DMARC1; p=none"}, "SPF"),
        ("verified", "pending", {"_dmarc__maker__example": "v=DMARC1; p=none"}, "DKIM"),
        ("verified", "verified", {}, "DMARC"),
    ],
)
def test_live_mail_needs_all_three(house: House, spf: str, dkim: str, records: dict[str, str], missing: str | None) -> None:
    resend.public_domain(house.outside.state("resend"), "mail.maker.example", spf, dkim)
    refusal = sender(house, Records(**records)).refusal()
    assert (refusal is None) if missing is None else (refusal is not None and f"no {missing} record" in refusal.message)


def test_rehearsal_asks_no_name_server(house: House) -> None:
    desk: SenderDesk = house.app.container.get(SenderDesk)
    assert desk.refusal() is None
    assert desk.check() == SenderCheck(domain="mail.maker.example", spf=True, dkim=True, dmarc=None, problem=None)
