"""`concord contracts amend | notice | terminate | ...`: what changes a contract in force."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from api.cli import written_terms as w
from api.cli.client import Client
from api.cli.contracts_make import SignedOn, change, signed, today
from api.cli.contracts_read import ContractName
from api.cli.formats import count, plain, short, words
from api.cli.options import IfVersion, Json, TenantName
from api.cli.outcomes import Ended, Exit, told
from api.cli.references import MEMBER, the_id
from api.cli.tree import add
from api.cli.written_values import a_day, money


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
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="Its last day.")] = None,
    cause: Annotated[str | None, typer.Option("--cause", help="for_cause, mutual, insolvency or other.")] = None,
    revoke: Annotated[
        str | None, typer.Option("--revoke", metavar="REASON", help="It goes on after all, also where it has ended by a termination.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What there is to say.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """End a contract on a day otherwise than by notice; or say that it goes on after all. A day that is over ends it at once.

    Examples:
      concord contracts terminate Cleaning --on 2027-08-31 --cause mutual
      concord contracts terminate Cleaning --revoke "The day was mistyped"
    """
    if (revoke is None) != (on is not None and cause is not None) or (revoke is not None and (on or cause or note)):
        raise Ended("Say --on DAY and --cause CAUSE, or --revoke REASON alone.", Exit.USAGE)
    if revoke is not None or on is None:
        taken_back = {"reason": revoke}
        change(contract, "terminate/revoke", lambda _c, _b: taken_back, _goes_on, if_version, tenant, as_json=as_json)
        return
    last = a_day(on, "--on")
    body = {"on": last, "cause": cause} | ({"note": note} if note else {})
    ends = f"{'ended' if last < today() else 'ends'} on {last}{_ago(last)}"
    change(contract, "terminate", lambda _c, _b: body, lambda item: f"{words(item['status'])}, {ends}", if_version, tenant, as_json=as_json)


def _goes_on(item: dict[str, Any]) -> str:
    end = (item["dates"] or {}).get("term_end")
    return f"{words(item['status'])}, it goes on{f' to {end}' if end else ''}"


def _ago(day: str) -> str:
    """Of a day that is over, how long ago that was, and what to do if it was mistyped; else nothing."""
    days = (date.fromisoformat(today()) - date.fromisoformat(day)).days
    return f", {count(days, 'day', 'days')} ago (if that is wrong: --revoke REASON)" if days > 0 else ""


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


def add_to(contracts: typer.Typer) -> None:
    add(contracts, amend, amendment, notice, terminate, review, owner)
