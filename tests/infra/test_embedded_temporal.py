"""Our own Temporal, with real processes: started, adopted, back after a kill, begun anew when its state is damaged."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from infra.doctor import reach_temporal
from infra.embedded.process import RunningProcess, ServerDown
from infra.embedded.temporal import MEMORY, EmbeddedTemporal
from infra.yielding import NICENESS

CHECKOUT = Path(__file__).parents[2]
START = "import sys, pathlib; from infra.embedded.temporal import EmbeddedTemporal; print(EmbeddedTemporal(pathlib.Path(sys.argv[1])).start().process.pid)"


@pytest.fixture
def temporal(tmp_path):
    told = []
    embedded = EmbeddedTemporal(tmp_path / "with a space" / "temporal", report=told.append)
    embedded.told = told
    yield embedded
    embedded.stop()


def addresses_of(pid):
    """The local addresses that this process listens on."""
    sockets = {str(f.readlink()) for f in Path(f"/proc/{pid}/fd").iterdir() if f.is_symlink()}
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}


def test_it_serves_our_namespace_on_loopback_alone_and_is_adopted(temporal):
    server = temporal.start()
    assert reach_temporal(server.address, "concord").split(".")[0] == "1"
    assert addresses_of(server.process.pid) == {"0100007F"}
    assert os.getpriority(os.PRIO_PROCESS, server.process.pid) == max(NICENESS, os.nice(0))
    assert f"GOMEMLIMIT={MEMORY}".encode() in Path(f"/proc/{server.process.pid}/environ").read_bytes().split(b"\0")
    again = EmbeddedTemporal(temporal.home).start()
    assert again.adopted
    assert again.process == server.process


def test_after_sigkill_it_starts_again_on_the_same_port_with_its_state(temporal):
    server = temporal.start()
    name = remember_a_namespace(temporal, server)
    server.process.signal(signal.SIGKILL)
    assert server.process.wait(60)
    again = temporal.start()
    assert (again.port, again.adopted, again.lost_state) == (server.port, False, False)
    assert reach_temporal(again.address, name)


def test_damaged_state_is_put_aside_and_told(temporal):
    temporal.start()
    temporal.stop()
    for file in temporal.home.glob("temporal.db*"):
        file.write_bytes(b"not a database at all" * 1000)
    assert temporal.start().lost_state
    assert any("damaged" in sentence for sentence in temporal.told)
    assert [folder for folder in temporal.home.glob("damaged-*") if (folder / "temporal.db").exists()]


def test_where_its_port_was_taken_it_takes_another(temporal):
    server = temporal.start()
    temporal.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the server's own connections may linger
        with suppress(OSError):  # somebody else on this machine has it: taken all the same
            other.bind(("127.0.0.1", server.port))
            other.listen()
        again = temporal.start()
        assert again.port != server.port
        assert reach_temporal(again.address, "concord")


def test_two_that_start_at_once_share_one_server(temporal):
    started = [
        subprocess.Popen([sys.executable, "-c", START, str(temporal.home)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) for _ in "ab"
    ]
    pids = {process.communicate(timeout=180)[0] for process in started}
    assert len(pids) == 1
    assert RunningProcess.of(int(pids.pop()))


def test_a_pid_that_now_belongs_to_another_program_is_not_touched(temporal):
    server = temporal.start()
    temporal.stop()
    bystander = subprocess.Popen(["sleep", "60"])
    file = temporal.home / "process.json"
    file.write_text(file.read_text().replace(str(server.process.pid), str(bystander.pid), 1))
    assert temporal.running() is None
    assert temporal.stop()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_it_stops_quietly_when_nothing_runs(temporal):
    assert temporal.stop()
    temporal.start()
    assert temporal.stop()
    assert temporal.stop()


def test_a_server_that_does_not_answer_is_told_after_the_patience_given():
    with pytest.raises(ServerDown, match="TEMPORAL_ADDRESS"):
        reach_temporal("127.0.0.1:9", "concord", patience=0.5)


def remember_a_namespace(temporal, server):
    """Something that only this server's state knows."""
    port = json.loads((temporal.home / "process.json").read_text())["ports"]["http"]
    body = {"namespace": "kept", "workflowExecutionRetentionPeriod": "86400s"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/api/v1/namespaces", json.dumps(body), {"Content-Type": "application/json"})
        assert connection.getresponse().status == 200
    return "kept"
