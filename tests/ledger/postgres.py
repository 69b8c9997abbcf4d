"""A real PostgreSQL server on loopback, started for the tests and ended with them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

PASSWORD = "canary-of-a-password"


def programs() -> Path | None:
    """The folder with ``initdb`` and ``pg_ctl``; None where PostgreSQL is not installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    folders = [*installed, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Start a server in a folder of its own; yields the URL of its maintenance database."""
    found = programs()
    assert found is not None
    data = folder / "data"
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        owner = pwd.getpwnam("postgres" if _has_user("postgres") else "nobody")
        for path in (folder, secret):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    _as_owner([found / "initdb", "-D", data, "-U", "gapwatch", "-A", "scram-sha-256", "--pwfile", secret])
    port = _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    ctl = [found / "pg_ctl", "-D", data, "-w", "-t", "60"]
    _as_owner([*ctl, "-l", folder / "log", "-o", options, "start"])
    try:
        yield f"postgresql://gapwatch:{PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        _as_owner([*ctl, "-m", "immediate", "stop"])


def database(maintenance: str, name: str) -> str:
    """Make an empty database; its URL."""
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    return maintenance.rpartition("/")[0] + f"/{name}"


def open_way(folder: Path) -> None:
    """Let other users pass through the folders of pytest that lead to this one."""
    for parent in folder.parents:
        if parent.owner() == pwd.getpwuid(os.geteuid()).pw_name and len(parent.parts) > 2:
            parent.chmod(parent.stat().st_mode | 0o011)


def _as_owner(command: list[object]) -> None:
    user = ("postgres" if _has_user("postgres") else "nobody") if os.geteuid() == 0 else None
    subprocess.run(
        [str(word) for word in command],
        check=True,
        user=user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
