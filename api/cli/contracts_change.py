"""`concord contracts amend | notice | terminate | owe | meet | ...`: what changes a contract in force, and what is owed by it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import written_terms as w
from api.cli.client import Client
from api.cli.contracts_make import SignedOn, Why, change, signed, today
from api.cli.contracts_read import ContractName
from api.cli.documents import uploaded
from api.cli.formats import plain, short, words
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


def one_of(things: list[dict[str, Any]], written: str, what: str) -> dict[str, Any]:
    """The amendment or obligation that is meant. Raises Ended: there is none, or several."""
    text = written.strip().casefold()
    found = [t for t in things if text in {t["id"], t["title"].casefold()}] or [
        t for t in things if t["id"].startswith(text) or t["id"].endswith(text) or text in t["title"].casefold()
    ]
    if len(found) == 1:
        return found[0]
    lines = tuple(f"  {short(t['id'])}  {t['title']}" for t in found or things)
    sentence = f"Several answer to {written!r}; name one by the end of its id:" if found else f"This contract has no {what} {written!r}."
    raise Ended(sentence, Exit.NOT_FOUND, lines=lines)


@told
def amend(
    contract: ContractName,
    title: Annotated[str, typer.Argument(help="What the amendment is called.")],
    effective_on: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day on which it is in force.")],
    end: Annotated[str | None, typer.Option("--end", metavar="DAY", help="Another last day.")] = None,
    value: w.Value = None,
    pay_within: w.PayWithin = None,
    renews: Annotated[str | None, typer.Option("--renews", metavar="HOW", help="'fixed', '12 months' or 'evergreen'.")] = None,
    notice: w.Notice = None,
    delivery_days: w.Delivery = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, in your words.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Propose to change what is in force from a day on; approved and signed, it is (`concord contracts amendment`).

    Example:
      concord contracts amend Cleaning "One floor more" --from 2027-07-01 --value "15000 EUR"
    """
    how = w.renewal(renews) if renews else None
    changes = {
        "end": a_day(end, "--end") if end else None,
        "value": money(value) if value else None,
        "payment_days": pay_within,
        "renewal": how,
        "notice": w.notice_rule(notice, delivery_days, evergreen=how is not None and how["kind"] == "evergreen"),
    }
    given = {name: changed for name, changed in changes.items() if changed is not None}
    if not given:
        raise Ended("Say what the amendment changes; --help lists what there is.", Exit.USAGE)
    body = {"title": title, "effective_on": a_day(effective_on, "--from"), "changes": given} | ({"reason": reason} if reason else {})
    change(contract, "amendments", lambda _c, _b: body, lambda _: "the amendment waits for approval", if_version, tenant, as_json=as_json)


@told
def amendment(
    contract: ContractName,
    name: Annotated[str, typer.Argument(metavar="AMENDMENT", help="Its title, or an id or the end of one.")],
    approve: Annotated[bool, typer.Option("--approve", help="Allow it to be signed.")] = False,
    sign: Annotated[bool, typer.Option("--sign", help="Both have signed; with --paper.")] = False,
    drop: Annotated[str | None, typer.Option("--drop", metavar="REASON", help="Give it up.")] = None,
    paper: Annotated[
        str | None, typer.Option("--paper", metavar="PAPER", help="What was signed: a file, or a paper here by its number.")
    ] = None,
    signed_on: SignedOn = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Approve, sign or drop an amendment that waits.

    Examples:
      concord contracts amendment Cleaning "One floor more" --approve
      concord contracts amendment Cleaning "One floor more" --sign --paper floor.pdf
    """
    if [approve, sign, drop is not None].count(True) != 1 or (sign and not paper):
        raise Ended("Say one of --approve, --sign with --paper FILE, and --drop REASON.", Exit.USAGE)
    more: dict[str, Any] = {"reason": drop} if drop else {}
    path, so = ("approve", "approved") if approve else ("sign", "signed") if sign else ("drop", "dropped")

    def body(client: Client, before: dict[str, Any]) -> dict[str, Any]:
        if sign and paper:
            found, day = signed(client, paper)
            more.update(paper=found, signed_on=a_day(signed_on, "--signed-on") if signed_on else day or today())
        return {"amendment": one_of(before["amendments"], name, "amendment")["id"], **more}

    change(contract, f"amendments/{path}", body, lambda _: f"the amendment is {so}", if_version, tenant, as_json=as_json)


@told
def notice(
    contract: ContractName,
    sent_on: Annotated[str | None, typer.Option("--sent-on", metavar="DAY", help="When we sent it (default: today).")] = None,
    received_on: Annotated[
        str | None, typer.Option("--received-on", metavar="DAY", help="When it arrived: theirs with us, or ours.")
    ] = None,
    theirs: Annotated[bool, typer.Option("--theirs", help="It is the other party's.")] = False,
    withdraw: Annotated[str | None, typer.Option("--withdraw", metavar="REASON", help="The notice no longer holds.")] = None,
    how: Annotated[str | None, typer.Option("--how", help="Like 'registered letter'.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Record a notice, ours or theirs, and when the contract ends by it; or that it no longer holds.

    Examples:
      concord contracts notice Cleaning --how "registered letter"
      concord contracts notice Cleaning --theirs --received-on 2027-09-20
    """
    days = {"sent_on": sent_on, "received_on": received_on}
    body: dict[str, Any] = {name: a_day(day, f"--{name.replace('_', '-')}") for name, day in days.items() if day}
    if withdraw is not None:
        path, body = "notice/withdraw", {"reason": withdraw}
    else:
        path = "notice/receive" if theirs else "notice"
        body = {("received_on" if theirs else "sent_on"): today(), **body} | ({"how": how} if how else {})

    def sentence(item: dict[str, Any]) -> str:
        return f"it ends on {item['notice']['ends_on']}" if item["notice"] else "it goes on"

    change(contract, path, lambda _c, _b: body, sentence, if_version, tenant, as_json=as_json)


@told
def terminate(
    contract: ContractName,
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="Its last day.")],
    cause: Annotated[str, typer.Option("--cause", help="for_cause, mutual, insolvency or other.")],
    note: Annotated[str | None, typer.Option("--note", help="What there is to say.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """End a contract on a day otherwise than by notice.

    Example:
      concord contracts terminate Cleaning --on 2027-08-31 --cause mutual
    """
    body = {"on": a_day(on, "--on"), "cause": cause} | ({"note": note} if note else {})
    change(
        contract,
        "terminate",
        lambda _c, _b: body,
        lambda item: f"{words(item['status'])}, ends on {body['on']}",
        if_version,
        tenant,
        as_json=as_json,
    )


@told
def review(
    contract: ContractName,
    outcome: Annotated[str, typer.Argument(help="renew, renegotiate or end.")],
    note: Annotated[str | None, typer.Option("--note", help="What there is to say.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say what we want at the end of the term, after a renewal review.

    Example:
      concord contracts review Cleaning renegotiate --note "Two disputes this year"
    """
    body = {"outcome": outcome} | ({"note": note} if note else {})
    change(contract, "review", lambda _c, _b: body, lambda _: f"we want to {plain(outcome)}", if_version, tenant, as_json=as_json)


@told
def owner(
    contract: ContractName,
    member: Annotated[str, typer.Argument(help="Who: name, mail address or id.")],
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Make another member responsible.

    Example:
      concord contracts owner Cleaning "Ana Souza"
    """

    def sentence(item: dict[str, Any]) -> str:
        return f"{plain(item['owner_name'])} is responsible"

    change(contract, "owner", lambda client, _: {"owner": the_id(client, MEMBER, member)}, sentence, if_version, tenant, as_json=as_json)


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


def add_to(contracts: typer.Typer) -> None:
    add(contracts, amend, amendment, notice, terminate, review, owner, owe, meet, waive)
