"""`concord contracts owe | meet | waive | ...`: what is owed by a contract, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import Client
from api.cli.contracts_change import one_of
from api.cli.contracts_make import Why, change, today
from api.cli.contracts_read import ContractName
from api.cli.documents import uploaded
from api.cli.formats import plain
from api.cli.options import IfVersion, Json, TenantName
from api.cli.outcomes import Ended, Exit, told
from api.cli.references import MEMBER, the_id
from api.cli.tree import add
from api.cli.written_values import a_day, money, proof

Obligation = Annotated[
    str, typer.Argument(metavar="OBLIGATION", help="Its title, or an id or the end of one; `contracts show` lists them.")
]
Occurrence = Annotated[
    str | None, typer.Option("--of", metavar="DAY", help="Which time: its nominal day (default: the one that is due, else the first open).")
]


def due(time: dict[str, Any]) -> str:
    """` (due on 2027-02-01)` where a time of an obligation is due on another day than its own."""
    return "" if time["due_on"] == time["occurrence"] else f" (due on {time['due_on']})"


@told
def owe(
    contract: ContractName,
    title: Annotated[str, typer.Argument(help="What is owed.")],
    by: Annotated[str, typer.Option("--by", help="Who owes it: us or them.")],
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="When it is due first.")],
    every: Annotated[str | None, typer.Option("--every", metavar="PERIOD", help="Again every '3 months', '2 weeks' or '30 days'.")] = None,
    proven_by: Annotated[str, typer.Option("--proven-by", help="note, date, document, contact or amount.")] = "note",
    penalty: Annotated[str | None, typer.Option("--penalty", metavar="AMOUNT", help="What a breach costs, like '500 EUR'.")] = None,
    grace: Annotated[int, typer.Option("--grace-days", min=0, max=365, help="Days after which it counts as breached.")] = 0,
    clause: Annotated[str | None, typer.Option("--clause", help="By which clause.")] = None,
    responsible: Annotated[str | None, typer.Option("--responsible", help="Who of us sees to it (default: the contract's owner).")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="Follow it from that day on (default: today).")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say what a party owes by a contract, once or again and again.

    Example:
      concord contracts owe Cleaning "Quarterly report" --by them --on 2027-03-31 --every "3 months" --proven-by document
    """
    body: dict[str, Any] = {
        "title": title,
        "by": by,
        "due": {"anchor": "date", "on": a_day(on, "--on")},
        "proof": proven_by,
        "grace_days": grace,
    }
    if every is not None:
        count, _, unit = every.strip().partition(" ")
        if not count.isdigit() or unit.strip().rstrip("s") not in {"day", "week", "month"}:
            raise Ended(f"--every {every!r}: write a number and days, weeks or months, like '3 months'.", Exit.USAGE)
        body["recurrence"] = {"every": int(count), "unit": f"{unit.strip().rstrip('s')}s"}
    body |= {"penalty": money(penalty)} if penalty else {}
    body |= {"clause": clause} if clause else {}
    body |= {"since": a_day(since, "--since")} if since else {}
    named = responsible

    def sent(client: Client, _before: dict[str, Any]) -> dict[str, Any]:
        return body | ({"owner": the_id(client, MEMBER, named)} if named else {})

    change(contract, "obligations", sent, lambda _: f"{plain(title)} is owed by {plain(by)}", if_version, tenant, as_json=as_json)


@told
def meet(
    contract: ContractName,
    obligation: Obligation,
    shown: Annotated[str, typer.Argument(metavar="PROOF", help="What proves it: a note, day, FILE, contact or amount, as it asks for.")],
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="When it was done (default: today).")] = None,
    occurrence: Occurrence = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say that an obligation was met, with the proof that it asks for. A file is kept with the contract: who sees that may download it.

    Example:
      concord contracts meet Cleaning "Quarterly report" report-q1.pdf
    """
    stood: dict[str, Any] = {}

    def body(client: Client, before: dict[str, Any]) -> dict[str, Any]:
        meant = one_of(before["obligations"], obligation, "obligation")
        stood.update(meant)
        file = Path(shown.removeprefix("@")).expanduser()
        if meant["proof"] == "document" and file.is_file():
            kept = uploaded(client, file)
            proven = {"document": kept["name"][:200], "sha256": kept["sha256"]}
        else:
            proven = proof(client, "PROOF", shown, meant["proof"], {})
            del proven["criterion"]
        when = {"met_on": a_day(on, "--on") if on else today()} | ({"occurrence": a_day(occurrence, "--of")} if occurrence else {})
        return {"obligation": meant["id"], "proof": proven, **when}

    def sentence(item: dict[str, Any]) -> str:
        met = {o["occurrence"] for o in stood["occurrences"] if o["status"] == "met"}
        times = next(one["occurrences"] for one in item["obligations"] if one["id"] == stood["id"])
        which = [f" of {o['occurrence']}{due(o)}" for o in times if o["status"] == "met" and o["occurrence"] not in met]
        return f"{plain(stood['title'])}{''.join(which[:1])} was met"

    change(contract, "obligations/meet", body, sentence, if_version, tenant, as_json=as_json)


@told
def waive(
    contract: ContractName,
    obligation: Obligation,
    reason: Why,
    occurrence: Occurrence = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Let an obligation go this time.

    Example:
      concord contracts waive Cleaning "Quarterly report" --reason "Nothing to report"
    """
    asked: dict[str, str] = {}

    def body(_client: Client, before: dict[str, Any]) -> dict[str, Any]:
        meant = one_of(before["obligations"], obligation, "obligation")
        open_ones = [o["occurrence"] for o in meant["occurrences"] if o["status"] in {"due", "pending", "breached"}]
        if occurrence is None and not open_ones:
            raise Ended(f"No time of {meant['title']} is open; name one with --of DAY.", Exit.NOT_FOUND)
        asked.update(title=meant["title"], occurrence=a_day(occurrence, "--of") if occurrence else open_ones[0])
        return {"obligation": meant["id"], "occurrence": asked["occurrence"], "reason": reason}

    def sentence(_item: dict[str, Any]) -> str:
        return f"{plain(asked['title'])} of {asked['occurrence']} was let go"

    change(contract, "obligations/waive", body, sentence, if_version, tenant, as_json=as_json)


@told
def end_obligation(
    contract: ContractName,
    obligation: Obligation,
    reason: Why,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say that an obligation will not come again; what has fallen due of it stays owed.

    Example:
      concord contracts end-obligation Cleaning "Quarterly report" --reason "Dropped with the amendment"
    """
    stood: dict[str, Any] = {}

    def body(_client: Client, before: dict[str, Any]) -> dict[str, Any]:
        stood.update(one_of(before["obligations"], obligation, "obligation"))
        return {"obligation": stood["id"], "reason": reason}

    def sentence(_item: dict[str, Any]) -> str:
        return f"{plain(stood['title'])} will not come again"

    change(contract, "obligations/end", body, sentence, if_version, tenant, as_json=as_json)


@told
def reassign(
    contract: ContractName,
    obligation: Obligation,
    member: Annotated[str, typer.Argument(help="Who of us sees to it: name, mail address or id.")],
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Have another member see to an obligation; `concord contracts owner` hands over the whole contract.

    Example:
      concord contracts reassign Cleaning "Quarterly report" "Ana Souza"
    """
    stood: dict[str, Any] = {}

    def body(client: Client, before: dict[str, Any]) -> dict[str, Any]:
        stood.update(one_of(before["obligations"], obligation, "obligation"))
        return {"obligation": stood["id"], "owner": the_id(client, MEMBER, member)}

    def sentence(_item: dict[str, Any]) -> str:
        return f"{plain(member)} sees to {plain(stood['title'])}"

    change(contract, "obligations/reassign", body, sentence, if_version, tenant, as_json=as_json)


def add_to(contracts: typer.Typer) -> None:
    add(contracts, owe, meet, waive, end_obligation, reassign)
