"""Contracts at a terminal: the list, the calendar, what is owed, and one contract with its terms. Made for 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from api.cli.formats import NONE, amount, count, money, plain, short, table, words
from api.cli.outcomes import out, print_count

if TYPE_CHECKING:
    from rich.table import Table

_WIDE = 110
_KINDS = {
    "send_by": "send notice by",
    "deadline": "last day for notice",
    "renewal": "prepare renewal",
    "term_end": "term ends",
    "end": "ends",
}
_COLOURS = {"breached": "red", "missed": "red", "due": "yellow", "met": "green", "done": "green"}


def _table(*columns: tuple[str, int | None]) -> Table:
    """Columns by name and width; without one they share what is left."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="dim", expand=True, width=min(out.width, 200))
    for name, width in columns:
        made.add_column(name, width=width, ratio=None if width else 1, no_wrap=True, overflow="ellipsis")
    return made


def _worth(card: Mapping[str, Any]) -> str:
    if card["value"] is None:
        return NONE
    per = "" if card["value_per"] == "term" else f"/{card['value_per']}"
    return f"{amount(card['value'], card['currency'], whole=out.width < _WIDE)} {card['currency']}{per}"


def _notes(card: Mapping[str, Any]) -> str:
    found = []
    if card["breaches"]:
        found.append(f"[red]{count(card['breaches'], 'breach').replace('breachs', 'breaches')}[/]")
    if card["notice_by"]:
        found.append("[yellow]notice[/]")
    elif card["missed"]:
        found.append("[yellow]window missed[/]")
    if card["pending_amendments"]:
        found.append("[cyan]amendment waits[/]")
    return ", ".join(found)


def print_contracts(cards: list[dict[str, Any]], moment: str, following: str | None = None) -> None:
    """A list of contracts. `following`: the cursor of those after them."""
    if moment:
        out.print(f"[yellow]{moment}[/]")
    if not cards:
        out.print("No contracts match. Leave a filter away, or begin one with `concord contracts create` or `concord contracts from-deal`.")
        return
    wide = out.width >= _WIDE
    made = _table(
        ("id", 8),
        ("contract", None),
        ("with", None),
        *([("owner", None)] if wide else []),
        ("", 4),
        ("status", 10),
        ("worth", 22 if wide else 12),
        ("send by", 10),
        ("ends", 10),
        *([("", 24)] if wide else []),
    )
    for card in cards:
        made.add_row(
            short(card["id"]),
            plain(card["title"]),
            plain(card["party_name"]),
            *([plain(card["owner_name"])] if wide else []),
            card["side"],
            words(card["status"])[:10],
            _worth(card),
            card["send_by"] or NONE,
            card["ends_on"] or card["term_end"] or NONE,
            *([_notes(card)] if wide else []),
        )
    out.print(made)
    print_count(len(cards), "contract", following)


def print_days(
    days: list[dict[str, Any]], moment: str, until: datetime | None, following: str | None = None, *, what: str = "day", empty: str
) -> None:
    """Days that count, in order; `until`: the moment from which the days left are counted."""
    if moment:
        out.print(f"[yellow]{moment}[/]")
    if not days:
        out.print(empty)
        return
    out.print(days_table(days, until))
    print_count(len(days), what, following)


def days_table(days: Iterable[Mapping[str, Any]], until: datetime | None) -> Table:
    """The days themselves: when, what, of which contract, and what has become of it."""
    wide = out.width >= _WIDE
    made = _table(
        ("day", 10), ("left", 5), ("what", None), ("contract", None), *([("with", None), ("who", None)] if wide else []), ("status", 9)
    )
    for one in days:
        left = "" if until is None or not one["open"] else str((date.fromisoformat(one["day"]) - until.date()).days)
        owes = f" [dim]({one['by']})[/]" if one["by"] else ""
        claimed = "disputed" if one["dispute"] else words(one["status"])
        colour = _COLOURS.get(one["status"])
        made.add_row(
            one["day"],
            f"[red]{left}[/]" if left.startswith("-") else left,
            (plain(one["label"]) if one["label"] else _KINDS.get(one["kind"], words(one["kind"]))) + owes,
            plain(one["title"]),
            *([plain(one["party_name"]), plain(one["responsible_name"] or one["owner_name"])] if wide else []),
            f"[{colour}]{claimed}[/]" if colour else claimed,
        )
    return made


def print_contract(id: str, item: Mapping[str, Any], terms: Mapping[str, Any], moment: str) -> None:
    """One contract, with the terms in force on the day that was asked for."""
    out.print(f"[bold]{plain(item['title'])}[/]" + (f"  [yellow]{moment}[/]" if moment else ""))
    out.print(f"[dim]{id}[/]")
    facts = table("", "", show_header=False)
    facts.columns[1].overflow = "fold"
    for name, value in (*_facts(item), *_terms(terms)):
        facts.add_row(f"[dim]{name}[/]", value)
    out.print(facts)
    if item["amendments"]:
        made = table("amendment", "from", "status", "id", title="amendments", whole=("from", "id"))
        for one in item["amendments"]:
            made.add_row(plain(one["title"]), one["effective_on"], one["status"], short(one["id"]))
        out.print(made)
    if item["obligations"]:
        made = table("obligation", "who", "next due", "status", "id", title="what is owed", whole=("next due", "id"))
        for one in item["obligations"]:
            last = next((o for o in one["occurrences"] if o["status"] in {"pending", "due"}), (one["occurrences"] or [None])[-1])
            due, status = (last["due_on"], last["status"]) if last else (NONE, "ended" if one["ended"] else "")
            made.add_row(plain(one["title"]), one["by"], due, words(status), short(one["id"]))
        out.print(made)


def _facts(item: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "number", plain(item["number"])
    yield "with", f"{plain(item['party_name'] or item['party'])} [dim](we {item['side']})[/]"
    yield "owner", plain(item["owner_name"] or item["owner"]) + (f" [dim]({plain(item['team_name'])})[/]" if item["team_name"] else "")
    ended = f", ended on {item['ended_on']}" if item["ended_on"] else ""
    yield "status", words(item["status"]) + ended
    if item["status"] == "in_review":
        yield "content", f"{item['content']} [dim](to approve)[/]"
    if item["paper"]:
        signed = f", signed on {item['signed_on']}" if item["signed_on"] else ""
        yield "paper", f"{plain(item['paper']['reference'])}{signed}"
    dates = item["dates"] or {}
    if dates.get("ends_on"):
        yield "ends on", dates["ends_on"]
    elif dates.get("term_end"):
        yield "term ends", dates["term_end"]
    if dates.get("deadline"):
        yield "notice", f"send by {dates['send_by']}, counts until {dates['deadline']}"
    if item["notice"]:
        who = "we gave" if item["notice"]["by"] == "us" else "they gave"
        yield "notice given", f"{who} it on {item['notice']['sent_on']}; ends on {item['notice']['ends_on']}"
    if item["termination"]:
        yield "terminated", f"for {item['termination']['on']}, {words(item['termination']['cause'])}"


def _terms(found: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    terms = found["terms"]
    until = f" to {terms['end']}" if terms["end"] else ", without an end"
    yield (
        "in force on",
        f"[bold]{found['on']}[/]" + (f" [dim]with {plain(', '.join(found['amendments']))}[/]" if found["amendments"] else ""),
    )
    yield "term", f"{terms['start']}{until}"
    per = "" if terms["value_per"] == "term" else f" a {terms['value_per']}"
    yield "worth", f"{money(terms['value'])}{per if terms['value'] else ''}"
    if terms["payment_days"] is not None:
        yield "payment", f"within {terms['payment_days']} days"
    months = f" by {terms['renewal']['months']} months" if terms["renewal"]["months"] else ""
    yield "renewal", f"{words(terms['renewal']['kind'])}{months}"
    if rule := terms["notice"]:
        counts = f", counts when {rule['counts']}"
        yield "notice rule", f"{rule['count']} {words(rule['unit'])} before the {words(rule['before'])}{counts}"
    if found["earliest_end"]:
        yield "would end", f"{found['earliest_end']} [dim]with notice sent on {found['on']}[/]"
    if terms["clauses"]:
        yield "clauses", plain(", ".join(clause["key"] for clause in terms["clauses"]))
