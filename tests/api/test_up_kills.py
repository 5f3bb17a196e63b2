"""`concord up` survives kills: of its children, of its servers, of itself, of everything at once."""

import os
import signal
import subprocess
from contextlib import suppress

from infra.doctor import reach_postgres, reach_temporal
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import READY, RunState
from infra.embedded.services import connected
from infra.settings import Settings
from tests.api.up_home import below, get, until


def test_after_sigkill_of_the_supervisor_its_children_are_replaced_and_its_servers_adopted(home):
    before, servers = home.up(), home.servers()
    os.kill(before.supervisor.pid, signal.SIGKILL)
    assert before.supervisor.wait(60)
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
    assert all(process.wait(60) for process in everything)
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
    home.started[-1].communicate(timeout=180)
    bystander = subprocess.Popen(["sleep", "60"])
    forged = RunningProcess(bystander.pid, state.supervisor.started)
    RunState(forged, phase=READY, address=state.address, children={"api": forged}).write(home.path / "state.json")
    assert home.down() == 0
    assert home.up().supervisor.pid != bystander.pid
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
