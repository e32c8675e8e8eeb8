"""Bad input, a sick disk, a locked database or a dead vendor: one clear line with a code, exit not 0, nothing half-written."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from revenue_machine.__main__ import main
from revenue_machine.sandbox.faults import Fault, stand
from revenue_machine.sandbox.store import WorldStore
from tests.faults import forked

GOOD_ROWS, MANY_ROWS = (
    "".join(f'"A question worth asking, number {number}?",https://example.com/{number}\n' for number in range(count))
    for count in (2000, 12_000)
)
IMPORT = ("import", "market_items")
FROM_TIKTOK = ("--set", "platform=tiktok")

# words of the command, environment, code, part of the message
BAD_WORDS: dict[str, tuple[tuple[str, ...], dict[str, str], str, str]] = {
    "unknown command": (("nonsense",), {}, "bad_input", "invalid choice: 'nonsense'"),
    "missing word": (("call",), {}, "bad_input", "required: topic"),
    "wrong kind of option": (("demo", "--days", "many"), {}, "bad_input", "invalid int value"),
    "impossible option": (("demo", "--days", "0"), {}, "bad_input", "1 to 366 days"),
    "unknown scenario": (("demo", "--scenario", "doomsday"), {}, "bad_input", "quiet_week"),
    "unknown topic": (("call", "posthog.funel"), {}, "not_found", "did you mean posthog.funnel"),
    "wrong type": (("call", "graph.search", '{"query": 5}'), {}, "bad_input", "query"),
    "missing key": (("call", "graph.search", "{}"), {}, "bad_input", "query: Field required"),
    "no JSON": (("call", "graph.search", "hooks"), {}, "bad_input", "not JSON"),
    "no object": (("call", "graph.search", "[1]"), {}, "bad_input", "not a JSON object"),
    "planned topic": (("call", "remotion.render"), {}, "not_configured", "issue 6 builds it"),
    "unknown import": (("import", "gossip", __file__), {}, "not_found", "market_items"),
    "unknown export": (("export", "gossip"), {}, "not_found", "ledger"),
    "no such file": (("import", "market_items", "/no/such/file.csv"), {}, "not_found", "/no/such/file.csv"),
    "no such config": (("status",), {"REVENUE_CONFIG": "/no/such/revenue.toml"}, "bad_input", "REVENUE_CONFIG"),
    "no such secret": (("status",), {"REVENUE_ANTHROPIC__API_KEY_FILE": "/no/such/key"}, "bad_input", "/no/such/key"),
    "bad clock": (("status",), {"REVENUE_CLOCK": "yesterday"}, "bad_input", "REVENUE_CLOCK"),
    "no clock file": (("status",), {"REVENUE_CLOCK": "@/no/such/clock"}, "bad_input", "REVENUE_CLOCK"),
    "bad zone": (("status",), {"REVENUE_TIMEZONE": "Mars/Olympus"}, "bad_input", "REVENUE_TIMEZONE"),
    "bad mode": (("status",), {"REVENUE_MODE": "rehearsal"}, "bad_input", "REVENUE_MODE"),
    "bad number": (("status",), {"REVENUE_BUDGET__DAY_USD": "lots"}, "bad_input", "REVENUE_BUDGET__DAY_USD"),
    "bad database": (("status",), {"REVENUE_DATABASE_URL": "mysql://x/y"}, "bad_input", "REVENUE_DATABASE_URL"),
    "no database": (("status",), {"REVENUE_DATABASE_URL": "postgresql+psycopg://x@127.0.0.1:1/x"}, "outside_unavailable", "refused"),
}  # fmt: skip
BAD_CONFIGS = {
    "corrupt": (b"products = = [", "line 1"),
    "latin-1": ("name = 'caf\xe9'".encode("latin-1"), "utf-8"),
    "huge": (bytes(range(1, 256)) * 20_000, "revenue.toml"),
    "wrong shape": (b"machine = 5\n", "machine"),
}
BAD_FILES = {
    "empty.csv": (b"", "empty"),
    "binary.csv": (b"\xe9\xff\x00\x01", "not a text file"),
    "headless.csv": (b"\n\n\n", "headless.csv"),
    "torn.jsonl": (b'{"caption": "one", "source_url": "https://example.com/1"}\n{"caption": ', "nothing was written"),
    "random.parquet": (bytes(range(256)) * 1000, "no Parquet file"),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that exists, with one thing remembered in it."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    done = revenue(home, "call", "graph.record_event", '{"event_type": "insight", "content": "Questions work."}')
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "home"))


@dataclass(frozen=True)
class Done:
    """What a command that ended leaves behind."""

    returncode: int | None
    stdout: str
    stderr: str


def revenue(home: Path, *words: str, settings: Mapping[str, str] | None = None, most_bytes: int = 0) -> Done:
    """The command in a process of its own; `most_bytes` is the largest file it may write."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")}
    own |= {"REVENUE_HOME": str(home), **(settings or {})}
    with tempfile.TemporaryDirectory() as folder:
        said, complained = Path(folder, "said"), Path(folder, "complained")
        ended = forked.start(_run, (str(home.parent), str(most_bytes), *words), own, said, complained).wait(120)
        return Done(ended.exit_code, ended.said, ended.complained)


def _run(folder: str, most_bytes: str, *words: str) -> None:
    os.chdir(folder)
    if int(most_bytes):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    raise SystemExit(main(list(words)))


def rows_of(home: Path) -> dict[str, int]:
    """Rows per product table; the worker's own sign of life is none."""
    connection = sqlite3.connect(home / "revenue.db")
    try:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table' and name like 'actp_%'")]
        counts = {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in sorted(names)}
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()
    return {name: count for name, count in counts.items() if name != "actp_workers"}


def refused(done: Done, code: str, words: str) -> None:
    """One line, a stable code, the right words, and no success."""
    assert done.returncode not in (0, None)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr[-3000:]
    assert lines[0].startswith(f"revenue: {code}: "), lines[0]
    assert words in lines[0]
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("name", BAD_WORDS)
def test_bad_words_are_one_line(name: str, home: Path) -> None:
    words, settings, code, message = BAD_WORDS[name]
    before = rows_of(home)
    refused(revenue(home, *words, settings=settings), code, message)
    assert rows_of(home) == before


@pytest.mark.parametrize("name", BAD_CONFIGS)
def test_bad_config_is_one_line(name: str, home: Path, tmp_path: Path) -> None:
    content, message = BAD_CONFIGS[name]
    (tmp_path / "revenue.toml").write_bytes(content)
    before = rows_of(home)
    refused(revenue(home, "status"), "bad_input", message)
    assert rows_of(home) == before


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_import_nothing(name: str, home: Path, tmp_path: Path) -> None:
    content, message = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    before = rows_of(home)
    done = revenue(home, *IMPORT, str(tmp_path / name), *FROM_TIKTOK)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("revenue: bad_input: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert rows_of(home) == before


def test_a_latin_file_says_so(home: Path, tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("caption,source_url\nCaf\xe9 für alle,https://example.com/1\n".encode("latin-1"))
    done = revenue(home, *IMPORT, str(tmp_path / "latin.csv"), *FROM_TIKTOK)
    said = done.stdout + done.stderr
    assert "Caf\ufffd" not in said
    assert "Traceback" not in said
    assert rows_of(home)["actp_market_items"] == (1 if done.returncode == 0 else 0)


def test_wrong_mode_is_refused(home: Path) -> None:
    before = rows_of(home)
    refused(revenue(home, "status", settings={"REVENUE_MODE": "live"}), "conflict", "belongs to mode sandbox")
    assert rows_of(home) == before


def test_a_corrupt_database_is_one_line(home: Path) -> None:
    (home / "revenue.db").write_bytes(b"this is no database" * 1000)
    for rest in ("-wal", "-shm"):
        (home / f"revenue.db{rest}").unlink(missing_ok=True)
    refused(revenue(home, "status"), "outside_unavailable", "not a database")


def test_a_locked_database_is_one_line(home: Path) -> None:
    before = rows_of(home)
    holder = sqlite3.connect(home / "revenue.db", isolation_level=None)
    holder.execute("begin exclusive")
    try:
        refused(revenue(home, "call", "graph.record_event", '{"content": "Lists work."}'), "outside_unavailable", "locked")
    finally:
        holder.execute("rollback")
        holder.close()
    assert rows_of(home) == before


@pytest.mark.parametrize("place", ["/proc/no/such/home", "{file}/home"])
def test_an_impossible_home_is_one_line(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = revenue(tmp_path / "home", "status", settings={"REVENUE_HOME": place.format(file=tmp_path / "file")})
    refused(done, "outside_unavailable", place.format(file=tmp_path / "file").rsplit("/", 2)[0])


def test_a_full_disk_imports_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text("caption,source_url\n" + MANY_ROWS, encoding="utf-8")
    before = rows_of(home)
    full = max(path.stat().st_size for path in home.rglob("*") if path.is_file()) + 40_000
    refused(revenue(home, *IMPORT, str(tmp_path / "many.csv"), *FROM_TIKTOK, most_bytes=full), "outside_unavailable", "disk")
    assert rows_of(home) == before
    assert revenue(home, *IMPORT, str(tmp_path / "many.csv"), *FROM_TIKTOK).returncode == 0
    assert rows_of(home)["actp_market_items"] == 12_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    if (
        not mounted
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("a small file system needs the right to mount one")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_small_disk_is_one_line(small_disk: Path) -> None:
    done = revenue(small_disk / "home", "demo")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("revenue: outside_unavailable: ")
    assert "Traceback" not in done.stderr


def test_a_dead_vendor_is_one_line(home: Path) -> None:
    world = WorldStore(home / "world.db")
    stand(world, Fault("revenuecat", "", "down", 20))
    world.close()
    before = rows_of(home)
    refused(revenue(home, "call", "revcat.overview"), "outside_unavailable", "RevenueCat cannot be reached")
    assert rows_of(home) == before


@pytest.mark.parametrize("words", [("up", "--port"), ("web", "--port"), ("sandbox", "serve", "--port")], ids=lambda words: words[0])
def test_a_taken_port_is_one_line(words: tuple[str, ...], home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = revenue(home, *words, str(taken.getsockname()[1]))
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("revenue: bad_input: port ")
    assert "Traceback" not in done.stderr


def test_an_export_to_nowhere_leaves_nothing(home: Path, tmp_path: Path) -> None:
    refused(revenue(home, "export", "audit", str(tmp_path / "no" / "such" / "file.csv")), "outside_unavailable", "No such file")
    assert not (tmp_path / "no").exists()
