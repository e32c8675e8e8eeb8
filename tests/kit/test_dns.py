"""TXT records over the wire: one question, every shape of answer, and a name server that is not there."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from revenue_machine.kit.dns import NameServer, question_of, texts_in
from revenue_machine.kit.errors import BadInput, ContractBroken, OutsideUnavailable

SPF = b"v=spf1 include:amazonses.com ~all"


def answer_to(question: bytes, texts: list[list[bytes]], code: int = 0) -> bytes:
    """What a name server says: every text a record of one or more strings, names by pointer."""
    number = struct.unpack(">H", question[:2])[0]
    end = question.index(b"\0", 12) + 5
    records = b""
    for parts in texts:
        data = b"".join(bytes([len(part)]) + part for part in parts)
        records += b"\xc0\x0c" + struct.pack(">HHIH", 16, 1, 60, len(data)) + data
    return struct.pack(">HHHHHH", number, 0x8180 | code, 1, len(texts), 0, 0) + question[12:end] + records


@contextmanager
def name_server(texts: list[list[bytes]], code: int = 0) -> Iterator[int]:
    """Answers one question; its port."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        question, caller = line.recvfrom(4096)
        asked.append(question)
        line.sendto(answer_to(question, texts, code), caller)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(line.getsockname()[1])
    finally:
        thread.join()
        line.close()


def test_records_come_whole() -> None:
    with name_server([[SPF], [b"v=DKIM1; p=abc", b"def"]]) as port:
        assert NameServer("127.0.0.1", port).texts("mail.example.com") == [SPF.decode(), "v=DKIM1; p=abcdef"]


def test_unknown_name_has_none() -> None:
    with name_server([], code=3) as port:
        assert NameServer("127.0.0.1", port).texts("nobody.example.com") == []


def test_refusal_is_an_outage() -> None:
    with name_server([], code=5) as port, pytest.raises(OutsideUnavailable):
        NameServer("127.0.0.1", port).texts("mail.example.com")


def test_other_question_is_not_believed() -> None:
    question = question_of("mail.example.com", 1)
    with pytest.raises(ContractBroken):
        texts_in(answer_to(question, [[SPF]]), 2)
    with pytest.raises(ContractBroken):
        texts_in(b"\0\1", 1)


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".example"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        question_of(name, 1)
