"""A bar, what was measured against it, and the table of both."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table

Sense = Literal["least", "most"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise about speed, in numbers.

    `limit` bounds the measured value in `unit`; with a `peer` it bounds the ratio ours / peer instead.
    """

    key: str
    group: str
    name: str
    unit: str
    limit: float
    sense: Sense = "least"
    peer: str | None = None

    def __str__(self) -> str:
        sign = "≥" if self.sense == "least" else "≤"
        return f"{sign} {figure(self.limit)} x {self.peer}" if self.peer else f"{sign} {figure(self.limit)} {self.unit}"

    def holds(self, value: float) -> bool:
        """Whether the value (with a peer: the ratio) is on the right side of the limit."""
        return value >= self.limit if self.sense == "least" else value <= self.limit


@dataclass(frozen=True, slots=True)
class Reading:
    """What a group found for one bar: ours, the peer's beside it (None: not installed), and what a reader should know."""

    key: str
    ours: float
    peer_value: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row. `passed` is None where the peer is absent, so that nothing can be said."""

    name: str
    ours: float | None
    unit: str
    peer: str | None
    peer_value: float | None
    ratio: float | None
    bar: str
    passed: bool | None
    note: str = ""


def judge(bar: Bar, reading: Reading | None, cause: str = "") -> Measurement:
    """The row of a bar. Without a reading it has fallen short, and `cause` says why there is none."""
    if reading is None:
        return Measurement(
            bar.name, None, bar.unit, bar.peer, None, None, str(bar), passed=False, note=f"not measured: {cause or 'nothing measures it'}"
        )
    ratio = reading.ours / reading.peer_value if reading.peer_value else None
    passed: bool | None = None
    if bar.peer is None:
        passed = bar.holds(reading.ours)
    elif ratio is not None:
        passed = bar.holds(ratio)
    absent = f"{bar.peer} is not installed (make bench-peers)" if bar.peer and ratio is None else ""
    note = "; ".join(part for part in (reading.note, absent) if part)
    return Measurement(bar.name, reading.ours, bar.unit, bar.peer, reading.peer_value, ratio, str(bar), passed, note)


def falls_short(rows: Iterable[Measurement]) -> bool:
    """Whether any bar was missed or not measured; a row without its peer is no miss."""
    return any(row.passed is False for row in rows)


def figure(value: float | None) -> str:
    """A number as people read it: three significant digits below a thousand, whole and grouped above."""
    if value is None:
        return ""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def print_table(title: str, rows: Sequence[Measurement], console: Console) -> None:
    """The rows of one group, for a person."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    table.add_column("what", overflow="fold", min_width=24)
    for heading in ("ours", "peer", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("bar", overflow="fold", min_width=12)
    table.add_column("pass", justify="center")
    table.add_column("note", overflow="fold")
    verdict = {True: "[green]yes[/green]", False: "[red]NO[/red]", None: "[yellow]-[/yellow]"}
    for row in rows:
        peer = f"{row.peer} {figure(row.peer_value)}" if row.peer and row.peer_value is not None else ""
        ours = f"{figure(row.ours)} {row.unit}" if row.ours is not None else ""
        table.add_row(row.name, ours, peer, figure(row.ratio), row.bar, verdict[row.passed], row.note)
    console.print(table)


def as_json(groups: dict[str, Sequence[Measurement]], about: dict[str, object]) -> str:
    """The whole run for a machine: what it ran on, and every row by group."""
    return json.dumps({"about": about, "groups": {group: [asdict(row) for row in rows] for group, rows in groups.items()}}, indent=2)
