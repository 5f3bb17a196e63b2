"""`concord papers`: quotes, contracts and letters, from preparing to the last signature, and checking what was signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.fitting import Fitted
from api.cli.formats import NONE, day, facts, last_moment, money, plain, short, table, when, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import ACCOUNT, CONTACT, CONTRACT, DEAL, DISPUTE, MOST_LISTED, PAPER, Noun, find, find_among, the_id
from api.cli.tree import add, group
from api.cli.views import View, reading
from api.cli.written_values import a_day
from api.cli.zones import clock

PaperName = Annotated[str, typer.Argument(metavar="PAPER", help="Number, title, or an id or the beginning or end of one.")]
_SUBJECTS: tuple[Noun, ...] = (DEAL, CONTRACT, DISPUTE)
_ABOUT = {"quote": DEAL, "proposal": DEAL, "contract": CONTRACT, "amendment": CONTRACT, "dispute_letter": DISPUTE}
"""What a kind of paper is about, where a deal and its contract answer to one name."""


@reading(pages=True)
def list_(
    view: View,
    about: Annotated[str | None, typer.Option("--about", help="About this deal, contract or dispute: name or id.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="With this account: name or id.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="drafting, sent, partly_signed, completed, declined, ...")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="quote, proposal, contract, amendment or dispute_letter.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="With this text in title or number.")] = None,
) -> None:
    """Papers about what you see, the latest first.

    Example:
      concord papers list --account Acme --status partly_signed
    """
    with view.calling() as client:
        asked = {"status": status, "kind": kind, "text": text, "account": the_id(client, ACCOUNT, account)}
        if about is not None:
            noun, asked["subject"] = find_among(client, _SUBJECTS, about)
            asked["noun"] = noun.word
        found = view.page(client, "/v1/papers", asked)
    view.print_list(found, "paper", _rows, empty="No papers match. Prepare one with `concord papers prepare`.")


def _rows(papers: list[dict[str, Any]]) -> Fitted:
    whole = ("id", "number", "since", "signed")
    made = table("id", "number", "title", "with", "status", "since", "signed", whole=whole, spare=("id", "since", "with", "signed"))
    for paper in papers:
        people = paper["signatories"]
        signed = f"{sum(one['signed_at'] is not None for one in people)} of {len(people)}" if people else NONE
        cells = (short(paper["id"]), paper["number"], plain(paper["title"]), plain(paper["account_name"]))
        made.add_row(*cells, words(paper["status"]), day(paper["since"]), signed)
    return made


@reading(eyes=True)
def show(view: View, paper: PaperName) -> None:
    """One paper: what it is about, who signs and has signed, and its file.

    Example:
      concord papers show Q-2026-7F3KQ2
    """
    with view.calling() as client:
        id = find(client, PAPER, paper)["id"]
        answer = client.get(f"/v1/papers/{id}", view.params(client))
    if view.as_json:
        say_json({"id": id, **answer})
        return
    view.heading()
    item = answer["item"]
    out.print(f"[bold]{plain(item['title'])}[/]  {item['number']}")
    out.print(f"[dim]{id}[/]")
    said = [
        ("what", words(item["kind"])),
        ("about", f"{words(item['subject']['noun'])} {short(item['subject']['id'])}"),
        ("status", words(item["status"])),
        ("total", money(item["total"])),
        ("template", f"{item['template']} v{item['template_version']}"),
        ("clauses", ", ".join(f"{used['key']} v{used['version']}" for used in item["clauses"]) or NONE),
        ("revision", str(item["revision"])),
        ("may be sent", "after a review" if item["review"] and item["allowed"] != item["document"]["sha256"] else NONE),
        ("sign by", last_moment(item["expires_at"], str(clock.zone)) if item["expires_at"] else NONE),
        ("file", item["document"]["sha256"]),
        ("signed file", item["sealed"]["sha256"] if item["sealed"] else NONE),
    ]
    out.print(facts((name, value) for name, value in said if value != NONE))
    if item["signatories"]:
        out.print(_signatories(item["signatories"]))


def _signatories(people: list[dict[str, Any]]) -> Fitted:
    """Those who sign: what each has done and when, and the name that was signed with where one is another than theirs."""
    names = [one["typed_name"] or "" for one in people]
    others = ["signed as"] if any(name and name.split() != one["name"].split() for name, one in zip(names, people, strict=True)) else []
    made = table("signs", "for", "mail", "has", *others, whole=("has",), spare=("mail", "for"))
    for one, name in zip(people, names, strict=True):
        has = "opened it" if one["viewed"] else "a link" if one["linked"] else "no link yet"
        has = f"signed {when(one['signed_at'])}" if one["signed"] else has
        made.add_row(plain(one["name"]), plain(one["party"]), plain(one["email"]), has, *([plain(name)] if others else []))
    return made


@told
def prepare(
    about: Annotated[str, typer.Argument(metavar="ABOUT", help="The deal, contract or dispute: name or id.")],
    template: Annotated[str, typer.Option("--template", help="quote, proposal, contract, amendment, dispute_letter, or one of yours.")],
    title: Annotated[str | None, typer.Option("--title", help="Instead of what it is about.")] = None,
    attention: Annotated[str | None, typer.Option("--attention", metavar="CONTACT", help="Addressed to this contact.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="A paragraph of your own below the introduction.")] = None,
    clause: Annotated[list[str] | None, typer.Option("--clause", help="Instead of the template's; repeat, in order.")] = None,
    amendment: Annotated[
        str | None, typer.Option("--amendment", help="Which one of the contract's, where several wait: its title.")
    ] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Prepare a paper: printed and kept, for you to read before anybody gets it.

    Examples:
      concord papers prepare "GTX for the new line" --template quote --attention "Jo Weber"
      concord papers prepare Cleaning --template amendment
    """
    with calling(tenant) as client:
        noun, id = find_among(client, _SUBJECTS, about, rather=_ABOUT.get(_kind(client, template)))
        subject = {"noun": noun.word, "id": id}
        if noun is CONTRACT and (amendment is not None or template == "amendment"):
            subject["part"] = _waiting(client, id, amendment)
        body: dict[str, Any] = {"subject": subject, "template": template, "title": title, "note": note}
        body |= {"attention": the_id(client, CONTACT, attention), "clauses": clause}
        said = client.post("/v1/papers", {name: value for name, value in body.items() if value is not None})
        paper = client.get(f"/v1/papers/{said.body['id']}")["item"]
    if as_json:
        say_json(said.body)
        return
    out.print(f"Prepared {paper['number']}. Read it: concord papers download {paper['number']}")


def _kind(client: Client, template: str) -> str:
    """The kind of paper that a template is for; those that come with Concord are called by it."""
    if template in _ABOUT:
        return template
    items = (one["item"] for one in client.page("/v1/templates", {}, most=MOST_LISTED)["items"])
    return next((one["versions"][-1]["kind"] for one in items if one["key"] == template), "")


def _waiting(client: Client, contract: str, written: str | None) -> str:
    """The amendment that is meant, of those that are not signed yet. Raises Ended."""
    waiting = [one for one in client.get(f"/v1/contracts/{contract}")["item"]["amendments"] if one["status"] in {"proposed", "approved"}]
    found = [one for one in waiting if written is None or written.casefold() in one["title"].casefold() or one["id"].endswith(written)]
    if len(found) == 1:
        return str(found[0]["id"])
    lines = tuple(f"  {short(one['id'])}  {one['title']}" for one in found or waiting)
    sentence = "Several amendments wait; name one with --amendment:" if found else "No such amendment waits for a signature."
    raise Ended(sentence, Exit.NOT_FOUND, lines=lines)


@told
def send(
    paper: PaperName,
    to: Annotated[list[str], typer.Option("--to", metavar="PERSON", help='Who signs: "Name <mail address> for Party"; repeat.')],
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="The last day for signing (default: 30 days from now).")
    ] = None,
    provider: Annotated[bool, typer.Option("--provider", help="Through the provider of signatures instead of links of ours.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Send it to those who are to sign; each gets a link by mail.

    Example:
      concord papers send Q-2026-7F3KQ2 --to "Jo Weber <jo@acme.example> for Acme GmbH" --to "Mira Berg <mira@us.example> for Us"
    """
    body: dict[str, Any] = {"signatories": [_person(one) for one in to]}
    if until:
        body["expires_on"] = a_day(until, "--until")
    if provider:
        body["channel"] = "provider"
    _change(paper, "/send", body, "Sent.", tenant, as_json=as_json)


def _person(written: str) -> dict[str, str]:
    import re

    found = re.fullmatch(r"\s*(.+?)\s*<\s*([^<>\s]+)\s*>\s+for\s+(.+?)\s*", written)
    if found is None:
        raise Ended(f'{written!r} is not understood: write "Name <mail address> for Party".', Exit.USAGE)
    return {"name": found[1], "email": found[2], "party": found[3]}


@told
def review(
    paper: PaperName,
    verdict: Annotated[str, typer.Argument(metavar="ask|allow|refuse", help="Ask for a review, or give one.")],
    note: Annotated[str | None, typer.Option("--note", help="Why.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Ask somebody else to look at it, or say whether it may be sent.

    Example:
      concord papers review C-2026-7F3KQ2 allow
    """
    if verdict not in {"ask", "allow", "refuse"}:
        raise Ended(f"{verdict!r} is not understood: write ask, allow or refuse.", Exit.USAGE)
    if verdict == "ask":
        _change(paper, "/request-review", {}, "Asked for a review.", tenant, as_json=as_json)
        return
    with calling(tenant) as client:
        document = client.get(f"/v1/papers/{find(client, PAPER, paper)['id']}")["item"]["document"]["sha256"]
    body = {"allowed": verdict == "allow", "document": document} | ({"note": note} if note else {})
    _change(paper, "/review", body, "It may be sent." if verdict == "allow" else "Sent back to be changed.", tenant, as_json=as_json)


@told
def void(
    paper: PaperName,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Take a paper back; nobody can sign it any more.

    Example:
      concord papers void Q-2026-7F3KQ2 --reason "The prices have changed"
    """
    _change(paper, "/void", {"reason": reason}, "Taken back.", tenant, as_json=as_json)


@told
def link(
    paper: PaperName,
    signatory: Annotated[str, typer.Option("--for", metavar="PERSON", help="Whose: name or mail address.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Get a signatory's link, to hand it over yourself. It is shown this once.

    Example:
      concord papers link Q-2026-7F3KQ2 --for jo@acme.example
    """
    with calling(tenant) as client:
        id = find(client, PAPER, paper)["id"]
        people = client.get(f"/v1/papers/{id}")["item"]["signatories"]
        meant = [one for one in people if signatory.casefold() in {one["name"].casefold(), one["email"].casefold(), one["id"]}]
        if len(meant) != 1:
            lines = tuple(f"  {plain(one['name'])} <{plain(one['email'])}>" for one in people)
            raise Ended(f"There is no one person {signatory!r} among those who sign:", Exit.NOT_FOUND, lines=lines)
        said = client.post(f"/v1/papers/{id}/links", {"signatory": meant[0]["id"]}, if_match=matching(None))
    if as_json:
        say_json(said.body)
        return
    out.print(said.body["url"], soft_wrap=True)


@told
def download(
    paper: PaperName,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Where to write it (default: its number, here).")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Fetch the PDF: the signed one once everybody has signed.

    Example:
      concord papers download Q-2026-7F3KQ2
    """
    with calling(tenant) as client:
        id = find(client, PAPER, paper)["id"]
        number = client.get(f"/v1/papers/{id}")["item"]["number"]
        content = client.raw(f"/v1/papers/{id}/pdf")
    file = to or Path(f"{number}.pdf")
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Ended(f"{file} cannot be written: {error.strerror}.", Exit.FAILED) from error
    if as_json:
        say_json({"id": id, "file": str(file), "bytes": len(content)})
        return
    out.print(f"Wrote {plain(str(file))} ({len(content):,} bytes).")


def _change(paper: str, path: str, body: dict[str, Any], done: str, tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        said = client.post(f"/v1/papers/{_id(client, paper)}{path}", body, if_match=matching(None))
    if as_json:
        say_json(said.body)
        return
    out.print(done if said.position is not None else "Nothing changed: it was so already.")


def _id(client: Client, paper: str) -> str:
    return str(find(client, PAPER, paper)["id"])


def add_to(app: typer.Typer) -> None:
    from api.cli import papers_verify

    words_ = "Papers: quotes, contracts, letters; signing and checking them"
    papers = group(app, "papers", words_, ("list", list_), ("show", show))
    add(papers, prepare, review, send, link, void, download, papers_verify.verify, papers_verify.authority)
