"""`concord up` and `down` with real processes: everything starts, survives kills, is never started twice, and ends without a trace.

Most of these run PostgreSQL, Temporal and the supervisor as they are, with children that start quickly in place of
worker and projector; the first runs everything through the command line.
"""

import io
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from api.up import down
from api.up_screen import TerminalScreen
from infra.doctor import reach_postgres, reach_temporal
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import READY, RunState
from infra.embedded.services import connected
from infra.settings import Settings

ROOT = os.geteuid() == 0
CHECKOUT = Path(__file__).parents[2]
CHILD = """
import http.server, os, signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if sys.argv[1] != "api":
    while True: time.sleep(60)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *_): pass
listening = socket.socket(fileno=int(os.environ["CONCORD_HTTP_FD"]))
server = http.server.HTTPServer(listening.getsockname(), Answer, bind_and_activate=False)
server.socket = listening
server.serve_forever()
"""
LAUNCH = f"""
import sys
from api.up import up
from infra.settings import Settings
child = {CHILD!r}
sys.exit(up(Settings.from_environment(), commands={{name: [sys.executable, "-c", child, name] for name in ("api", "worker", "projector")}}))
"""


class Home:
    """One CONCORD_HOME and what the tests do to it."""

    def __init__(self, path):
        self.path = path
        self.environment = {**os.environ, "CONCORD_HOME": str(path)}
        for name in ("DATABASE_URL", "MIGRATOR_URL", "TEMPORAL_ADDRESS", "CONCORD_TENANT", "CONCORD_HTTP_PORT"):
            self.environment.pop(name, None)
        self.started = []

    def launch(self, **more):
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH], cwd=CHECKOUT, env={**self.environment, **more},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def up(self, **more):
        """Start, unless it runs; returns the state when all is ready."""
        state = self.state()
        if state and state.running and state.phase == READY:
            return state
        process = self.launch(**more)
        return until(lambda: self.ready(process))

    def ready(self, process):
        if process.poll() is not None:
            raise AssertionError(process.stdout.read())
        state = self.state()
        return state if state and state.supervisor.pid == process.pid and state.phase == READY else None

    def state(self):
        return RunState.read(self.path / "state.json")

    def servers(self):
        """PostgreSQL and Temporal, as they were started."""
        written = [json.loads((self.path / name / "process.json").read_text()) for name in ("postgres", "temporal")]
        return [RunningProcess(text["pid"], text["started"]) for text in written]

    def concord(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments], cwd=CHECKOUT, env=self.environment,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def down(self):
        return down(Settings(home=self.path), screen=TerminalScreen(Console(file=io.StringIO())))

    def end(self):
        self.down()
        for process in self.started:
            process.communicate(timeout=30)


def until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s: {condition}")


def get(address, key=None):
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"} if key else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read()


def below(process):
    """Everything that runs below this process, itself included."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [process.pid]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def measured(processes):
    """The share of a core that these and all below them use, and the bytes of memory that they hold, a moment after the start."""
    time.sleep(3)
    pids = {pid for process in processes for pid in below(process)}
    before, begin = {pid: ticks(pid) for pid in pids}, time.monotonic()
    time.sleep(5)
    used = sum(ticks(pid) - before[pid] for pid in pids) / os.sysconf("SC_CLK_TCK")
    return used / (time.monotonic() - begin), sum(memory(pid) for pid in pids)


def ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def memory(pid):
    """Proportional share, in bytes: what processes share is counted once."""
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1]) * 1024


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("private") / "a home with spaces")
    yield home
    home.end()


def test_everything_starts_by_one_command_works_at_once_and_ends_by_another(home):
    first = home.concord("up", "--detach")
    assert first.returncode == 0, first.stdout + first.stderr
    state = home.state()
    assert state.address in first.stdout
    assert {"api", "worker", "projector"} == set(state.children)
    assert get(f"{state.address}/openapi.json")[0] == 200

    assert all(process.alive for process in state.children.values()), first.stdout
    used, held = measured([state.supervisor, *state.children.values(), *home.servers()])
    assert used < 0.05, "of a core when idle"
    assert held < 1_000_000_000, "bytes of memory in all"

    credential = json.loads((home.path / "operator.json").read_text())
    assert credential["address"] == state.address
    assert get(f"{state.address}/v1/pipelines", credential["api_key"])[0] == 200
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(f"{state.address}/v1/pipelines", "ck_guess")
    for secret in ("operator.json", "root.key", "keys.db", "state.json", "postgres/cluster.json", "logs/supervisor.log"):
        assert (home.path / secret).stat().st_mode & 0o077 == 0, secret

    again = home.concord("up", "--detach")
    assert again.returncode == 0
    assert state.address in again.stdout
    assert "running already" in again.stdout
    assert home.state().supervisor == state.supervisor
    assert json.loads((home.path / "operator.json").read_text()) == credential
    status = home.concord("status")
    assert status.returncode == 0
    for name, where, process in zip(
        ("PostgreSQL", "Temporal", "supervisor", "api", "worker", "projector"),
        (state.postgres, state.temporal, "", state.address, "", ""),
        (*home.servers(), state.supervisor, *state.children.values()),
        strict=True,
    ):
        assert re.search(rf"^{name} +{re.escape(where)} +{process.pid} +runs +\d+ MB", status.stdout, re.MULTILINE), status.stdout

    processes = [state.supervisor, *state.children.values(), *home.servers()]
    assert home.concord("down").returncode == 0
    assert not [process for process in processes if process.alive]
    assert home.concord("status").returncode == 3
    assert "Nothing runs" in home.concord("down").stdout


def test_ctrl_c_stops_everything_in_order(home):
    state = home.up()
    processes = [*state.children.values(), *home.servers()]
    os.kill(state.supervisor.pid, signal.SIGINT)
    said, _ = home.started[-1].communicate(timeout=30)
    assert home.started[-1].returncode == 0
    assert "Concord runs" in said
    assert "Concord has stopped" in said
    assert "Traceback" not in said
    assert not [process for process in processes if process.alive]
    assert "database system is shut down" in (home.path / "postgres" / "server.log").read_text().splitlines()[-1]


def test_of_two_that_start_at_once_one_runs_and_the_other_shows_it(home):
    both = [home.launch(), home.launch()]
    done = until(lambda: [process for process in both if process.poll() is not None])
    assert [process.returncode for process in done] == [0]
    state = home.state()
    assert state.phase == READY
    assert state.supervisor.pid in {process.pid for process in both} - {done[0].pid}
    assert state.address in done[0].stdout.read()


def test_after_sigkill_of_the_supervisor_its_children_are_replaced_and_its_servers_adopted(home):
    before, servers = home.up(), home.servers()
    os.kill(before.supervisor.pid, signal.SIGKILL)
    assert before.supervisor.wait(5)
    assert all(process.alive for process in before.children.values())
    after = home.up()
    assert not [process for process in before.children.values() if process.alive]
    assert home.servers() == servers
    assert after.address == before.address


def test_after_sigkill_of_everything_it_is_ready_again(home):
    before = home.up()
    everything = [before.supervisor, *before.children.values(), *home.servers()]
    for pid in {pid for process in everything for pid in below(process)}:
        with suppress(ProcessLookupError):  # gone with its parent
            os.kill(pid, signal.SIGKILL)
    assert all(process.wait(5) for process in everything)
    after = home.up()
    assert after.address == before.address
    assert get(after.address)[0] == 200


def test_down_stops_what_a_killed_supervisor_left_behind(home):
    state = home.up()
    everything = [*state.children.values(), *home.servers()]
    os.kill(state.supervisor.pid, signal.SIGKILL)
    assert home.down() == 0
    assert not [process for process in everything if process.alive]


def test_a_child_that_dies_is_started_again_and_no_request_is_refused_meanwhile(home):
    state = home.up()
    old = int(get(state.address)[1])
    os.kill(old, signal.SIGKILL)
    # the supervisor holds the listening socket: the request waits for the next process
    assert int(get(state.address)[1]) != old
    worker = state.children["worker"]
    worker.signal(signal.SIGKILL)
    until(lambda: home.state().children["worker"] != worker)
    assert home.state().children["worker"].alive


def test_a_server_that_dies_is_started_again(home):
    home.up()
    before = home.servers()
    for server in before:
        server.signal(signal.SIGKILL)
    until(lambda: all(new != old and new.alive for new, old in zip(home.servers(), before, strict=True)))
    settings = connected(Settings(home=home.path))
    assert reach_temporal(settings.temporal_address, settings.temporal_namespace)
    with reach_postgres(settings.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM concord.tenants").fetchone() == (1,)


def test_a_pid_that_now_belongs_to_another_program_is_never_signalled(home):
    state = home.up()
    os.kill(state.supervisor.pid, signal.SIGINT)
    home.started[-1].communicate(timeout=30)
    bystander = subprocess.Popen(["sleep", "60"])
    forged = RunningProcess(bystander.pid, state.supervisor.started)
    RunState(forged, phase=READY, address=state.address, children={"api": forged}).write(home.path / "state.json")
    assert home.down() == 0
    assert home.up().supervisor.pid != bystander.pid
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_durability_that_was_switched_off_is_refused_and_nothing_is_left_running(home):
    home.down()
    local = home.path / "postgres" / "local.conf"
    local.write_text("fsync = off\n")
    local.chmod(0o644)
    refused = home.launch()
    said, _ = refused.communicate(timeout=60)
    local.unlink()
    assert refused.returncode == 1
    assert "fsync = off" in said
    assert "Traceback" not in said
    assert not [server for server in home.servers() if server.alive]


def test_a_port_that_was_asked_for_and_is_taken_is_told(home):
    home.down()
    with socket.create_server(("127.0.0.1", 0)) as other:
        said, _ = (refused := home.launch(CONCORD_HTTP_PORT=str(other.getsockname()[1]))).communicate(timeout=60)
    assert refused.returncode == 1
    assert "CONCORD_HTTP_PORT" in said
    assert "Traceback" not in said


def test_a_sign_in_that_the_given_server_refuses_is_told(home, server):
    url = re.sub(r"//[^@]*@", "//nobody_known:wrong@", server)
    said, _ = (refused := home.launch(DATABASE_URL=url, TEMPORAL_ADDRESS="127.0.0.1:9")).communicate(timeout=60)
    assert refused.returncode == 1
    assert "DATABASE_URL" in said
    assert "Traceback" not in said


@pytest.mark.skipif(not ROOT, reason="only root can make a directory somebody else's")
def test_a_home_of_somebody_else_is_refused(tmp_path):
    theirs = Home(tmp_path / "theirs")
    theirs.path.mkdir()
    shutil.chown(theirs.path, pwd.getpwnam("nobody").pw_uid)
    refused = theirs.concord("up", "--detach")
    assert refused.returncode == 1
    assert "belongs to nobody" in " ".join((refused.stdout + refused.stderr).split())


def test_a_tenant_of_the_name_that_the_demo_takes_is_not_made_where_the_demo_will_be(home):
    home.down()
    asked = home.launch(CONCORD_TENANT="demo")
    until(lambda: home.ready(asked))
    with reach_postgres(connected(Settings(home=home.path)).database_url) as connection:
        assert {slug for (slug,) in connection.execute("SELECT slug FROM concord.tenants")} == {"default"}
    assert "default" in json.loads((home.path / "operator.json").read_text())["keys"]
    home.down()
    again = home.launch(CONCORD_TENANT="demo")
    until(lambda: home.ready(again))


def test_the_settings_that_reach_a_running_home_are_not_shown_with_passwords(home):
    home.up()
    assert "wrong" not in repr(Settings(home=home.path, database_url="postgresql://x:wrong@h/d"))
    assert "postgresql://" not in (home.path / "state.json").read_text()
