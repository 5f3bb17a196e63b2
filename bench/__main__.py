"""`python -m bench [GROUP ...] [--json FILE] [--list]`: measure, print the table, exit 1 when a bar falls short."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from bench import peers
from bench.bars import BARS, GROUPS
from bench.server import Server, postgres
from bench.table import Measurement, Reading, as_json, falls_short, judge, print_table

MODULES = {"http": "doors", "import": "importing"}
"""Where a group's name would hide a module of the standard library or is a keyword."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 all bars held, 1 one fell short or was not measured, 2 (argparse) no such group."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"which to measure (default: all): {', '.join(GROUPS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every row to this file as well (- for standard output)")
    parser.add_argument("--list", action="store_true", help="only print the bars")
    asked = parser.parse_args(arguments)
    if unknown := [group for group in asked.groups if group not in GROUPS]:
        parser.error(f"no group {unknown[0]!r}; there are {', '.join(GROUPS)}")
    groups = asked.groups or list(GROUPS)
    to_stdout = asked.json is not None and str(asked.json) == "-"
    console = Console(stderr=to_stdout, width=None if sys.stdout.isatty() else 160)
    if asked.list:
        for bar in BARS:
            if bar.group in groups:
                console.print(f"{bar.group:<12} {bar.name}: {bar}", markup=False, highlight=False)
        return 0
    rows: dict[str, Sequence[Measurement]] = {}
    with postgres() as server:
        about = {**server.about(), **machine()}
        console.print(" ".join(f"{name}={value}" for name, value in about.items()), markup=False, highlight=False)
        for group in groups:
            console.print(f"measuring {group} ...", style="dim")
            start = time.monotonic()
            rows[group] = of_group(group, server, console)
            print_table(f"{group} ({time.monotonic() - start:.0f} s)", rows[group], console)
    if asked.json is not None:
        text = as_json(rows, about)
        print(text) if to_stdout else asked.json.write_text(text + "\n", encoding="utf-8")
    short = [row.name for found in rows.values() for row in found if row.passed is False]
    console.print(f"{len(short)} bars fall short: {'; '.join(short)}" if short else "every measured bar holds", markup=False)
    return 1 if falls_short(row for found in rows.values() for row in found) else 0


def of_group(group: str, server: Server, console: Console) -> list[Measurement]:
    """Every bar of a group with its reading; what could not be measured is a row too, and says why."""
    found: dict[str, Reading] = {}
    cause = ""
    try:
        for reading in readings(group, server):
            found[reading.key] = reading
    except Exception as error:  # noqa: BLE001  one group's failure must not cost the others' rows
        console.print_exception()
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return [judge(bar, found.get(bar.key), cause) for bar in BARS if bar.group == group]


def readings(group: str, server: Server) -> Iterator[Reading]:
    """The group's module measures."""
    yield from importlib.import_module(f"bench.{MODULES.get(group, group)}").measure(server)


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "load_before": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        "peers": "installed" if peers.installed() else "not installed (make bench-peers)",
    }


if __name__ == "__main__":
    sys.exit(main())
