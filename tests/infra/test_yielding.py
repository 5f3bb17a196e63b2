"""Background work leaves the processors to requests, and touches nobody else's claim."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.yielding import NICENESS

_SAYS = "import os; print(os.getpriority(os.PRIO_PROCESS, 0), open('/proc/self/autogroup').read().split()[-1])"
_GROUPS = Path("/proc/self/autogroup")
by_session = pytest.mark.skipif(not _GROUPS.exists(), reason="this system does not group processes by session")


def claim(program: str, *, leads: bool = True) -> list[int]:
    """The niceness of a process after `program`, and of its session: its own, or with `leads` false that of a process before it."""
    command = [sys.executable, "-c", f"{program}\n{_SAYS}"]
    if not leads:
        command = [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:], check=True)", *command]
    # Always a session of the test's own: that of whoever runs the tests may belong to no group at all.
    done = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True, timeout=60)
    return [int(word) for word in done.stdout.split()]


@by_session
def test_a_process_that_gives_way_asks_for_less_and_so_does_its_session():
    assert claim("from infra.yielding import give_way; give_way()") == [max(NICENESS, os.nice(0)), NICENESS]


@by_session
def test_one_that_asks_for_less_already_is_left_as_it_is():
    assert (
        claim(f"import os; from infra.yielding import give_way; os.setpriority(os.PRIO_PROCESS, 0, {NICENESS + 5}); give_way()")[0]
        == NICENESS + 5
    )


@by_session
def test_the_session_of_somebody_elses_terminal_keeps_its_claim():
    assert claim("from infra.yielding import give_way; give_way()", leads=False) == [max(NICENESS, os.nice(0)), 0]


def test_a_process_that_does_not_give_way_keeps_its_claim():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    done = subprocess.run(
        [sys.executable, "-c", "import os, infra.yielding; print(os.getpriority(os.PRIO_PROCESS, 0))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert int(done.stdout) == before
