"""One CONCORD_HOME with real processes: PostgreSQL, Temporal and the supervisor as they are, with children that start quickly."""

import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from rich.console import Console

from api.up import down
from api.up_screen import TerminalScreen
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import READY, RunState
from infra.settings import Settings

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
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    def down(self):
        return down(Settings(home=self.path), screen=TerminalScreen(Console(file=io.StringIO())))

    def end(self):
        self.down()
        for process in self.started:
            process.communicate(timeout=180)


def until(condition, seconds=180.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s: {condition}")


def get(address, key=None):
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"} if key else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
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
