"""How the pretend model writes to one person: a greeting, one thought, sometimes an offer; now and then a bad habit slips in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from revenue_machine.integrations.anthropic.fake_briefs import OutreachAnswers, OutreachItem, OutreachMessages
from revenue_machine.kit.rng import rng

# Share of first attempts in which the model falls into a habit that a careful reader would not let pass.
SLIPS = 0.06
BAD_HABITS = (
    "Great talking to you last week! {text}",
    "Loved your recent post about growth. {text}",
    "{text} We helped hundreds of teams double their revenue.",
    "{text} Results guaranteed.",
    "As we discussed, {text}",
    "{text} Book a call at www.example.com today.",
    "Hi Bartholomew, {text}",
    "{text} Only a few spots left, so act now!!",
)
GREETINGS = ("Hi {name}, ", "Hello {name}, ", "Hey {name}, ")
NAMELESS = ("Hi, ", "Hello, ", "Hi there, ")
CONNECT = (
    "I make small tools for {audience} and like to know the people who do this work every day.",
    "we both seem to work on {niche}, and I like to learn how others go about it.",
    "I run a small software business around {niche}. It would be good to follow what you do{company}.",
    "I am collecting how people handle {niche} in practice. Happy to trade notes if you are open to it.",
    "your role{company} is close to what I work on all day: {niche}. I would be glad to connect.",
    "I write software for {audience}. No pitch, I would just like to be connected.",
    "I am curious how {niche} looks from where you stand{company}. Glad to connect.",
    "few people work on {niche} as closely as your profile suggests. I would like to follow along.",
)
TIPS = (
    "write the follow-up before the meeting ends, while you still know what was said",
    "keep one list of open questions per customer instead of one inbox",
    "decide what you will stop doing before you add the next thing",
    "ask the last person who left what they did instead",
    "put the next step into the first line, not the last",
    "measure one thing a week and write down what you changed",
    "let the dull part run by itself and look at it on Fridays",
    "reuse the sentence customers say about you, not the one you would say",
    "test the headline with somebody who does not know the product",
    "send fewer messages and make each one answerable with a single word",
    "keep the draft short enough to read on a phone in a queue",
    "make the first screen show a result instead of a form",
)
QUESTIONS = (
    "What takes you the longest in {niche} right now?", "Which part of {niche} would you hand over first?",
    "How do you decide what to work on each week?", "What did you try lately that did not work?",
    "Do you do that by hand today, or have you found something that helps?", "What would make next month easier for you?",
    "Where does it usually get stuck for you?", "Is that something you think about at all, or am I off?",
)  # fmt: skip
VALUE = (
    "a small thing that keeps helping me with {niche}: {tip}. {question}",
    "one idea for {niche}, in case it is useful: {tip}. {question}",
    "I keep coming back to this when I work on {niche}: {tip}. {question}",
    "no pitch, only a thought about {niche}: {tip}. {question}",
    "I am asking people who work on {niche} the same question. {question} What I do myself: {tip}.",
)
FOLLOW_UPS = (
    "one more thought, and no need to answer: {tip}. {question}",
    "in case my note got buried, here is the useful part of it: {tip}.",
    "I will keep this short. For {niche}, what works for me is this: {tip}. {question}",
    "last idea from me on {niche}: {tip}. If it is not your topic, that is fine.",
)
OFFERS = (
    "you may find this useful. {facts} Here it is: [link]",
    "this is what I build, in plain words. {facts} You can look at it here: [link]",
    "since it fits what you do, here is my own tool. {facts} See [link]",
)
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "lead": ("thanks for asking. {facts} It is here: [link] {question}", "good question. {facts} You can try it at [link]"),
    "lead_without_offer": (
        "thanks for asking. I make small tools for {audience}. {question}",
        "happy to tell you more. So that I answer the right thing: {question}",
    ),
    "support": (
        "thank you for telling me, and sorry for the trouble. What did you see on the screen when it happened?",
        "that should not happen. Could you tell me what you clicked before? I will find out and write back.",
    ),
    "collaboration": (
        "that sounds worth a talk. What do you have in mind, and who would do which part?",
        "I like the idea. What would the first small step be?",
    ),
    "job_offer": ("thank you for thinking of me. I work on my own products and am not looking for a position.",),
    "greeting": ("thank you, good to hear from you. {question}", "glad to be connected. {question}"),
    "networking": ("glad to stay in touch. {question}", "same here. {question}"),
    "spam": ("thank you, this is not for me.",),
    "automated": ("thank you, I will write again later.",),
}  # fmt: skip
_CLASSES = (
    ("automated", r"out of (?:the )?office|auto-?repl|automatic"), ("spam", r"seo|backlink|crypto|casino|followers"),
    ("job_offer", r"hiring|position|recruit|resume"), ("support", r"bug|error|broken|refund|not working|log in"),
    ("collaboration", r"partner|collab|together|podcast"),
    ("lead", r"price|cost|how much|demo|trial|tell me more|interested|how does|link|curious|show me|try"),
    ("networking", r"network|event|coffee|touch"),
)  # fmt: skip


def write_messages(seed: int, brief: OutreachMessages) -> dict[str, Any]:
    """The answer to `outreach_messages`."""
    return {"messages": [{"key": one.key, "text": _message(seed, one)} for one in brief.messages]}


def write_answers(seed: int, brief: OutreachAnswers) -> dict[str, Any]:
    """The answer to `outreach_answers`."""
    return {"answers": [_answer(seed, one) for one in brief.messages]}


def orders_in(items: Sequence[OutreachItem], order: re.Pattern[str]) -> list[str]:
    """What strangers' words in a brief tell a machine to do."""
    texts = [text for one in items for text in (one.profile, one.their_text or "", one.company or "", *one.evidence, *one.thread)]
    return [hit.group().strip() for text in texts for hit in order.finditer(text)]


def _message(seed: int, item: OutreachItem) -> str:
    draw = rng(seed, "anthropic.outreach", item.key, len(item.flaws))
    kinds = {"connect": CONNECT, "follow_up": FOLLOW_UPS}.get(item.action, VALUE)
    text = _said(draw, OFFERS if item.offer is not None else kinds, item)
    if item.flaws or draw.random() >= SLIPS:
        return text
    return draw.choice(BAD_HABITS).format(text=text)


def _answer(seed: int, item: OutreachItem) -> dict[str, Any]:
    draw = rng(seed, "anthropic.outreach_answer", item.key, len(item.flaws))
    kind = intent_of(item.their_text or "")
    name = "lead_without_offer" if kind == "lead" and item.offer is None else kind
    return {"key": item.key, "text": _said(draw, ANSWERS[name], item), "intent_class": kind}


def intent_of(text: str) -> str:
    """What the pretend model takes a message for."""
    lower = text.lower()
    return next((name for name, pattern in _CLASSES if re.search(pattern, lower)), "greeting")


def _said(draw: Random, templates: Sequence[str], item: OutreachItem) -> str:
    """A template filled in: the first of a few that fits, else the shortest."""
    tried = [_filled(draw, draw.choice(templates), item) for _ in range(4)]
    fitting = [one for one in tried if len(one) <= item.max_chars]
    return fitting[0] if fitting else min(tried, key=len)


def _filled(draw: Random, template: str, item: OutreachItem) -> str:
    greeting = draw.choice(GREETINGS).format(name=item.first_name) if item.first_name else draw.choice(NAMELESS)
    niche = item.niche or "this kind of work"
    niche = niche if niche.split(" ")[0].isupper() or niche.startswith("SaaS") else niche[:1].lower() + niche[1:]
    company = f" at {item.company}" if item.company else ""
    facts = " ".join(f"{one}." for one in item.offer.facts[:1] + item.offer.facts[-1:]) if item.offer is not None else ""
    body = template.format(
        niche=niche, audience=item.audience or "small businesses", company=company, facts=facts, tip=draw.choice(TIPS),
        question=draw.choice(QUESTIONS).format(niche=niche),
    )  # fmt: skip
    return greeting + body
