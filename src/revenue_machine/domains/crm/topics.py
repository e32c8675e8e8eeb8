"""The people book as topics (seed §4.7)."""

from __future__ import annotations

from revenue_machine.domains.crm import asked, view
from revenue_machine.domains.crm.crm_engine import CrmEngine
from revenue_machine.domains.crm.merging import Merger
from revenue_machine.domains.crm.models import ContactDraft, InteractionDraft
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.topic import Effect, topic
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Conflict


@topic("crm.create_contact", effect=Effect.WRITES, section="§4.7")
def create_contact(args: asked.CreateArgs, database: Database, crm: CrmEngine) -> asked.CreateResult:
    """Keep a person, joining whoever is known by one of the same keys.

    Returns: the contact and whether it is new; a known person gets empty fields filled, never overwritten.
    Raises: bad_input without any key, suppressed when the person is unknown but asked never to be written to.
    """
    draft = ContactDraft(**args.model_dump())
    with database.writing() as connection:
        is_new = not crm.known(connection, draft)
        return asked.CreateResult(contact_id=crm.upsert(connection, draft), is_new=is_new)


@topic("crm.log_interaction", effect=Effect.WRITES, section="§4.7")
def log_interaction(args: asked.LogArgs, database: Database, crm: CrmEngine, call: Call) -> asked.LogResult:
    """Write down something that happened with a person.

    Returns: the interaction, and status and score after it. Direction `in` is the person's own words and stops every sequence.
    Raises: not_found.
    """
    with database.writing() as connection:
        person = view.find(connection, args.contact_id)
        known = {"contact_id": person.id, "external_id": args.external_id or f"call/{call.key}"}
        interaction_id = crm.log(connection, InteractionDraft(**{**args.model_dump(), **known}))
        after = view.find(connection, person.id)
    return asked.LogResult(interaction_id=interaction_id, contact_id=after.id, status=after.status, score=after.score)


@topic("crm.stats", effect=Effect.READS, section="§4.7")
def stats(database: Database, clock: Clock) -> asked.StatsResult:
    """Count people, pipeline and answers, and check what scores have been worth.

    Returns: counts; `reliability` sets predicted beside observed share by tier once scores are 30 days old or proven earlier.
    """
    with database.reading() as connection:
        return view.stats(connection, clock.now())


@topic("crm.list_contacts", effect=Effect.READS, section="§4.7")
def list_contacts(args: asked.ListArgs, database: Database) -> asked.ListResult:
    """List contacts, the best score first.

    Returns: score, stage and platform of each; merged contacts are left out.
    """
    with database.reading() as connection:
        return view.listed(connection, args)


@topic("crm.search_contacts", effect=Effect.READS, section="§4.7")
def search_contacts(args: asked.SearchArgs, database: Database) -> asked.ListResult:
    """Find contacts by words.

    Returns: those in whose name, address, handle, company, title or headline every word occurs.
    """
    with database.reading() as connection:
        return view.searched(connection, args)


@topic("crm.advance_pipeline", effect=Effect.WRITES, section="§4.7")
def advance_pipeline(args: asked.AdvanceArgs, database: Database, crm: CrmEngine) -> asked.AdvanceResult:
    """Move a contact along the pipeline.

    Returns: before and after; the same status again changes nothing.
    Raises: not_found, conflict when the table of transitions does not allow it (re-entry after 90 and 180 days).
    """
    with database.writing() as connection:
        person = view.find(connection, args.contact_id)
        refusal = None if person.status == args.status else crm.refusal(connection, person.id, args.status)
        if refusal is not None:
            raise Conflict(f"{person.id} stays {person.status}: {refusal}", field="status")
        moved = crm.advance(connection, person.id, args.status, args.why)
    return asked.AdvanceResult(contact_id=person.id, before=person.status, status=args.status, moved=moved)


@topic("crm.add_tag", effect=Effect.WRITES, section="§4.7")
def add_tag(args: asked.TagArgs, database: Database, crm: CrmEngine) -> asked.TagResult:
    """Tag a contact, or take a tag away.

    Returns: the tags now.
    Raises: not_found.
    """
    with database.writing() as connection:
        person = view.find(connection, args.contact_id)
        tags = sorted({*person.tags, args.tag} - ({args.tag} if args.remove else set()))
        crm.set_fields(connection, person.id, {"tags": tags})
    return asked.TagResult(contact_id=person.id, tags=tags)


@topic("crm.update_contact", effect=Effect.WRITES, section="§4.7")
def update_contact(args: asked.UpdateArgs, database: Database, crm: CrmEngine) -> asked.UpdateResult:
    """Set what is known of a person, or note that they opted out.

    Returns: the names of the fields that changed. An opt-out shuts every address on every channel and is never taken back here.
    Raises: not_found, bad_input (no such key), conflict when a key belongs to somebody else (merge the two).
    """
    with database.writing() as connection:
        person = view.find(connection, args.contact_id)
        changed = crm.update(connection, person.id, args.model_dump(exclude={"contact_id", "opt_out"}, exclude_none=True))
        if args.opt_out is not None:
            crm.opt_out(connection, person.id, args.opt_out, None)
        after = view.find(connection, person.id)
    return asked.UpdateResult(contact_id=person.id, changed=changed, opted_out=after.opted_out_at is not None)


@topic("crm.get_contact", effect=Effect.READS, section="§4.7")
def get_contact(args: asked.GetArgs, database: Database) -> asked.GetResult:
    """Everything known of a person: keys with provenance, one timeline, scores with reasons, who may be the same.

    Returns: the timeline over ad, post, mail, message, product and money with cost and value; a merged id answers for the kept one.
    Raises: not_found.
    """
    with database.reading() as connection:
        return view.everything(connection, args)


@topic("crm.merge_contacts", effect=Effect.WRITES, section="§4.7")
def merge_contacts(args: asked.MergeArgs, database: Database, merger: Merger) -> asked.MergeResult:
    """Join two contacts with all that belongs to them, or undo that.

    Returns: how many fields and rows moved, and which stayed.
    Raises: bad_input, not_found, conflict when one of them was merged into a third.
    """
    with database.writing() as connection:
        if args.undo is not None:
            done = merger.undo(connection, args.undo)
        else:
            kept, merged = view.id_of(connection, args.kept_id or ""), view.id_of(connection, args.merged_id or "")
            done = merger.merge(connection, kept, merged, args.reason)
    return asked.MergeResult(**{**vars(done), "merge_id": done.id, "stayed": list(done.stayed)})
