"""Mail as topics (seed §4.8)."""

from __future__ import annotations

from revenue_machine.domains.email.email_engine import EmailEngine
from revenue_machine.domains.email.models import (
    ListArgs,
    ListResult,
    PreviewArgs,
    PreviewResult,
    SendArgs,
    SendResult,
    StatsArgs,
    StatsResult,
    StatusArgs,
    StatusResult,
    WebhookArgs,
    WebhookResult,
)
from revenue_machine.domains.email.view import MailView
from revenue_machine.domains.email.writing import Writer
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.inbox import Inbox
from revenue_machine.engine.topic import Effect, topic


@topic("email.send", effect=Effect.SPEAKS, section="§4.8")
def send(args: SendArgs, engine: EmailEngine, outside: Outside, writer: Writer) -> SendResult:
    """Send every mail that is due and still wanted, each once; texts nobody approved are asked about instead.

    Returns: counts; `waiting` enrolments need your yes to a text, `unknown` mails are looked up (Resend) or never repeated (SMTP).
    Raises: not_configured (no provider, no postal address, no public address, no SPF/DKIM/DMARC in live mode); stopped.
    Source: definitions §2.8; reliability §8-§12.
    """
    return engine.send_due(args.limit, outside, writer)


@topic("email.status", effect=Effect.READS, section="§4.8")
def status(args: StatusArgs, view: MailView) -> StatusResult:
    """Say how the mail channel stands: provider, ceiling, bounces, complaints, sender records; or one mail.

    Raises: not_found.
    """
    return view.status(args.send_id)


@topic("email.list", effect=Effect.READS, section="§4.8")
def list_mails(args: ListArgs, view: MailView) -> ListResult:
    """List mails that went out, and who gets which one in the days ahead and why.

    Raises: not_found.
    """
    return view.list_mails(args)


@topic("email.stats", effect=Effect.READS, section="§4.8")
def stats(args: StatsArgs, view: MailView) -> StatsResult:
    """Count what became of mails by step, and set each sequence beside those who were held out.

    Returns: `lift` is the difference of the shares that paid within 30 days, with its 95 % interval.
    """
    return view.stats(args)


@topic("email.webhook", effect=Effect.WRITES, section="§4.8")
def webhook(args: WebhookArgs, inbox: Inbox, view: MailView) -> WebhookResult:
    """Read the webhooks that wait, or put one that could not be read back in line.

    Webhooks themselves come in signed at /hooks/resend; nothing unsigned is taken here.
    """
    if args.hook_id is not None:
        inbox.replay(args.hook_id)
    return view.webhooks(inbox.drain())


@topic("email.preview", effect=Effect.READS, section="INTERFACE§7")
def preview(args: PreviewArgs, view: MailView) -> PreviewResult:
    """Show every mail of a sequence as one person would get it: subject, both bodies, headers, when, and what holds it.

    Raises: not_found.
    """
    return view.preview(args)
