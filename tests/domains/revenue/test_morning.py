"""The message of the morning: one per date, edited, never repeated; the Sunday trend; and what without Telegram."""

from __future__ import annotations

from pathlib import Path

from revenue_machine.kit.errors import OutcomeUnknown
from tests.domains.revenue.house import DAY, HOUR, START, House, open_house

MORNING = START + 2 * HOUR


def chat(house: House) -> list[str]:
    """What stands in the owner's chat, oldest first."""
    return [one["text"] for one in house.outside.state("telegram").list("message")]


def test_morning_says_the_money(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    house.tries("bob", START - DAY)
    house.move_to(START)
    house.snapshot("am")
    house.clock.move_to(MORNING)
    told = house.app.call("revenue.telegram_summary").result
    assert (told["messages"], told["edited"], told["reason"]) == (1, False, None)
    [text] = chat(house)
    assert text.split("\n")[:4] == [
        "Revenue, Monday 2 November 2026", "MRR $19.99, 1 paying, 1 in trial", "yesterday 1 new $19.99",
        "came in yesterday $16.99 net of $19.99 sales",
    ]  # fmt: skip
    assert len(text) == told["characters"] <= 4096


def test_same_morning_is_edited_not_repeated(house: House) -> None:
    house.snapshot("am")
    first = house.app.call("revenue.telegram_summary", key="a").result
    again = house.app.call("revenue.telegram_summary", key="b").result
    assert (first["messages"], again["messages"], again["edited"]) == (1, 0, False)
    house.tries("ann", START - 8 * DAY)
    house.move_to(START + HOUR)
    house.clock.move_to(START + 13 * HOUR)
    house.snapshot("pm")
    changed = house.app.call("revenue.telegram_summary", key="c").result
    assert (changed["messages"], changed["edited"]) == (0, True)
    assert [text.split("\n")[1] for text in chat(house)] == ["MRR $19.99, 1 paying, 0 in trial"]


def test_unanswered_message_is_not_sent_again(house: House) -> None:
    house.outside.add_fault("telegram", "sendMessage", "act_then_drop", 1)
    assert isinstance(house.app.call("revenue.telegram_summary", key="a").error, OutcomeUnknown)
    house.app.call("revenue.telegram_summary", key="b")
    assert len(chat(house)) == 1


def test_silent_till_is_said(house: House) -> None:
    house.snapshot("am")
    house.clock.move_to(START + 13 * HOUR)
    house.outside.add_fault("revenuecat", "/", "500", 10)
    house.snapshot("pm")
    house.app.call("revenue.telegram_summary")
    assert "RevenueCat is silent: numbers of 02 Nov 06:00" in chat(house)[0]


def test_alias_is_the_same_message(house: House) -> None:
    assert house.app.call("revenue.telegram_report").result["messages"] == 1


def test_trend_is_told_on_sundays(house: House) -> None:
    assert house.app.call("revenue.tell_trend").result["reason"] == "told on Sundays"
    house.clock.move_to(START + 6 * DAY + 12 * HOUR)
    assert house.app.call("revenue.tell_trend").result["messages"] == 1
    assert chat(house)[0].startswith("8 weeks to 07 Nov 2026: ▁▁▁▁▁▁▁▁ $0.00 net last week")


def test_trend_shows_eight_weeks(house: House) -> None:
    house.tries("ann", START - 8 * DAY)
    house.move_to(START)
    found = house.app.call("revenue.weekly_trend").result
    assert (found["last_date"], found["net_usd"]) == ("2026-11-01", [0, 0, 0, 0, 0, 0, 0, 16.9915])


def test_without_telegram_nothing_is_sent(tmp_path: Path) -> None:
    own = Path(__file__).parents[3] / "src" / "revenue_machine" / "domains" / "owner" / "example.toml"
    (tmp_path / "revenue.toml").write_text(own.read_text(encoding="utf-8"), encoding="utf-8")
    held = open_house(tmp_path, REVENUE_MODE="live", REVENUE_CONFIG=str(tmp_path / "revenue.toml"))
    told = held.app.call("revenue.telegram_summary").result
    assert told["messages"] == 0
    assert "REVENUE_TELEGRAM" in told["reason"]
    held.app.close()
