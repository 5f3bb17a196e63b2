"""Our own PostgreSQL, with real processes: made once, adopted, recovered, never taken from somebody else."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from infra.embedded.cluster import Cluster, ClusterUnusable, programs
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.process import RunningProcess, ServerDown, free_port

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root can act as another user")
CHECKOUT = Path(__file__).parents[2]
START = """
import sys
from pathlib import Path
from infra.embedded import cluster
from infra.embedded.postgres import EmbeddedPostgres
if len(sys.argv) > 2: cluster.SHARED_PLACE = Path(sys.argv[2])
server = EmbeddedPostgres(Path(sys.argv[1])).start()
print(server.process.pid, server.cluster.data, server.note, sep="|", flush=True)
"""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A server below a directory with mode 0700 (as pytest makes them) and a space in its name."""
    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("private") / "with a space" / "postgres")
    yield embedded
    embedded.stop()


@pytest.fixture
def running(postgres):
    return postgres.start()


@pytest.fixture
def fresh(tmp_path):
    embedded = EmbeddedPostgres(tmp_path / "postgres")
    yield embedded
    embedded.stop()


def ask(url, query, *values):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query, values).fetchone()[0]


def kill_all(process):
    """SIGKILL of the postmaster and every process below it, at once."""
    below = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdecimal() and parent_of(int(p.name)) == process.pid]
    for pid in (process.pid, *below):
        with suppress(ProcessLookupError):  # one of the server's workers may end by itself meanwhile
            os.kill(pid, signal.SIGKILL)
    assert process.wait(120)


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def start_elsewhere(*arguments, prefix=(), script=START):
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", script, *map(str, arguments)],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def answer_of(started):
    said, _ = started.communicate(timeout=180)
    assert started.returncode == 0, said
    pid, data, note = said.strip().splitlines()[-1].split("|")
    return int(pid), Path(data), note


def test_it_runs_durably_below_a_private_directory_whose_path_has_a_space(running):
    assert ask(running.superuser_url(), "SHOW data_directory").endswith("/with a space/postgres/data")
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert ask(running.superuser_url(), f"SHOW {setting}") == "on"


@needs_root
def test_as_root_it_runs_as_a_system_user_and_says_so(running):
    assert Path(f"/proc/{running.process.pid}").stat().st_uid == pwd.getpwnam("concord").pw_uid
    assert running.adopted or "system user concord" in running.note


def test_only_passwords_let_in_and_only_from_this_machine(running):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(running.superuser_url().replace(running.cluster.superuser_password, "guess"))
    assert ask(running.superuser_url(), "SHOW listen_addresses") == "127.0.0.1"
    assert Path(running.cluster.data).stat().st_mode & 0o077 == 0


def test_the_application_may_sign_in_and_the_migrator_may_make_roles(running):
    assert ask(running.application_url(), "SELECT current_user") == "concord_app"
    with psycopg.connect(running.application_url()) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE SCHEMA mine")
    with psycopg.connect(running.migrator_url()) as connection:
        connection.execute("CREATE SCHEMA ours")
        connection.execute("CREATE ROLE some_tenant NOLOGIN")
        connection.execute("GRANT some_tenant TO concord_app WITH INHERIT FALSE, SET TRUE")
        connection.rollback()


def test_the_passwords_are_not_shown_and_only_the_owner_may_read_them(postgres, running):
    assert running.cluster.superuser_password not in repr(running)
    assert (postgres.home / "cluster.json").stat().st_mode & 0o777 == 0o600


def test_a_server_that_runs_is_adopted(postgres, running):
    again = EmbeddedPostgres(postgres.home).start()
    assert again.adopted
    assert again.process == running.process


def test_after_sigkill_of_everything_it_recovers_what_was_committed(postgres, running):
    with psycopg.connect(running.superuser_url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n integer)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 5000)")
        before = connection.execute("SELECT count(*) FROM kept").fetchone()
        kill_all(running.process)
    again = postgres.start()
    assert not again.adopted
    assert ask(again.superuser_url(), "SELECT count(*) FROM kept") == before[0]


def test_it_waits_for_a_process_of_the_dead_server_that_still_holds_its_memory(postgres):
    server = postgres.start()
    with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        os.kill(server.process.pid, signal.SIGKILL)
        assert server.process.wait(60)
        (Path(server.cluster.data) / "postmaster.pid").unlink()
        begin = time.monotonic()
        threading.Timer(1.0, os.kill, (backend, signal.SIGCONT)).start()
        again = postgres.start()
        assert time.monotonic() - begin > 0.9
        assert ask(again.superuser_url(), "SELECT 1") == 1


def test_a_lock_file_whose_pid_now_belongs_to_another_program_does_not_stop_it(postgres):
    server = postgres.start()
    lock = Path(server.cluster.data) / "postmaster.pid"
    text = lock.read_text()
    kill_all(server.process)
    bystander = subprocess.Popen(["sleep", "60"])
    lock.write_text(text.replace(str(server.process.pid), str(bystander.pid), 1))
    again = postgres.start()
    assert again.process.pid != bystander.pid
    assert postgres.stop()
    assert bystander.poll() is None, "what it did not start was signalled"
    bystander.kill()
    bystander.wait()


def test_a_server_that_somebody_else_started_is_used_but_not_stopped(postgres):
    postgres.start()
    assert postgres.stop()
    cluster = Cluster.read(postgres.home)
    _, found = programs(postgres.home, cluster)
    theirs = found.account.popen([str(found.bin / "postgres"), "-D", cluster.data, "-c", f"port={free_port()}"], output=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not (Path(cluster.data) / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        visitor = EmbeddedPostgres(postgres.home)
        assert visitor.start().process.pid == theirs.pid
        assert not visitor.stop()
        assert theirs.poll() is None
    finally:
        theirs.send_signal(signal.SIGINT)
        theirs.wait(120)


def test_it_stops_quietly_when_nothing_runs(postgres, tmp_path):
    postgres.start()
    assert postgres.stop()
    assert postgres.stop()
    assert postgres.running() is None
    assert EmbeddedPostgres(tmp_path / "never started").stop()


def test_two_that_start_at_once_share_one_server(fresh):
    first, second = start_elsewhere(fresh.home), start_elsewhere(fresh.home)
    assert answer_of(first)[0] == answer_of(second)[0]
    assert ask(fresh.start().application_url(), "SELECT 1") == 1


def test_a_cluster_whose_making_was_cut_off_is_made_again_or_finished(fresh):
    fresh.home.mkdir()
    (fresh.home / "data.new").mkdir()
    (fresh.home / "data.new" / "half").write_text("initdb was killed here")
    server = fresh.start()
    fresh.stop()
    Path(server.cluster.data).rename(fresh.home / "data.new")  # killed before the rename
    assert fresh.start().cluster == server.cluster


def test_missing_data_or_passwords_are_told_and_never_replaced_by_something_empty(postgres):
    data, passwords = postgres.home / "data", postgres.home / "cluster.json"
    assert postgres.stop()
    for missing in (data, passwords):
        missing.rename(missing.with_suffix(".away"))
        with pytest.raises(ClusterUnusable, match="restore"):
            postgres.start()
        missing.with_suffix(".away").rename(missing)
    assert postgres.start()


@needs_root
def test_data_of_another_user_is_refused_and_stays_theirs(postgres):
    assert postgres.stop()
    data = postgres.home / "data"
    owner = data.stat()
    os.chown(data, 0, 0)
    with pytest.raises(ClusterUnusable, match="belongs to root"):
        postgres.start()
    assert data.stat().st_uid == 0
    os.chown(data, owner.st_uid, owner.st_gid)


def test_settings_that_cannot_work_are_told_in_a_sentence(postgres):
    assert postgres.stop()
    local = postgres.home / "local.conf"
    local.write_text("shared_buffers = 'plenty'\n")
    local.chmod(0o644)
    with pytest.raises(ServerDown, match="PostgreSQL did not start"):
        postgres.start()
    local.unlink()
    assert postgres.start()


@needs_root
def test_without_the_capability_data_and_programs_move_where_its_user_reaches_them(fresh):
    place = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="concord-shared-"))
    place.chmod(0o755)
    setpriv = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--")
    pid, data, note = answer_of(start_elsewhere(fresh.home, place, prefix=setpriv))
    try:
        assert data.is_relative_to(place)
        assert str(data.parent) in note
        assert Path(f"/proc/{pid}").stat().st_uid == pwd.getpwnam("concord").pw_uid
        os.kill(pid, signal.SIGKILL)
        assert RunningProcess(pid, "gone").wait(60)
        again = answer_of(start_elsewhere(fresh.home, place, prefix=setpriv))
        assert again[1] == data
    finally:
        fresh.stop()
        shutil.rmtree(place)


@needs_root
def test_an_ordinary_user_runs_it_without_any_of_this():
    nobody = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="concord-ordinary-"))
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    # Python itself may lie below root's home: become nobody after everything is imported
    become = f"import os, psycopg; os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})\nserver ="
    started = start_elsewhere(home / "postgres", script=START.replace("server =", become))
    try:
        pid, data, note = answer_of(started)
        assert Path(f"/proc/{pid}").stat().st_uid == nobody.pw_uid == data.stat().st_uid
        assert note == "None"
    finally:
        EmbeddedPostgres(home / "postgres").stop()
        shutil.rmtree(home)
