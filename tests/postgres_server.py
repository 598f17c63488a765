"""A real PostgreSQL of our own: a cluster in a temporary folder, on the loopback, started and stopped by tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

OWNER, PASSWORD = "keeper", "p-9Kx-secret"
HOW = "install Debian's postgresql: `apt-get install postgresql` (make test tries to)"


@dataclass(frozen=True)
class Server:
    """A running server and its log."""

    port: int
    log: Path

    def url(self, database: str = "proxy", user: str = OWNER, password: str = PASSWORD, query: str = "") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}{query}"

    def run(self, statement: str, database: str = "proxy") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)


def programs() -> Path:
    """Where initdb and postgres are."""
    for folder in [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/bin")]:
        if (folder / "initdb").exists():
            return folder
    if found := shutil.which("initdb"):
        return Path(found).parent
    return pytest.fail(f"initdb is missing: {HOW}", pytrace=False)


@contextmanager
def running_server() -> Iterator[Server]:
    """Root may not run PostgreSQL: the user `postgres` of Debian's package does then."""
    bin_folder = programs()
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data = folder / "data"
        start = [bin_folder / "initdb", "-D", data, "-U", OWNER, "--pwfile", secret, "-A", "scram-sha-256"]
        start += ["-E", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run(start, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = Server(port, folder / "server.log")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c log_statement=all"
        control = [bin_folder / "pg_ctl", "-D", data, "-l", server.log]
        subprocess.run(
            [*control, "-o", options, "-w", "start"], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        try:
            yield server
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    finally:
        shutil.rmtree(folder)
