"""The forecast at a terminal: single and cumulative side by side where there is room, else one below the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli.fitting import Fitted
from api.cli.formats import NONE, amount, count, plain, short, table, words
from api.cli.outcomes import out

CATEGORIES = ("closed", "commit", "best_case", "pipeline")
_SINGLE = ("closed", "commit", "best case", "pipeline", "weighted")
_CUMULATIVE = ("closed", "+ commit", "+ best case", "+ pipeline")
_SIDE_BY_SIDE = 150
_NOTHING = (
    "Nothing to forecast: no deals with an amount count here. Ask about more, or open one with `concord deals open`, or bring yours in with "
    "`concord import FILES`."
)


def print_forecast(found: Mapping[str, Any], moment: str) -> None:
    """Rows, grand totals, and what is in neither."""
    if moment:
        out.print(f"[yellow]{plain(moment)}[/]")
    splits = _splits(found)
    if not found["totals"]:
        out.print(_NOTHING)
    elif out.width >= _SIDE_BY_SIDE:
        out.print(_table(found, splits, (*_SINGLE, *_CUMULATIVE[1:])))
        out.print("[dim]+ adds what is surer: + commit is closed and commit, + best case adds best case, + pipeline is all.[/]")
    else:
        out.print(_table(found, splits, _SINGLE))
        out.print("\n[bold]cumulative[/] [dim]what is surer is added: + pipeline is all of it[/]")
        out.print(_table(found, splits, _CUMULATIVE))
        out.print(f"[dim]in whole units; from {_SIDE_BY_SIDE} columns on, and with --json, to the cent[/]")
    _print_cut(found)
    _print_conversion(found)
    _print_outside(found)


def _splits(found: Mapping[str, Any]) -> list[str]:
    # the currency has a column of its own in every table
    return [dimension for dimension in found["by"] if dimension not in {"currency", "category"}]


def _print_outside(found: Mapping[str, Any]) -> None:
    counts = found["not_counted"]
    sums = ", ".join(f"{amount(s['amount'], s['currency'])} {s['currency']}" for s in found["omitted"] if s["currency"])
    reasons = [
        (f"{count(counts['without_amount'], 'open deal')} without an amount", counts["without_amount"]),
        (f"{count(counts['won_without_amount'], 'won deal')} without an amount", counts["won_without_amount"]),
        (f"{count(counts['without_close_date'], 'open or won deal')} without a close date", counts["without_close_date"]),
        (f"{count(counts['omitted'], 'open deal')} omitted" + (f" ({sums})" if sums else ""), counts["omitted"]),
    ]
    if counts["deals"]:
        told = ", ".join(words for words, number in reasons if number)
        out.print(f"[yellow]Not in the numbers: {told}.[/] [dim]--deals lists them, and what each lacks.[/]")
    if counts["undated"]:
        out.print(f"[yellow]In the totals, but in no period: {count(counts['undated'], 'open or won deal')} without a close date.[/]")


def print_not_counted(found: Mapping[str, Any]) -> None:
    """Below the deals that count: those that do not, with why and what each lacks."""
    if not found["items"]:
        return
    made = table(
        "id",
        "not in the numbers",
        "account",
        "owner",
        "stage",
        "",
        "amount",
        "why",
        right=("amount",),
        whole=("id", "amount", "why"),
        title="",
    )
    for deal in found["items"]:
        why = "omitted" if deal["reason"] == "omitted" else "lacks " + " and ".join(words(name) for name in deal["lacks"])
        named = (plain(deal[name]) for name in ("title", "account_name", "owner_name", "stage_name"))
        made.add_row(short(deal["id"]), *named, deal["currency"] or "", amount(deal["amount"], deal["currency"]), f"[yellow]{why}[/]")
    out.print(made)
    out.print(
        f"[dim]{count(len(found['items']), 'deal')}" + (", and more: raise --limit or narrow the list[/]" if found["next"] else "[/]")
    )


def _table(found: Mapping[str, Any], splits: list[str], numbers: tuple[str, ...]) -> Fitted:
    made = table(*splits, "", "deals", *numbers, right=("deals", *numbers), whole=("period", ""))
    for row in found["rows"] if splits else ():
        made.add_row(*(_name(row, dimension) for dimension in splits), _currency(found, row), *_numbers(row, numbers))
    for place, (currency, row) in enumerate(_totals(found)):
        made.add_row(*_all(splits, place), f"[bold]{currency}[/]", *(f"[bold]{n}[/]" for n in _numbers(row, numbers)))
    return made


def _totals(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Each currency's grand total, and that in one currency."""
    converted = found["converted"]
    whole = [(f"= {converted['currency']}", converted["total"])] if converted and converted["total"] else []
    return [*((row["currency"], row) for row in found["totals"]), *whole]


def _currency(found: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """`= EUR` where the row's amounts were converted into it, so that nobody takes them for those that deals have in EUR."""
    converted = found["converted"]
    return f"= {row['currency']}" if converted and converted["total"] and row["currency"] == converted["currency"] else str(row["currency"])


def _print_cut(found: Mapping[str, Any]) -> None:
    if found["rows_in_all"] > len(found["rows"]) and _splits(found):
        shown = f"{len(found['rows']):,} of {count(found['rows_in_all'], 'row')}"
        out.print(f"[dim]{shown}: raise --limit or leave it away; the totals are of all[/]")


def _print_conversion(found: Mapping[str, Any]) -> None:
    if (converted := found["converted"]) is None:
        return
    to = converted["currency"]
    at = ", ".join(f"1 {r['base']} = {_rate(r['rate'])} {to} of {r['day']}" for r in converted["rates"])
    out.print(f"[dim]= {to}: told in {to} at the last rates up to {converted['day']}" + (f": {at}.[/]" if at else ".[/]"))
    for won in converted["won"]:
        told = (
            (won["theirs"], "at the rate of the day of the win"),
            (won["others"], f"for want of one at that of {converted['day']}"),
        )
        shown = "; ".join(f"{count(number, 'won deal')} {how}" for number, how in told if number)
        out.print(f"[dim]of {won['currency']}: {shown}.[/]")
    for left in converted["unconverted"]:
        what = f"concord rates record {left['currency']} {to} RATE --day {converted['day']}"
        out.print(f"[yellow]{left['currency']} is not converted: {plain(left['detail'])}[/] [dim]{what}[/]")


def _rate(value: str) -> str:
    """Six digits, as rates are quoted."""
    return f"{float(value):.6g}"


def _all(splits: list[str], place: int) -> list[str]:
    """The splits' columns beside a grand total, of which the first is named."""
    return ["[bold]all[/]" if place == 0 else "", *[""] * (len(splits) - 1)] if splits else []


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


def by_category(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that are split by category too, a category to a row."""
    apart = {"categories", "weighted"}
    return [
        {**{name: value for name, value in row.items() if name not in apart}, "category": category, **row["categories"][category]}
        for row in rows
        for category in CATEGORIES
    ]


def print_categories(found: Mapping[str, Any], moment: str) -> None:
    """Rows and grand totals, a category to a line."""
    if moment:
        out.print(f"[yellow]{plain(moment)}[/]")
    splits = _splits(found)
    if not found["totals"]:
        out.print(_NOTHING)
        _print_outside(found)
        return
    made = table(*splits, "category", "", "deals", "single", "cumulative", right=("deals", "single", "cumulative"), whole=("period", ""))
    for row in found["rows"] if splits else ():
        _add_categories(made, {**row, "shown": _currency(found, row)}, [_name(row, dimension) for dimension in splits])
    for place, (currency, row) in enumerate(_totals(found)):
        _add_categories(made, {**row, "shown": currency}, _all(splits, place))
    out.print(made)
    _print_cut(found)
    _print_conversion(found)
    _print_outside(found)


def _add_categories(made: Fitted, row: Mapping[str, Any], head: list[str]) -> None:
    for category in CATEGORIES:
        cell = row["categories"][category]
        shown = (amount(cell[kind], row["currency"]) for kind in ("single", "cumulative"))
        made.add_row(*head, words(category), row["shown"], f"{cell['deals']:,}", *shown)
        head = [""] * len(head)
    weighted = f"[bold]{amount(row['weighted'], row['currency'])}[/]"
    made.add_row(*head, "[bold]weighted[/]", row["shown"], "", weighted, "")
