"""Contracts at a terminal: the list, the calendar, what is owed, and one contract with its terms. At any width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from api.cli.deal_tables import asks
from api.cli.fitting import Fitted
from api.cli.formats import NONE, amount, count, facts, money, plain, short, table, words
from api.cli.outcomes import out
from api.cli.price_talk import talk_facts

_KINDS = {
    "send_by": "send notice by",
    "deadline": "last day for notice",
    "renewal": "prepare renewal",
    "term_end": "term ends",
    "end": "ends",
}
_COLOURS = {"breached": "red", "missed": "red", "due": "yellow", "met": "green", "done": "green"}


def _worth(card: Mapping[str, Any]) -> str:
    if card["value"] is None:
        return NONE
    per = "" if card["value_per"] == "term" else f"/{card['value_per']}"
    return f"{amount(card['value'], card['currency'])} {card['currency']}{per}"


def _notes(card: Mapping[str, Any]) -> str:
    found = [asks(card["asked"]).strip()] if card["asked"] else []
    if card["breaches"]:
        found.append(f"[red]{count(card['breaches'], 'breach', 'breaches')}[/]")
    if card["notice_by"]:
        found.append("[yellow]notice[/]")
    elif card["missed"]:
        found.append("[yellow]window missed[/]")
    if card["pending_amendments"]:
        found.append("[cyan]amendment waits[/]")
    return ", ".join(found)


def contracts_table(cards: Iterable[Mapping[str, Any]]) -> Fitted:
    """Contracts: with whom, how they stand, what they are worth, and the days that count."""
    columns = ("id", "contract", "with", "owner", "side", "status", "worth", "send by", "ends", "notes")
    spare = ("owner", "side", "notes", "with", "ends")
    made = table(*columns, right=("worth",), whole=("id", "send by", "ends"), spare=spare)
    for card in cards:
        made.add_row(
            short(card["id"]),
            plain(card["title"]),
            plain(card["party_name"]),
            plain(card["owner_name"]),
            card["side"],
            words(card["status"]),
            _worth(card),
            (not card["ends_on"] and card["send_by"]) or NONE,
            card["ends_on"] or card["term_end"] or NONE,
            _notes(card),
        )
    return made


def days_table(days: Iterable[Mapping[str, Any]], until: datetime | None) -> Fitted:
    """The days themselves: when, what, of which contract, and what has become of it. `until`: from when the days left are counted."""
    columns = ("day", "left", "what", "contract", "with", "who", "status")
    made = table(*columns, right=("left",), whole=("day",), spare=("who", "with", "left"))
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
            plain(one["party_name"]),
            plain(one["responsible_name"] or one["owner_name"]),
            f"[{colour}]{claimed}[/]" if colour else claimed,
        )
    return made


def print_contract(id: str, item: Mapping[str, Any], terms: Mapping[str, Any], moment: str) -> None:
    """One contract, with the terms in force on the day that was asked for."""
    out.print(f"[bold]{plain(item['title'])}[/]" + (f"  [yellow]{moment}[/]" if moment else ""))
    out.print(f"[dim]{id}[/]")
    signed = item["signed_on"] is not None
    out.print(
        facts((*_facts(item, terms["begins_on"] if signed else None), *_terms(terms, signed=signed), *talk_facts(item["price_talk"])))
    )
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


def _facts(item: Mapping[str, Any], begins_on: str | None) -> Iterable[tuple[str, str]]:
    """`begins_on`: the first day of its term, if it is signed and that day is still to come."""
    yield "number", plain(item["number"])
    yield "with", f"{plain(item['party_name'] or item['party'])} [dim](we {item['side']})[/]"
    yield "owner", plain(item["owner_name"] or item["owner"]) + (f" [dim]({plain(item['team_name'])})[/]" if item["team_name"] else "")
    ended = f", ended on {item['ended_on']}" if item["ended_on"] else ""
    begins = f", signed, begins on {begins_on}" if begins_on and not ended else ""
    yield "status", words(item["status"]) + begins + ended + asks(item["asked"])
    if item["status"] == "in_review":
        yield "content", f"{item['content']} [dim](to approve)[/]"
    if item["returned"]:
        yield "sent back", plain(item["returned"])
    if item["paper"]:
        signed = f", signed on {item['signed_on']}" if item["signed_on"] else ""
        yield "paper", f"{plain(item['paper']['reference'])}{signed}"
    dates = item["dates"] or {}
    if dates.get("ends_on"):
        yield "ends on", dates["ends_on"]
    elif dates.get("term_end"):
        yield "term ends", dates["term_end"]
    if dates.get("deadline") and not dates.get("ends_on") and not item["ended_on"]:
        yield "notice", f"send by {dates['send_by']}, counts until {dates['deadline']}"
    if item["notice"]:
        who = "we gave" if item["notice"]["by"] == "us" else "they gave"
        yield "notice given", f"{who} it on {item['notice']['sent_on']}; ends on {item['notice']['ends_on']}"
    if item["termination"]:
        yield "terminated", f"for {item['termination']['on']}, {words(item['termination']['cause'])}"


def _terms(found: Mapping[str, Any], *, signed: bool) -> Iterable[tuple[str, str]]:
    terms = found["terms"]
    until = f" to {terms['end']}" if terms["end"] else ", without an end"
    told = f"[bold]{found['on']}[/]" + (f" [dim]with {plain(', '.join(found['amendments']))}[/]" if found["amendments"] else "")
    if signed and found["begins_on"]:
        yield "in force", f"none yet on {told}; from {found['begins_on']} on:"
    else:
        yield "in force on" if signed else "drafted for", told
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
