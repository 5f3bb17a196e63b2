"""How much memory a process holds with all that it has started; for a person's eye, on Linux and wherever there is ps."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
"""Bytes; Linux tells resident sizes in pages."""


def held(*pids: int) -> dict[int, int]:
    """Bytes by pid, each with everything below it that is not listed itself. Shared memory counts once where Linux tells the shares."""
    parents, sizes = _seen()
    below: Mapping[int, list[int]] = defaultdict(list)
    for pid, parent in parents.items():
        below[parent].append(pid)
    found = {}
    for pid in pids:
        family = [pid]
        for one in family:
            family += [child for child in below[one] if child not in pids]
        found[pid] = sum(_share(one) or sizes.get(one, 0) for one in family)
    return found


def _seen() -> tuple[dict[int, int], dict[int, int]]:
    """Every process's parent, and its resident bytes where they are told along with it."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    if sys.platform.startswith("linux"):
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError, ValueError, IndexError):
                fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                parents[int(stat.parent.name)] = int(fields[1])
                sizes[int(stat.parent.name)] = int(fields[21]) * _PAGE
        return parents, sizes
    with suppress(OSError):
        listed = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], capture_output=True, text=True, check=False)  # noqa: S607
        for line in listed.stdout.splitlines():
            with suppress(ValueError):
                pid, parent, kilobytes = map(int, line.split())
                parents[pid], sizes[pid] = parent, kilobytes * 1024
    return parents, sizes


def _share(pid: int) -> int | None:
    """Its proportional share; None where the system does not tell, or not us."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return None
