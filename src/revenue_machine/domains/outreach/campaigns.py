"""Batches: an audience among the contacts, a brief, steps; drafts today's share of it, never sends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import Person
from revenue_machine.domains.outreach import reads, rules, store
from revenue_machine.domains.outreach.asked import CampaignArgs, CampaignResult
from revenue_machine.domains.outreach.models import Campaign
from revenue_machine.domains.outreach.nurturing import WARM, Nurturing
from revenue_machine.domains.outreach.queueing import Filer
from revenue_machine.domains.outreach.writing import Wish, Writer
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock, day_bounds, local_date
from revenue_machine.kit.errors import BadInput, Conflict, NotFound
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Settings

LOOKED_AT = 2000


@dataclass(frozen=True)
class Campaigns:
    """Creates, runs, rests and counts campaigns."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    nurturing: Nurturing
    writer: Writer
    filer: Filer

    def act(self, args: CampaignArgs) -> CampaignResult:
        """Do what is asked of the campaign of that name."""
        if args.action == "create":
            return self._create(args)
        with self.database.reading() as connection:
            campaign = reads.campaign(connection, args.name)
        if campaign is None:
            raise NotFound(f"there is no campaign {args.name}", field="name")
        if args.action == "run":
            return self._run(campaign)
        if args.action == "pause":
            with self.database.writing() as connection:
                store.set_campaign_status(connection, campaign.id, "paused", self.clock.now())
        return self._result(args.name)

    def _create(self, args: CampaignArgs) -> CampaignResult:
        if len(args.brief.split()) < 3:
            raise BadInput("a campaign needs a brief: what the messages are about", field="brief")
        if args.offer is not None and self.business.product(args.offer) is None:
            raise BadInput(f"there is no product {args.offer}", field="offer")
        if args.niche is not None and self.business.niche(args.niche) is None:
            raise BadInput(f"there is no niche {args.niche}", field="niche")
        audience = {"niche": args.niche, "tag": args.tag, "least_score": args.least_score, "statuses": args.statuses}
        campaign = Campaign(
            make_id("cmp", args.name), args.name, args.platform, args.brief, audience, tuple(sorted(args.steps)), args.offer,
            args.most_per_day, "active",
        )  # fmt: skip
        with self.database.writing() as connection:
            store.keep_campaign(connection, self.database, campaign, self.clock.now())
        return self._result(args.name)

    def _run(self, campaign: Campaign) -> CampaignResult:
        """Today's share: never more than the campaign's own number, and only people with nothing else open."""
        if campaign.status != "active":
            raise Conflict(f"{campaign.name} is {campaign.status}; create it again to go on", field="name")
        start, _ = day_bounds(local_date(self.clock.now(), self.settings.zone), self.settings.zone)
        with self.database.reading() as connection:
            done = reads.contacts_of_campaign(connection, campaign.id)
            today = reads.campaign_drafts_since(connection, campaign.id, start)
            people = [one for one in self._audience(connection, campaign) if one.id not in done]
            busy = reads.busy_contacts(connection, [one.id for one in people], self.clock.now() - rules.ASK_AGAIN_AFTER)
            free = [one for one in people if one.id not in busy][: max(0, campaign.most_per_day - today)]
            wishes = [self._wish(connection, one, campaign) for one in free]
        batch = self.writer.write(wishes)
        asked, held = self.filer.file(batch.written)
        why = batch.why_fewer
        if why is None and len(asked) < campaign.most_per_day - today:
            why = f"{len(free)} of the audience are free now" + (f", {len(held)} texts broke the rules twice" if held else "")
        return self._result(campaign.name, drafted=len(asked), why=why)

    def _audience(self, connection: sa.Connection, campaign: Campaign) -> list[Person]:
        """Reachable contacts of the campaign's filter who are known on its platform, the best first."""
        wanted = dict(campaign.audience)
        statuses: Any = tuple(wanted.get("statuses") or WARM[:-1])
        people = crm_reads.people_by_status(connection, statuses, limit=LOOKED_AT)
        return [
            one
            for one in people
            if (wanted.get("niche") in (None, one.niche))
            and (wanted.get("tag") is None or wanted["tag"] in one.tags)
            and (one.score or 0.0) >= float(wanted.get("least_score") or 0.0)
            and self.nurturing.why_not(connection, one, campaign.platform) is None
        ]

    def _wish(self, connection: sa.Connection, person: Person, campaign: Campaign) -> Wish:
        profile = reads.profile_of(connection, person.id, campaign.platform)
        is_stranger = campaign.platform == "linkedin" and (profile is None or profile.standing != "connected")
        wish = self.nurturing.wish_for(
            connection, person, campaign.platform, purpose=campaign.brief, action="connect" if is_stranger else None,
            campaign_id=campaign.id,
        )  # fmt: skip
        product = None if campaign.offer is None else self.business.product(campaign.offer)
        return wish if wish.product is None or product is None else replace(wish, product=product)

    def _result(self, name: str, *, drafted: int = 0, why: str | None = None) -> CampaignResult:
        with self.database.reading() as connection:
            campaign = reads.campaign(connection, name)
            if campaign is None:
                raise NotFound(f"there is no campaign {name}", field="name")
            counts, answered = reads.campaign_counts(connection, campaign.id)
            audience = len(self._audience(connection, campaign))
        return CampaignResult(
            campaign_id=campaign.id, status=campaign.status, audience=audience, drafted=drafted,
            pending=counts.get("pending_approval", 0), waiting=counts.get("approved", 0) + counts.get("sending", 0),
            sent=counts.get("sent", 0), replies=answered, why_fewer=why,
        )  # fmt: skip
