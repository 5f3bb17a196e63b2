"""`concord deals amount | close-date | next-step | owner | ...`: what is said of a deal, changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.deals_read import DealName, pipeline_version
from api.cli.formats import count, plain, words
from api.cli.formats import money as shown_money
from api.cli.options import IfVersion, Json, Note, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import ACCOUNT, CONTACT, DEAL, MEMBER, find, the_id
from api.cli.tree import add
from api.cli.written_values import a_day, lines, money, proof

Why = Annotated[str | None, typer.Option("--reason", help="Why, in your words.")]
Body = Callable[[Client, dict[str, Any]], dict[str, Any]]
"""What to send, from the deal as it stands."""


def _change(
    deal: str,
    path: str,
    body: Body,
    sentence: Callable[[dict[str, Any]], str],
    if_version: int | None,
    tenant: str | None,
    *,
    as_json: bool,
) -> None:
    with calling(tenant) as client:
        id = find(client, DEAL, deal)["id"]
        before = client.get(f"/v1/deals/{id}")["item"]
        said = client.post(f"/v1/deals/{id}/{path}", body(client, before), if_match=matching(if_version))
        item = client.get(f"/v1/deals/{id}")["item"]
    if as_json:
        say_json(said.body)
    elif said.position is None:
        out.print(f"Nothing changed: it was so already for {plain(item['title'])}.")
    else:
        out.print(f"{plain(item['title'])}: {sentence(item)}.")


def _reasoned(body: dict[str, Any], reason: str | None) -> dict[str, Any]:
    return body | ({"reason": reason} if reason else {})


@told
def amount(
    deal: DealName,
    value: Annotated[str, typer.Argument(metavar="AMOUNT", help="Like '12500 EUR', or a number in the deal's currency.")],
    annual: Annotated[str | None, typer.Option("--annual", help="Its recurring value per twelve months.")] = None,
    reason: Why = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Set the worth of a deal without lines.

    Example:
      concord deals amount "GTX for Acme" "14000 EUR" --reason "One machine more"
    """

    def body(_client: Client, before: dict[str, Any]) -> dict[str, Any]:
        currency = before["amount"]["currency"] if before["amount"] else None
        worth = {"amount": money(value, currency)} | ({"annual": money(annual, currency)} if annual else {})
        return _reasoned(worth, reason)

    _change(deal, "amount", body, lambda item: f"worth {shown_money(item['amount'])}", if_version, tenant, as_json=as_json)


@told
def set_lines(
    deal: DealName,
    line: Annotated[list[str], typer.Option("--line", metavar="LINE", help="'PRODUCT, QUANTITY, UNIT PRICE[, DISCOUNT%]'; repeat.")],
    reason: Why = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Replace the lines; their sum becomes the amount.

    Example:
      concord deals lines "GTX for Acme" --line "GTX Pro, 2, 4821.00 EUR, 5%" --line "MG Special, 1, 55 EUR"
    """
    _change(
        deal,
        "lines",
        lambda client, _: _reasoned({"lines": lines(client, line)}, reason),
        lambda item: f"{count(len(item['lines']), 'line')}, worth {shown_money(item['amount'])}",
        if_version,
        tenant,
        as_json=as_json,
    )


@told
def close_date(
    deal: DealName,
    day: Annotated[str, typer.Argument(metavar="DAY", help="Like 2027-03-31.")],
    reason: Why = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Expect the deal to close on another day; by more than two weeks needs a reason.

    Example:
      concord deals close-date "GTX for Acme" 2027-06-30 --reason "Budget round in May"
    """
    on = a_day(day, "DAY")
    _change(
        deal,
        "close-date",
        lambda _c, _b: _reasoned({"close_date": on}, reason),
        lambda item: f"closes on {item['close_date']}" + (f", pushed {item['pushes']} times by now" if item["pushes"] else ""),
        if_version,
        tenant,
        as_json=as_json,
    )


@told
def next_step(
    deal: DealName,
    step: Annotated[str | None, typer.Argument(help="What comes next; left away, nothing is planned.")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="When.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say what comes next and when.

    Example:
      concord deals next-step "GTX for Acme" "Send the quote" --on 2027-03-09
    """
    body = {"next_step": step, "next_step_on": a_day(on, "--on") if on else None}

    def sentence(item: dict[str, Any]) -> str:
        day = f" on {item['next_step_on']}" if item["next_step_on"] else ""
        return f"next: {plain(item['next_step'])}{day}" if item["next_step"] else "nothing is planned"

    _change(deal, "next-step", lambda _c, _b: body, sentence, if_version, tenant, as_json=as_json)


@told
def owner(
    deal: DealName,
    member: Annotated[str, typer.Argument(help="Who: name, mail address or id.")],
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Make another member responsible.

    Example:
      concord deals owner "GTX for Acme" "Ana Souza"
    """

    def sentence(item: dict[str, Any]) -> str:
        return f"{plain(item['owner_name'])} is responsible"

    _change(deal, "owner", lambda client, _: {"owner": the_id(client, MEMBER, member)}, sentence, if_version, tenant, as_json=as_json)


@told
def account(
    deal: DealName,
    name: Annotated[str, typer.Argument(metavar="ACCOUNT", help="With whom: name or id.")],
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say which account the deal is with.

    Example:
      concord deals account 6e4c0012 "Acme Werkzeuge GmbH"
    """

    def sentence(item: dict[str, Any]) -> str:
        return f"with {plain(item['account_name'])}"

    _change(deal, "account", lambda client, _: {"account": the_id(client, ACCOUNT, name)}, sentence, if_version, tenant, as_json=as_json)


@told
def rename(
    deal: DealName,
    title: Annotated[str, typer.Argument(help="What it is called from now on.")],
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Call the deal something else.

    Example:
      concord deals rename 6e4c0012 "GTX for both lines"
    """
    _change(deal, "title", lambda _c, _b: {"title": title}, lambda _: "so it is called now", if_version, tenant, as_json=as_json)


@told
def evidence(
    deal: DealName,
    criterion: Annotated[str, typer.Argument(help="The exit criterion's key; `deals show` lists them.")],
    value: Annotated[str | None, typer.Argument(help="What proves it: a note, day, FILE, contact or amount, as it asks for.")] = None,
    note: Note = None,
    retract: Annotated[str | None, typer.Option("--retract", metavar="REASON", help="Take the proof back instead.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Record what proves an exit criterion, or take a proof back.

    Examples:
      concord deals evidence 6e4c0012 budget_named "50000 EUR" --note "By mail"
      concord deals evidence 6e4c0012 budget_named --retract "Wrong deal"
    """
    if (value is None) == (retract is None):
        raise Ended("Say what proves the criterion, or take the proof back with --retract REASON.", Exit.USAGE)

    def body(client: Client, before: dict[str, Any]) -> dict[str, Any]:
        if retract is not None:
            return {"criterion": criterion, "reason": retract}
        version = pipeline_version(client, before["pipeline"], before["pipeline_version"])
        kinds = {c["key"]: c["evidence"] for s in version.get("stages", ()) for c in s["exit_criteria"]}
        shown = proof(client, criterion, value or "", kinds.get(criterion, "note"), version)
        return {"evidence": shown | ({"note": note} if note else {})}

    path = "evidence" if retract is None else "evidence/retract"
    said = "proven" if retract is None else "unmet again"
    _change(deal, path, body, lambda _: f"{plain(words(criterion))} is {said}", if_version, tenant, as_json=as_json)


@told
def people(
    deal: DealName,
    person: Annotated[list[str], typer.Argument(metavar="CONTACT=ROLE...", help="Who, and as what: economic_buyer, champion, legal, ...")],
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say who at the buyer matters, replacing what was said before.

    Example:
      concord deals people "GTX for Acme" "Jo Weber=economic_buyer" "Kim Lee=champion"
    """

    def body(client: Client, _before: dict[str, Any]) -> dict[str, Any]:
        named = [one.rpartition("=") for one in person]
        if wrong := [one for one, (name, _, role) in zip(person, named, strict=True) if not name or not role]:
            raise Ended(f"{wrong[0]!r}: write CONTACT=ROLE, like 'Jo Weber=economic_buyer'.", Exit.USAGE)
        return {"people": [{"contact": the_id(client, CONTACT, name), "role": role} for name, _, role in named]}

    _change(deal, "people", body, lambda item: f"{len(item['people'])} people matter", if_version, tenant, as_json=as_json)


@told
def category(
    deal: DealName,
    called: Annotated[
        str | None, typer.Argument(metavar="CATEGORY", help="omitted, pipeline, best_case, commit; left away: the stage's.")
    ] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Call the forecast category, or let the stage's count again.

    Example:
      concord deals category "GTX for Acme" commit
    """
    path, body = ("category", {"category": called}) if called else ("category/clear", {})
    _change(deal, path, lambda _c, _b: body, lambda item: f"counts as {words(item['category'])}", if_version, tenant, as_json=as_json)


@told
def probability(
    deal: DealName,
    percent: Annotated[int | None, typer.Argument(min=0, max=100, help="In percent; left away: the stage's.")] = None,
    reason: Why = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Fix the probability, or let the stage's count again.

    Example:
      concord deals probability "GTX for Acme" 40 --reason "Sponsor left"
    """
    path, body = ("probability", _reasoned({"probability": percent}, reason)) if percent is not None else ("probability/clear", {})
    _change(deal, path, lambda _c, _b: body, lambda item: f"probability {item['probability']} %", if_version, tenant, as_json=as_json)


@told
def payment_terms(
    deal: DealName,
    days: Annotated[int | None, typer.Argument(min=0, max=3650, help="Days until the buyer pays; left away: the usual 30.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say within how many days the buyer pays. Longer than the usual 30 needs approval, as the policy says.

    Example:
      concord deals payment-terms "GTX for Acme" 45
    """
    _change(
        deal, "payment-terms", lambda _c, _b: {"payment_days": days}, lambda item: f"paid within {item['payment_days'] or 30} days",
        if_version, tenant, as_json=as_json,
    )  # fmt: skip


def add_to(deals: typer.Typer) -> None:
    add(deals, amount, owner, account, rename, evidence, people, category, probability, payment_terms)
    add(deals, set_lines, name="lines")
    add(deals, close_date)
    add(deals, next_step)
