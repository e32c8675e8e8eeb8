"""How the pretend model writes a proposal: the need in its own words, a first step, what the facts allow, and a question."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from revenue_machine.integrations.anthropic.fake_briefs import ProposalBrief
from revenue_machine.integrations.anthropic.fake_voice import voice_of
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.rng import rng

NEEDS = (
    "What you describe comes down to {topic} that keeps working after the person who set it up has left.",
    "Your listing reads like the hard part is {topic}, and the rest follows once that is steady.",
    "The way I read it, you want {topic} without having to think about it every week.",
    "This looks like a job where {topic} has to be right before anything else is worth adding.",
    "You need {topic} done by somebody who asks before guessing.",
)
STEPS = (
    "I would begin with the smallest path a user takes from start to end, and show it to you before adding anything.",
    "My first step would be a short written plan with what is in, what is out and how you can tell that it works.",
    "First I would look at what you have, list what stays and what goes, and agree on that list with you.",
    "I would start with the part that is most likely to fail and settle it in a small trial.",
    "To begin with I would draw the screens and the data behind them on a single page, so that we talk about the same thing.",
)
DETAILS = (
    "From there each piece goes live behind a switch, so nothing you use today stops while I work.",
    "Errors get logged where you can read them, in plain words, instead of vanishing.",
    "I keep the code plain on purpose: whoever looks after it next should not need me.",
    "Anything that touches money or customers gets a check before it goes out.",
    "If a simpler tool does the job, I will say so before writing a line of code.",
)
BRIDGES = ("What speaks for me:", "About me, briefly:", "Why this fits:", "What you get with me:")
QUESTIONS = (
    "Who will use this every day, and what do they do today instead?",
    "What would have to be true after the first week for you to call it a good start?",
    "Which system holds the data at the moment, and who may give me access to it?",
    "Is there a date this has to be live by, and what depends on it?",
    "Which part has been tried before, and where did it get stuck?",
)


def write_proposal(seed: int, brief: ProposalBrief) -> dict[str, Any]:
    """The answer to `upwork_proposal`."""
    draw = rng(seed, "anthropic.proposal", content_hash(brief.model_dump(mode="json")))
    say = voice_of(draw)
    name = (brief.client_name or "").strip().split(" ")[0]
    opening = f"Hi {name}," if name else "Hello,"
    thoughts = [say(draw.choice(STEPS)), *(say(one) for one in draw.sample(DETAILS, draw.choice((1, 2, 3))))]
    parts = [
        opening, say(draw.choice(NEEDS).format(topic=_topic(brief, draw))), " ".join(thoughts), _facts(brief.facts, draw),
        say(draw.choice(QUESTIONS)),
    ]  # fmt: skip
    return {"text": "\n\n".join(part for part in parts if part)}


def _topic(brief: ProposalBrief, draw: Random) -> str:
    """What the job is about, by skills the freelancer has, else by any that are listed."""
    skills = list(brief.skills or brief.job.skills)
    chosen = draw.sample(skills, min(len(skills), draw.choice((1, 2))))
    return f"the {' and '.join(chosen)} side" if chosen else "the core of it"


def _facts(facts: Sequence[str], draw: Random) -> str:
    chosen = draw.sample(list(facts), min(len(facts), draw.choice((1, 2, 2))))
    return " ".join([draw.choice(BRIDGES), *(f"{fact.strip().rstrip('.')}." for fact in chosen)]) if chosen else ""
