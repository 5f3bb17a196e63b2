"""What `concord up` costs by itself: time until ready, memory of everything together, and load while nobody asks for anything."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from bench.running import Running, concord
from bench.server import Server
from bench.table import Reading

SETTLING = 15.0
"""Seconds after the start until which start-up work counts as start-up."""
IDLE = 20.0


def measure(server: Server) -> Iterator[Reading]:
    """With its own embedded PostgreSQL and Temporal, as on a user's machine."""
    with concord(server, embedded=True) as running:
        yield Reading("up.ready", running.ready_after, note="second start, until the API answers")
        time.sleep(SETTLING)
        processes = family(running)
        before, start = _cpu_seconds(processes), time.perf_counter()
        time.sleep(IDLE)
        share = (_cpu_seconds(processes) - before) / (time.perf_counter() - start)
        yield Reading("up.idle", share * 100, note=f"{len(processes)} processes over {IDLE:.0f} s")
        yield Reading("up.memory", _megabytes(family(running)), note="proportional set size of all processes")


def family(running: Running) -> list[int]:
    """Every process that belongs to this home: those that carry it in their environment or command line, and their descendants."""
    home = str(running.home)
    stats = {int(entry.name): _parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdecimal()}
    found = {pid for pid in stats if pid != os.getpid() and _mentions(pid, home)}
    while more := {pid for pid, parent in stats.items() if parent in found and pid not in found}:
        found |= more
    return sorted(found)


def _mentions(pid: int, home: str) -> bool:
    for part in ("cmdline", "environ"):
        try:
            if home.encode() in Path(f"/proc/{pid}/{part}").read_bytes():
                return True
        except OSError:
            continue
    return False


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _cpu_seconds(processes: list[int]) -> float:
    ticks = 0
    for pid in processes:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _megabytes(processes: list[int]) -> float:
    kilobytes = 0
    for pid in processes:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kilobytes += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return kilobytes / 1000
