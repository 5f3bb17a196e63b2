"""`concord privacy export | erase | hold | release | show | list`, and `concord keys rotate`: people's data, and the keys that seal them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.formats import plain, table, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_change, say_json, told
from api.cli.references import CONTACT, MEMBER, find_among, names_of
from api.cli.tree import group

PersonName = Annotated[str, typer.Argument(metavar="PERSON", help="A contact or a member: name, mail address, or (part of) an id.")]
CaseName = Annotated[str, typer.Option("--case", metavar="NUMBER", help="What it is filed under, such as DSR-2027-14; never a name.")]
PATIENCE = 60.0
"""Seconds to wait until all that follows from an erasure is done."""


def _person(client: Client, written: str) -> tuple[str, str]:
    """(id, the name it has now)."""
    noun, id = find_among(client, (CONTACT, MEMBER), written)
    return id, names_of(client, noun, [id]).get(id, written)


@told
def export(
    person: PersonName,
    case: CaseName,
    to: Annotated[Path | None, typer.Option("--to", help="Where to write (default: PERSON's case number, in this folder).")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Write all that is kept of a person into two files, for programs (.json) and for people (.txt), each event with its day.

    Examples:
      concord privacy export "Jo Weber" --case DSR-2027-14
      concord privacy export jo@acme.example --case DSR-2027-14 --to jo-weber
    """
    with calling(tenant) as client:
        id, _ = _person(client, person)
        copy = client.post(f"/v1/privacy/{id}/export", {"case": case}, if_match=matching(None)).body
    stem = to or Path(case.replace("/", "-"))
    files = [stem.with_name(stem.name + ending) for ending in (".json", ".txt")]
    for file, content in zip(files, (json.dumps(copy, ensure_ascii=False, indent=2), _readable(copy)), strict=True):
        # what is in it concerns nobody else on this machine
        file.touch(mode=0o600)
        file.write_text(content + "\n", encoding="utf-8")
    if as_json:
        say_json({"person": id, "events": len(copy["events"]), "files": [str(file) for file in files]})
        return
    out.print(f"{len(copy['events'])} events of this person were written to {files[0]} and {files[1]}.", markup=False)


def _readable(copy: dict[str, Any]) -> str:
    lines = [
        f"All that is kept of the {copy['kind']} {copy['person']}",
        f"Case {copy['case']}, written {copy['exported_at'][:16].replace('T', ' ')} UTC. Days are in UTC; the oldest comes first.",
    ]
    for event in copy["events"]:
        lines += ["", f"{event['day']}  {words(event['topic'].replace('.', ' '))}  (event {event['position']})"]
        lines += [f"    {words(name)}: {_value(value)}" for name, value in event["data"].items() if value not in ([], {})]
    return "\n".join(lines)


def _value(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_value, value))
        case dict():
            return "; ".join(f"{words(name)} {_value(inner)}" for name, inner in value.items())
        case _:
            return str(value).replace("\n", "\n        ")


@told
def erase(
    person: PersonName,
    case: CaseName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Forget who a person was, for ever and on every past day too. Refused while their data is on hold.

    Their keys are destroyed at once; lists, letters and sign-ins follow within seconds. Amounts, histories and proofs stay.

    Example:
      concord privacy erase "Jo Weber" --case DSR-2027-14
    """
    with calling(tenant) as client:
        id, name = _person(client, person)
        asked = f"Forget {plain(name)} for ever, for the case {case}? This cannot be undone"
        if not yes and not typer.confirm(asked, err=True):
            raise Ended("Nothing was forgotten.", Exit.FAILED)
        answer = client.post(f"/v1/privacy/{id}/erase", {"case": case}, if_match=matching(None))
        deadline = time.monotonic() + PATIENCE
        while not (done := client.get(f"/v1/privacy/{id}")["carried_out"]) and time.monotonic() < deadline:
            time.sleep(0.5)
    if as_json:
        say_json({**answer.body, "person": id, "carried_out": done})
        return
    follows = "" if done else " Lists and letters follow: concord privacy show says when that is done."
    say_change(answer, f"Forgotten, for the case {case}.{follows}", as_json=False)


@told
def hold(
    person: PersonName,
    case: CaseName,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="The last day (default: until it is released).")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Keep a person's data for a case: nobody can erase it until the hold ends.

    Example:
      concord privacy hold "Jo Weber" --case LIT-2027-3 --until 2030-12-31
    """
    _change(person, "hold", {"case": case, "until": until}, f"On hold for {case}", tenant, as_json=as_json)


@told
def release(person: PersonName, case: CaseName, tenant: TenantName = None, as_json: Json = False) -> None:
    """End a hold.

    Example:
      concord privacy release "Jo Weber" --case LIT-2027-3
    """
    _change(person, "release", {"case": case}, f"Released from {case}", tenant, as_json=as_json)


def _change(person: str, path: str, body: dict[str, Any], sentence: str, tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        id, _ = _person(client, person)
        answer = client.post(f"/v1/privacy/{id}/{path}", body, if_match=matching(None))
    say_change(answer, sentence, as_json=as_json)


@told
def show(person: PersonName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Whether a person's data is on hold, or was erased.

    Example:
      concord privacy show "Jo Weber"
    """
    with calling(tenant) as client:
        id, name = _person(client, person)
        found = client.get(f"/v1/privacy/{id}")
    if as_json:
        say_json(found)
        return
    out.print(f"{plain(name)} [dim]{id}[/]")
    if found["erased"]:
        follows = "" if found["carried_out"] else "; lists and letters follow"
        out.print(f"Erased for {plain(found['erased'])}{follows}.")
    for one in found["holds"]:
        out.print(f"On hold for {plain(one['case'])}" + (f" until {one['until']}." if one["until"] else "."))
    if not found["erased"] and not found["holds"]:
        out.print("Nothing is decided about this person's data.")


@told
def list_(tenant: TenantName = None, as_json: Json = False) -> None:
    """Holds, releases, exports and erasures: who did it, when, for which case.

    Example:
      concord privacy list
    """
    items: list[dict[str, Any]] = []
    with calling(tenant) as client:
        after: int | None = 0
        while after is not None:
            page = client.get("/v1/privacy", {"after": after, "limit": 200})
            items, after = items + page["items"], page["next"]
        names = {} if as_json else names_of(client, MEMBER, (item["actor"] for item in items))
    if as_json:
        say_json({"items": items})
        return
    shown = table("when", "what", "case", "person", "by")
    for item in items:
        by = plain(names.get(item["actor"], "Concord"))
        shown.add_row(item["recorded_at"][:16].replace("T", " "), words(item["what"]), plain(item["case"]), item["person"][-12:], by)
    out.print(shown if items else "Nothing was asked about anybody's data yet.")


@told
def rotate(
    root: Annotated[bool, typer.Option("--root", help="The root key, which wraps every tenant's.")] = False,
    tenant: Annotated[str | None, typer.Option("--tenant", help="This tenant's key, which wraps its people's.")] = None,
    as_json: Json = False,
) -> None:
    """Make a new key and wrap anew what was under the old one, in one step. Everything goes on meanwhile; nothing else changes.

    Back up the key store and the root key afterwards: a root fits only the stores that were written under it.

    Examples:
      concord keys rotate --tenant acme
      concord keys rotate --root
    """
    from contextlib import closing

    from infra.opening import open_keys
    from infra.settings import Settings

    if root == (tenant is not None):
        raise Ended("Say which key: --root, or --tenant NAME.", Exit.USAGE)
    with closing(open_keys(Settings.from_environment())) as keys:
        if tenant is not None and tenant not in keys.tenants():
            raise Ended(f"No keys are kept for a tenant {tenant}; there are {', '.join(keys.tenants()) or 'none yet'}.", Exit.NOT_FOUND)
        count = keys.rotate_root() if tenant is None else keys.rotate_tenant(tenant)
    if as_json:
        say_json({"rotated": tenant or "root", "wrapped": count})
        return
    out.print(f"The root key is new; {count} tenants' keys are under it." if root else f"{tenant}'s key is new; {count} are under it.")


def add_to(app: typer.Typer) -> None:
    commands = (("export", export), ("erase", erase), ("hold", hold), ("release", release), ("show", show), ("list", list_))
    group(app, "privacy", "A person's data: hand out a copy, keep it for a case, forget it", *commands)
    group(app, "keys", "The keys that seal people's data: make new ones", ("rotate", rotate))
