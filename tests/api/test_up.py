"""`concord up` and `down` with real processes: everything starts by one command, is never started twice, and ends without a trace.

The first runs everything through the command line, the others with children that start quickly in place of worker and projector.
"""

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from api.cli.outcomes import Exit
from infra.doctor import reach_postgres
from infra.embedded.run_state import READY
from infra.embedded.services import connected
from infra.settings import Settings
from tests.api.up_home import below, get, until


def idle(processes):
    """Whether these and all below them used less than a twentieth of a core for some seconds."""
    before, begin = ticks(processes), time.monotonic()
    time.sleep(5)
    after = ticks(processes)
    used = sum(after[pid] - before[pid] for pid in before.keys() & after.keys()) / os.sysconf("SC_CLK_TCK")
    return used / (time.monotonic() - begin) < 0.05


def ticks(processes):
    """Of each that runs: servers start and end helpers of their own."""
    found = {}
    for pid in {pid for process in processes for pid in below(process)}:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            found[pid] = int(fields[11]) + int(fields[12])
    return found


def memory(pid):
    """Proportional share, in bytes: what processes share is counted once; nothing of one that has ended."""
    try:
        said = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return int(found[1]) * 1024 if (found := re.search(r"^Pss:\s+(\d+)", said, re.MULTILINE)) else 0


def test_everything_starts_by_one_command_works_at_once_and_ends_by_another(home):
    first = home.concord("up", "--detach")
    assert first.returncode == 0, first.stdout + first.stderr
    state = home.state()
    assert state.address in first.stdout
    assert {"api", "worker", "projector"} == set(state.children)
    assert get(f"{state.address}/openapi.json")[0] == 200

    assert all(process.alive for process in state.children.values()), first.stdout
    everything = [state.supervisor, *state.children.values(), *home.servers()]
    until(lambda: idle(everything))
    assert sum(memory(pid) for pid in {pid for process in everything for pid in below(process)}) < 1_000_000_000, "bytes in all"

    credential = json.loads((home.path / "operator.json").read_text())
    assert credential["address"] == state.address
    assert get(f"{state.address}/v1/pipelines", credential["api_key"])[0] == 200
    with pytest.raises(urllib.error.HTTPError, match="401") as guessed:
        get(f"{state.address}/v1/pipelines", "ck_guess")
    guessed.value.close()
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

    assert home.concord("down").returncode == 0
    assert not [process for process in everything if process.alive]
    assert home.concord("status").returncode == Exit.NOT_FOUND
    assert "Nothing runs" in home.concord("down").stdout


def test_ctrl_c_stops_everything_in_order(home):
    state = home.up()
    processes = [*state.children.values(), *home.servers()]
    os.kill(state.supervisor.pid, signal.SIGINT)
    said, _ = home.started[-1].communicate(timeout=180)
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
