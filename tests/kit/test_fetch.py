"""URLs chosen by others never reach an inner address, and public pages still come through."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from revenue_machine.kit.errors import BadInput, Failure, OutsideRejected, OutsideUnavailable, OutsideUnreached
from revenue_machine.kit.fetch import Fetcher, FetchLimits, check_url, dial, is_public_address

PUBLIC = "93.184.215.14"

NAMES = {
    "public.example.com": [PUBLIC],
    "other.example.com": [PUBLIC],
    "inner.example.com": ["127.0.0.1"],
    "mixed.example.com": [PUBLIC, "10.0.0.5"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "metadata.example.com": ["169.254.169.254"],
    "sixtofour.example.com": ["2002:7f00:1::1"],
    "nat64.example.com": ["64:ff9b::7f00:1"],
    "unique.example.com": ["fd00:ec2::254"],
    "scoped.example.com": ["fe80::1%lo"],
    "broken.example.com": ["not an address"],
}


def names(host: str, port: int) -> Sequence[str]:
    return NAMES.get(host, [])


class Canary:
    """A listener on loopback that counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        self._line = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._line.getsockname()[1])
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._line.accept()
                self.visits += 1
                visitor.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()
        self._thread.join(timeout=5)


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.close()


class Pages(http.server.BaseHTTPRequestHandler):
    """A small site: each path behaves in its own way."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        act = getattr(self, "page" + self.path.split("?")[0].replace("/", "_").rstrip("_"), self.page_missing)
        with contextlib.suppress(ConnectionError):
            act()

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def page(self) -> None:
        self.send(200, f"host {self.headers['Host']} path {self.path}".encode(), content_type="text/plain")

    def page_missing(self) -> None:
        self.send(404, b"no such page")

    def page_inner(self) -> None:
        self.send(302, b"", location="http://169.254.169.254/latest/meta-data/")

    def page_rebound(self) -> None:
        self.send(302, b"", location="http://inner.example.com/")

    def page_file(self) -> None:
        self.send(301, b"", location="file:///etc/passwd")

    def page_once(self) -> None:
        self.send(307, b"", location="/?after=once")

    def page_forever(self) -> None:
        self.send(302, b"", location="/forever")

    def page_large(self) -> None:
        self.send(200, b"x" * 2000)

    def page_endless(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(200):
            self.wfile.write(b"x" * 100)
        self.close_connection = True

    def page_packed(self) -> None:
        self.send(200, b"\x1f\x8b", content_encoding="gzip")

    def page_cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "500")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def page_dripping(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x")
            self.wfile.flush()
            threading.Event().wait(0.05)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        return


class Site(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    block_on_close = False


@dataclass
class Lines:
    """Dials the site for public addresses, and really dials anything else."""

    site_port: int
    dialled: list[str] = field(default_factory=list)

    def connect(self, address: str, port: int, timeout_s: float) -> socket.socket:
        self.dialled.append(address)
        if address == PUBLIC:
            return dial("127.0.0.1", self.site_port, timeout_s)
        return dial(address, port, timeout_s)


@pytest.fixture
def lines() -> Iterator[Lines]:
    site = Site(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield Lines(site.server_port)
    site.shutdown()
    site.server_close()
    thread.join(timeout=5)


ODD_URLS = [
    "http://127.0.0.1:{port}/", "http://127.1:{port}/", "http://127.0.1:{port}/", "http://2130706433:{port}/",
    "http://0x7f000001:{port}/", "http://0x7f.0.0.1:{port}/", "http://0177.0.0.1:{port}/", "http://017700000001:{port}/",
    "http://127.0.0.01:{port}/", "http://0:{port}/", "http://0.0.0.0:{port}/", "http://[::1]:{port}/", "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://[::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/", "http://[64:ff9b::127.0.0.1]:{port}/", "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[fe80::1%25lo]:{port}/", "http://[fd00:ec2::254]:{port}/", "http://10.0.0.1:{port}/", "http://172.31.255.1:{port}/",
    "http://192.168.1.1:{port}/", "http://100.64.0.1:{port}/", "http://169.254.169.254:{port}/", "http://224.0.0.1:{port}/",
    "http://255.255.255.255:{port}/", "http://localhost:{port}/", "http://LOCALHOST.:{port}/", "http://a.localhost:{port}/",
    "http://printer.local:{port}/", "http://metadata:{port}/", "http://metadata.google.internal:{port}/",
    "http://public.example.com@127.0.0.1:{port}/", "http://127.0.0.1:{port}\\@public.example.com/",
    "http://public.example.com:pass@inner.example.com:{port}/", "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/", "http://127\u30020\u30020\u30021:{port}/",
    "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{port}/", "http://127.0.0.1%2f.example.com:{port}/", "http://public.example.com\n.localhost:{port}/",
    "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "ftp://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http:///127.0.0.1:{port}/",
    "http://inner.example.com:{port}/", "http://mixed.example.com:{port}/", "http://mapped.example.com:{port}/",
    "http://metadata.example.com:{port}/", "http://sixtofour.example.com:{port}/", "http://nat64.example.com:{port}/",
    "http://unique.example.com:{port}/", "http://scoped.example.com:{port}/", "http://broken.example.com:{port}/",
    "http://public.example.com:99999/", "http://public.example.com:22/", "javascript:alert(1)", "", "http://", "http://[::1", "http://a..b/",
    "http://\ud800.example.com/", "http://public.example.com/\ud800", "http://" + "a" * 3000 + ".com/",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD_URLS)
def test_odd_urls_connect_nowhere(url: str, canary: Canary, lines: Lines) -> None:
    fetcher = Fetcher(names, lines.connect, ports=frozenset({80, 443, canary.port}), limits=FetchLimits(total_s=2))
    with pytest.raises(BadInput) as refusal:
        fetcher.get(url.replace("{port}", str(canary.port)))
    assert refusal.value.field == "url"
    assert refusal.value.message.startswith("this address is not fetched: ")
    assert lines.dialled == []
    assert canary.visits == 0


def test_there_are_forty_odd_urls() -> None:
    assert len(set(ODD_URLS)) >= 40


def test_canary_notices_a_visitor(canary: Canary) -> None:
    with dial("127.0.0.1", canary.port, 2) as line:
        line.settimeout(2)
        assert line.recv(1) == b""
    assert canary.visits == 1


def test_rebinding_name_is_looked_up_once(canary: Canary, lines: Lines) -> None:
    answers = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    fetcher = Fetcher(rebinding, lines.connect, ports=frozenset({80, canary.port}))
    page = fetcher.get(f"http://rebind.example.com:{canary.port}/")
    assert page.body == f"host rebind.example.com:{canary.port} path /".encode()
    assert asked == ["rebind.example.com"]
    assert lines.dialled == [PUBLIC]
    assert canary.visits == 0


def test_rebinding_before_a_redirect_is_refused(lines: Lines) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    with pytest.raises(OutsideRejected, match="redirects elsewhere"):
        Fetcher(rebinding, lines.connect).get("http://rebind.example.com/forever")
    assert lines.dialled == [PUBLIC]


def test_public_page_comes_through(lines: Lines) -> None:
    page = Fetcher(names, lines.connect).get("http://public.example.com?a=1&b=ü#part")
    assert (page.status, page.content_type) == (200, "text/plain")
    assert page.url == "http://public.example.com/?a=1&b=%C3%BC"
    assert page.body == b"host public.example.com path /?a=1&b=%C3%BC"


def test_error_status_is_told_not_raised(lines: Lines) -> None:
    page = Fetcher(names, lines.connect).get("http://public.example.com/nowhere")
    assert (page.status, page.body) == (404, b"no such page")


def test_redirect_to_public_page_is_followed(lines: Lines) -> None:
    page = Fetcher(names, lines.connect).get("http://public.example.com/once")
    assert (page.url, page.status) == ("http://public.example.com/?after=once", 200)


@pytest.mark.parametrize("path", ["inner", "rebound", "file"])
def test_redirect_to_inner_address_is_refused(path: str, lines: Lines) -> None:
    with pytest.raises(OutsideRejected, match="redirects elsewhere"):
        Fetcher(names, lines.connect).get(f"http://public.example.com/{path}")
    assert lines.dialled == [PUBLIC]


def test_fourth_redirect_is_refused(lines: Lines) -> None:
    with pytest.raises(OutsideRejected, match="more than 3 times"):
        Fetcher(names, lines.connect).get("http://public.example.com/forever")
    assert len(lines.dialled) == 4


@pytest.mark.parametrize("path", ["large", "endless"])
def test_large_page_is_refused(path: str, lines: Lines) -> None:
    with pytest.raises(OutsideRejected, match="larger than 1000 bytes"):
        Fetcher(names, lines.connect, limits=FetchLimits(max_bytes=1000)).get(f"http://public.example.com/{path}")


def test_dripping_page_meets_the_deadline(lines: Lines) -> None:
    with pytest.raises(OutsideUnavailable, match="took too long"):
        Fetcher(names, lines.connect, limits=FetchLimits(total_s=0.3)).get("http://public.example.com/dripping")


def test_slow_resolver_meets_the_deadline(lines: Lines) -> None:
    free = threading.Event()

    def slow(host: str, port: int) -> Sequence[str]:
        free.wait(5)
        return [PUBLIC]

    with pytest.raises(OutsideUnavailable, match="took too long"):
        Fetcher(slow, lines.connect, limits=FetchLimits(total_s=0.1)).get("http://public.example.com/")
    free.set()


@pytest.mark.parametrize(("path", "kind"), [("packed", OutsideRejected), ("cut", OutsideUnavailable)])
def test_broken_body_is_a_failure(path: str, kind: type[Failure], lines: Lines) -> None:
    with pytest.raises(kind):
        Fetcher(names, lines.connect).get(f"http://public.example.com/{path}")


def test_plain_answer_to_tls_is_a_failure(lines: Lines) -> None:
    with pytest.raises(OutsideUnavailable, match="broke off"):
        Fetcher(names, lines.connect).get("https://public.example.com/")


def test_unknown_name_is_unreached(lines: Lines) -> None:
    with pytest.raises(OutsideUnreached, match="has no address"):
        Fetcher(names, lines.connect).get("http://unknown.example.com/")


def test_refused_connection_is_unreached() -> None:
    def refuse(address: str, port: int, timeout_s: float) -> socket.socket:
        raise ConnectionRefusedError

    with pytest.raises(OutsideUnreached, match="cannot be reached"):
        Fetcher(names, refuse).get("http://public.example.com/")


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("93.184.215.14", True), ("100.63.255.255", True), ("100.64.0.0", False), ("100.127.255.255", False),
        ("100.128.0.0", True), ("172.15.255.255", True), ("172.16.0.0", False), ("172.32.0.0", True), ("198.17.255.255", True),
        ("198.18.0.0", False), ("223.255.255.255", True), ("224.0.0.0", False), ("2606:2800:21f:cb07::1", True),
        ("2001:4860:4860::8888", True), ("2001::1", False), ("2001:db8::1", False), ("2002:5db8:d70e::1", False),
        ("3fff::1", False), ("ff02::1", False), ("::ffff:93.184.215.14", False), ("", False), ("1.2.3", False),
    ],
)  # fmt: skip
def test_public_addresses_are_told_apart(address: str, is_public: bool) -> None:
    assert is_public_address(address) is is_public


def test_target_keeps_the_host_name() -> None:
    target = check_url("https://BÜCHER.example.com:8443/a b".replace(" ", "%20"))
    assert (target.host, target.authority) == ("xn--bcher-kva.example.com", "xn--bcher-kva.example.com:8443")
    assert target.url == "https://xn--bcher-kva.example.com:8443/a%20b"


@pytest.fixture
def secure_lines(tmp_path: Path) -> Iterator[tuple[Lines, Path]]:
    """The same site behind TLS, with a certificate for public.example.com only."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is needed to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
         "-subj", "/CN=public.example.com", "-addext", "subjectAltName=DNS:public.example.com",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    site = Site(("127.0.0.1", 0), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    site.socket = context.wrap_socket(site.socket, server_side=True)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield Lines(site.server_port), certificate
    site.shutdown()
    site.server_close()
    thread.join(timeout=5)


def test_certificate_is_checked_against_the_name(secure_lines: tuple[Lines, Path]) -> None:
    lines, certificate = secure_lines
    trusted = Fetcher(names, lines.connect, tls=ssl.create_default_context(cafile=str(certificate)))
    assert trusted.get("https://public.example.com/").body == b"host public.example.com path /"
    with pytest.raises(OutsideRejected, match="not valid"):
        trusted.get("https://other.example.com/")
    with pytest.raises(OutsideRejected, match="not valid"):
        Fetcher(names, lines.connect).get("https://public.example.com/")
