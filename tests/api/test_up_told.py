"""What `concord up` and the processes say: the one screen, and a sentence where a server is away."""

import io
import json
import os

from api.terminal import Terminal
from api.up_screen import TerminalScreen
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import RunState
from infra.settings import Settings
from tests.api.test_up import Home


def test_an_api_without_a_database_says_so_in_a_sentence(tmp_path):
    home = Home(tmp_path)
    home.environment |= {"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:9/concord"}
    refused = home.concord("api")
    assert refused.returncode == 5
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "No PostgreSQL answered" in refused.stderr
    assert "secret" not in refused.stderr


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
