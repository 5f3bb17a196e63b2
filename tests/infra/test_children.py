"""What is told of a child that ended, and what it holds: only an error it wrote is quoted as a cause."""

import os
import signal
import subprocess
import sys
import time

import pytest

from infra.embedded.children import Child
from infra.embedded.memory import held


def ended(tmp_path, program):
    """How a program's end is told, after it has ended by itself."""
    child = Child("worker", [sys.executable, "-c", program], tmp_path / "worker.log", lambda: os.environ)
    child.start()
    deadline = time.monotonic() + 120
    while child.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    death = child.tend()
    assert death is not None
    assert child.cause == death.cause
    return death.cause


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import sys; print('INFO: serving 127.0.0.1'); sys.exit(3)", "exit code 3"),
        ("import sys; print('2026-11-22 10:00:00 INFO concord: folded 12 events'); sys.exit(1)", "exit code 1"),
        ("import sys; sys.exit(1)", "exit code 1"),
        ("import sys; sys.exit('No PostgreSQL answered: check DATABASE_URL.')", "exit code 1: No PostgreSQL answered: check DATABASE_URL"),
        ("raise RuntimeError('no disk')", "exit code 1: RuntimeError: no disk"),
        ("print('INFO: moved deal 12', flush=True); import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("print('moving deal 12', flush=True); import os; os.kill(os.getpid(), 15)", "killed by SIGTERM"),
        ("print('ERROR: no space left', flush=True); import os; os.kill(os.getpid(), 6)", "killed by SIGABRT: ERROR: no space left"),
        ("print('INFO: bye')", "exit code 0"),
    ],
)
def test_a_death_is_told_by_its_code_or_signal_and_by_its_last_words_only_where_they_are_an_error(tmp_path, program, told):
    assert ended(tmp_path, program) == told


def test_a_child_that_lives_has_no_cause(tmp_path):
    child = Child("worker", ["sleep", "60"], tmp_path / "worker.log", lambda: os.environ)
    child.start()
    assert child.tend() is None
    assert child.cause == ""
    child.process.stop((signal.SIGKILL, 5.0))
    child.reap()


def test_memory_counts_what_a_process_has_started_but_not_what_is_listed_itself():
    program = (
        "import subprocess, sys; c = subprocess.Popen(['sleep', '60']); print(c.pid, flush=True); sys.stdin.read(); c.kill(); c.wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        below = int(parent.stdout.readline())
        together, apart = held(parent.pid), held(parent.pid, below)
        assert together[parent.pid] > 1_000_000
        assert apart[below] > 0
        assert apart[parent.pid] < together[parent.pid]
        assert held(2**22 + 1) == {2**22 + 1: 0}
    finally:
        parent.communicate("")
