"""A person at the dashboard, in a real browser: log in, look, decide, stop, leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from revenue_machine.engine.approvals import Question
from revenue_machine.engine.handwork import HandTask
from revenue_machine.kit.clock import iso
from tests.browser.conftest import Desk

LINK = "https://x.com/ada"
SIZES = {"desk": {"width": 1200, "height": 900}, "phone": {"width": 390, "height": 844}}


class Watch:
    """What the page complained about and whom it called."""

    def __init__(self, page: Any, home: str) -> None:
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", lambda one: self.complaints.append(one.text) if one.type in {"error", "warning"} else None)
        page.on("pageerror", lambda one: self.complaints.append(str(one)))
        page.on("request", lambda one: None if one.url.startswith((home, "data:")) else self.elsewhere.append(one.url))
        page.on("websocket", lambda one: None if one.url.startswith(home.replace("http", "ws")) else self.elsewhere.append(one.url))

    def is_quiet(self) -> bool:
        assert (self.complaints, self.elsewhere) == ([], [])
        return True


@pytest.fixture
def page(browser: Any, desk: Desk) -> Iterator[Any]:
    context = browser.new_context(viewport=SIZES["desk"], color_scheme="light")
    context.set_default_timeout(15_000)
    opened = context.new_page()
    opened.watch = Watch(opened, desk.url)
    yield opened
    context.close()


def log_in(page: Any, desk: Desk, token: str, path: str = "/") -> None:
    page.goto(f"{desk.url}{path}")
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", level=1).wait_for()


def card_of(page: Any, words: str) -> Any:
    return page.get_by_role("article").filter(has_text=words)


def press(place: Any, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def test_owner_decides_over_breakfast(page: Any, desk: Desk) -> None:
    desk.file_morning()
    log_in(page, desk, desk.token)
    assert page.get_by_role("heading", level=1).inner_text() == "Monday, 2 November"
    assert page.locator(".moment").count() == 17
    page.get_by_text("4 cards wait for your yes").wait_for()
    page.get_by_role("link", name="Open inbox").click()
    press(card_of(page, "Half of your trials"), "Approve")
    card_of(page, "Half of your trials").wait_for(state="detached")
    press(card_of(page, "Stop guessing"), "Reject")
    press(page, "Not my voice")
    press(page.locator(".sheet"), "Reject")
    card_of(page, "Stop guessing").wait_for(state="detached")
    press(card_of(page, "We read 40"), "Edit")
    page.get_by_role("textbox", name="Edit the exact words").fill("We read 40 churn mails. 31 said the same.")
    press(page, "Save as new card")
    card_of(page, "31 said the same").get_by_text("replaces apr_").wait_for()
    assert desk.statuses() == ["approved", "replaced", "rejected", "pending"]
    assert desk.card(desk.ids[2])["reason"] == "Not my voice"
    (fresh,) = [card for card in desk.app.approvals.cards() if card["replaces_id"] == desk.ids[1]]
    assert fresh["text"] == "We read 40 churn mails. 31 said the same."
    assert page.watch.is_quiet()


def test_ticked_cards_go_together(page: Any, desk: Desk) -> None:
    desk.file_morning()
    log_in(page, desk, desk.token, "/inbox")
    assert page.get_by_role("checkbox").count() == 3
    page.get_by_role("checkbox", name=re.compile("scored 6.00")).click()
    page.get_by_role("checkbox", name=re.compile("scored 6.20")).click()
    press(page, "Approve 2 ticked")
    page.get_by_text("2 cards wait for your decision").wait_for()
    assert desk.statuses() == ["approved", "pending", "approved", "pending"]
    assert page.watch.is_quiet()


def test_cards_never_move_under_a_finger(page: Any, desk: Desk) -> None:
    desk.file_morning()
    log_in(page, desk, desk.token, "/inbox")
    first = page.get_by_role("article").first.inner_text()
    desk.file(Question("ads.boost", f"late {desk.number}", {"post_id": "p"}, "A late one", "now", kind="other", is_money=True))
    show = page.get_by_role("button", name="The inbox has changed. Show it")
    show.wait_for()
    assert (page.get_by_role("article").count(), page.get_by_role("article").first.inner_text()) == (4, first)
    show.click()
    card_of(page, "A late one").wait_for()
    assert page.get_by_role("article").count() == 5
    assert page.watch.is_quiet()


def test_money_waits_for_a_second_yes(page: Any, desk: Desk) -> None:
    desk.file_morning()
    log_in(page, desk, desk.token, "/inbox")
    press(card_of(page, "Boost a post"), "Approve $50.00")
    sheet = page.locator(".sheet")
    assert sheet.get_by_role("button", name=re.compile("^Yes, in")).is_disabled()
    assert desk.statuses()[3] == "pending"
    desk.clock_file.write_text(iso(desk.app.clock.now() + timedelta(seconds=6)), encoding="utf-8")
    press(sheet, "Yes, spend $50.00")
    card_of(page, "Boost a post").wait_for(state="detached")
    assert desk.statuses()[3] == "approved"
    assert page.watch.is_quiet()


def test_reader_sees_and_cannot_decide(page: Any, desk: Desk) -> None:
    desk.file_morning()
    log_in(page, desk, desk.reader, "/inbox")
    page.get_by_text("Deciding needs one with the scope approve.").wait_for()
    assert page.get_by_role("article").count() == 4
    assert [button.inner_text() for button in page.get_by_role("button").all()] == ["Log out"]
    assert page.watch.is_quiet()


def test_kill_switch_stops_and_lifts(page: Any, desk: Desk) -> None:
    log_in(page, desk, desk.token)
    press(page, "Stop everything")
    page.get_by_role("textbox", name="Stop everything?").fill("too loud today")
    press(page.locator(".sheet"), "Stop everything")
    page.get_by_role("alert").get_by_text("too loud today").wait_for()
    assert desk.app.switch.is_stopped()
    press(page, "Lift the stop")
    press(page.locator(".sheet"), "Lift the stop")
    page.get_by_role("alert").get_by_text("too loud today").wait_for(state="detached")
    assert not desk.app.switch.is_stopped()
    assert page.watch.is_quiet()


def test_page_follows_the_books(page: Any, desk: Desk) -> None:
    log_in(page, desk, desk.token)
    page.get_by_text("Needs you first").wait_for()
    desk.file_morning()
    page.get_by_text("4 cards wait for your yes").wait_for()
    desk.app.tokens.revoke(f"me {desk.number}", actor="test")
    page.wait_for_url("**/login")
    assert page.watch.is_quiet()


def test_words_of_strangers_stay_words(page: Any, desk: Desk) -> None:
    nasty = '<img src=x onerror="document.title=1"><script>document.title=2</script> {{ 7*7 }} ${8*8} </script><b>bold</b>'
    desk.file(desk.draft(9, nasty))
    log_in(page, desk, desk.token, "/inbox")
    assert page.locator(".exact").inner_text() == nasty
    assert page.title() == "Inbox · revenue machine"
    assert page.watch.is_quiet()


def test_logout_locks_the_door(page: Any, desk: Desk) -> None:
    log_in(page, desk, desk.token)
    press(page, "Log out")
    page.get_by_label("Access token").wait_for()
    page.goto(f"{desk.url}/today")
    assert page.url == f"{desk.url}/login?next=/today"
    assert page.watch.is_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_page_fits_and_is_readable(scheme: str, browser: Any, desk: Desk) -> None:
    desk.file_morning()
    context = browser.new_context(viewport=SIZES["phone"], color_scheme=scheme)
    page = context.new_page()
    watch = Watch(page, desk.url)
    log_in(page, desk, desk.token)
    for path, words in (("/today", "The day"), ("/inbox", "Half of your trials")):
        page.goto(f"{desk.url}{path}")
        page.get_by_text(words).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate(CONTRAST) == []
    assert watch.is_quiet()
    context.close()


# Every visible text against the ground it stands on, by the WCAG formula; names what is below 4.5 : 1.
CONTRAST = """() => {
  const numbers = (colour) => {
    const canvas = document.createElement('canvas').getContext('2d');
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour[3] > 200) return colour;
    }
    return numbers('white');
  };
  const poor = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
    const box = node.getBoundingClientRect();
    if (!own || !box.width || box.right < 0 || node.closest('script,style,[aria-hidden=true],.nicegui-error-popup')) continue;
    const [a, b] = [light(numbers(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${node.className}: ${node.textContent.slice(0, 30)}`);
  }
  return poor;
}"""


def test_owner_sends_by_hand(page: Any, desk: Desk) -> None:
    for number in (1, 2):
        task = HandTask(
            f"task/{desk.number}/{number}", "dm.send", "dm_x", f"int/{number}", f"Write to Ada {number}", "Hello Ada", LINK
        )
        desk.app.handwork.hand_over(task)
    log_in(page, desk, desk.token, "/inbox")
    page.get_by_text("2 to send by hand.").wait_for()
    first = card_of(page, "Write to Ada 1")
    assert first.get_by_role("link", name="Open where it goes").get_attribute("href") == LINK
    press(first, "Sent")
    first.wait_for(state="detached")
    press(card_of(page, "Write to Ada 2"), "Not sent")
    card_of(page, "Write to Ada 2").wait_for(state="detached")
    outcomes = {task["title"]: task["status"] for task in desk.app.handwork.cards(None)}
    assert (outcomes["Write to Ada 1"], outcomes["Write to Ada 2"]) == ("done", "dropped")
    assert page.watch.is_quiet()


def test_keys_decide_without_a_mouse(page: Any, desk: Desk) -> None:
    for place, words in enumerate(("First of all", "Second of all")):
        desk.file(desk.draft(place, words))
    log_in(page, desk, desk.token, "/inbox")
    page.get_by_text("Keys: j and k").wait_for()
    page.locator("body").press("j")
    page.wait_for_function("document.activeElement.tagName === 'ARTICLE'")
    shown = page.evaluate("document.activeElement.id")
    page.keyboard.press("a")
    page.locator(f"#{shown}").wait_for(state="detached")
    assert sorted(desk.statuses()) == ["approved", "pending"]
    assert desk.card(shown)["status"] == "approved"


def test_ticked_cards_are_rejected_at_once(page: Any, desk: Desk) -> None:
    desk.file_morning()
    log_in(page, desk, desk.token, "/inbox")
    press(page, "Tick all")
    page.get_by_role("button", name="Approve 3 ticked").wait_for()
    press(page, "Reject ticked")
    press(page, "Wrong audience")
    press(page.locator(".sheet"), "Reject all ticked")
    card_of(page, "Half of your trials").wait_for(state="detached")
    assert desk.statuses() == ["rejected", "rejected", "rejected", "pending"]
    assert desk.card(desk.ids[0])["reason"] == "Wrong audience"
