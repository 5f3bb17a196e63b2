"""The forecast at a terminal: single and cumulative side by side where there is room, else one below the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from api.cli.formats import NONE, amount, plain, short, table, words
from api.cli.outcomes import out

if TYPE_CHECKING:
    from rich.table import Table

CATEGORIES = ("closed", "commit", "best_case", "pipeline")
_SINGLE = ("closed", "commit", "best case", "pipeline", "weighted")
_CUMULATIVE = ("closed", "+ commit", "+ best case", "+ pipeline")
_SIDE_BY_SIDE = 150


def print_forecast(found: Mapping[str, Any], moment: str, *, rows: bool) -> None:
    """Rows and grand totals."""
    if moment:
        out.print(f"[yellow]{moment}[/]")
    if not found["totals"]:
        out.print("Nothing to forecast: no deals with an amount count here.")
        return
    splits = [dimension for dimension in found["by"] if rows]
    if out.width >= _SIDE_BY_SIDE:
        out.print(_table(found, splits, (*_SINGLE, *_CUMULATIVE[1:])))
        out.print("[dim]+ adds what is surer: + commit is closed and commit, + best case adds best case, + pipeline is all.[/]")
        return
    out.print(_table(found, splits, _SINGLE))
    out.print("\n[bold]cumulative[/] [dim]what is surer is added: + pipeline is all of it[/]")
    out.print(_table(found, splits, _CUMULATIVE))


def _table(found: Mapping[str, Any], splits: list[str], numbers: tuple[str, ...]) -> Table:
    made = table(*splits, "", "deals", *numbers, right=("deals", *numbers), whole=("period", ""))
    for row in found["rows"] if splits else ():
        made.add_row(*(_name(row, dimension) for dimension in splits), row["currency"], *_numbers(row, numbers))
    for place, row in enumerate(found["totals"]):
        head = ("[bold]all[/]" if place == 0 else "", *[""] * (len(splits) - 1)) if splits else ()
        made.add_row(*head, f"[bold]{row['currency']}[/]", *(f"[bold]{n}[/]" for n in _numbers(row, numbers)), end_section=True)
    return made


def _name(row: Mapping[str, Any], dimension: str) -> str:
    if row[dimension] is None:
        return f"[dim]no {dimension}[/]"
    named = row.get(f"{dimension}_name")
    if named:
        return plain(named)
    return plain(row[dimension]) if dimension == "period" else short(row[dimension])


def _numbers(row: Mapping[str, Any], numbers: tuple[str, ...]) -> list[str]:
    whole, currency = out.width < _SIDE_BY_SIDE, row["currency"]
    found = [f"{sum(row['categories'][c]['deals'] for c in CATEGORIES):,}"]
    for number in numbers:
        if number == "weighted":
            value = row["weighted"]
        else:
            kind = "cumulative" if number.startswith("+") else "single"
            value = row["categories"][number.removeprefix("+ ").replace(" ", "_")][kind]
        found.append(NONE if float(value) == 0 else amount(value, currency, whole=whole))
    return found


def print_categories(found: Mapping[str, Any], moment: str) -> None:
    """The grand totals, a category to a line."""
    if moment:
        out.print(f"[yellow]{moment}[/]")
    made = table("category", "", "deals", "single", "cumulative", right=("deals", "single", "cumulative"))
    for row in found["totals"]:
        for category in CATEGORIES:
            cell = row["categories"][category]
            shown = (amount(cell[kind], row["currency"]) for kind in ("single", "cumulative"))
            made.add_row(words(category), row["currency"], f"{cell['deals']:,}", *shown)
        made.add_row("[bold]weighted[/]", row["currency"], "", f"[bold]{amount(row['weighted'], row['currency'])}[/]", "", end_section=True)
    out.print(made)
