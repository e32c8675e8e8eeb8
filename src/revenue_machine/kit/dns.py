"""The TXT records of a name, asked of the machine's own name server: one question, one answer, no library."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import struct
from pathlib import Path
from typing import Protocol

from revenue_machine.kit.errors import BadInput, ContractBroken, OutsideUnavailable

TXT, INTERNET = 16, 1
TIMEOUT_S = 3.0
ATTEMPTS = 2
_RESOLVERS = Path("/etc/resolv.conf")


class TxtLookup(Protocol):
    """The role of whoever knows TXT records."""

    def texts(self, name: str) -> list[str]:
        """Every TXT record of a name; none when there is none. Raises: outside_unavailable."""
        ...


class NameServer:
    """Asks over UDP; records that sender checks need are far below its limit."""

    def __init__(self, server: str | None = None, port: int = 53) -> None:
        self._server, self._port = server, port

    def texts(self, name: str) -> list[str]:
        """Every TXT record of a name; none when there is none. Raises: outside_unavailable."""
        number = secrets.randbelow(65_536)
        question = question_of(name, number)
        server = self._server or first_resolver()
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        for _ in range(ATTEMPTS):
            try:
                with socket.socket(family, socket.SOCK_DGRAM) as line:
                    line.settimeout(TIMEOUT_S)
                    line.connect((server, self._port))
                    line.send(question)
                    answer = line.recv(4096)
            except OSError:
                continue
            return texts_in(answer, number)
        raise OutsideUnavailable(f"the name server {server} does not answer")


def first_resolver() -> str:
    """The machine's first name server."""
    try:
        lines = _RESOLVERS.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        words = line.split()
        if words[:1] == ["nameserver"] and len(words) > 1:
            return str(ipaddress.ip_address(words[1].split("%", 1)[0]))
    return "127.0.0.1"


def question_of(name: str, number: int) -> bytes:
    """A query for TXT records, recursion desired, room for 4 kB of answer. Raises bad_input for what is no name."""
    try:
        labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    except UnicodeError:
        raise BadInput(f"'{name}' is no domain name", field="name") from None
    if not all(0 < len(label) < 64 for label in labels):
        raise BadInput(f"'{name}' is no domain name", field="name")
    asked = b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + struct.pack(">HH", TXT, INTERNET)
    room = b"\0" + struct.pack(">HHIH", 41, 4096, 0, 0)
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 1) + asked + room


def texts_in(answer: bytes, number: int) -> list[str]:
    """The TXT records of an answer to that question; none for a name that does not exist. Raises contract_broken."""
    try:
        got, flags, questions, answers = struct.unpack(">HHHH", answer[:8])
        if got != number or not flags & 0x8000:
            raise ContractBroken("the name server answered another question")
        if flags & 0x000F not in (0, 3):
            raise OutsideUnavailable(f"the name server refuses (code {flags & 0x000F})")
        place = 12
        for _ in range(questions):
            place = _behind_name(answer, place) + 4
        return _records(answer, place, answers)
    except (struct.error, IndexError):
        raise ContractBroken("the name server's answer cannot be read") from None


def _records(answer: bytes, place: int, count: int) -> list[str]:
    found = []
    for _ in range(count):
        place = _behind_name(answer, place)
        kind, _, _, length = struct.unpack(">HHIH", answer[place : place + 10])
        place += 10
        if kind == TXT:
            found.append(_strings(answer[place : place + length]))
        place += length
    return found


def _strings(data: bytes) -> str:
    """A record is a row of strings that belong together."""
    parts, place = [], 0
    while place < len(data):
        parts.append(data[place + 1 : place + 1 + data[place]])
        place += 1 + data[place]
    return b"".join(parts).decode("utf-8", "replace")


def _behind_name(answer: bytes, place: int) -> int:
    while True:
        length = answer[place]
        if length & 0xC0:
            return place + 2
        if length == 0:
            return place + 1
        place += 1 + length
