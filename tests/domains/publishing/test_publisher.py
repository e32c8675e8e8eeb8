"""One attempt per post; published only with the platform's own word; what is in doubt is never sent again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from revenue_machine.engine.tables import INTENTS
from tests.app_fixture import make_app
from tests.domains.publishing.stage import HOUR, Stage


def planned(stage: Stage, count: int = 1, platform: str = "x") -> None:
    """Posts planned for the next hours, and the clock at the first of them."""
    stage.drafts(count, platform)
    stage.call("publish.schedule")
    stage.clock.move_to(stage.posts()[0]["scheduled_at"])


def statuses(stage: Stage) -> list[str]:
    return [row["status"] for row in stage.posts()]


def test_nothing_goes_before_its_hour(stage: Stage) -> None:
    stage.drafts(3)
    stage.call("publish.schedule")
    assert stage.call("publish.auto")["sent"] == 0
    assert stage.handed_in() == []


def test_sent_is_not_yet_published(stage: Stage) -> None:
    planned(stage)
    assert stage.call("publish.auto") == {"sent": 1, "published": 0, "failed": 0, "unknown": 0, "moved": 0}
    (post,) = stage.posts()
    assert (post["status"], post["url"], post["published_at"]) == ("sending", None, None)
    assert stage.events("post.published") == []


def test_published_has_its_url(stage: Stage) -> None:
    stage.draft("a")
    (post,) = stage.go_public()
    assert post["status"] == "published"
    assert post["url"].startswith("https://x.com/")
    assert post["published_at"] == post["sent_at"] == post["scheduled_at"]
    assert stage.events("post.published") == [{"post_id": post["id"]}]


def test_repeated_sweeps_send_once(stage: Stage) -> None:
    planned(stage)
    for _ in range(3):
        stage.call("publish.auto", key="k")
        stage.call("publish.auto")
    assert len(stage.handed_in()) == 1


def test_thread_goes_out_in_parts(stage: Stage) -> None:
    stage.draft("t", content_type="thread", text="One.\n---\nTwo.")
    stage.go_public()
    content = json.loads(stage.handed_in()[0])["post"]["content"]
    assert content["text"] == "One."
    assert [part["text"] for part in content["additionalPosts"]] == ["Two."]


def test_facebook_names_its_page(stage: Stage) -> None:
    stage.draft("f", "facebook")
    (post,) = stage.go_public()
    assert json.loads(stage.handed_in()[0])["post"]["target"] == {"targetType": "facebook", "pageId": "771050001"}
    assert post["status"] == "published"


def test_lost_answer_is_never_resent(stage: Stage) -> None:
    planned(stage)
    stage.outside.add_fault("blotato", "/posts", "act_then_drop", 1)
    assert stage.call("publish.auto")["unknown"] == 1
    for _ in range(5):
        stage.clock.move_to(stage.clock.now() + HOUR)
        stage.call("publish.auto")
    assert statuses(stage) == ["unknown"]
    assert len(stage.handed_in()) == 1
    assert [row["kind"] for row in stage.events("alert.raised")] == ["publishing"]
    assert [row["state"] for row in stage.rows(INTENTS)] == ["unknown"]


def test_vendor_down_moves_an_hour(stage: Stage) -> None:
    planned(stage)
    planned_at = stage.posts()[0]["scheduled_at"]
    stage.outside.add_fault("blotato", "", "down", 1)
    assert stage.call("publish.auto")["moved"] == 1
    (post,) = stage.posts()
    assert (post["status"], post["due_at"]) == ("approved", planned_at + HOUR)
    (post,) = stage.go_public()
    assert post["status"] == "published"
    assert len(stage.handed_in()) == 1


def test_moved_post_speaks_for_its_real_hour(stage: Stage) -> None:
    planned(stage)
    hour = stage.posts()[0]["slot_hour"]
    stage.outside.add_fault("blotato", "", "down", 1)
    stage.call("publish.auto")
    (post,) = stage.go_public()
    assert post["published_at"] == post["scheduled_at"] + HOUR
    assert post["slot_hour"] == (hour + 1) % 24


def test_refused_connection_at_the_door_keeps_the_slot(stage: Stage) -> None:
    """The vendor's account list answers, the post itself does not leave: surely nothing happened."""
    planned(stage)
    stage.outside.add_fault("blotato", "/posts", "down", 1)
    assert stage.call("publish.auto")["moved"] == 1
    assert [row["state"] for row in stage.rows(INTENTS)] == ["refused"]
    assert stage.go_public()[0]["status"] == "published"


def test_platform_refusal_fails_with_alert(stage: Stage) -> None:
    fake, state = stage.outside.vendors["blotato"].fake, stage.outside.state("blotato")
    fake.public_break(state, "twitter", "duplicate content")
    stage.draft("a")
    (post,) = stage.go_public()
    assert (post["status"], post["url"]) == ("failed", None)
    assert "duplicate content" in stage.events("alert.raised")[0]["text"]
    assert stage.events("post.published") == []


def test_kill_switch_stops_publishing(stage: Stage) -> None:
    planned(stage)
    stage.app.switch.set(stopped=True, actor="ada", reason="test")
    envelope = stage.app.call("publish.auto")
    assert envelope.as_dict()["error"]["code"] == "stopped"
    assert stage.handed_in() == []


def test_setting_lowers_the_day(tmp_path: Path) -> None:
    app, outside, clock = make_app(tmp_path, REVENUE_CAPS__PUBLISH_X__PER_DAY="1")
    stage = Stage(app, outside, clock)
    stage.drafts(2)
    stage.call("publish.schedule", horizon_hours=6)
    stage.clock.move_to(stage.posts()[0]["scheduled_at"])
    assert stage.call("publish.auto")["sent"] == 1
    stage.clock.move_to(stage.posts()[1]["scheduled_at"])
    assert stage.call("publish.auto")["moved"] == 1
    assert "1 of 1 sent in 24 hours" in stage.posts()[1]["error"]
    app.close()


def test_late_posts_keep_their_gap(stage: Stage) -> None:
    stage.drafts(3)
    stage.call("publish.schedule", horizon_hours=4)
    stage.clock.move_to(stage.posts()[-1]["scheduled_at"])
    result = stage.call("publish.auto")
    assert (result["sent"], result["moved"]) == (1, 2)


def test_reward_teaches_the_hour(stage: Stage) -> None:
    stage.draft("a")
    (post,) = stage.go_public()
    with stage.app.database.writing() as connection:
        stage.app.events.emit(connection, "post.measured", "one", {"post_id": post["id"], "reward": 1})
        stage.app.events.emit(connection, "post.measured", "two", {"post_id": post["id"], "reward": 0})
        stage.app.events.emit(connection, "post.measured", "three", {"post_id": "post_of_nobody", "reward": 1})
    stage.app.events.drain()
    assert stage.arms() == [("x", post["slot_weekday"], post["slot_hour"], 2.0, 2.0)]


class Killed(BaseException):
    """The process dies here."""


class DiesAt:
    """Dies the first time a moment of publishing is reached."""

    def __init__(self, moment: str) -> None:
        self._moment: str | None = moment

    def reached(self, moment: str, name: str) -> None:
        if moment == self._moment and name.startswith("blotato."):
            self._moment = None
            raise Killed


@pytest.mark.parametrize(
    ("moment", "handed_in", "status"),
    [("effect:before", 0, "unknown"), ("effect:acted", 1, "unknown"), ("effect:recorded", 1, "published")],
)
def test_death_never_sends_twice(moment: str, handed_in: int, status: str, tmp_path: Path) -> None:
    """Nobody can tell a death before the call from one after it, so both are a person's to settle."""
    app, outside, clock = make_app(tmp_path, moments=DiesAt(moment))
    stage = Stage(app, outside, clock)
    planned(stage)
    with pytest.raises(Killed):
        stage.call("publish.auto", key="k")
    stage.call("publish.auto", key="k")
    stage.go_public()
    assert (len(stage.handed_in()), statuses(stage)) == (handed_in, [status])
    app.close()
