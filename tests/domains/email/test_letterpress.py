"""Every template on file prints, is inlined, escapes what is not ours, and each of its links leads somewhere."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from revenue_machine.domains.email import letterpress, rules
from revenue_machine.domains.email.enrolling import seeded
from revenue_machine.domains.email.letterpress import Recipient
from revenue_machine.domains.email.models import Wording
from revenue_machine.domains.links.redirect import Redirector
from revenue_machine.domains.links.tables import CLICKS
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.owner.owner_file import EXAMPLE, load_business
from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox.frontdoor import AsgiDoor
from revenue_machine.surfaces.web.application import WebFace, make_api
from tests.domains.email.conftest import House

ON_FILE = [step["text"] for one in seeded() for step in one["steps"] if letterpress.has_source(step["text"])]
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}


def business() -> Business:
    found = load_business(EXAMPLE)
    assert found is not None
    return found


def wording(subject: str, body: str) -> Wording:
    return Wording("tpl", "n", "p", "", "v", "v", subject, body, "h", "you started a trial", "approved", 1, None, None, None)


@pytest.mark.parametrize("product", ["everreach_pro", "kindletters", "clientportal"])
@pytest.mark.parametrize("name", ON_FILE)
def test_text_keeps_to_the_rules(name: str, product: str) -> None:
    owner = business()
    found = owner.product(product)
    assert found is not None
    source = letterpress.source_text(name, found)
    assert source is not None
    assert rules.text_faults(*source, letterpress.LINK_KEYS, found.no_go) == []
    assert "<<" not in source[1]


def test_discount_needs_a_code_of_the_file() -> None:
    product = business().products[0]
    offer = product.offers[0].model_copy(update={"discount_code": None, "discount": None})
    assert letterpress.source_text("trial_day7", product.model_copy(update={"offers": (offer,)})) is None


def test_what_is_theirs_is_escaped() -> None:
    plate = letterpress.plate(wording("Hi", "{{ greeting }}\n\n<script>1 & 2</script>\n\n[Go & see](product)"), business())
    letter = plate.print(Recipient("<b>Ada</b>", {"product": 'https://x.example/?a=1&b="2'}, "https://x.example/u/t"))
    assert "<script>" not in letter.html
    assert "<b>Ada" not in letter.html
    assert letter.text.startswith("Hello,")
    assert 'href="https://x.example/?a=1&amp;b=&#34;2"' in letter.html
    assert "<mj-" not in letter.html
    assert 'style="' in letter.html


def test_same_recipient_same_bytes() -> None:
    recipient = Recipient("Ada", {"product": "https://x.example/r/a"}, "https://x.example/u/t")
    plate = letterpress.plate(wording("Hi", "{{ greeting }}\n\n[Go](product)"), business())
    assert plate.print(recipient) == plate.print(recipient)


def test_template_code_is_refused() -> None:
    with pytest.raises(BadInput):
        letterpress.plate(wording("Hi", "{% for x in %}"), business())


def test_version_names_every_byte() -> None:
    parts = {"name": "n", "product": "p", "issue": "", "subject": "s", "body": "b", "layout_hash": "h", "because": "c"}
    versions = {letterpress.version_of(parts)} | {letterpress.version_of({**parts, name: "other"}) for name in parts}
    assert len(versions) == len(parts) + 1
    assert letterpress.layout_hash(business()) != letterpress.layout_hash(business().model_copy(update={"postal_address": "b"}))


def test_every_link_of_every_template_leads_somewhere(house: House) -> None:
    for name, product in (("Ada", "everreach_pro"), ("Ben", "kindletters"), ("Cleo", "clientportal")):
        house.enrol(house.person(name), product=product)
    house.send()
    house.approve()
    house.until_sent(9, days=14)
    house.move(minutes=5)
    door = AsgiDoor(WebFace(house.app.container.get(Redirector), make_api(house.app)))
    followed = 0
    for name in ("Ada", "Ben", "Cleo"):
        for mail in house.inbox(name):
            for link in {*mail["links"], *re.findall(r"https?://\S+", mail["text"])}:
                reply = door.request("GET", urlsplit(link).path, BROWSER, b"")
                assert reply.status == (200 if "/u/" in link else 302), link
                followed += 1
                if reply.status == 302:
                    utm = {key: value[0] for key, value in parse_qs(urlsplit(reply.headers["location"]).query).items()}
                    assert (utm["utm_source"], utm["utm_medium"]) == ("email", "email")
                    assert re.fullmatch(r"trial_onboarding-[123]", utm["utm_campaign"])
    door.close()
    house.app.spools.drain()
    assert followed == 18
    assert len([row for row in house.rows(CLICKS) if row["is_counted"]]) == 9


def test_scanner_is_no_reader(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.until_sent(1)
    door = AsgiDoor(WebFace(house.app.container.get(Redirector), make_api(house.app)))
    link = urlsplit(house.inbox("Ada")[0]["links"][0]).path
    door.request("GET", link, BROWSER, b"")  # at once, in a browser's name
    house.app.spools.drain()
    assert [row["filter_reason"] for row in house.rows(CLICKS)] == ["scanner"]
    house.clock.move_to(house.clock.now() + timedelta(seconds=30))
    door.request("GET", link, BROWSER, b"")
    door.close()
    house.app.spools.drain()
    house.send()
    assert house.sends()[0]["status"] == "clicked"
