"""`concord privacy export | mentions | erase | hold | release | show | list`: people's data."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.formats import count, plain, short, table, when, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, err, out, say_change, say_json, told
from api.cli.references import CONTACT, MEMBER, find_among, names_of
from api.cli.tree import group

PersonName = Annotated[str, typer.Argument(metavar="PERSON", help="A contact or a member: name, mail address, or (part of) an id.")]
CaseName = Annotated[str, typer.Option("--case", metavar="NUMBER", help="What it is filed under, such as DSR-2027-14; never a name.")]


class Mentions(StrEnum):
    """What becomes of texts of other things that name a person."""

    KEEP = "keep"
    ERASE = "erase"


Also = Annotated[list[str] | None, typer.Option("--also", metavar="WORDS", help="Other words that name them; may be said again.")]
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
    also: Also = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Write all that is kept of a person into two files, for programs (.json) and for people (.txt), each event with its day.

    At the end they say where texts of other things, such as a deal's title, name the person.

    Examples:
      concord privacy export "Jo Weber" --case DSR-2027-14
      concord privacy export jo@acme.example --case DSR-2027-14 --to jo-weber
    """
    with calling(tenant) as client:
        id, _ = _person(client, person)
        copy = client.post(f"/v1/privacy/{id}/export", {"case": case, "also": also or []}, if_match=matching(None)).body
    stem = to or Path(case.replace("/", "-"))
    files = [stem.with_name(stem.name + ending) for ending in (".json", ".txt")]
    for file, content in zip(files, (json.dumps(copy, ensure_ascii=False, indent=2), _readable(copy)), strict=True):
        # what is in it concerns nobody else on this machine
        file.touch(mode=0o600)
        file.write_text(content + "\n", encoding="utf-8")
    if as_json:
        counts = {"events": len(copy["events"]), "mentions": len(copy["mentions"])}
        say_json({"person": id, **counts, "files": [str(file) for file in files]})
        return
    named = f", and {_times(len(copy['mentions']))} in texts of other things," if copy["mentions"] else ""
    out.print(f"{len(copy['events'])} events of this person{named} were written to {files[0]} and {files[1]}.", markup=False)


def _readable(copy: dict[str, Any]) -> str:
    lines = [
        f"All that is kept of the {copy['kind']} {copy['person']}",
        f"Case {copy['case']}, written {copy['exported_at'][:16].replace('T', ' ')} UTC. Days are in UTC; the oldest comes first.",
    ]
    for event in copy["events"]:
        lines += ["", f"{event['day']}  {words(event['topic'].replace('.', ' '))}  (event {event['position']})"]
        lines += [f"    {words(name)}: {_value(value)}" for name, value in event["data"].items() if value not in ([], {})]
    if copy["mentions"]:
        lines += ["", f"Texts of other things name them {_times(len(copy['mentions']))}:"]
    for one in copy["mentions"]:
        lines += ["", f"{one['day']}  {_thing(one)}, {_field(one)}  (event {one['position']})", f"    {one['sentence']}"]
    return "\n".join(lines)


def _thing(mention: dict[str, Any]) -> str:
    return f"{words(mention['noun'])} {mention['name'] or mention['id']}"


def _field(mention: dict[str, Any]) -> str:
    return words(mention["field"].replace(".", " "))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


@told
def mentions(person: PersonName, also: Also = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Where texts of other things name a person: by name, mail address or telephone number, now or formerly theirs.

    A name is found whole, in either order ("Weber, Jo"); say the family name alone with --also. Words within files are not searched.

    Examples:
      concord privacy mentions "Jo Weber"
      concord privacy mentions jo@acme.example --also Weber --also "Mr. W."
    """
    with calling(tenant) as client:
        id, name = _person(client, person)
        found = client.get(f"/v1/privacy/{id}/mentions", {"also": also or []})
    if as_json:
        say_json(found)
        return
    shown = table("day", "thing", "text", "event", "sentence")
    for one in found["items"]:
        shown.add_row(one["day"], plain(_thing(one)), plain(_field(one)), str(one["position"]), plain(one["sentence"]))
    out.print(shown if found["items"] else f"No text of anything else names {plain(name)}.")


def _decided(client: Client, id: str, name: str, also: list[str], mentions: Mentions | None, *, asks: bool) -> Mentions | None:
    """What becomes of the texts that name them, told and asked for where there are any. Raises Ended."""
    count = client.get(f"/v1/privacy/{id}/mentions", {"also": also})["count"]
    if not count:
        return mentions
    err.print(f"Texts of other things name {name} {_times(count)}; concord privacy mentions shows them.", markup=False)
    try:
        while mentions is None and asks:
            said = str(typer.prompt(f"What becomes of them ({', '.join(Mentions)})", err=True)).strip().lower()
            mentions = next((one for one in Mentions if one.value == said), None)
    except typer.Abort:
        err.print("")
    if mentions is None:
        raise Ended(f"Nothing was forgotten: say what becomes of these texts, with --mentions {' or '.join(Mentions)}.", Exit.REFUSED)
    return mentions


def _records(client: Client) -> list[dict[str, Any]]:
    """All that was done about people's data, oldest first."""
    items: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = client.get("/v1/privacy", {"after": after, "limit": 200})
        items, after = items + page["items"], page["next"]
    return items


def _elsewhere(client: Client, position: int | None, id: str) -> str:
    """What the case's record says became of the texts that name them: counted as they were erased, not as they were asked about."""
    if position is None:
        return ""
    made = [record for record in _records(client) if record["person"] == id and record["what"] == "erased" and record["mentioned"]]
    if not made:
        return ""
    verb = "erased" if made[-1]["mentions"] == Mentions.ERASE else "kept"
    return f"; {count(made[-1]['mentioned'], 'mention')} in texts of other things {verb}"


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
    mentions: Annotated[
        Mentions | None, typer.Option("--mentions", help="Texts of other things that name them (asked for where there are any).")
    ] = None,
    also: Also = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Forget who a person was, for ever and on every past day too. Refused while their data is on hold.

    Their keys are destroyed at once; lists, letters and sign-ins follow within seconds. Amounts, histories and proofs stay.
    Texts of other things that name them are counted first; decide with --mentions what becomes of these.

    Examples:
      concord privacy erase "Jo Weber" --case DSR-2027-14
      concord privacy erase "Jo Weber" --case DSR-2027-14 --mentions keep --yes
    """
    with calling(tenant) as client:
        id, name = _person(client, person)
        decided = _decided(client, id, name, also or [], mentions, asks=not (yes or as_json))
        asked = f"Forget {plain(name)} for ever, for the case {case}? This cannot be undone"
        if not yes and not typer.confirm(asked, err=True):
            raise Ended("Nothing was forgotten.", Exit.FAILED)
        answer = client.post(f"/v1/privacy/{id}/erase", {"case": case, "mentions": decided, "also": also or []}, if_match=matching(None))
        named = _elsewhere(client, answer.position, id)
        deadline = time.monotonic() + PATIENCE
        while not (done := client.get(f"/v1/privacy/{id}")["carried_out"]) and time.monotonic() < deadline:
            time.sleep(0.5)
    if as_json:
        say_json({**answer.body, "person": id, "carried_out": done})
        return
    follows = "" if done else "; lists and letters follow, and concord privacy show says when that is done"
    say_change(answer, f"Forgotten, for the case {case}{named}{follows}", as_json=False)


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
    with calling(tenant) as client:
        items = _records(client)
        names = {} if as_json else names_of(client, MEMBER, (item["actor"] for item in items))
    if as_json:
        say_json({"items": items})
        return
    shown = table("when", "what", "case", "person", "by", "named elsewhere")
    for item in items:
        by = plain(names.get(item["actor"], "Concord"))
        named = f"{_times(item['mentioned'])}: {item['mentions']}" if item["mentioned"] else ""
        shown.add_row(when(item["recorded_at"]), words(item["what"]), plain(item["case"]), short(item["person"]), by, named)
    out.print(shown if items else "Nothing was asked about anybody's data yet.")


def add_to(app: typer.Typer) -> None:
    commands = (
        ("export", export),
        ("mentions", mentions),
        ("erase", erase),
        ("hold", hold),
        ("release", release),
        ("show", show),
        ("list", list_),
    )
    group(app, "privacy", "A person's data: hand out a copy, keep it for a case, forget it", *commands)
