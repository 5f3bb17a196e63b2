"""`concord up`, `down` and `status`: Concord whole on one machine, in the foreground or the background.

Run as `python -m api.up` it is the supervisor itself, which `up --detach` starts in the background.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psycopg

from api.cli.outcomes import Exit, foreseen
from api.provisioning import make_tenant, migrate_all, provide
from api.rotations import tell_rotations
from api.up_screen import TerminalScreen
from api.up_status import process_statuses
from domain.kernel import Refused
from infra.backup.archiver import stop_archiving
from infra.backup.place import finish_swap, refuse_cut_off
from infra.database import OLDEST_SERVER, StoreUnavailable, Tenant
from infra.doctor import reach_postgres, reach_temporal
from infra.embedded.account import NoServerAccount
from infra.embedded.cluster import ClusterUnusable
from infra.embedded.listening import AddressTaken
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.process import LockHeld, ServerDown, file_lock, make_directory, open_log
from infra.embedded.run_state import READY, RunState
from infra.embedded.services import Services
from infra.embedded.supervisor import Supervisor
from infra.keys import KeysUnavailable
from infra.migrations import NotMigrated
from infra.opening import opened
from infra.safety import UnsafeSettings, refuse_unsafe_settings
from infra.settings import InvalidSettings, Settings

START_PATIENCE = 700.0
"""Seconds that a second `up` waits for the first to be ready: PostgreSQL may be replaying its log."""
STOP_PATIENCE = 120.0
"""Seconds that `down` gives the supervisor to stop everything in order."""

_PROBLEMS = (
    AddressTaken,
    ClusterUnusable,
    InvalidSettings,
    KeysUnavailable,
    NoServerAccount,
    NotMigrated,
    Refused,
    ServerDown,
    StoreUnavailable,
    UnsafeSettings,
    psycopg.Error,
    OSError,
)


def up(
    settings: Settings,
    *,
    detach: bool = False,
    demo: bool = False,
    screen: TerminalScreen | None = None,
    commands: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Start everything below `settings.home` and stay with it until told to stop; with `detach`, return when all is ready.

    What runs already is shown instead, with exit code 0. Returns the exit code; a problem is told in a sentence.
    `commands`: the children to run by name; by default api, worker and projector.
    """
    screen = screen or TerminalScreen(detached=detach)
    screen.demo = demo
    try:
        _prepare_home(settings)
        if detach:
            return _detached(settings, screen, demo=demo)
        deadline = time.monotonic() + START_PATIENCE
        while True:
            with suppress(LockHeld), file_lock(settings.home / "up.lock", wait=False):
                finish_swap(settings.home)
                refuse_cut_off(settings.home)
                supervisor = Supervisor(
                    settings,
                    commands=commands or _children(settings),
                    prepare=lambda reached, address: _prepare(reached, address, settings),
                    screen=screen,
                    once={"demo": concord("demo")} if demo else {},
                    after_lost_state={"reconcile": concord("workflows", "reconcile")},
                )
                supervisor.run()
                screen.said("Concord has stopped. Nothing is lost: `concord up` goes on from here.")
                return 0
            # somebody else starts, runs or stops it
            if (state := RunState.read(settings.home / "state.json")) and state.running and state.phase == READY:
                screen.ready(settings, state, already=True)
                return 0
            if time.monotonic() > deadline:
                raise ServerDown(f"Another `concord up` below {settings.home} does not become ready: see its screen, or {settings.logs}.")
            screen.step("Another `concord up` is at work here: waiting for it")
            time.sleep(0.1)
    except _PROBLEMS as error:
        screen.problem(_told(error))
        return _code(error)


def down(settings: Settings, *, screen: TerminalScreen | None = None) -> int:
    """Stop everything that runs below `settings.home`, also what a killed `up` left behind. Returns the exit code."""
    screen = screen or TerminalScreen()
    try:
        if not settings.home.is_dir():
            screen.said(f"Nothing runs below {settings.home}.")
            return 0
        ran, left = _stopped(settings, screen)
        screen.said("Concord has stopped." if ran else f"Nothing runs below {settings.home}.")
        for sentence in left:
            screen.said(sentence)
    except _PROBLEMS as error:
        screen.problem(_told(error))
        return _code(error)
    return 0


def _stopped(settings: Settings, screen: TerminalScreen) -> tuple[bool, Sequence[str]]:
    """Stop it; whether anything ran, and what is to be said. Raises ServerDown."""
    ran, deadline = False, time.monotonic() + STOP_PATIENCE
    while True:
        state = RunState.read(settings.home / "state.json")
        if state and state.running:
            ran = True
            screen.step("Stopping")
            state.supervisor.stop((15, STOP_PATIENCE), (9, 5.0))
        with suppress(LockHeld), file_lock(settings.home / "up.lock", wait=False):
            # a supervisor that was killed leaves children and servers
            state = RunState.read(settings.home / "state.json")
            orphans = state.stop_orphans() if state else ()
            services = Services(settings)
            ran = ran or bool(orphans) or any(server and server.running() for server in (services.postgres, services.temporal))
            return ran, services.stop()
        # an `up` that just begins, or that waited for the one before, has not said yet who it is
        if time.monotonic() > deadline:
            raise ServerDown(f"Another `concord up` or `down` below {settings.home} does not end: see its screen, or {settings.logs}.")
        time.sleep(0.1)


def status(settings: Settings, *, screen: TerminalScreen | None = None, as_json: bool = False) -> int:
    """Show what runs below `settings.home`, with `as_json` for programs. Returns the exit code: NOT_FOUND where nothing does."""
    screen = screen or TerminalScreen()
    state = RunState.read(settings.home / "state.json")
    runs = state is not None and state.running
    if as_json:
        processes = process_statuses(settings, state) if state and runs else []
        told = {"phase": state.phase if state and runs else "stopped", "home": str(settings.home), "tenant": settings.tenant}
        address = state.address if state and runs else None
        screen.said(json.dumps({**told, "address": address, "processes": [asdict(one) for one in processes]}, indent=2))
    elif state and runs:
        screen.state(settings, state, process_statuses(settings, state))
    else:
        screen.said(f"Nothing runs below {settings.home}: `concord up` starts it.")
    return Exit.DONE if runs else Exit.NOT_FOUND


def concord(*arguments: str) -> list[str]:
    """The command line that runs `concord` with these arguments in this same installation."""
    return [sys.executable, "-m", "api.cli", *arguments]


def _children(settings: Settings) -> dict[str, list[str]]:
    backup = {"backup": concord("backup", "run")} if settings.backup_to and not settings.database_url else {}
    return {name: concord(name) for name in ("api", "worker", "projector")} | backup


def _prepare_home(settings: Settings) -> None:
    home = settings.home
    # others may pass (as root, the database's user has to), not look
    try:
        make_directory(home, 0o711)
    except OSError as error:
        raise ClusterUnusable(f"{home} cannot be made ({error.strerror}): set CONCORD_HOME to a directory of your own.") from None
    if not home.is_dir():
        raise ClusterUnusable(f"{home} is a file, no directory: set CONCORD_HOME to a directory of your own.")
    if home.stat().st_uid != os.geteuid():
        raise ClusterUnusable(
            f"{home} belongs to {home.owner()}: run Concord as {home.owner()}, or set CONCORD_HOME to a directory of your own."
        )
    # what this process and its children write from here on concerns nobody else: keys, logs, mail
    os.umask(0o077)
    make_directory(settings.logs, 0o700)


def _prepare(reached: Settings, address: str, asked: Settings) -> Settings:
    """Bring the database to shape, make the empty tenant, leave the operator's credential."""
    assert reached.database_url is not None
    assert reached.migrator_url is not None
    with reach_postgres(reached.migrator_url) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            raise ServerDown(
                f"PostgreSQL {connection.info.server_version // 10000} is too old: Concord needs {OLDEST_SERVER // 10000} or newer."
            )
        refuse_unsafe_settings(connection)
    if not asked.database_url and not asked.backup_to and (server := EmbeddedPostgres(asked.home / "postgres").running()):
        stop_archiving(server)
    if asked.temporal_address:
        reach_temporal(asked.temporal_address, asked.temporal_namespace)
    tenants, _ = migrate_all(reached)
    # CONCORD_TENANT says which tenant commands talk to; what is there already is not made again, and the demo makes itself
    tenant = next((t for t in tenants if t.slug == reached.tenant), None)
    if tenant is None:
        tenant = make_tenant(reached, "default" if reached.tenant == "demo" else reached.tenant)
    # what counts for acknowledged commands is what holds for the role that writes them
    with reach_postgres(reached.database_url) as connection:
        refuse_unsafe_settings(connection)
    asyncio.run(provide(reached, tenant, address))
    asyncio.run(_tell_rotations(reached, tenants))
    return reached


async def _tell_rotations(settings: Settings, tenants: list[Tenant]) -> None:
    async with opened(settings) as process:
        await tell_rotations(process, tenants)


def _detached(settings: Settings, screen: TerminalScreen, *, demo: bool) -> int:
    log = settings.logs / "supervisor.log"
    with open_log(log) as output:
        begin = output.tell()
        background = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "api.up", *(["--demo"] if demo else [])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **settings.environment()},
            start_new_session=True,
        )
    screen.step("Starting Concord in the background")
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline:
        code = background.poll()
        state = RunState.read(settings.home / "state.json")
        if state and state.running and state.phase == READY:
            screen.ready(settings, state, already=state.supervisor.pid != background.pid)
            background.returncode = 0  # it goes on without us: there is nothing to wait for
            return 0
        if code is not None:
            screen.problem(_last_line(log, begin) or f"It ended with {code} (more in {log}).")
            return code if code > 0 else Exit.FAILED
        time.sleep(0.05)
    raise ServerDown(f"Concord did not become ready in the background: see {log}.")


def _last_line(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _told(error: Exception) -> str:
    if isinstance(error, psycopg.Error):
        return f"PostgreSQL refused: {str(error).strip() or type(error).__name__}. Run `concord doctor`."
    return str(error)


def _code(error: Exception) -> Exit:
    """As every other command ends for the same reason."""
    return end.code if (end := foreseen(error)) else Exit.FAILED


def main() -> None:
    """The supervisor in the background."""
    screen = TerminalScreen(detached=True)
    try:
        settings = Settings.from_environment()
    except InvalidSettings as error:
        screen.problem(str(error))
        sys.exit(_code(error))
    sys.exit(up(settings, demo="--demo" in sys.argv[1:], screen=screen))


if __name__ == "__main__":
    main()
