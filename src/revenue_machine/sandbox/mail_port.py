"""The pretend relay on a port of this machine, for any mail program: every step goes through the one door of the sandbox."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse
from revenue_machine.sandbox.vendors import DroppedAnswer, Outside, RefusedConnection

HOST = "127.0.0.1"
SERVICE = "smtp"
_LINE_BYTES = 12_288


@contextmanager
def mail_port(outside: Outside, port: int = 0) -> Iterator[str]:
    """`smtp://127.0.0.1:PORT` while the block lasts; port 0 takes a free one."""

    class Caller(_Caller):
        world = outside

    server = socketserver.ThreadingTCPServer((HOST, port), Caller)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"smtp://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Caller(socketserver.StreamRequestHandler):
    """One conversation; a dropped answer is a line that goes dead."""

    world: Outside
    timeout = 30

    def handle(self) -> None:
        try:
            self._converse()
        except (DroppedAnswer, RefusedConnection, OSError):
            return

    def _converse(self) -> None:
        answer = self._ask("connect", b"", {})
        number = {"x-conversation": answer.headers.get("x-conversation", "")}
        expects: str | None = None
        while answer.status == 200:
            self.wfile.write(answer.body)
            if answer.body.startswith((b"221", b"421")):
                return
            expects = {b"334": "auth", b"354": "message"}.get(answer.body[:3])
            said = self._content() if expects == "message" else self.rfile.readline(_LINE_BYTES + 1)
            if not said:
                return
            step = expects or said.split(None, 1)[0].decode("ascii", "replace").lower() if said.strip() else "empty"
            answer = self._ask(step, said, number)
        self.wfile.write(b"421 4.7.0 try again later\r\n" if answer.status == 429 else b"421 4.3.0 something broke\r\n")

    def _content(self) -> bytes:
        """Up to and with the line that is only a dot; nothing when the caller left before it."""
        lines: list[bytes] = []
        while line := self.rfile.readline(_LINE_BYTES):
            lines.append(line)
            if line == b".\r\n" and (len(lines) == 1 or lines[-2].endswith(b"\r\n")):
                return b"".join(lines)
        return b""

    def _ask(self, step: str, body: bytes, headers: dict[str, str]) -> FakeResponse:
        return self.world.ask(SERVICE, FakeRequest("POST", f"/{step}", (), headers, body))
