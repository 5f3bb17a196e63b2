"""What `concord up` and the processes say: the one screen, and a sentence where a server is away."""

import io
import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

from api.cli.outcomes import Exit
from api.terminal import Terminal
from api.up import status, up
from api.up_screen import TerminalScreen
from api.up_status import accepting
from infra.embedded.postgres import PostgresServer
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import RunState
from infra.settings import Settings
from tests.api.up_home import CHECKOUT, Home


def test_an_api_without_a_database_says_so_in_a_sentence(tmp_path):
    home = Home(tmp_path)
    home.environment |= {"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:9/concord"}
    refused = home.concord("api")
    assert refused.returncode == 5
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "No PostgreSQL answered" in refused.stderr
    assert "secret" not in refused.stderr
    assert "\\t" not in refused.stderr


def test_the_demos_sign_ins_come_into_the_one_screen(tmp_path):
    def screen_of(**how):
        file = io.StringIO()
        screen = TerminalScreen(Terminal(file=file, width=100, **how))
        screen.demo = True
        screen.ready(Settings(home=tmp_path), RunState(RunningProcess.of(os.getpid()), address="http://127.0.0.1:8000"))
        assert "sign-ins appear here" in file.getvalue()
        screen.event("projector ended")
        before = file.tell()
        entry = {"role": "finance", "name": "f@demo.example", "password": "secret", "tenant": "demo"}
        (tmp_path / "demo.json").write_text(json.dumps({"sign_ins": [entry]}))
        screen.event("demo is done")
        screen.event("worker ended")
        (tmp_path / "demo.json").unlink()
        return file.getvalue()[before:]

    plain = screen_of()
    box = plain[plain.index("╭") : plain.index("╯")]
    assert "http://127.0.0.1:8000" in box
    assert "f@demo.example   secret" in box
    assert (plain.count("╭"), plain.count("secret"), plain.count("appear here")) == (1, 1, 0)
    drawn = screen_of(force_terminal=True)
    assert drawn.index("\x1b[2J") < drawn.index("Concord runs") < drawn.index("demo is done")


def test_a_second_up_says_how_to_stop_what_runs_already(tmp_path):
    def said(**how):
        file = io.StringIO()
        screen = TerminalScreen(Terminal(file=file, width=100))
        screen.ready(Settings(home=tmp_path), RunState(RunningProcess.of(os.getpid())), **how)
        return file.getvalue()

    assert "`concord down` stops it" in said(already=True)
    assert "Ctrl-C" not in said(already=True)
    assert "Ctrl-C stops it" in said()


BEGINNING = """
import os, signal, sys, time
from pathlib import Path
from infra.embedded.process import RunningProcess, file_lock
from infra.embedded.run_state import RunState
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
home = Path(sys.argv[1])
with file_lock(home / "up.lock"):
    print("begins", flush=True)
    time.sleep(1)
    RunState(RunningProcess.of(os.getpid())).write(home / "state.json")
    time.sleep(3600)
"""


def test_down_stops_an_up_that_just_begins(tmp_path):
    begins = subprocess.Popen([sys.executable, "-c", BEGINNING, str(tmp_path)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert begins.stdout.readline() == "begins\n"
    assert Home(tmp_path).down() == 0
    assert begins.wait(timeout=60) == 0
    begins.stdout.close()


def test_a_step_under_way_ends_with_what_happens_next(tmp_path):
    file = io.StringIO()
    screen = TerminalScreen(Terminal(file=file, width=100, force_terminal=True))
    screen.step("PostgreSQL replays its log")
    screen.event("The servers run again")
    assert screen._status is None
    assert "The servers run again" in file.getvalue()


def test_a_postgresql_that_accepts_no_connection_is_not_said_to_run():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = PostgresServer(SimpleNamespace(superuser_password="x"), port, RunningProcess.of(os.getpid()), adopted=True)
    assert accepting(server) == "starting"


def test_status_is_told_to_programs_too(tmp_path):
    file = io.StringIO()
    assert status(Settings(home=tmp_path), screen=TerminalScreen(Terminal(file=file, width=100)), as_json=True) == 3
    told = json.loads(file.getvalue())
    assert (told["phase"], told["processes"]) == ("stopped", [])


def test_a_home_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    file = io.StringIO()
    assert up(Settings(home=tmp_path / "file" / "home"), screen=TerminalScreen(Terminal(file=file, width=200))) == Exit.UNREACHABLE
    assert "cannot be made (Not a directory): set CONCORD_HOME" in file.getvalue()
    assert "Errno" not in file.getvalue()
