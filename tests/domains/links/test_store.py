"""Without a public address the post shows the plain destination with its UTM values."""

from __future__ import annotations

from revenue_machine.domains.links.models import LinkWanted
from revenue_machine.domains.links.store import LinkStore
from tests.domains.publishing.stage import Stage


def test_plain_address_carries_utm(stage: Stage) -> None:
    settings = stage.app.settings.model_copy(update={"public_url": None})
    links = LinkStore(stage.app.database, stage.clock, settings, stage.app.audit)
    wanted = LinkWanted("https://a.example/p?utm_source=mine#top", "post_a", "everreach_pro", "x", "s1")
    with stage.app.database.writing() as connection:
        link = links.create(connection, wanted)
    assert link.short_url == ("https://a.example/p?utm_source=mine&utm_campaign=post_a&utm_content=s1&utm_medium=social#top")
