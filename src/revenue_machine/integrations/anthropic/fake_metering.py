"""What the pretend vendor bills: tokens by the text, the prompt cache, and the pace it allows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from revenue_machine.integrations.anthropic.fake_refusals import Refused
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.ids import canonical_json, content_hash

REQUESTS_PER_MINUTE = 4000
MESSAGE_OVERHEAD_TOKENS = 4
CHARS_PER_TOKEN = 6
_TOKENS = re.compile(rf"\w{{1,{CHARS_PER_TOKEN}}}|[^\w\s]")
LIFETIMES = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}


def tokens_in(text: str) -> int:
    """A count a tokenizer could give: one per short word or sign, more for long words."""
    return len(_TOKENS.findall(text))


def text_of(content: Any) -> str:
    """The text of a message or system field, be it a string or blocks."""
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in content or [] if isinstance(block, Mapping))


@dataclass(frozen=True)
class Meter:
    """One request's input as billed."""

    plain: int
    written: int
    written_lifetime: str
    read: int

    @property
    def total(self) -> int:
        return self.plain + self.written + self.read

    def usage(self, output_tokens: int, tier: str) -> dict[str, Any]:
        """The vendor's `usage` object."""
        hour = self.written if self.written_lifetime == "1h" else 0
        return {
            "input_tokens": self.plain,
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.read,
            "cache_creation": {"ephemeral_5m_input_tokens": self.written - hour, "ephemeral_1h_input_tokens": hour},
            "output_tokens": output_tokens,
            "output_tokens_details": None,
            "inference_geo": None,
            "server_tool_use": None,
            "service_tier": tier,
        }


def total_tokens(body: Mapping[str, Any]) -> int:
    """All input of a request, cached or not."""
    messages = body.get("messages") or []
    spoken = sum(tokens_in(text_of(message.get("content"))) + MESSAGE_OVERHEAD_TOKENS for message in messages)
    tools = tokens_in(canonical_json(body["tools"])) if body.get("tools") else 0
    shape = tokens_in(canonical_json(body["output_config"])) if body.get("output_config") else 0
    return spoken + tokens_in(text_of(body.get("system"))) + tools + shape


def measure(state: FakeState, body: Mapping[str, Any], model: str) -> Meter:
    """Bill the input; a marked system prompt is written to the cache once and read while it is warm.

    The vendor also has a minimum length for caching; it is left out because the facts name none for the current models.
    """
    total, cached, lifetime = total_tokens(body), _cacheable_text(body), _lifetime(body)
    if not cached:
        return Meter(total, 0, lifetime, 0)
    size, key = tokens_in(cached), content_hash([model, cached])
    warm = state.get("cache", key)
    is_warm = warm is not None and parse_instant(warm["until"]) > state.now()
    state.put("cache", key, {"until": iso(state.now() + LIFETIMES[lifetime])})
    return Meter(total - size, 0, lifetime, size) if is_warm else Meter(total - size, size, lifetime, 0)


def _marked(body: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    blocks = body.get("system")
    if not isinstance(blocks, list):
        return []
    return [(place, block) for place, block in enumerate(blocks) if isinstance(block, Mapping) and block.get("cache_control")]


def _cacheable_text(body: Mapping[str, Any]) -> str:
    """The system text up to the last mark."""
    marked = _marked(body)
    return text_of(body["system"][: marked[-1][0] + 1]) if marked else ""


def _lifetime(body: Mapping[str, Any]) -> str:
    marked = _marked(body)
    asked = str(marked[-1][1]["cache_control"].get("ttl", "5m")) if marked else "5m"
    return asked if asked in LIFETIMES else "5m"


def keep_pace(state: FakeState) -> dict[str, str]:
    """Count the request against this world minute; headers of what is left, or a refusal."""
    minute = iso(state.now().replace(second=0, microsecond=0))
    window = state.get("pace", "minute") or {}
    used = window.get("count", 0) + 1 if window.get("minute") == minute else 1
    state.put("pace", "minute", {"minute": minute, "count": used})
    if used > REQUESTS_PER_MINUTE:
        wait_s = 60 - state.now().second
        raise Refused("rate_limit_error", "This request would exceed your organization's rate limit.", retry_after_s=wait_s)
    reset = state.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    return {
        "anthropic-ratelimit-requests-limit": str(REQUESTS_PER_MINUTE),
        "anthropic-ratelimit-requests-remaining": str(REQUESTS_PER_MINUTE - used),
        "anthropic-ratelimit-requests-reset": iso(reset),
    }
