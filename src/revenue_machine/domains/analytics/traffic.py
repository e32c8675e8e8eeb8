"""Decides which events are people's: bots, the owner's own visits and test traffic are counted apart, by a numbered rule."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal

RULE = 1
Traffic = Literal["person", "bot", "internal", "sandbox"]
_BOTS = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|headless|facebookexternalhit|curl/|wget/|python-|httpx|go-http|lighthouse|monitor|scanner",
    re.IGNORECASE,
)
_AGENTS = ("$raw_user_agent", "$user_agent", "user_agent")
_BOT_FLAGS = ("$is_bot", "is_bot", "$virt_is_bot")
_INTERNAL_FLAGS = ("$is_internal", "is_internal", "internal", "is_test_user")
_SANDBOX_FLAGS = ("is_sandbox", "sandbox", "$is_test")
_ENVIRONMENTS = ("environment", "$environment", "env")
_NOT_PRODUCTION = {"sandbox", "test", "testing", "development", "dev", "staging", "local"}
_OWN_HOST = re.compile(r"(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?", re.IGNORECASE)
_LOOKED_AT = frozenset(
    (*_AGENTS, *_BOT_FLAGS, *_INTERNAL_FLAGS, *_SANDBOX_FLAGS, *_ENVIRONMENTS, "$host", "$ip", "email", "$set")
)  # fmt: skip


def traffic_of(distinct_id: str, properties: Mapping[str, Any], own: Collection[str]) -> Traffic:
    """Whose event it is; `own` are the owner's ids, addresses, domains and IP addresses (lower case)."""
    if distinct_id.lower() in own:
        return "internal"
    if _LOOKED_AT.isdisjoint(properties):
        return "internal" if own and _is_own(distinct_id, own) else "person"
    if _says_yes(properties, _BOT_FLAGS) or any(_BOTS.search(str(properties[name])) for name in _AGENTS if name in properties):
        return "bot"
    if _says_yes(properties, _SANDBOX_FLAGS) or any(
        str(properties.get(name, "")).lower() in _NOT_PRODUCTION for name in _ENVIRONMENTS
    ):
        return "sandbox"
    return "internal" if _is_internal(distinct_id, properties, own) else "person"


def _is_internal(distinct_id: str, properties: Mapping[str, Any], own: Collection[str]) -> bool:
    if _says_yes(properties, _INTERNAL_FLAGS) or _OWN_HOST.fullmatch(str(properties.get("$host", ""))):
        return True
    traits = properties.get("$set")
    email = properties.get("email") or (traits.get("email") if isinstance(traits, dict) else None)
    return any(_is_own(str(one), own) for one in (distinct_id, email, properties.get("$ip")) if one)


def _is_own(text: str, own: Collection[str]) -> bool:
    """The text itself, or an address of one of the owner's domains."""
    plain = text.lower()
    return plain in own or plain.rpartition("@")[2] in own


def _says_yes(properties: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return any(str(properties.get(name, "")).lower() in ("true", "1", "yes") for name in names)
