"""Finds strangers who fit on LinkedIn, scores them, and drafts an invitation to the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, ContactDraft, IdentityDraft
from revenue_machine.domains.outreach import reads, rules, scoring, store
from revenue_machine.domains.outreach.asked import FoundPerson, ProspectResult, ScoreResult, SearchResult
from revenue_machine.domains.outreach.knowing import predicted_value, product_for
from revenue_machine.domains.outreach.models import Profile
from revenue_machine.domains.outreach.platforms import Platforms
from revenue_machine.domains.outreach.queueing import Filer
from revenue_machine.domains.outreach.scoring import Fit, Prospect
from revenue_machine.domains.outreach.writing import Wish, Writer
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.engine.database import Database
from revenue_machine.integrations.linkedin.linkedin_client import LinkedinClient, PeopleSearch
from revenue_machine.integrations.linkedin.wire import FoundMember
from revenue_machine.kit.clock import Clock, day_bounds, local_date
from revenue_machine.kit.errors import Failure, NotFound, Suppressed
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Settings

PAGE = 50
MOST_SEARCHES = 10
ROUNDS = 2
# More strangers than drafts are looked at, so that the best of them are written to.
LOOKED_AT_PER_DRAFT = 2
_DEGREES = {"FIRST_DEGREE": 1, "SECOND_DEGREE": 2, "THIRD_DEGREE": 3}


@dataclass(frozen=True)
class _Drafts:
    """How many questions were asked about how many people, what was held and why, and why the model stopped."""

    asked: int = 0
    people: int = 0
    held: Mapping[str, str] = field(default_factory=dict)
    why_fewer: str | None = None


@dataclass(frozen=True)
class Prospecting:
    """Step 9 of the day: fifty drafts, fewer only with a reason."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    book: ContactBook
    platforms: Platforms
    writer: Writer
    filer: Filer

    def prospect(self, most: int | None) -> ProspectResult:
        """Top the day's drafts up to the phase's target; rerun after a crash it only fills what is missing."""
        with self.database.reading() as connection:
            most = phase_reads.volume(connection, "linkedin_drafts").most or 0 if most is None else most
            prepared = self.prepared(connection)
            waiting = reads.approved_waiting(connection, ("linkedin",))
        wanted, why = rules.drafts_wanted(most, prepared, waiting)
        found = scored = 0
        if wanted:
            found, scored, no_search = self._search(wanted)
            why = why or no_search
        drafts = self._draft(wanted)
        with self.database.reading() as connection:
            left_out = reads.suspicious_count(connection, "linkedin")
        if drafts.asked < wanted and why is None:
            why = drafts.why_fewer or self._why_few(drafts.people, wanted, len(drafts.held))
        prepared += drafts.asked
        return ProspectResult(
            found=found, scored=scored, worth_writing=drafts.people, left_out=left_out, drafted=drafts.asked,
            held=len(drafts.held), prepared=prepared, target=most, why_fewer=why if prepared < most else None,
            reasons=dict(drafts.held),
        )  # fmt: skip

    def _draft(self, wanted: int) -> _Drafts:
        """Invitations for the best; who is lost to the lint is made up for by the next in line, once."""
        done = _Drafts()
        for _ in range(ROUNDS):
            missing = wanted - done.asked
            with self.database.reading() as connection:
                since = self.clock.now() - rules.ASK_AGAIN_AFTER
                people = reads.fresh_prospects(connection, "linkedin", rules.WORTH_A_DRAFT_FROM, since, missing) if missing else []
            if not people:
                break
            batch = self.writer.write(self._wishes(people))
            asked, held = self.filer.file(batch.written)
            reasons = {one.wish.key: "; ".join(one.flaws) for one in held}
            done = _Drafts(done.asked + len(asked), done.people + len(people), {**done.held, **reasons}, batch.why_fewer)
            if batch.why_fewer is not None:
                break
        return done

    def prepared(self, connection: sa.Connection) -> int:
        """LinkedIn drafts of today, decided or not."""
        start, _ = day_bounds(local_date(self.clock.now(), self.settings.zone), self.settings.zone)
        statuses = ("pending_approval", "approved", "sending", "sent", "cancelled", "expired")
        return reads.count(connection, ("linkedin",), statuses, since=start)

    def _why_few(self, people: int, wanted: int, held: int) -> str:
        words = f"{people} people worth writing to were found, {wanted} were wanted" if people < wanted else ""
        lint = f"{held} texts broke the rules twice" if held else ""
        return "; ".join(one for one in (words, lint) if one) or "the model left some out"

    def search(self, keywords: str, limit: int) -> SearchResult:
        """One search, scored and kept nowhere."""
        client = self.platforms.clients.get(LinkedinClient)
        page = client.search_people(PeopleSearch(keywords=keywords), limit=limit)
        scored = [(one, self.fit_of(prospect_of(one))) for one in page.data]
        people = [found_person(one, fit) for one, fit in sorted(scored, key=lambda pair: (-pair[1].score, pair[0].id))]
        return SearchResult(total=page.total_count or len(page.data), people=people)

    def score(self, contact_id: str) -> ScoreResult:
        """Score one person anew from their profile; looking at it counts as a visit."""
        with self.database.reading() as connection:
            person = crm_reads.current_person(connection, contact_id)
            profile = None if person is None else reads.profile_of(connection, person.id, "linkedin")
        if person is None:
            raise NotFound(f"there is no contact {contact_id}", field="contact_id")
        prospect = Prospect(person.name or "", person.headline or "", person.title, person.company, person.location)
        client = self.platforms.linkedin()
        if profile is not None and client is not None:
            prospect = self._looked_at(client, profile, prospect)
        fit = self.fit_of(prospect)
        if profile is not None:
            now = self.clock.now()
            with self.database.writing() as connection:
                store.change_profile(connection, profile.id, {"score": fit.score, "score_reasons": list(fit.reasons)}, now)
                if fit.score >= rules.QUALIFIED_FROM:
                    self.book.advance(connection, person.id, "qualified", fit.sentence)
        return ScoreResult(contact_id=person.id, score=fit.score, tier=fit.tier, reasons=list(fit.reasons))

    def _looked_at(self, client: LinkedinClient, profile: Profile, prospect: Prospect) -> Prospect:
        """The same person with what their profile says."""
        seen = client.profile(profile.external_id)
        job = seen.position
        with self.database.writing() as connection:
            values = {"about": seen.bio, "is_suspicious": scoring.is_suspicious(seen.description, seen.bio, profile.headline)}
            store.change_profile(connection, profile.id, values, self.clock.now())
        return replace(
            prospect, headline=seen.description or prospect.headline, title=job.job_title if job else prospect.title,
            company=(job.company.name if job else None) or prospect.company, location=seen.location or prospect.location,
            about=seen.bio, degree=_DEGREES.get(seen.specifics.network_distance),
            is_open_to_work=bool(seen.specifics.is_open_to_work), is_hiring=bool(seen.specifics.is_hiring),
        )  # fmt: skip

    def fit_of(self, prospect: Prospect) -> Fit:
        """How well somebody fits the owner's niches."""
        niches = [scoring.wanted(one.key, one.name, one.audience, one.search_terms) for one in self.business.niches]
        return scoring.fit(prospect, niches)

    def _search(self, wanted: int) -> tuple[int, int, str | None]:
        """(members seen, of them new, why none): the niches in turn, each search where it stopped last time."""
        client = self.platforms.linkedin()
        if client is None:
            return 0, 0, f"no search: {self.platforms.why_not('linkedin')}"
        with self.database.reading() as connection:
            since = self.clock.now() - rules.ASK_AGAIN_AFTER
            known = len(
                reads.fresh_prospects(connection, "linkedin", rules.WORTH_A_DRAFT_FROM, since, wanted * LOOKED_AT_PER_DRAFT)
            )
        found = scored = 0
        for niche, term in self._terms():
            if known + scored >= wanted * LOOKED_AT_PER_DRAFT:
                break
            try:
                seen, fresh = self._one_search(client, niche, term)
            except Failure as failure:
                return found, scored, f"the search stopped: {failure.message}"
            found, scored = found + seen, scored + fresh
        return found, scored, None

    def _terms(self) -> list[tuple[str, str]]:
        """Niche and words, the first term of every niche before the second of any."""
        terms = [(place, niche.key, term) for niche in self.business.niches for place, term in enumerate(niche.search_terms)]
        ordered = sorted(enumerate(terms), key=lambda one: (one[1][0], one[0]))
        return [(niche, term) for _, (_, niche, term) in ordered][:MOST_SEARCHES]

    def _one_search(self, client: LinkedinClient, niche: str, term: str) -> tuple[int, int]:
        name = f"search/linkedin/{niche}/{term}"
        with self.database.reading() as connection:
            offset = reads.mark(connection, name)[0]
        page = client.search_people(PeopleSearch(keywords=term, degrees=(2, 3)), offset=offset, limit=PAGE)
        now = self.clock.now()
        with self.database.reading() as connection:
            known = reads.profiles_known(connection, "linkedin", [one.id for one in page.data])
        rows = [self._profile_row(one, niche, now) for one in page.data]
        following = offset + len(page.data)
        is_end = not page.data or following >= (page.total_count or 0)
        with self.database.writing() as connection:
            store.keep_profiles(connection, self.database, rows)
            store.set_mark(connection, self.database, name, now, place=0 if is_end else following, reached_at=now)
        return len(page.data), len(page.data) - len(known)

    def _profile_row(self, member: FoundMember, niche: str, now: datetime) -> dict[str, Any]:
        prospect = prospect_of(member)
        fit = self.fit_of(prospect)
        return store.profile_row(
            "linkedin", member.id, now, handle=member.public_identifier, name=member.display_name, headline=member.headline,
            location=member.location, niche=fit.niche or niche, profile_url=member.profile_url, degree=prospect.degree,
            score=fit.score, score_reasons=list(fit.reasons),
            is_suspicious=scoring.is_suspicious(member.headline, member.display_name),
            standing="connected" if prospect.degree == 1 else "none",
        )  # fmt: skip

    def _wishes(self, profiles: Sequence[Profile]) -> list[Wish]:
        if not profiles:
            return []
        with self.database.writing() as connection:
            return [one for profile in profiles if (one := self._wish(connection, profile)) is not None]

    def _wish(self, connection: sa.Connection, profile: Profile) -> Wish | None:
        """An invitation for one stranger: now a contact, with the reason and the evidence a person can open."""
        now = self.clock.now()
        try:
            contact_id = self.book.upsert(connection, contact_draft(profile))
        except Suppressed:
            store.change_profile(connection, profile.id, {"standing": "suppressed"}, now)
            return None
        store.bind_profile(connection, profile, contact_id, now)
        person = crm_reads.current_person(connection, contact_id)
        if person is None or not person.is_reachable:
            store.change_profile(connection, profile.id, {"standing": "suppressed"}, now)
            return None
        if reads.busy_contacts(connection, [person.id], now - rules.ASK_AGAIN_AFTER):
            return None
        if (profile.score or 0.0) >= rules.QUALIFIED_FROM:
            self.book.advance(connection, person.id, "qualified", f"prospect score {profile.score:.0f}")
        value = predicted_value(connection, person, product_for(self.business, profile.niche))
        day = local_date(now, self.settings.zone)
        best = sorted(profile.score_reasons, key=_points_of, reverse=True)[:2]
        reason = f"fits {profile.score:.0f} of 100 ({scoring.tier_of(profile.score or 0.0)}): {'; '.join(best)}"
        return Wish(
            key=make_id("out", person.id, "connect", 0, day.isoformat()), person=person, platform="linkedin", action="connect",
            lane="service", reason=reason, headline=profile.headline, about=profile.about, evidence_url=profile.profile_url,
            niche=profile.niche, predicted_value_micro_usd=value,
        )  # fmt: skip


def prospect_of(member: FoundMember) -> Prospect:
    """A search result as a stranger to score."""
    title, company = scoring.job_of(member.headline)
    degree = _DEGREES.get(member.network_distance)
    return Prospect(member.display_name, member.headline, title, company, member.location, member.industry, None, degree)


def found_person(member: FoundMember, fit: Fit) -> FoundPerson:
    """A search result with its score."""
    return FoundPerson(
        name=member.display_name, headline=member.headline, location=member.location, profile_url=member.profile_url,
        score=fit.score, tier=fit.tier, niche=fit.niche, reasons=list(fit.reasons),
    )  # fmt: skip


def contact_draft(profile: Profile) -> ContactDraft:
    """A profile as the people book takes it; writing to them stands on legitimate interest, and says where they were found."""
    title, company = scoring.job_of(profile.headline or "")
    url = profile.profile_url
    keys = () if url or profile.handle else (IdentityDraft("handle", profile.external_id, profile.platform, "outreach"),)
    return ContactDraft(
        name=profile.name, identities=keys, platform=profile.platform, handle=profile.handle, niche=profile.niche,
        source=f"{profile.platform}_search", headline=profile.headline, company=company, title=title, location=profile.location,
        timezone=scoring.zone_of(profile.location), profile_url=url, lawful_basis="legitimate_interest", evidence=url,
    )  # fmt: skip


def _points_of(reason: str) -> int:
    digits = reason.split(":", 1)[0].rsplit(" ", 1)[-1]
    return int(digits) if digits.isdigit() else 0
