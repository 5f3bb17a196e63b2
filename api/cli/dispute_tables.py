"""Disputes at a terminal: the queue by what remains, and one case whose ledger visibly balances. At any width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from api.cli.fitting import Fitted
from api.cli.formats import NONE, amount, facts, plain, short, table, when, words
from api.cli.outcomes import out

_HOUR, _DAY = 3600, 86400
AMOUNTS = ("open", "credited", "paid", "written_off", "withdrawn")


def remaining(seconds: int | None) -> str:
    """What is left of a time, or by how much it has passed: `3 d 4 h`, `-2 h`; in red where it has, in yellow where a day is left."""
    if seconds is None:
        return NONE
    size = abs(seconds)
    days, hours, minutes = size // _DAY, size % _DAY // _HOUR, size % _HOUR // 60
    told = f"{days} d {hours} h" if days else f"{hours} h" if hours else f"{minutes} min"
    if seconds < 0:
        return f"[red]-{told}[/]"
    return f"[yellow]{told}[/]" if seconds < _DAY else told


def clock_words(kind: str) -> str:
    """What is owed until a clock runs out, so that `our` and `their` may stand before it."""
    return {"acknowledge": "confirmation", "resolve": "settlement"}.get(kind, words(kind))


IN_A_QUEUE = ("of", "status", "notes", "with")
IN_A_LIST = ("of", "left", "notes", "with")
"""What can be spared where cases are worked on in order of their clocks, and where all are listed."""


def disputes_table(cards: Iterable[Mapping[str, Any]], spare: Sequence[str] = IN_A_QUEUE) -> Fitted:
    """Cases, with what is left of the clock that runs out first, and whose it is."""
    columns = ("id", "left", "of", "dispute", "with", "status", "open", "notes")
    made = table(*columns, right=("left", "open"), whole=("id",), spare=spare)
    for card in cards:
        of = f"{'their' if card['due_party'] == 'them' else 'our'} {clock_words(card['due_clock'])}" if card["due_clock"] else ""
        made.add_row(
            f"[dim]{short(card['id'])}[/]",
            remaining(card["remaining"]),
            of,
            plain(card["title"]),
            plain(card["account_name"]),
            words(card["status"]),
            f"{amount(card['open'], card['currency'])} {card['currency']}",
            _flags(card),
        )
    return made


def _flags(card: Mapping[str, Any]) -> str:
    found = []
    if card["escalation"]:
        found.append(f"[red]L{card['escalation']}[/]")
    if card["severity"] == "critical":
        found.append("[red]critical[/]")
    if card["late"]:
        found.append("[yellow]late[/]")
    if card["action"] == "open":
        found.append("[cyan]8D[/]")
    return " ".join(found)


def print_case(id: str, item: Mapping[str, Any], moment: str, until: datetime | None) -> None:
    """One case, as it was at the moment `until`."""
    out.print(f"[bold]{plain(item['title'])}[/]" + (f"  [yellow]{moment}[/]" if moment else ""))
    out.print(f"[dim]{id}[/]")
    out.print(facts(_facts(item)))
    out.print(_ledger(item))
    out.print(_clocks(item["clocks"], until))
    _print_offers(item)
    for action in item["actions"]:
        out.print(_action(action))
    _print_said(item)


def _facts(item: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "with", plain(item["account_name"] or item["account"])
    yield "owner", plain(item["owner_name"] or item["owner"])
    level = f", [red]escalated to level {item['escalation']}[/]" if item["escalation"] else ""
    yield "status", f"{words(item['status'])}{level}"
    yield "reason", words(item["reason"]) + (f": {plain(item['reason_text'])}" if item["reason_text"] else "")
    if item["opened_at"]:
        yield "raised", when(item["opened_at"])
    if item["root_cause"]:
        yield "root cause", words(item["root_cause"])
    if item["closed_at"]:
        yield "closed", f"{when(item['closed_at'])}, may be reopened until {when(item['reopen_until'])}"
    for document in item["documents"]:
        days = [("due", "due_on"), ("by law", "statutory_due_on"), ("discount until", "discount_on")]
        told = ", ".join(f"{word} {document[name]}" for word, name in days if document[name])
        total = document["total"]
        worth = f" over {amount(total['amount'], total['currency'])} {total['currency']}" if total else ""
        yield words(document["kind"]), f"{plain(document['number'])}{worth}{', ' if told else ''}{told}"


def called(line: Mapping[str, Any]) -> str:
    """A line as people know it: of a breach what was owed, for which day and by which contract, for its numbers are ids."""
    nominal = line["number"].rpartition(" ")[2]
    if line["kind"] == "obligation" and line["label"] and nominal != line["number"]:
        # the contract stands by its id where it has no number and its case is from before it was named by its title
        contract = "" if line["document"] == line["document_id"] else f", {plain(line['document'])}"
        return f"{plain(line['label'])} of {nominal}{contract}"
    return f"{plain(line['document'])} {plain(line['number'])}" + (f" {plain(line['label'])}" if line["label"] else "")


def _ledger(item: Mapping[str, Any]) -> Fitted:
    """Each line, and the sum: original = open + credited + paid + written off + withdrawn. What has left the case is not in it."""
    currency, ledger = item["currency"], item["ledger"]
    shown = [name for name in AMOUNTS if name == "open" or any(Decimal(line[name]) for line in [*item["lines"], ledger])]
    columns = ["original", *(words(name) for name in shown)]
    made = table("line", *columns, right=columns, title="ledger")
    for line in item["lines"]:
        if not Decimal(line["original"]):
            continue
        made.add_row(called(line), *(amount(line[n], currency) for n in ("original", *shown)))
    sums = [amount(ledger[name], currency) for name in ("original", *shown)]
    signs = ["=" if place == 0 else "+" for place in range(len(shown))]
    told = [f"[bold]{sums[0]}[/]", *(f"[bold]{sign} {value}[/]" for sign, value in zip(signs, sums[1:], strict=True))]
    made.add_row(f"[bold]{currency}[/]" + ("" if item["balanced"] else " [red]does not balance[/]"), *told)
    return made


def _clocks(clocks: list[dict[str, Any]], until: datetime | None) -> Fitted:
    made = table("clock", "owed by", "due", "left", "", right=("left",), whole=("due",), title="clocks")
    for clock in clocks:
        left, note = "", ""
        if clock["stopped_at"]:
            note = "[red]too late[/]" if clock["due_at"] else "[green]in time[/]"
        elif clock["paused_at"]:
            left, note = remaining(clock["limit"] - clock["spent"]), "[cyan]stands still[/]"
        elif clock["due_at"] and until:
            left = remaining(int((datetime.fromisoformat(clock["due_at"]) - until).total_seconds()))
        made.add_row(clock_words(clock["kind"]), "us" if clock["party"] == "us" else "them", when(clock["due_at"]), left, note)
        for pause in clock["pauses"]:
            asked = f": {plain(pause['question'])}" if pause["question"] else ""
            made.add_row("", "", "", "", f"[dim]waited {when(pause['since'])} to {when(pause['until'])}{asked}[/]")
    return made


def _print_offers(item: Mapping[str, Any]) -> None:
    if not item["offers"]:
        return
    columns = ("credit", "pay", "write-off")
    made = table("offer", "by", *columns, "", right=columns, title="offers")
    for offer in item["offers"]:
        terms, note = offer["terms"], f" [dim]{plain(offer['note'])}[/]" if offer["note"] else ""
        values = (amount(terms[name], offer["currency"]) for name in ("credit", "pay", "write_off"))
        made.add_row(short(offer["id"]), "us" if offer["party"] == "us" else "them", *values, f"{offer['outcome']}{note}")
    out.print(made)


def _print_said(item: Mapping[str, Any]) -> None:
    """Evidence, settlements, and what was said."""
    names = item["names"]
    made = table("", "", show_header=False)
    for piece in item["evidence"]:
        inside = " [yellow](for us only)[/]" if piece["visibility"] == "internal" else ""
        gone = f" [red]taken back: {plain(piece['retracted'])}[/]" if piece["retracted"] else ""
        made.add_row("[dim]evidence[/]", f"{words(piece['kind'])} {plain(piece['document'] or short(piece['sha256']))}{inside}{gone}")
    for one in item["settlements"]:
        gone = f" [red]reversed: {plain(one['reversed'])}[/]" if one["reversed"] else ""
        money = f"{amount(one['amount']['amount'], one['amount']['currency'])} {one['amount']['currency']}"
        made.add_row("[dim]settled[/]", f"{words(one['kind'])} {plain(one['number'] or '')} {money} on {one['on']}{gone}")
    for said in item["comments"]:
        inside = "[yellow](for us only)[/] " if said["visibility"] == "internal" else ""
        who = plain(names.get(said["actor"], "them" if said["party"] == "them" else "us"))
        made.add_row(f"[dim]{when(said['at'])}[/]", f"{inside}{who}: {plain(said['text'])}")
    if made.row_count:
        out.print(made)


_STEPS = {"d3": "contained", "d4": "causes found", "d5": "measures chosen", "d6": "carried out", "d7": "repeat prevented"}


def _action(action: Mapping[str, Any]) -> Fitted:
    """A round of the corrective action: what is due when, what was done, and whether it had its effect."""
    title = f"corrective action (8D), round {action['round']}: {action['state']}"
    made = table("step", "what", "due", "done", "found", whole=("step", "due", "done"), spare=("what",), title=title)
    for step in action["steps"]:
        late = f"[red]{when(step['due'])}[/]" if step["missed"] and not step["done_at"] else when(step["due"])
        causes = f"[dim]({', '.join(map(words, step['causes']))})[/]" if step["causes"] else ""
        found = " ".join(filter(None, (plain(step["text"]) if step["text"] else "", causes)))
        made.add_row(step["step"].upper(), _STEPS[step["step"]], late, when(step["done_at"]), found)
    effect = {"effective": "it had its effect", "closed": "it had its effect", "ineffective": "it had none"}.get(action["state"], NONE)
    told = plain(action["check"] or action["reason"] or "") if action["check"] or action["reason"] else ""
    made.add_row("D8", "effect checked", NONE, effect, told)
    return made
