"""`concord up` where it cannot start: said in a sentence, with the exit code that says why, and nothing is left running."""

import os
import pwd
import re
import shutil
import socket

import pytest

from api.cli.outcomes import Exit
from tests.api.up_home import Home

ROOT = os.geteuid() == 0


def test_durability_that_was_switched_off_is_refused_and_nothing_is_left_running(home):
    home.up()
    home.down()
    local = home.path / "postgres" / "local.conf"
    local.write_text("fsync = off\n")
    local.chmod(0o644)
    refused = home.launch()
    said, _ = refused.communicate(timeout=180)
    local.unlink()
    assert refused.returncode == Exit.UNREACHABLE
    assert "fsync = off" in said
    assert "Traceback" not in said
    assert not [server for server in home.servers() if server.alive]


def test_a_port_that_was_asked_for_and_is_taken_is_told(home):
    with socket.create_server(("127.0.0.1", 0)) as other:
        said, _ = (refused := home.launch(CONCORD_HTTP_PORT=str(other.getsockname()[1]))).communicate(timeout=180)
    assert refused.returncode == Exit.UNREACHABLE
    assert "CONCORD_HTTP_PORT" in said
    assert "Traceback" not in said


def test_a_sign_in_that_the_given_server_refuses_is_told(home, server):
    url = re.sub(r"//[^@]*@", "//nobody_known:wrong@", server)
    said, _ = (refused := home.launch(DATABASE_URL=url, TEMPORAL_ADDRESS="127.0.0.1:9")).communicate(timeout=180)
    assert refused.returncode == Exit.UNREACHABLE
    assert "DATABASE_URL" in said
    assert "Traceback" not in said


def test_a_setting_that_cannot_be_read_ends_as_what_is_not_understood(tmp_path):
    theirs = Home(tmp_path)
    theirs.environment |= {"CONCORD_HTTP_PORT": "many"}
    for words in (("up",), ("up", "--detach"), ("down",)):
        refused = theirs.concord(*words)
        assert refused.returncode == Exit.USAGE
        assert "CONCORD_HTTP_PORT" in refused.stderr


def test_a_home_that_is_a_file_is_refused_and_what_asks_below_it_says_what_to_do(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for path, said in ((file, "is a file, no directory"), (file / "below", "cannot be made")):
        theirs = Home(tmp_path / "unused")
        theirs.environment["CONCORD_HOME"] = str(path)
        for words in (("up", "--detach"), ("up",)):
            refused = theirs.concord(*words)
            told = " ".join((refused.stdout + refused.stderr).split())
            assert refused.returncode == Exit.UNREACHABLE, told
            assert said in told
            assert "CONCORD_HOME" in told
            assert "Errno" not in told
        assert theirs.concord("deals", "list").returncode == Exit.UNREACHABLE
        assert theirs.concord("status").returncode == Exit.NOT_FOUND
        assert theirs.concord("down").returncode == 0
    assert file.read_text() == "mine"


@pytest.mark.skipif(not ROOT, reason="only root can make a directory somebody else's")
def test_a_home_of_somebody_else_is_refused(tmp_path):
    theirs = Home(tmp_path / "theirs")
    theirs.path.mkdir()
    shutil.chown(theirs.path, pwd.getpwnam("nobody").pw_uid)
    refused = theirs.concord("up", "--detach")
    assert refused.returncode == Exit.UNREACHABLE
    assert "belongs to nobody" in " ".join((refused.stdout + refused.stderr).split())
