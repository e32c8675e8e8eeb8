"""Questions that want to be shown; taps, texts and outdated messages that want an answer."""

from __future__ import annotations

from revenue_machine.domains.inbox.reads import next_answer_at, next_tell_at
from revenue_machine.engine.ticker import Due

DUE = (Due("inbox.answer", next_answer_at), Due("inbox.tell", next_tell_at))
