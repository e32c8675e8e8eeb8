"""Only agreed words go out: another text is another question, an edit is the owner's own words, no is no."""

from __future__ import annotations

from datetime import timedelta

from tests.app_fixture import START
from tests.domains.email.conftest import House


def cards(house: House) -> list[dict[str, object]]:
    return [card for card in house.app.approvals.cards() if card["kind"] == "email_template"]


def decide(house: House, card: dict[str, object], decision: str, reason: str | None = None) -> None:
    house.app.approvals.decide(str(card["id"]), decision, str(card["payload_hash"]), actor="owner", reason=reason)
    house.app.events.drain()


def test_same_text_is_asked_about_once(house: House) -> None:
    for name in ("Ada", "Ben"):
        house.enrol(house.person(name))
    house.send()
    house.send()
    assert len(cards(house)) == 3
    house.enrol(house.person("Cleo"), product="kindletters")
    house.send()
    assert len(cards(house)) == 6


def test_yes_stands_beyond_a_week(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.approve()
    house.move(days=60)
    house.app.approvals.expire()
    house.app.events.drain()
    assert {row["status"] for row in house.texts()} == {"approved"}


def test_no_answer_is_asked_again(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    house.move(days=2)
    house.app.approvals.expire()
    house.app.events.drain()
    assert {row["status"] for row in house.texts()} == {"expired"}
    house.send()
    assert len(cards(house)) == 3
    house.approve()
    house.until_sent(1)


def test_no_means_nothing_goes(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    for card in cards(house):
        decide(house, card, "reject", "too dry")
    house.move(days=2)
    house.send()
    assert house.inbox("Ada") == []
    assert cards(house) == []
    house.move(days=8)
    house.send()
    house.move(days=8)
    house.send()
    assert house.inbox("Ada") == []


def test_owner_words_replace_ours(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    first = next(card for card in cards(house) if card["payload"]["name"] == "trial_day1")  # type: ignore[index]
    payload = {**first["payload"], "text": "{{ greeting }}\n\nwelcome.\n\n[Open it](product)"}  # type: ignore[dict-item]
    house.app.approvals.edit(str(first["id"]), str(first["payload_hash"]), payload, actor="owner")
    house.app.events.drain()
    house.approve()
    house.until_sent(1)
    (mail,) = house.inbox("Ada")
    assert mail["text"].startswith("Hi Ada,\n\nwelcome.\n\nOpen it: https://")


def test_owner_edit_with_foreign_placeholder_is_refused(house: House) -> None:
    house.enrol(house.person("Ada"))
    house.send()
    first = next(card for card in cards(house) if card["payload"]["name"] == "trial_day1")  # type: ignore[index]
    payload = {**first["payload"], "text": "{{ cycler.__init__ }} [a](product)"}  # type: ignore[dict-item]
    house.app.approvals.edit(str(first["id"]), str(first["payload_hash"]), payload, actor="owner")
    house.app.events.drain()
    house.approve()
    house.move(days=2)
    house.send()
    assert house.inbox("Ada") == []


def test_win_back_is_written_and_asked_per_person(house: House) -> None:
    for name in ("Ada", "Ben"):
        house.enrol(house.person(name), trigger="churned", anchor=START - timedelta(days=29))
    assert house.send() == {"waiting": 2}
    mine = [card for card in cards(house) if card["payload"]["name"] == "win_back"]  # type: ignore[index]
    assert len(mine) == 2
    decide(house, mine[0], "approve")
    decide(house, mine[1], "reject", "we had words")
    house.until_sent(1)
    house.move(days=3)
    house.send()
    assert {(row["status"], row["exit_reason"]) for row in house.enrolments()} == {
        ("completed", None), ("completed", "you refused this one"),
    }  # fmt: skip
    assert len(house.inbox("Ada")) + len(house.inbox("Ben")) == 1


def test_old_yes_to_one_person_is_asked_again(house: House) -> None:
    house.enrol(house.person("Ada"), trigger="churned", anchor=START - timedelta(days=29))
    house.send()
    house.approve()
    house.move(days=20)
    assert house.send() == {"waiting": 1}


def test_each_issue_is_asked_about(house: House) -> None:
    from revenue_machine.domains.email.enrolling import Enroller

    with house.app.database.writing() as connection:
        house.book.advance(connection, house_contact := house.person_in(connection, "Ada"), "warming", "met")
        house.app.container.get(Enroller).begin_weekly(connection)
    assert house_contact
    house.treat_everybody()
    house.until_sent(2, days=16)
    days = [row["sent_at"].astimezone(house.berlin).strftime("%a %H:%M") for row in house.sends()]
    assert [day[:3] for day in days] == ["Tue", "Tue"]
    issues = {row["issue"] for row in house.texts()}
    assert len(issues) >= 2
