"""Decides whether a URL chosen by others may be fetched, and fetches it from the very address that was checked."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from revenue_machine.kit.clock import machine_s
from revenue_machine.kit.errors import BadInput, Failure, OutsideRejected, OutsideUnavailable, OutsideUnreached

Resolve = Callable[[str, int], Sequence[str]]
Connect = Callable[[str, int, float], socket.socket]

MAX_URL_CHARS = 2048
MAX_ADDRESSES = 4
USUAL_PORTS = frozenset({80, 443, 8080, 8443})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORT = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_INNER_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")

# IANA special-purpose registries: whatever is not ordinary public unicast. IPv6 is the other way round: only
# 2000::/3 is public at all, which already leaves out mapped, NAT64, link-local, unique-local and multicast.
_FORBIDDEN_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


@dataclass(frozen=True)
class FetchLimits:
    """How much one fetch may take; `total_s` spans every redirect."""

    max_bytes: int = 5 * 1024 * 1024
    max_redirects: int = 3
    total_s: float = 10.0


@dataclass(frozen=True)
class Target:
    """A URL that passed the textual checks; `host` is ASCII, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """The host as the Host header spells it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class Fetched:
    """What came back from the last hop; `url` is where it came from."""

    url: str
    status: int
    content_type: str
    body: bytes


def is_public_address(text: str) -> bool:
    """Whether an IP literal is ordinary public unicast; anything unreadable is not."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _FORBIDDEN_V4)
    return address.scope_id is None and address in _PUBLIC_V6 and not any(address in network for network in _FORBIDDEN_V6)


def check_url(url: str, ports: frozenset[int] = USUAL_PORTS) -> Target:
    """The parts of a URL that is fit to be fetched; raises `bad_input`. Names are resolved later."""
    if len(url) > MAX_URL_CHARS:
        raise _bad("the address is too long")
    if any(ord(char) <= 32 or char in "\x7f\\" or 0xD800 <= ord(char) <= 0xDFFF for char in url):
        raise _bad("the address holds a space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _bad("the address cannot be read") from None
    if parts.scheme not in _DEFAULT_PORT:
        raise _bad("only http and https are fetched")
    if "@" in parts.netloc:
        raise _bad("the address holds a user name")
    port = _DEFAULT_PORT[parts.scheme] if port is None else port
    if port not in ports:
        raise _bad(f"port {port} is not fetched")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else ""
    return Target(parts.scheme, _checked_host(host), port, path + query)


def _checked_host(text: str) -> str:
    """The host in ASCII: a canonical public IP literal, or a name with a dot that is not an inner one."""
    if ":" in text or _ends_in_number(text):
        return _checked_literal(text)
    try:
        host = text.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise _bad("the host name cannot be read") from None
    if _ends_in_number(host):
        return _checked_literal(host)
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _bad("the host name cannot be read")
    if len(labels) < 2 or any(host.endswith("." + name) for name in _INNER_NAMES):
        raise _bad("the host is not a public name")
    return host


def _ends_in_number(host: str) -> bool:
    """Whether browsers would read the host as an IPv4 number in some base."""
    last = host.removesuffix(".").rsplit(".", 1)[-1].lower()
    return last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None


def _checked_literal(text: str) -> str:
    try:
        canonical = str(ipaddress.ip_address(text))
    except ValueError:
        raise _bad("the host is a number that is not a plain IP address") from None
    if not is_public_address(text):
        raise _bad("the host is not a public address")
    return canonical


def _bad(why: str) -> BadInput:
    return BadInput(f"this address is not fetched: {why}", field="url")


def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Every address the system knows for a name."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]


def dial(address: str, port: int, timeout_s: float) -> socket.socket:
    """A TCP connection to an IP literal; no name is looked up."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        line.settimeout(timeout_s)
        line.connect((address, port))
    except OSError:
        line.close()
        raise
    return line


class Fetcher:
    """Reads pages whose address somebody else chose; no inner address is ever connected to."""

    def __init__(
        self,
        resolve: Resolve = resolve_by_system,
        connect: Connect = dial,
        *,
        ports: frozenset[int] = USUAL_PORTS,
        limits: FetchLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve = resolve
        self._connect = connect
        self._ports = ports
        self._limits = limits or FetchLimits()
        self._tls = tls

    def get(self, url: str) -> Fetched:
        """The page behind a URL; raises `bad_input` for a refused URL, the `outside_*` family otherwise."""
        deadline = machine_s() + self._limits.total_s
        target = check_url(url, self._ports)
        for hop in range(self._limits.max_redirects + 1):
            page, location = self._one_hop(target, deadline, is_first=hop == 0)
            if location is None:
                return page
            target = self._redirected(target, location)
        raise OutsideRejected(f"the page redirects more than {self._limits.max_redirects} times")

    def _redirected(self, target: Target, location: str) -> Target:
        try:
            return check_url(urljoin(target.url, location), self._ports)
        except (BadInput, ValueError) as error:
            raise OutsideRejected(f"the page redirects elsewhere, but {error}") from None

    def _one_hop(self, target: Target, deadline: float, *, is_first: bool) -> tuple[Fetched, str | None]:
        addresses = self._checked_addresses(target, deadline, is_first=is_first)
        with self._connected(addresses, target, deadline) as line, _ended_at(line, deadline):
            return self._exchange(line, target, deadline)

    def _checked_addresses(self, target: Target, deadline: float, *, is_first: bool) -> Sequence[str]:
        """The addresses behind the host, looked up once; one inner address among them refuses the whole name."""
        if ":" in target.host or _ends_in_number(target.host):
            return [target.host]
        found = list(dict.fromkeys(self._looked_up(target, deadline)))
        if not found:
            raise OutsideUnreached(f"{target.host} has no address")
        if not all(is_public_address(address) for address in found):
            why = f"{target.host} leads to an address that is not public"
            raise _bad(why) if is_first else OutsideRejected(f"the page redirects elsewhere, but {why}")
        return found[:MAX_ADDRESSES]

    def _looked_up(self, target: Target, deadline: float) -> Sequence[str]:
        """Resolve in a thread of its own: the system's resolver has no time-out that we could set."""
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self._resolve(target.host, target.port))
            except (OSError, UnicodeError, Failure) as error:
                answers.put(error)

        threading.Thread(target=look_up, daemon=True, name="fetch-resolve").start()
        try:
            answer = answers.get(timeout=_left_s(deadline))
        except queue.Empty:
            raise _too_slow() from None
        if isinstance(answer, Failure):
            raise answer
        if isinstance(answer, Exception):
            raise OutsideUnreached(f"{target.host} has no address")
        return answer

    @contextlib.contextmanager
    def _connected(self, addresses: Sequence[str], target: Target, deadline: float) -> Iterator[socket.socket]:
        line: socket.socket | None = None
        for address in addresses:
            with contextlib.suppress(OSError):
                line = self._connect(address, target.port, _left_s(deadline))
                break
        if line is None:
            raise OutsideUnreached(f"{target.host} cannot be reached")
        try:
            yield line
        finally:
            line.close()

    def _exchange(self, line: socket.socket, target: Target, deadline: float) -> tuple[Fetched, str | None]:
        try:
            wire = self._secured(line, target) if target.scheme == "https" else line
            with contextlib.closing(wire), contextlib.closing(_asked(wire, target)) as answer:
                location = _location(answer)
                body = b"" if location is not None else self._body(answer, deadline)
        except ssl.SSLCertVerificationError as error:
            raise OutsideRejected(f"the certificate of {target.host} is not valid: {error.verify_message}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            _left_s(deadline)
            raise OutsideUnavailable(f"{target.host} broke off ({type(error).__name__})") from None
        return Fetched(target.url, answer.status, answer.getheader("content-type", ""), body), location

    def _secured(self, line: socket.socket, target: Target) -> ssl.SSLSocket:
        context = self._tls or ssl.create_default_context()
        wire = context.wrap_socket(line, server_hostname=target.host, do_handshake_on_connect=False)
        try:
            wire.do_handshake()
        except BaseException:
            wire.close()
            raise
        return wire

    def _body(self, answer: http.client.HTTPResponse, deadline: float) -> bytes:
        """The whole body; raises when it is larger than allowed, cut short or packed although we asked for plain."""
        if answer.getheader("content-encoding", "identity").lower() != "identity":
            raise OutsideRejected("the page is compressed although plain text was asked for")
        promised = answer.length
        if promised is not None and promised > self._limits.max_bytes:
            raise OutsideRejected(f"the page is larger than {self._limits.max_bytes} bytes")
        body = answer.read(self._limits.max_bytes + 1)
        _left_s(deadline)
        if len(body) > self._limits.max_bytes:
            raise OutsideRejected(f"the page is larger than {self._limits.max_bytes} bytes")
        if promised is not None and len(body) < promised:
            raise OutsideUnavailable("the page broke off before its end")
        return body


def _asked(wire: socket.socket, target: Target) -> http.client.HTTPResponse:
    """Send the question over an open line; Host names the site although an address was dialled."""
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = wire
    connection.putrequest("GET", target.path, skip_host=True, skip_accept_encoding=True)
    for name, value in (("Host", target.authority), ("User-Agent", "revenue-machine"), ("Accept", "*/*")):
        connection.putheader(name, value)
    connection.putheader("Accept-Encoding", "identity")
    connection.putheader("Connection", "close")
    connection.endheaders()
    return connection.getresponse()


def _location(answer: http.client.HTTPResponse) -> str | None:
    """Where a redirect leads; header bytes are UTF-8 more often than the Latin-1 they are read as."""
    text = answer.getheader("location") if answer.status in REDIRECTS else None
    return None if text is None else text.encode("latin-1", "replace").decode("utf-8", "replace")


def _left_s(deadline: float) -> float:
    left_s = deadline - machine_s()
    if left_s <= 0:
        raise _too_slow()
    return left_s


def _too_slow() -> OutsideUnavailable:
    return OutsideUnavailable("the page took too long")


@contextlib.contextmanager
def _ended_at(line: socket.socket, deadline: float) -> Iterator[None]:
    """Cut the line at the deadline: a socket time-out alone starts anew with every byte that drips in."""
    spare = line.dup()

    def cut() -> None:
        with contextlib.suppress(OSError):
            spare.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_left_s(deadline), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        spare.close()
