"""Tracking links and their clicks as topics (HookLite, seed §4.5)."""

from __future__ import annotations

from revenue_machine.domains.links import asked, view
from revenue_machine.domains.links.refiltering import Refilter
from revenue_machine.domains.links.store import LinkStore
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.spool_drain import Spools
from revenue_machine.engine.topic import Effect, topic


@topic("links.create", effect=Effect.WRITES, section="own: HookLite of §4.5 by hand")
def create(args: asked.CreateArgs, database: Database, store: LinkStore) -> asked.CreateResult:
    """Make a tracking link.

    Returns: its slug and address; the same wish again gives the same link, and `is_new` false.
    Raises: bad_input for a destination that is no plain http(s) address, conflict when the slug is another link's.
    """
    with database.writing() as connection:
        return store.made(connection, args)


@topic("links.bulk_create", effect=Effect.WRITES, section="own: HookLite of §4.5 by hand")
def bulk_create(args: asked.BulkArgs, database: Database, store: LinkStore) -> asked.BulkResult:
    """Make up to a thousand tracking links: all of them or none.

    Returns: the links in the order asked for.
    Raises: bad_input, conflict as for one; then none was made.
    """
    with database.writing() as connection:
        found = [store.made(connection, one) for one in args.links]
    made = sum(one.is_new for one in found)
    return asked.BulkResult(made=made, known=len(found) - made, links=found)


@topic("links.list", effect=Effect.READS, section="own: HookLite of §4.5 by hand")
def list_links(args: asked.ListArgs, database: Database, store: LinkStore, spools: Spools) -> asked.ListResult:
    """List tracking links with their clicks, newest first.

    Returns: clicks of people and what the filter took out, apart.
    """
    spools.drain()
    with database.reading() as connection:
        return view.listed(connection, args, store)


@topic("links.disable", effect=Effect.WRITES, section="own: a link that must not be followed any more")
def disable(args: asked.SwitchArgs, store: LinkStore, call: Call) -> asked.SwitchResult:
    """Switch a tracking link off: whoever follows it is told it is gone.

    Returns: whether it was on before. Redirectors hear of it within two seconds.
    Raises: not_found.
    """
    return asked.SwitchResult(slug=args.slug, is_disabled=True, changed=store.switch(args.slug, call.actor, is_off=True))


@topic("links.enable", effect=Effect.WRITES, section="own: a link that must not be followed any more")
def enable(args: asked.SwitchArgs, store: LinkStore, call: Call) -> asked.SwitchResult:
    """Switch a tracking link on again.

    Returns: whether it was off before.
    Raises: not_found.
    """
    return asked.SwitchResult(slug=args.slug, is_disabled=False, changed=store.switch(args.slug, call.actor, is_off=False))


@topic("links.clicks", effect=Effect.READS, section="own: both counts of §4.5 and unique people")
def clicks(args: asked.ClicksArgs, database: Database, spools: Spools) -> asked.ClicksResult:
    """Count clicks: of people, of people once per link and window, and filtered, with the reasons.

    Returns: `unique` is a view over raw clicks: a click with none of the same visitor on the same link within the window before it.
    """
    spools.drain()
    standing = spools.standing("clicks")
    with database.reading() as connection:
        return view.clicks(connection, args, standing)


@topic("links.refilter", effect=Effect.WRITES, section="own: a better filter judges the past too")
def refilter(args: asked.RefilterArgs, spools: Spools, desk: Refilter) -> asked.RefilterResult:
    """Judge past clicks by a version of the bot filter (none said: the newest).

    Returns: how many changed, each way. Attribution takes the change with its next look; `preview` changes nothing.
    Raises: bad_input for a version there never was.
    """
    spools.drain()
    return desk.run(args)
