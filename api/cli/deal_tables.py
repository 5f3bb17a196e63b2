"""Deals at a terminal: the board, the list, and one deal with the ways that are open to it. At any width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from api.cli.fitting import Fitted, drawn_alike
from api.cli.formats import NONE, amount, count, day, days_since, facts, money, plain, short, table, when, words
from api.cli.outcomes import out, print_count
from api.cli.price_talk import talk_facts
from api.cli.unmet import how_to_provide

_KIND = {"won": "[green]won[/]", "lost": "[red]lost[/]", "open": ""}


def flags(card: Mapping[str, Any]) -> str:
    """What needs a look: a pending move, a stall, a passed or often moved close date, what an import left out."""
    found = []
    if card["pending_to"]:
        found.append(f"[cyan]to {plain(card['pending_to'])}[/]{asks(card['asked'])}")
    if card["stalled"]:
        found.append("[yellow]stalled[/]")
    if card["lapsed"] and card["kind"] == "open":
        found.append("[red]overdue[/]")
    if card["pushes"]:
        found.append(f"[yellow]pushed {card['pushes']}x[/]")
    if card["commit_lost"]:
        found.append("[red]commit lost[/]")
    if card.get("needs_attention"):
        found.append(f"[red]no {', '.join(words(n).removeprefix('close ') for n in card['needs_attention'])}[/]")
    return ", ".join(found)


def asks(asked: Iterable[Mapping[str, Any]]) -> str:
    """Whom a move waits for, and since when."""
    turns = list(asked)
    if not turns:
        return ""
    names = dict.fromkeys(name for turn in turns for name in turn["asked_names"])
    since = min((turn["since"] for turn in turns if turn["since"]), default=None)
    return f" [magenta]asks {plain(', '.join(names))}{f' since {day(since)}' if since else ''}[/]"


def _worth(card: Mapping[str, Any]) -> str:
    return NONE if card["amount"] is None else f"{amount(card['amount'], card['currency'])} {card['currency']}"


def _deals(cards: Iterable[Mapping[str, Any]], until: datetime | None, *, stages: bool) -> Fitted:
    spare = ("owner", "days", "account", *(["stage"] if stages else []), "notes")
    columns = ("id", "deal", "account", "owner", *(["stage"] if stages else []), "amount", "closes", "days", "notes")
    made = table(*columns, right=("amount", "days"), whole=("id", "closes"), spare=spare, show_header=stages)
    for card in cards:
        stage = plain(card["stage_name"]) if card["kind"] == "open" else _KIND[card["kind"]]
        made.add_row(
            f"[dim]{short(card['id'])}[/]",
            plain(card["title"]),
            plain(card["account_name"]),
            plain(card["owner_name"]),
            *([stage] if stages else []),
            _worth(card),
            card["books_on"] or card["close_date"] or NONE,
            str(days_since(card["since"], until)) if card["kind"] == "open" and until else "",
            flags(card),
        )
    return made


def print_board(boards: list[dict[str, Any]], moment: str, until: datetime | None, *, cards: int) -> None:
    """Each pipeline: its stages with sums, then the deals of each stage. `until`: the moment that it is about."""
    for number, board in enumerate(boards):
        if number:
            out.print()
        out.print(f"[bold]{plain(board['name'])}[/]" + (f"  [yellow]{plain(moment)}[/]" if moment else ""))
        if not any(column["count"] for column in board["columns"]):
            out.print("No open deals here. Open one with `concord deals open`, or bring yours in with `concord import FILES`.")
            continue
        out.print(_sums(board))
        shown = {column["stage"]: _deals(column["cards"], until, stages=False) for column in board["columns"] if column["cards"]}
        drawn_alike(shown.values())
        for column in board["columns"]:
            if not column["cards"]:
                continue
            limit = f", stalled after {column['max_days']} days" if column["max_days"] else ""
            out.print(f"\n[bold]{plain(column['name'])}[/] [dim]{count(column['count'], 'deal')}{limit}[/]")
            out.print(shown[column["stage"]])
            if cards and column["count"] > len(column["cards"]):
                out.print(
                    f"[dim]... and {column['count'] - len(column['cards']):,} more: --cards, or concord deals list --stage {column['stage']}[/]"
                )


def _sums(board: Mapping[str, Any]) -> Fitted:
    made = table("stage", "prob.", "deals", "", "amount", "weighted", right=("prob.", "deals", "amount", "weighted"))
    for column in board["columns"]:
        first = True
        for sums in sorted(column["sums"], key=lambda s: str(s["currency"])) or [None]:
            probability = f"{column['probability']} %" if column["probability"] is not None else NONE
            stage = (plain(column["name"]), probability, f"{column['count']:,}") if first else ("", "", "")
            if sums is None:
                made.add_row(*stage, "", NONE, NONE)
            else:
                currency = sums["currency"]
                made.add_row(*stage, currency, amount(sums["amount"], currency), amount(sums["weighted"], currency))
            first = False
    count = f"{sum(c['count'] for c in board['columns']):,}"
    for place, total in enumerate(board["totals"]):
        head = ("[bold]all[/]", "", f"[bold]{count}[/]") if place == 0 else ("", "", "")
        currency = total["currency"]
        made.add_row(*head, currency, *(f"[bold]{amount(total[name], currency)}[/]" for name in ("amount", "weighted")))
    return made


def print_deals(
    cards: list[dict[str, Any]], moment: str, until: datetime | None, following: str | None = None, *, more: bool = False
) -> None:
    """A list of deals. `following`: the cursor of those after them; `more`: there are some, without a way to go on.

    `until`: the moment that the list is about; None: it is not known, and no ages are told.
    """
    if moment:
        out.print(f"[yellow]{plain(moment)}[/]")
    if not cards:
        out.print("No deals match. Leave a filter away, open one with `concord deals open`, or bring yours in with `concord import FILES`.")
        return
    out.print(_deals(cards, until, stages=True))
    print_count(len(cards), "deal", following, more=more)


def print_deal(
    id: str, item: Mapping[str, Any], version: Mapping[str, Any], moment: str, until: datetime | None, names: Mapping[str, str]
) -> None:
    """One deal, as it was at the moment `until`. `names`: of products and people, by id, as far as they may be known."""
    out.print(f"[bold]{plain(item['title'])}[/]" + (f"  [yellow]{plain(moment)}[/]" if moment else ""))
    out.print(f"[dim]{id}[/]")
    out.print(facts((*_facts(item, until, names), *talk_facts(item["price_talk"]))))
    if item["lines"]:
        out.print(_lines(item["lines"], names))
    if version:
        _print_way(item, version, names)


def _facts(item: Mapping[str, Any], until: datetime | None, names: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield "account", plain(item["account_name"] or item["account"])
    yield "owner", plain(item["owner_name"] or item["owner"]) + (f" [dim]({plain(item['team_name'])})[/]" if item["team_name"] else "")
    asked = f", [cyan]asked for: {plain(item['pending']['to'])}[/]" if item["pending"] else ""
    asked += f",{asks(item['asked'])}" if item["asked"] else ""
    stalled = ", [yellow]stalled[/]" if item["stalled"] else ""
    days = f" ({count(days_since(item['since'], until), 'day')})" if item["kind"] == "open" and until else ""
    yield "stage", f"{plain(item['stage_name'])} since {when(item['since'])}{days}{stalled}{asked}"
    yield "amount", money(item["amount"]) + (f" ({money(item['annual'])} a year)" if item["annual"] else "")
    if item["payment_days"] is not None:
        yield "payment", f"within {item['payment_days']} days"
    override = " (set by hand)" if item["probability_override"] is not None else ""
    yield "forecast", f"{words(item['category'])}, {item['probability']} %{override}"
    if item["won_on"]:
        yield "won on", item["won_on"]
    else:
        yield "closes", (item["close_date"] or NONE) + (f" [yellow](pushed {item['pushes']}x)[/]" if item["pushes"] else "")
        step = plain(item["next_step"]) + (f" on {item['next_step_on']}" if item["next_step_on"] else "")
        yield "next step", step
    if item["people"]:
        yield "people", ", ".join(f"{words(p['role'])} {plain(names.get(p['contact'], short(p['contact'])))}" for p in item["people"])
    for name, value in sorted(item["attributes"].items()):
        yield plain(name), plain(value)
    if item["needs_attention"]:
        yield "missing", f"[red]{', '.join(words(n) for n in item['needs_attention'])}[/]"
    yield "source", plain(words(item["source"]))


def _lines(lines: list[dict[str, Any]], names: Mapping[str, str]) -> Fitted:
    made = table("line", "quantity", "unit price", "discount", "due", right=("quantity", "unit price", "discount"))
    for line in lines:
        due = f"each {line['period']}, {line['months']} months" if line["period"] else "once"
        discount = f"{Decimal(line['discount']).normalize():f} %" if Decimal(line["discount"]) else ""
        quantity = f"{Decimal(line['quantity']).normalize():f}"
        label = line["label"] or names.get(line["product"]) or f"product {short(line['product'])}"
        made.add_row(plain(label), quantity, money(line["unit_price"]), discount, due)
    return made


def _print_way(item: Mapping[str, Any], version: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """The stages of its pipeline with their criteria, proven or not."""
    made = table("", "", show_header=False)
    for stage in version["stages"]:
        here = stage["key"] == item["stage"]
        name = f"[bold]{plain(stage['name'])}[/]" if here else plain(stage["name"])
        made.add_row("[bold cyan]>[/]" if here else "", f"{name} [dim]{_key(stage)}{stage['probability']} %[/]")
        for criterion in stage["exit_criteria"]:
            proof = item["evidence"].get(criterion["key"])
            if proof is not None:
                made.add_row("[green]+[/]", f"  [green]{plain(criterion['label'])}[/]\n  [dim]{plain(_shown(proof, names))}[/]")
            else:
                provide = how_to_provide({"criterion": criterion["key"], "evidence": criterion["evidence"], "stage": stage["key"]})
                made.add_row("-", f"  {plain(criterion['label'])}\n  [dim]{plain(provide)}[/]")
    out.print("\n[bold]way[/]")
    out.print(made)


def _key(stage: Mapping[str, Any]) -> str:
    """What the stage is called in commands, where its name does not tell."""
    return "" if words(stage["key"]).casefold() == str(stage["name"]).casefold() else f"{stage['key']}, "


def _shown(proof: Mapping[str, Any], names: Mapping[str, str]) -> str:
    value = proof["amount"]
    told = [
        proof["on"],
        proof["document"],
        money(value) if value else None,
        proof["contact"] and names.get(proof["contact"], f"contact {short(proof['contact'])}"),
        proof["note"],
    ]
    return ", ".join(str(part) for part in told if part)
