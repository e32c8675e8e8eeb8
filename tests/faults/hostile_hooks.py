"""Webhooks no provider sends: everything that is wrong with a signature, a time, a body or a header, drawn by number."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.kit.signing import BadSignature
from tests.app_fixture import START
from tests.faults.hook_house import SENDERS, Headers, honest

PROVEN_BY = {
    "stripe": "stripe-signature", "revenuecat": "authorization", "superwall": "svix-signature", "resend": "svix-signature",
    "telegram": "x-telegram-bot-api-secret-token", "linkedin": "unipile-signature", "meta_ads": "x-hub-signature-256",
    "standard": "webhook-signature",
}  # fmt: skip
ODD_TIMES = ("nan", "NaN", "inf", "-inf", "1e9", "1793599200.5", "-1", "", " ", "0x1", "٣", "9" * 40, "null", "1793599200 ")


@dataclass(frozen=True)
class Knock:
    """One hostile request."""

    headers: Headers
    body: bytes
    chunk_size: int = 0
    method: str = "POST"


Make = Callable[[str, int, Random], Knock]


def _with(service: str, body: bytes, key: str, **more: str) -> Knock:
    return Knock(list({**honest(service, body, key), **more}.items()), body)


def wrong_secret(service: str, number: int, draw: Random) -> Knock:
    body = SENDERS[service].event(number)
    return Knock(list(honest(service, body, f"m{number}", f"whsec_{draw.getrandbits(160):040x}").items()), body)


def another_providers_secret(service: str, number: int, draw: Random) -> Knock:
    body, other = SENDERS[service].event(number), draw.choice([name for name in sorted(SENDERS) if name != service])
    return Knock(list(honest(service, body, f"m{number}", sandbox_webhook_secret(other)).items()), body)


def another_providers_headers(service: str, number: int, draw: Random) -> Knock:
    own = PROVEN_BY[service]
    other = draw.choice([name for name in sorted(SENDERS) if PROVEN_BY[name] != own])
    body = SENDERS[service].event(number)
    return Knock(list(honest(other, body, f"m{number}").items()), body)


def body_written_anew(service: str, number: int, draw: Random) -> Knock:
    """The same JSON, other bytes: only what is signed over bytes notices; static headers get no body at all."""
    body = SENDERS[service].event(number)
    other = json.dumps(json.loads(body), indent=draw.choice([1, 2, None])).encode() if _signs_bytes(service) else b""
    return Knock(list(honest(service, body, f"m{number}").items()), other)


def out_of_time(service: str, number: int, draw: Random) -> Knock:
    if not SENDERS[service].has_time:
        return wrong_secret(service, number, draw)
    body, off = SENDERS[service].event(number), draw.choice([-301, 301, -3600, 3600, 86_400])
    return Knock(list(honest(service, body, f"m{number}", at=START + timedelta(seconds=off)).items()), body)


def spoilt_signature(service: str, number: int, draw: Random) -> Knock:
    body, name = SENDERS[service].event(number), PROVEN_BY[service]
    right = honest(service, body, f"m{number}")[name]
    spoilt = draw.choice(
        [
            right[:-1],
            right + right[-8:],
            right[: len(right) // 2],
            right[::-1],
            right + "A",
            right[:-1] + "\u00e9",
            right.swapcase(),
        ]
    )
    return _with(service, body, f"m{number}", **{name: spoilt})


def no_signature(service: str, number: int, draw: Random) -> Knock:
    body, name = SENDERS[service].event(number), PROVEN_BY[service]
    if draw.random() < 0.5:
        return _with(service, body, f"m{number}", **{name: draw.choice(["", " ", ",", "=", "v1,", "t=,v1=", "Bearer", "sha256="])})
    return Knock([pair for pair in honest(service, body, f"m{number}").items() if pair[0] != name], body)


def empty_secret(service: str, number: int, draw: Random) -> Knock:
    body = SENDERS[service].event(number)
    try:
        return Knock(list(honest(service, body, f"m{number}", " ").items()), body)
    except BadSignature:  # nobody can sign with it
        return no_signature(service, number, draw)


def wrong_content_type(service: str, number: int, draw: Random) -> Knock:
    said = draw.choice(
        ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/html", "x", "application/xml"]
    )
    return _with(service, SENDERS[service].event(number), f"m{number}", **{"content-type": said})


def two_megabytes(service: str, number: int, draw: Random) -> Knock:
    body = json.dumps({**SENDERS[service].body(number), "pad": "x" * 2_000_000}).encode()
    return Knock(list(honest(service, body, f"m{number}").items()), body, chunk_size=draw.choice([0, 65_536]))


def odd_time(service: str, number: int, draw: Random) -> Knock:
    body, time = SENDERS[service].event(number), draw.choice(ODD_TIMES)
    if service in ("stripe", "linkedin"):
        name = PROVEN_BY[service]
        signed = honest(service, body, f"m{number}")[name].split(",", 1)[1]
        return _with(service, body, f"m{number}", **{name: f"t={time},{signed}"})
    if SENDERS[service].has_time:
        prefix = PROVEN_BY[service].removesuffix("-signature")
        return _with(service, body, f"m{number}", **{f"{prefix}-timestamp": time})
    return no_signature(service, number, draw)


def signed_nonsense(service: str, number: int, draw: Random) -> Knock:
    """Rightly signed, and yet nothing: not UTF-8, not JSON, no object, endless depth or digits, no event."""
    huge, deep = b"9" * 5000, draw.choice([1000, 50_000])
    body = draw.choice([
        b"", b"\xff\xfe\x00", b"[]", b"null", b"{", b'"x"', b"1", b"[" * deep, b'{"a":' * deep, b'{"id": ' + huge + b"}", b"NaN",
        b'{"event": {"id": NaN}}', b"{}" if service != "standard" else b"[{}]", b"\xef\xbb\xbf[]", b'{"a": "\xc3\x28"}', b"\x00" * 20,
    ])  # fmt: skip
    return Knock(list(honest(service, body, f"m{number}").items()), body, chunk_size=draw.choice([0, 0, 7000]))


def doubled_headers(service: str, number: int, draw: Random) -> Knock:
    """What proves it stands twice, once wrong: neither the first nor the last may win alone."""
    body, name = SENDERS[service].event(number), PROVEN_BY[service]
    right = honest(service, body, f"m{number}")
    wrong = honest(service, body, f"m{number}", "whsec_d3Jvbmc=")[name]
    pairs = [pair for pair in right.items() if pair[0] != name]
    if name.startswith(("svix", "webhook")):  # several signatures may stand in one header there; the id may not
        twice = name.replace("signature", "id")
        return Knock([*right.items(), (twice, "other")], body)
    both = [(name, right[name]), (name, wrong)]
    draw.shuffle(both)
    return Knock([*pairs, *both], body)


def wrong_method(service: str, number: int, draw: Random) -> Knock:
    body = SENDERS[service].event(number)
    return Knock(
        list(honest(service, body, f"m{number}").items()), body, method=draw.choice(["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
    )


def noise(service: str, number: int, draw: Random) -> Knock:
    letters = "abcdefgh=,. tv01:;{}\"'\\/éß漢"
    text = "".join(draw.choice(letters) for _ in range(draw.randint(0, 300)))
    return Knock([("content-type", "application/json"), (PROVEN_BY[service], text)], draw.randbytes(draw.randint(0, 2000)))


EVERY: tuple[Make, ...] = (
    wrong_secret, another_providers_secret, another_providers_headers, body_written_anew, out_of_time, spoilt_signature, no_signature,
    empty_secret, wrong_content_type, two_megabytes, odd_time, signed_nonsense, doubled_headers, wrong_method, noise,
)  # fmt: skip
# Two megabytes over and over are only slow.
_WEIGHTS = tuple(1 if one is two_megabytes else 8 for one in EVERY)


def drawn(service: str, number: int, draw: Random) -> Knock:
    """The first of every kind, then kinds by lot."""
    make = EVERY[number] if number < len(EVERY) else draw.choices(EVERY, _WEIGHTS)[0]
    return make(service, 1_000_000 + number, draw)


def _signs_bytes(service: str) -> bool:
    return service not in ("revenuecat", "telegram")
