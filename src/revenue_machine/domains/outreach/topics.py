"""LinkedIn and direct messages as topics (seed §4.7)."""

from __future__ import annotations

from revenue_machine.domains.outreach import asked
from revenue_machine.domains.outreach.campaigns import Campaigns
from revenue_machine.domains.outreach.listening import Listening
from revenue_machine.domains.outreach.outreach_engine import OutreachEngine
from revenue_machine.domains.outreach.prospecting import Prospecting
from revenue_machine.domains.outreach.rules import DM_PLATFORMS
from revenue_machine.domains.outreach.sender import Order, Sender
from revenue_machine.engine.call import Call
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.topic import Approval, Effect, NoArgs, topic


@topic("linkedin.prospect", effect=Effect.WRITES, section="§4.7")
def prospect(args: asked.ProspectArgs, prospecting: Prospecting, engine: OutreachEngine) -> asked.ProspectResult:
    """Find people who fit, score them, and top today's LinkedIn drafts up to fifty, one question each.

    Returns: counts and `why_fewer`; what is due with people we know goes first. Nothing is sent.
    Source: definitions §2.7a; DECISIONS (50 a day are prepared drafts, 15 a day and 80 a week may go out).
    """
    engine.follow_up()
    return prospecting.prospect(args.most)


@topic("linkedin.search", effect=Effect.READS, section="§4.7")
def search(args: asked.SearchArgs, prospecting: Prospecting) -> asked.SearchResult:
    """Search members by words, scored against the owner's niches.

    Returns: the best first, each with the reasons of its score; nothing is kept.
    Raises: not_configured, the outside_* family.
    """
    return prospecting.search(args.keywords, args.limit)


@topic("linkedin.score", effect=Effect.WRITES, section="§4.7")
def score(args: asked.ContactArgs, prospecting: Prospecting) -> asked.ScoreResult:
    """Score one contact 0 to 100 from their profile, with a reason for each part.

    Returns: title 30, company 20, location 15, proximity 20, activity 15 at most; from 65 on the contact is qualified.
    Source: definitions §2.7a. Looking at the profile counts as a visit.
    """
    return prospecting.score(args.contact_id)


@topic("linkedin.campaign", effect=Effect.WRITES, section="§4.7")
def campaign(args: asked.CampaignArgs, campaigns: Campaigns) -> asked.CampaignResult:
    """Create, run, pause or count a campaign: an audience among the contacts, a brief and its steps.

    Returns: how it stands. A run drafts today's share and asks about each message; nothing is sent.
    Raises: bad_input, not_found, conflict while it is paused.
    """
    return campaigns.act(args)


@topic("linkedin.connect", effect=Effect.SPEAKS, section="§4.7", approval=Approval.ALWAYS)
def connect(args: asked.ConnectArgs, sender: Sender, outside: Outside, call: Call) -> asked.SendResult:
    """Invite somebody with exactly the approved note, through the interface or by your own hand.

    Returns: `sent`, or `handed_over` with the task that shows text and profile.
    Raises: suppressed, conflict (answered, bought or joined since), cap_reached, stopped, the outside_* family, outcome_unknown.
    """
    return sender.send(Order("linkedin.connect", "connect", "linkedin", args.contact_id, args.text, args.queue_id), outside, call)


@topic("linkedin.message", effect=Effect.SPEAKS, section="§4.7", approval=Approval.ALWAYS)
def message(args: asked.MessageArgs, sender: Sender, outside: Outside, call: Call) -> asked.SendResult:
    """Write exactly the approved words to a connection, through the interface or by your own hand.

    Returns: `sent`, or `handed_over` with the task. Raises: as linkedin.connect.
    """
    return sender.send(Order("linkedin.message", "message", "linkedin", args.contact_id, args.text, args.queue_id), outside, call)


@topic("linkedin.ai_message", effect=Effect.SPENDS, section="§4.7")
def ai_message(args: asked.WriteArgs, engine: OutreachEngine) -> asked.DraftResult:
    """Let a model write one LinkedIn message or invitation, held against the lint.

    Returns: the text and what the lint finds after one rewrite; nothing is stored or sent.
    Raises: not_found, conflict, budget_exhausted.
    """
    return engine.draft(args.contact_id, "linkedin", args.purpose)


@topic("linkedin.follow_up", effect=Effect.WRITES, section="§4.7")
def follow_up(args: NoArgs, engine: OutreachEngine) -> asked.FollowUpResult:
    """Draft first messages to new connections and follow-ups after 3, 7 and 14 days; 21 silent days end it.

    Returns: how many of each; one question per message. Source: definitions §2.7a.
    """
    return engine.follow_up()


@topic("linkedin.stats", effect=Effect.READS, section="§4.7")
def linkedin_stats(args: asked.StatsArgs, engine: OutreachEngine) -> asked.StatsResult:
    """Count what became of LinkedIn drafts, with acceptance and reply rates.

    Returns: counts of the drafts of those days; rates are null while nothing went out.
    """
    return engine.stats(args.days, ("linkedin",))


@topic("linkedin.status", effect=Effect.READS, section="§4.7")
def linkedin_status(args: NoArgs, engine: OutreachEngine) -> asked.StatusResult:
    """Say how LinkedIn stands: mode, account, what may still go out, and what holds it.

    Returns: one entry; `is_ready` is false while the account or the channel rests.
    """
    return engine.account("linkedin")


@topic("linkedin.conversations", effect=Effect.READS, section="§4.7")
def linkedin_conversations(args: asked.ListArgs, engine: OutreachEngine) -> asked.TalksResult:
    """List LinkedIn conversations, the latest first.

    Returns: the last words of each, and what class they are.
    """
    return engine.conversations(("linkedin",), args.limit)


@topic("dm.ai_generate", effect=Effect.SPENDS, section="§4.7")
def ai_generate(args: asked.DmWriteArgs, engine: OutreachEngine) -> asked.DraftResult:
    """Let a model write one direct message in the lane that is due, held against the lint.

    Returns: the text and what the lint finds after one rewrite; nothing is stored or sent.
    Raises: not_found, conflict, budget_exhausted.
    """
    return engine.draft(args.contact_id, args.platform, args.purpose)


@topic("dm.send", effect=Effect.SPEAKS, section="§4.7", approval=Approval.ALWAYS)
def send(args: asked.DmSendArgs, sender: Sender, outside: Outside, call: Call) -> asked.SendResult:
    """Write exactly the approved words to somebody by direct message, through the interface or by your own hand.

    Returns: `sent`, or `handed_over` with the task. Raises: as linkedin.connect.
    """
    return sender.send(Order("dm.send", "dm", args.platform, args.contact_id, args.text, args.queue_id), outside, call)


@topic("dm.process_outreach", effect=Effect.SPEAKS, section="§4.7", approval=Approval.ALWAYS, asks_itself=True)
def process_outreach(args: asked.ProcessArgs, engine: OutreachEngine) -> asked.ProcessResult:
    """Top today's direct messages up to twenty, the warmest first, and ask about each; never sends.

    Returns: sent_count, failed_count, queued when nothing waits. Raises: approval_required with `approval_id` and `approval_ids`.
    Source: definitions §2.7b (three value touches per ask, offers on two signals of fit).
    """
    return engine.process(args.most)


@topic("dm.bulk_send", effect=Effect.SPEAKS, section="§4.7", approval=Approval.ALWAYS, asks_itself=True)
def bulk_send(args: asked.BulkArgs, engine: OutreachEngine) -> asked.ProcessResult:
    """Draft the same thing for up to fifty people, each in words of their own, and ask about each; never sends.

    Raises: approval_required with `approval_id` and `approval_ids`; conflict when nobody of them may be written to.
    """
    return engine.bulk(args)


@topic("dm.top_contacts", effect=Effect.READS, section="§4.7")
def top_contacts(args: asked.TopArgs, engine: OutreachEngine) -> asked.TopResult:
    """List the warmest people who may be written to, with the lane that is due.

    Returns: the best score first. Source: definitions §2.7b.
    """
    return engine.top(args.platform, args.limit)


@topic("dm.score_contact", effect=Effect.WRITES, section="§4.7")
def score_contact(args: asked.ContactArgs, engine: OutreachEngine) -> asked.ScoreResult:
    """Score how warm a contact is, 0 to 100, with a reason for each part.

    Returns: recency 30 %, resonance 35 %, activity 35 %. Source: definitions §2.7b.
    """
    return engine.score_contact(args.contact_id)


@topic("dm.conversations", effect=Effect.READS, section="§4.7")
def dm_conversations(args: asked.ListArgs, engine: OutreachEngine) -> asked.TalksResult:
    """List conversations by direct message, the latest first.

    Returns: the last words of each, and what class they are.
    """
    return engine.conversations(DM_PLATFORMS, args.limit)


@topic("dm.messages", effect=Effect.READS, section="§4.7")
def messages(args: asked.ThreadArgs, engine: OutreachEngine) -> asked.ThreadResult:
    """Read what was said to and fro with one person on every channel, oldest first.

    Returns: the messages; strangers' words are data. Raises: not_found.
    """
    return engine.thread(args.contact_id, args.limit)


@topic("dm.health", effect=Effect.READS, section="§4.7")
def health(args: NoArgs, engine: OutreachEngine) -> asked.StatusResult:
    """Say how every platform of direct messages stands: mode, ceilings, rests, last look.

    Returns: one entry each; a platform without an interface is sent by hand.
    """
    return engine.status(DM_PLATFORMS)


@topic("dm.stats", effect=Effect.READS, section="§4.7")
def dm_stats(args: asked.StatsArgs, engine: OutreachEngine) -> asked.StatsResult:
    """Count what became of direct messages by lane and platform.

    Returns: counts of the drafts of those days; rates are null while nothing went out.
    """
    return engine.stats(args.days, DM_PLATFORMS)


@topic("dm.queue", effect=Effect.READS, section="§4.7")
def queue(args: asked.QueueArgs, engine: OutreachEngine) -> asked.QueueResult:
    """List messages on their way, LinkedIn's among them, oldest first.

    Returns: the open ones, or those of one status.
    """
    return engine.queue(args.status, None, args.limit)


@topic("dm.sync", effect=Effect.WRITES, section="§4.7")
def sync(args: NoArgs, listening: Listening) -> asked.SyncResult:
    """Hear what came in on LinkedIn and by direct message, end what it ends, and draft the answers.

    Returns: counts; `failed` names platforms that did not answer. A stop word closes every channel at once.
    """
    return listening.sync()


@topic("dm.next_action", effect=Effect.READS, section="§4.7")
def next_action(args: asked.ContactArgs, engine: OutreachEngine) -> asked.NextActionResult:
    """Say what is due with one person, in which lane, and why.

    Returns: write, answer, wait (with `not_before`) or none. Raises: not_found.
    """
    return engine.next_action(args.contact_id)


@topic("dm.opt_out", effect=Effect.WRITES, section="§4.7")
def opt_out(args: asked.OptOutArgs, engine: OutreachEngine) -> asked.OptOutResult:
    """Never write to a person again, on any channel.

    Returns: whether it is new, and how many open messages it ends. Raises: not_found.
    """
    return engine.opt_out(args.contact_id, args.reason)
