"""The peers, installed and started in an environment of their own below `.peers/`.

`python -m bench.peers` installs them; `umadb()` and `tryton()` start them on free ports of the loopback for one run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.server import HOME, Server, postgres

INSIDE = Path(__file__).resolve().parent / "inside_peers"
BIN = HOME / "venv" / "bin"
PYTHON = BIN / "python"
TRYTON_DATABASE = "bench_tryton"
PASSWORD = "admin"  # of a server on the loopback that lives as long as a bench run
START_SECONDS = 30.0


def installed() -> bool:
    """Whether `make bench-peers` has run to its end with these pins."""
    stamp = HOME / "installed"
    return stamp.exists() and stamp.read_text() == (INSIDE / "requirements.txt").read_text()


def install() -> None:
    """Create the peers' environment. Raises CalledProcessError when a registry cannot be reached."""
    if installed():
        return
    HOME.mkdir(exist_ok=True)
    shutil.rmtree(HOME / "venv", ignore_errors=True)
    requirements = str(INSIDE / "requirements.txt")
    subprocess.run([sys.executable, "-m", "venv", str(HOME / "venv")], check=True)
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        subprocess.run([str(uv), "pip", "install", "-q", "--python", str(PYTHON), "-r", requirements], check=True)
    else:
        subprocess.run([str(PYTHON), "-m", "pip", "install", "-q", "-r", requirements], check=True)
    (HOME / "installed").write_text(Path(requirements).read_text())


@contextmanager
def umadb() -> Iterator[str]:
    """A UmaDB server with an empty database on the same disk; yields its URL."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=HOME, prefix="umadb-") as folder:
        command = [str(BIN / "umadb"), "--listen", f"127.0.0.1:{port}", "--db-path", folder]
        with _running(command, port, {}, Path(folder) / "umadb.log"):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def tryton(server: Server) -> Iterator[int]:
    """Tryton's web server, 2 workers of 4 threads as its documentation has it; yields its port on the loopback."""
    prepare_tryton(server)
    port = free_port()
    with _tryton_configuration(server) as config:
        command = [str(BIN / "gunicorn"), "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{port}", "--access-logfile", "/dev/null"]
        environment = {"TRYTOND_CONFIG": str(config), "TRYTOND_DATABASE_NAMES": TRYTON_DATABASE}
        with _running([*command, "trytond.application:app"], port, environment, config.with_name("tryton.log")):
            yield port


def prepare_tryton(server: Server) -> None:
    """Create and fill Tryton's database on this server, unless an earlier run did; takes about a minute."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TRYTON_DATABASE,)).fetchone():
            return
        # built under another name first: an interrupted set-up is never taken for a finished one
        connection.execute(f"DROP DATABASE IF EXISTS {TRYTON_DATABASE}_new")
        connection.execute(f"CREATE DATABASE {TRYTON_DATABASE}_new")
        with _tryton_configuration(server) as config:
            environment = {**os.environ, "TRYTONPASSFILE": str(config.with_name("password"))}
            admin = [str(BIN / "trytond-admin"), "-c", str(config), "-d", f"{TRYTON_DATABASE}_new"]
            setup = [str(PYTHON), str(INSIDE / "tryton_setup.py"), str(config), server.url_of(f"{TRYTON_DATABASE}_new")]
            for command in (
                [*admin, "--all", "--email", "bench@example.com"],
                [*admin, "-u", "sale_opportunity", "--activate-dependencies"],
                setup,
            ):
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise RuntimeError(f"{Path(command[0]).name} failed while setting up Tryton:\n{done.stderr[-2000:]}")
        connection.execute(f"ALTER DATABASE {TRYTON_DATABASE}_new RENAME TO {TRYTON_DATABASE}")


@contextmanager
def _tryton_configuration(server: Server) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=HOME, prefix="tryton-") as folder:  # mode 0700: the URI may hold a password
        config = Path(folder) / "trytond.conf"
        config.write_text(f"[database]\nuri = {server.url_of('')}\n")
        config.with_name("password").write_text(PASSWORD + "\n")
        yield config


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output) as process:
        try:
            _wait_until_open(process, port, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_open(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not open its port:\n{log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    print("Installing Tryton and UmaDB into .peers/venv")
    install()
    print("Setting up Tryton's database (about a minute, once)")
    with postgres() as found:
        prepare_tryton(found)
    print(f"Ready: make bench measures them beside Concord (PostgreSQL at {urlsplit(found.url).hostname}).")
