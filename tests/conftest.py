"""The small cast of the whole suite: a private PostgreSQL server when its binaries are there, a fresh database per test, marks."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

_numbers = count(1)
SERVER_OPTIONS = "-c listen_addresses=127.0.0.1 -c max_connections=300 -c unix_socket_directories={folder} -p {port}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that takes `shared` checks us against published contracts, so that `make conformance` finds it."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.conformance)


def server_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server on this machine, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


def _run_quietly(words: list[str]) -> None:
    """As the server's own user: PostgreSQL refuses to run as root."""
    mine = ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else words
    subprocess.run(mine, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def _can_run_server() -> bool:
    if os.geteuid() != 0:
        return True
    return shutil.which("runuser") is not None and any(one.pw_name == "postgres" for one in pwd.getpwall())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL (without a database) of a private server that lives as long as the session; skips where there is none."""
    binaries = server_binaries()
    if binaries is None or not _can_run_server():
        pytest.skip("no PostgreSQL server binaries here (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="revenue-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", _free_port()
    options = SERVER_OPTIONS.format(folder=folder, port=port)
    control = [str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    init = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    _run_quietly(init)
    _run_quietly([*control, "-l", str(folder / "log"), "-o", options, "start"])
    yield f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    _run_quietly([*control, "-m", "immediate", "stop"])
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database of this test's own."""
    name = f"test_{next(_numbers)}"
    admin = sa.create_engine(f"{postgres_server}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
    yield f"{postgres_server}/{name}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"drop database {name} with (force)")
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind: whoever asks for it runs on both."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/revenue.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.proof])])
def slow_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same for a test that takes a minute: SQLite every time, PostgreSQL with `make proof`."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/revenue.db"
