"""Giving way: what nobody waits for at this very moment takes the processor time that requests leave over."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

NICENESS = 7
"""A fifth of an ordinary process's claim while processors are short; all that is free otherwise."""


def give_way() -> None:
    """Lower this process's claim, and that of the session it leads. Call it before threads are started: they inherit it."""
    process_gives_way()
    session_gives_way(os.getpid())


def process_gives_way() -> None:
    """Lower this process's claim, once. Quiet where that is not allowed."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


def session_gives_way(pid: int) -> None:
    """Lower the claim of the session that this process leads: where Linux groups by session, niceness counts only inside of one."""
    with suppress(OSError):
        if os.getsid(pid) != pid:
            return  # somebody's terminal: what else runs there must not suffer
        for _ in range(5):
            with suppress(BlockingIOError):  # an ordinary user may set one such group in 0.1 s
                Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS), encoding="ascii")
                return
            time.sleep(0.11)
