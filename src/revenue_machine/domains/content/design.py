"""Who gets which draft: platform, hook, framework, offer, call, length; balanced per niche, fixed before a word is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from revenue_machine.domains.content.rules import PLATFORM_RULES, TextRules
from revenue_machine.domains.owner.models import Business, Niche, Product
from revenue_machine.kit.money import show

HOOK_CATEGORIES = ("question", "contrarian", "statistic", "story", "list")
FRAMEWORKS = ("AIDA", "PAS", "storytelling", "contrarian")
THREAD_PLATFORMS = frozenset({"x", "threads"})
PICTURE_PLATFORMS = frozenset({"instagram", "tiktok"})
THREAD_SHARE = 5
THREAD_PARTS = 3
# Call to action by key; the link itself is added by the publisher and only where there is an offer.
LINK_CALLS: Mapping[str, str] = {
    "see_link": "See the link below.",
    "read_more": "Read more at the link below.",
    "try_free": "Try it free: link below.",
}
PLAIN_CALLS: Mapping[str, str] = {
    "comment": "Tell me in a comment how you do it.",
    "follow": "Follow for one idea like this a day.",
    "none": "",
}
LENGTHS: Mapping[str, int] = {"under_160": 159, "under_240": 239, "platform": 0}
READABLE_CHARS = 900


@dataclass(frozen=True)
class Slot:
    """One draft wanted; `propensities` hold the chance each value had."""

    key: str
    niche: str
    platform: str
    content_type: str
    hook_category: str
    framework: str
    offer: str | None
    cta: str
    length: str
    max_chars: int
    propensities: Mapping[str, float]

    @property
    def choice(self) -> str:
        """The combination in one word."""
        return "|".join((self.platform, self.hook_category, self.framework, self.offer or "none", self.cta, self.length))

    @property
    def propensity(self) -> float:
        """The chance of the whole combination, its parts drawn independently."""
        product = 1.0
        for name in sorted(self.propensities):
            product *= self.propensities[name]
        return round(product, 9)


def share_out(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole numbers that add up to `total`, in proportion (largest remainder; names break ties)."""
    whole = sum(weights.values())
    if whole == 0 or total <= 0:
        return dict.fromkeys(weights, 0)
    counts = {name: total * weight // whole for name, weight in weights.items()}
    left = total - sum(counts.values())
    by_rest = sorted(weights, key=lambda name: (-(total * weights[name] % whole), name))
    return {name: counts[name] + (1 if name in by_rest[:left] else 0) for name in weights}


def deal_platforms(niches: Sequence[str], count: int, weights: Mapping[str, int], turn: int) -> dict[str, list[str]]:
    """`count` platforms for each niche, so that all together are in proportion; `turn` moves who gets the odd ones."""
    shares = share_out(count * len(niches), weights)
    deck = [platform for platform, copies in shares.items() for _ in range(copies)]
    hands: dict[str, list[str]] = {niche: [] for niche in niches}
    for place, platform in enumerate(deck):
        hands[niches[(place + turn) % len(niches)]].append(platform)
    return hands


def design_niche(business: Business, niche: Niche, batch: int, platforms: Sequence[str], draw: Random) -> list[Slot]:
    """The slots of one niche: each dimension dealt evenly over the slots, then shuffled by itself."""
    order = list(platforms)
    draw.shuffle(order)
    count = len(order)
    hooks = _dealt(HOOK_CATEGORIES, count, draw)
    frameworks = _frameworks(order, draw)
    products = [one for one in business.products if niche.key in one.niches]
    offers = _dealt((None, *(one.key for one in products)), count, draw)
    slots = []
    for place, platform in enumerate(order):
        product = business.product(offers[place] or "")
        framework, framework_chance = frameworks[place]
        calls = _calls(product)
        lengths = _lengths(product)
        cta, length = draw.choice(calls), draw.choice(lengths)
        slots.append(
            Slot(
                key=f"{niche.key}-{batch}-{place + 1:02d}", niche=niche.key, platform=platform,
                content_type=_content_type(platform, framework), hook_category=hooks[place], framework=framework,
                offer=offers[place], cta=cta, length=length, max_chars=max_chars(platform, framework, length),
                propensities={
                    "platform": order.count(platform) / count, "hook_category": hooks.count(hooks[place]) / count,
                    "framework": framework_chance, "offer": offers.count(offers[place]) / count, "cta": 1 / len(calls),
                    "length": 1 / len(lengths),
                },
            )
        )  # fmt: skip
    return slots


def max_chars(platform: str, framework: str, length: str) -> int:
    """Characters the words may have; a thread has room for three parts."""
    room = min(PLATFORM_RULES[platform].text_chars, READABLE_CHARS)
    if framework == "thread":
        return room * THREAD_PARTS
    return min(room, LENGTHS[length] or room)


def text_rules(business: Business, slot: Slot) -> TextRules:
    """What a draft for this slot has to keep to; nobody's forbidden claims may be made, whoever is sold."""
    product = business.product(slot.offer or "")
    return TextRules(
        slot.platform, slot.content_type, slot.max_chars,
        facts=() if product is None else (*product.facts, *(show(one.price_micro_usd) for one in product.offers)),
        no_go=tuple(dict.fromkeys(phrase for one in business.products for phrase in one.no_go)), sells=product is not None,
        products=tuple(name for one in business.products for name in (one.name, one.name.split(" ")[0])),
    )  # fmt: skip


def slot_brief(business: Business, slot: Slot) -> dict[str, object]:
    """The slot as the model sees it; facts and prices are the owner's, never a stranger's."""
    product = business.product(slot.offer or "")
    return {
        "key": slot.key, "platform": slot.platform, "content_type": slot.content_type, "hook_category": slot.hook_category,
        "framework": slot.framework, "offer": None if product is None else _offer_brief(product),
        "cta": {**LINK_CALLS, **PLAIN_CALLS}[slot.cta], "max_chars": slot.max_chars,
    }  # fmt: skip


def _offer_brief(product: Product) -> dict[str, object]:
    offer = product.offers[0]
    return {
        "name": product.name, "facts": list(product.facts), "price": f"{show(offer.price_micro_usd)} per {offer.period}",
        "no_go": list(product.no_go),
    }  # fmt: skip


def _dealt(options: Sequence[str | None], count: int, draw: Random) -> list[str]:
    """Every option equally often (the odd ones by lot), in drawn order."""
    full, rest = divmod(count, len(options))
    hand: list[str | None] = [*options] * full + draw.sample(list(options), rest)
    draw.shuffle(hand)
    return hand  # type: ignore[return-value]


def _frameworks(platforms: Sequence[str], draw: Random) -> list[tuple[str, float]]:
    """A fifth of the slots are threads where the platform has threads; the rest share the other frameworks evenly."""
    able = [place for place, platform in enumerate(platforms) if platform in THREAD_PLATFORMS]
    threads = set(draw.sample(able, min(len(able), round(len(platforms) / THREAD_SHARE))))
    others = _dealt(FRAMEWORKS, len(platforms) - len(threads), draw)
    thread_chance = len(threads) / len(able) if able else 0.0
    found: list[tuple[str, float]] = []
    rest = iter(others)
    for place in range(len(platforms)):
        if place in threads:
            found.append(("thread", thread_chance))
            continue
        name = next(rest)
        own = others.count(name) / len(others)
        found.append((name, own * (1 - thread_chance) if place in able else own))
    return found


def _content_type(platform: str, framework: str) -> str:
    if framework == "thread":
        return "thread"
    return "image" if platform in PICTURE_PLATFORMS else "text"


def _calls(product: Product | None) -> list[str]:
    """Calls that fit: `try_free` only where the owner offers a trial."""
    if product is None:
        return list(PLAIN_CALLS)
    has_trial = product.offers[0].trial_days > 0
    return [key for key in LINK_CALLS if key != "try_free" or has_trial]


def _lengths(product: Product | None) -> list[str]:
    """An offer needs room for its fact."""
    return list(LENGTHS) if product is None else ["under_240", "platform"]
