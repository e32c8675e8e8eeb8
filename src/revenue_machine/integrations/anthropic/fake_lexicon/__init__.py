"""The words the pretend model has for each niche, read once from the TOML files beside this module."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

KNOWN = ("ai_automation", "content_creation", "creator_economy", "digital_marketing", "saas_growth")


@dataclass(frozen=True)
class Lens:
    """One piece of advice: whole sentences to say, and the same as short steps to do."""

    say: tuple[str, ...]
    do: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """Everything a niche can be written about with."""

    tags: tuple[str, ...]
    vocabulary: tuple[str, ...]
    hooks: Mapping[str, tuple[str, ...]]
    tension: tuple[str, ...]
    payoff: tuple[str, ...]
    closing: tuple[str, ...]
    steps_lead: tuple[str, ...]
    lenses: tuple[Lens, ...]
    scenes: tuple[Mapping[str, str], ...]


def lexicon_for(niche: str) -> Lexicon:
    """The lexicon of a niche; an unknown niche gets the general one, speaking its name."""
    name = niche.strip().lower().replace(" ", "_").replace("-", "_")
    if name in KNOWN:
        return _read(name)
    topic = re.sub(r"[\s_-]+", " ", niche).strip() or "small business"
    general = _read("general")
    words = tuple(word.lower() for word in topic.split())
    return replace(general, vocabulary=words, scenes=tuple({**scene, "topic": topic} for scene in general.scenes))


@functools.cache
def _read(name: str) -> Lexicon:
    table = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
    plain: dict[str, Any] = {key: tuple(table[key]) for key in ("tags", "vocabulary", "tension", "payoff", "closing", "steps_lead")}
    return Lexicon(
        **plain,
        hooks={category: tuple(lines) for category, lines in table["hooks"].items()},
        lenses=tuple(Lens(tuple(lens["say"]), tuple(lens["do"])) for lens in table["lens"]),
        scenes=tuple(table["scene"]),
    )


def fill(template: str, scene: Mapping[str, str]) -> str:
    """A template with the scene's fields; `{Task}` is `{task}` at the start of a sentence."""
    capitals = {name[:1].upper() + name[1:]: text[:1].upper() + text[1:] for name, text in scene.items()}
    return template.format_map({**scene, **capitals})


def speaks_of(text: str, vocabulary: Sequence[str]) -> bool:
    """Whether a text uses a word of the vocabulary; words of up to three letters must stand alone."""
    return _any_word(tuple(vocabulary)).search(text) is not None


@functools.cache
def _any_word(vocabulary: tuple[str, ...]) -> re.Pattern[str]:
    words = [re.escape(word) + (r"s?\b" if len(word) <= 3 else "") for word in vocabulary]
    return re.compile(rf"\b(?:{'|'.join(words)})" if words else r"(?!)", re.IGNORECASE)
