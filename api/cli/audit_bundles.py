"""`concord audit bundle | verify | verify-log`: take evidence away, verify it offline, compare the database with what was published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from api.cli.client import Client, Problem, calling
from api.cli.formats import plain
from api.cli.here import of_this_machine
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import ACCOUNT, CONTRACT, DEAL, DISPUTE, find
from api.cli.servers import reached

if TYPE_CHECKING:
    from datetime import date

    from infra.proofs.comparing import Difference

_TRIES = 5
"""How often a bundle is asked for while the read models come up with what was just signed; two seconds each time."""
_SHOWN = 20
Kept = Annotated[list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that you kept; repeat.")]
Keys = Annotated[list[str] | None, typer.Option("--key", metavar="KEY", help="A key of the log as you know it, or a file of keys.")]


@told
def bundle(
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="Write it into this file.")],
    deal: Annotated[str | None, typer.Option("--deal", help="All about this deal: name or id.")] = None,
    contract: Annotated[str | None, typer.Option("--contract", help="All about this contract.")] = None,
    dispute: Annotated[str | None, typer.Option("--dispute", help="All about this dispute.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="All about this account.")] = None,
    stream: Annotated[list[str] | None, typer.Option("--stream", metavar="ID", help="The events of this stream; repeat.")] = None,
    first: Annotated[int | None, typer.Option("--from", min=1, metavar="POSITION", help="From this position on.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, metavar="POSITION", help="Up to this position.")] = None,
    positions: Annotated[str | None, typer.Option("--positions", help="The events at these positions: 17,23,40.")] = None,
    size: Annotated[int | None, typer.Option("--size", min=1, help="Under the checkpoint of this size (default: the last).")] = None,
    checkpoint: Kept = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Take evidence away: events, their proofs and a report, in one file that proves itself without us. Nothing named: the whole log.

    With a checkpoint that you kept the bundle also proves that nothing was altered since.

    Examples:
      concord audit bundle --deal "GTX for Acme" --out gtx.zip
      concord audit bundle --from 1 --to 5000 --checkpoint kept.txt --out log.zip
    """
    asked: dict[str, Any] = {"stream": stream, "first": first, "last": last, "size": size}
    asked["position"] = _numbers(positions)
    asked["kept"] = [_size_of(file) for file in checkpoint or ()]
    with calling(tenant) as client:
        for noun, name in ((DEAL, deal), (CONTRACT, contract), (DISPUTE, dispute), (ACCOUNT, account)):
            if name is not None:
                if "noun" in asked:
                    raise Ended("Name one thing that it is to be about.", Exit.USAGE)
                asked |= {"noun": noun.word, "id": find(client, noun, name)["id"]}
        content = _fetched(client, {name: value for name, value in asked.items() if value})
    try:
        to.write_bytes(content)
    except OSError as error:
        raise Ended(f"{to} cannot be written: {error.strerror}.", Exit.FAILED) from error
    if as_json:
        say_json({"file": str(to), "bytes": len(content)})
        return
    out.print(f"Wrote {plain(str(to))} ({len(content):,} bytes). Verify it: concord audit verify {plain(str(to))}, or verify.py in it.")


def _fetched(client: Client, asked: dict[str, Any]) -> bytes:
    for attempt in range(_TRIES):
        try:
            return client.raw(f"/v1/audit/bundle?{urlencode(asked, doseq=True)}")
        except Problem as problem:
            if problem.rule != "ProjectionBehind" or attempt == _TRIES - 1:
                raise
    raise AssertionError("the last try raises or returns")


def _numbers(written: str | None) -> list[int]:
    try:
        return [int(one) for one in written.split(",")] if written else []
    except ValueError:
        raise Ended(f"--positions {written!r}: write positions with commas between them, such as 17,23,40.", Exit.USAGE) from None


def _size_of(file: Path) -> int:
    try:
        return int(file.read_text(encoding="utf-8").split("\n")[1])
    except (OSError, ValueError, IndexError):
        raise Ended(f"{file} is no checkpoint.", Exit.USAGE) from None


@told
def verify(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle's zip file or folder, or a proof in JSON.")],
    key: Keys = None,
    checkpoint: Kept = None,
    consistency: Annotated[
        list[Path] | None, typer.Option("--consistency", metavar="FILE", help="A proof from /v1/proofs/consistency; repeat.")
    ] = None,
    authority: Annotated[
        list[Path] | None, typer.Option("--authority", metavar="PEM", help="Root certificate of the timestamp authority; repeat.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify a bundle of evidence: what is proven, what is not, and where something is wrong. Asks no server.

    The same program lies in every bundle as verify.py and needs nothing of Concord.

    Example:
      concord audit verify gtx.zip --key keys.txt --checkpoint kept.txt
    """
    from dataclasses import asdict

    from infra.proofs.verify_bundle import Unreadable, read_asked
    from infra.proofs.verify_bundle import verify as judged

    try:
        asked = read_asked(key or (), *(list(map(str, files or ())) for files in (checkpoint, consistency, authority)))
    except Unreadable as error:
        raise Ended(str(error), Exit.USAGE) from error
    if not file.exists():
        raise Ended(f"There is no file {file}.", Exit.NOT_FOUND)
    verdict = judged(file, asked)
    if verdict.code:
        lines = tuple(f"  - {sentence}" for sentence in (verdict.wrong or verdict.undecided))
        sentence = "Something is wrong:" if verdict.wrong else "It cannot be told:"
        raise Ended(sentence, Exit.REFUSED if verdict.wrong else Exit.FAILED, lines=lines, data=asdict(verdict))
    if as_json:
        say_json(asdict(verdict))
        return
    for title, sentences in (("Proven", verdict.proven), ("Not proven", verdict.limits)):
        out.print(f"[bold]{title}[/]")
        for sentence in sentences:
            out.print(f"  - {plain(sentence)}", soft_wrap=True)


@told
@of_this_machine
def verify_log(
    published: Annotated[Path | None, typer.Option("--published", metavar="FOLDER", help="What was published, as you mirrored it.")] = None,
    key: Keys = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Compare every event in the database with what was published, and name each position that differs. Hashes are computed here.

    Then every day of the access log with its seal in the log: days that are gone by retention are told; a gap that is not, is named.

    Examples:
      concord audit verify-log
      concord audit verify-log --published mirror/acme --key keys.txt
    """
    import psycopg

    from infra.access_days import check_days
    from infra.database import Tenant
    from infra.proofs.comparing import compare
    from infra.proofs.notes import NoteRejected, VerifierKey
    from infra.proofs.published import Published
    from infra.proofs.tiles import TilesDamaged
    from infra.proofs.verify_bundle import Unreadable, read_asked

    settings = reached()
    slug = tenant or settings.tenant
    assert settings.database_url is not None
    try:
        keys = [VerifierKey.parse(one.line) for one in read_asked(key or (), (), (), ()).keys]
        with psycopg.connect(settings.database_url) as connection:
            size, found = compare(connection, Tenant(slug), Published(published or settings.proofs_folder / slug), keys)
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            days = [(check.sealed.day, check.verdict) for check in check_days(connection, Tenant(slug))]
    except Unreadable as error:
        raise Ended(str(error), Exit.USAGE) from error
    except LookupError:
        raise Ended("There is no checkpoint there yet: one is published some seconds after the first event.", Exit.NOT_FOUND) from None
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable):
        raise Ended(f"There is no tenant {slug}.", Exit.NOT_FOUND) from None
    except NoteRejected as error:
        raise Ended(f"The checkpoint does not hold: {error}.", Exit.REFUSED) from None
    except TilesDamaged as error:
        raise Ended(f"What was published is damaged: {error}.", Exit.FAILED) from None
    altered = [day for day, verdict in days if verdict == "altered"]
    if found or altered:
        raise _told_differences(found, altered)
    if as_json:
        by_verdict = {name: [day.isoformat() for day, verdict in days if verdict == name] for name in ("holds", "removed", "elsewhere")}
        say_json({"tenant": slug, "signed": size, "differences": [], "access_days": by_verdict})
        return
    out.print(f"All {size:,} signed events of {slug} are in the database as they were published.")
    for verdict, sentence in _DAYS_TOLD:
        if number := sum(one == verdict for _, one in days):
            out.print(f"{sentence}: {number:,}.")


_DAYS_TOLD = (
    ("holds", "Days of the access log that hold what was sealed"),
    ("removed", "Days of the access log that were removed under the retention, each told by an event"),
    ("elsewhere", "Days of the access log that were sealed where this log was imported from; their rows stayed there"),
)


def _told_differences(found: list[Difference], altered: list[date]) -> Ended:
    lines = [f"  - access log of {day}: its rows are not what the log says of that day" for day in altered[:_SHOWN]]
    places = (
        (f"position {one.first:,}" if one.first == one.last else f"positions {one.first:,} to {one.last:,}", one) for one in found[:_SHOWN]
    )
    lines += [f"  - {place}: {one.what}" for place, one in places]
    if (more := max(len(found) - _SHOWN, 0) + max(len(altered) - _SHOWN, 0)) > 0:
        lines.append(f"  and {more:,} more")
    data = {"differences": [one._asdict() for one in found], "access_days": {"altered": [day.isoformat() for day in altered]}}
    return Ended("The database is not what was published:", Exit.REFUSED, lines=tuple(lines), data=data)
