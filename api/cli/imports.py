"""`concord import FILES... | list | undo`: tables of other systems, looked at, asked about, tried and stored."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cli.client import calling
from api.cli.formats import count, plain, short, table, when
from api.cli.import_here import ImportHere, changed, the_run
from api.cli.import_http import ImportOverHttp
from api.cli.import_mapping import read_mapping, saved, to_fill_in
from api.cli.import_tables import print_defaults, print_inspection, print_outcome, print_question
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, err, foreseen, out, say_json, told
from api.cli.tree import add

Importing = ImportHere | ImportOverHttp
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Ask nothing: take what is assumed, as it is stated. What has no default is never guessed.")
]


class DateOrder(StrEnum):
    """Which comes first."""

    DMY = "dmy"
    MDY = "mdy"
    ISO = "iso"


class FilesFirst(TyperGroup):
    """`concord import FILES...` beside `concord import list`: what is no command is a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["files", *args]
        return super().parse_args(ctx, args)


@told
def files(
    paths: Annotated[list[Path], typer.Argument(metavar="FILES...", help="CSV or XLSX files, or the folder that holds them.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; store nothing.")] = False,
    yes: Yes = False,
    mapping: Annotated[
        Path | None, typer.Option("--map", metavar="FILE.toml", help="Overrule guesses; --save-map writes one to begin with.")
    ] = None,
    save_map: Annotated[
        Path | None, typer.Option("--save-map", metavar="FILE.toml", help="Write how the files are read, for next time.")
    ] = None,
    answer: Annotated[list[str] | None, typer.Option("--answer", metavar="QUESTION=ANSWER", help="Answer a question; repeat.")] = None,
    date_order: Annotated[DateOrder | None, typer.Option("--date-order", help="How dates are read that could be read both ways.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="The system it comes from; ids here derive from it, so keep it the same.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Of amounts that name none, like EUR.")] = None,
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="The pipeline here that takes the source's stages (else it gets one of its own).")
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option("--rejected", metavar="FILE.csv", help="Where rejected rows go; a dry run writes them only with this.")
    ] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Bring in accounts, products, people, deals and their past from other systems' tables. Repeatable and undoable.

    Shows what the files are and where each column goes, asks what can be read in two ways, and tells what would happen
    before it does. Also: concord import list, concord import undo ID. Exit code 4: a question has no answer.

    The mapping file is TOML: for each file its kind and where its columns go, as --save-map writes it, also for files that are not
    recognised: [files."x.csv"] kind = "disputes", [files."x.csv".columns] "Rechnung" = "document". docs/imports.md lists all fields.

    Examples:
      concord import ../exports --dry-run
      concord import accounts.csv deals.csv --date-order dmy --yes
      concord import ../exports --save-map exports.toml
      concord import ../exports --map exports.toml --yes --json
    """
    overrides = {**read_mapping(mapping), **{k: v for k, v in (("source", source), ("currency", currency), ("pipeline", pipeline)) if v}}
    overrides["answers"] = {**overrides.get("answers", {}), **_answers(answer or ())}
    asks = sys.stdin.isatty() and not (yes or as_json)
    with _importing(tenant, paths, rejected) as doing:
        with _map_to_fill_in(save_map):
            inspection = doing.inspect(overrides)
        if not as_json:
            print_inspection(inspection, columns=not yes or dry_run)
        inspection = _settle(doing, inspection, overrides, date_order, asks=asks)
        if save_map is not None:
            save_map.write_text(saved(overrides, inspection), encoding="utf-8")
        if not (as_json or asks):
            print_defaults(inspection["questions"])
        if dry_run or not yes:
            planned = doing.plan(overrides)
            if not as_json:
                print_outcome(planned, dry=True)
            if dry_run:
                _end(planned, as_json=as_json, save_map=save_map)
                return
            if not asks:
                raise Ended("Nothing is stored yet: add --yes to import, or --dry-run if this was all you wanted.", Exit.REFUSED)
            if not typer.confirm("\nImport this?", default=False, err=True):
                raise Ended("Nothing was stored.", Exit.ABORTED)
        with _carried_on_later():
            result = doing.run(overrides)
    if as_json:
        say_json(result)
        return
    print_outcome(result, dry=False)
    _tell_run(result, tenant)


@contextmanager
def _map_to_fill_in(path: Path | None) -> Iterator[None]:
    """Where nothing of the files is known, write a mapping file to fill in, if one was asked for."""
    try:
        yield
    except Exception as error:
        end = error if isinstance(error, Ended) else foreseen(error)
        said = dict(end.data or {}) if end is not None else {}
        tables = said.get("tables") or (said.get("data") or {}).get("tables")
        if path is None or end is None or not tables or not isinstance(tables[0], dict):
            raise
        path.write_text(to_fill_in(tables), encoding="utf-8")
        raise Ended(f"{end.sentence} A mapping file to fill in is in {path}.", end.code, lines=end.lines, data=end.data) from error


@contextmanager
def _carried_on_later() -> Iterator[None]:
    """What a server that goes away leaves half done is no loss, and that is said."""
    try:
        yield
    except Exception as error:
        end = foreseen(error)
        if end is None or end.code is not Exit.UNREACHABLE:
            raise
        sentence = f"{end.sentence} Once it is back, run the same command again: the import goes on where it was cut."
        raise Ended(sentence, end.code, lines=end.lines, data=end.data) from error


def _answers(written: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in written:
        # a key may hold an equals sign, an answer hardly
        key, equals, value = one.rpartition("=")
        if not equals or not key:
            raise Ended(f"--answer {one!r}: write QUESTION=ANSWER, as the question tells it.")
        found[key] = value
    return found


@contextmanager
def _importing(tenant: str | None, paths: Sequence[Path] = (), rejected: Path | None = None) -> Iterator[Importing]:
    """In this process for the operator of this machine, over HTTP for everybody else."""
    if os.environ.get("CONCORD_API_KEY"):
        with calling(tenant) as client:
            yield ImportOverHttp(client, paths, rejected)
    else:
        yield ImportHere(tenant, paths, rejected)


def _settle(
    doing: Importing, inspection: dict[str, Any], overrides: dict[str, Any], order: DateOrder | None, *, asks: bool
) -> dict[str, Any]:
    """Answers to what is asked, until nothing new is. Raises Ended where a question stays open."""
    answers: dict[str, str] = overrides["answers"]
    put: set[str] = set()
    while True:
        fresh = {}
        for question in inspection["questions"]:
            key, values = question["key"], {o["value"] for o in question["options"]}
            if question["answer"] is not None or key in put:
                continue
            if order is not None and key.startswith("dates:") and order.value in values:
                fresh[key] = order.value
            elif asks:
                fresh[key] = _ask(question)
            put.add(key)
        if not fresh:
            break
        answers |= fresh
        inspection = doing.inspect(overrides)
    still = [q for q in inspection["questions"] if q["answer"] is None and q["default"] is None]
    if still:
        lines = []
        for question in still:
            choices = "|".join(o["value"] for o in question["options"])
            lines += [f"  - {question['text']}", f"      --answer '{question['key']}={choices}'"]
            if question["key"].startswith("dates:"):
                lines.append("      or --date-order dmy|mdy for all such columns")
        raise Ended(
            "This can be read in more than one way, and guessing would be wrong:",
            Exit.REFUSED,
            lines=tuple(lines),
            data={"questions": still},
        )
    return inspection


def _ask(question: dict[str, Any]) -> str:
    print_question(question)
    options = [o["value"] for o in question["options"]]
    default = str(options.index(question["default"]) + 1) if question["default"] in options else None
    while True:
        said = str(typer.prompt("Which", default=default, err=True)).strip()
        if said.isdecimal() and 1 <= int(said) <= len(options):
            return str(options[int(said) - 1])
        if said in options:
            return said
        err.print(f"Answer with a number from 1 to {len(options)}.")


def _end(planned: dict[str, Any], *, as_json: bool, save_map: Path | None) -> None:
    if as_json:
        say_json(planned)
        return
    out.print("\nNothing was stored: this was a dry run." + (f" The mapping is in {plain(save_map)}." if save_map else ""))


def _tell_run(result: dict[str, Any], tenant: str | None) -> None:
    again = "carried on; " if result["resumed"] else ""
    if not result["events"]:
        out.print("\nNothing is new in these files: nothing changed.")
        return
    new, altered = (sum(counts[name] for counts in result["counts"].values()) for name in ("created", "updated"))
    new += sum(counts["mentioned"] for counts in result["counts"].values())
    out.print(
        f"\n[green]Imported:[/] {again}{new:,} new and {altered:,} changed, as {count(result['events'], 'event')} in {result['seconds']:.1f} s."
    )
    if not result.get("readable", True):
        out.print("[yellow]The read models are still at it; `concord projections status` shows how far they are.[/]")
    where = f" --tenant {plain(tenant)}" if tenant else ""
    out.print(f"[dim]Take it back with: concord import undo {short(result.get('import') or result['run'])}{where}[/]")


@told
def list_imports(
    everything: Annotated[bool, typer.Option("--all", help="Also those that changed nothing, as a second run of the same files.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Imports that changed something or are not done, newest first.

    Examples:
      concord import list
      concord import list --all
    """
    with _importing(tenant) as doing:
        found = doing.list()
    runs = [run for run in found if everything or run["state"] != "done" or changed(run)]
    if as_json:
        say_json(runs)
        return
    if not found:
        out.print("Nothing was imported yet: `concord import FILES`.")
        return
    made = table("id", "when", "from", "files", "changed", "state", whole=("id", "when", "state"), right=("changed",))
    for run in runs:
        made.add_row(
            short(run["run"]),
            when(run["started_at"]),
            plain(run["source"]),
            plain(", ".join(run["files"])),
            f"{changed(run):,}" if run["counts"] else "",
            run["state"],
        )
    out.print(made)
    if quiet := len(found) - len(runs):
        out.print(f"[dim]and {count(quiet, 'run')} that changed nothing: --all shows all[/]")


@told
def undo(
    run: Annotated[str, typer.Argument(metavar="IMPORT", help="The import's id, the beginning or end of one, or `last`.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; without a terminal nothing is taken back else.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Take an import back by compensating events. What people have worked on since stays, and is listed.

    Example:
      concord import undo last
    """
    with _importing(tenant) as doing:
        chosen = the_run(doing.list(), run)
        if not yes and chosen["state"] != "undone":
            if as_json or not sys.stdin.isatty():
                raise Ended(f"Nothing was taken back yet: add --yes to take back the import {short(chosen['run'])}.", Exit.REFUSED)
            question = f"Take back the import of {', '.join(chosen['files'])} from {chosen['source']} ({_happened(chosen)})?"
            if not typer.confirm(question, default=False, err=True):
                raise Ended("Nothing was taken back.", Exit.ABORTED)
        undone = doing.undo(chosen["run"])
    if as_json:
        say_json(undone)
        return
    done = f"{undone['withdrawn']:,} gone, {undone['restored']:,} as before"
    if undone["already"] and not undone["withdrawn"] + undone["restored"]:
        out.print(f"The import {short(chosen['run'])} was already undone on {when(undone['already'])}; nothing changed now.")
    elif undone["already"]:
        out.print(
            f"The import {short(chosen['run'])} was already undone on {when(undone['already'])}. What was kept then and is free now: {done}."
        )
    else:
        out.print(f"Taken back: {done}" + (f", {len(undone['kept']):,} kept" if undone["kept"] else "") + ".")
    if undone["kept"]:
        made = table("kind", "source id", "kept because")
        for row in undone["kept"][:20]:
            made.add_row(row["kind"], plain(row["source_id"]), plain(row["reason"]))
        out.print(made)
        if len(undone["kept"]) > 20:
            out.print(f"[dim]... and {len(undone['kept']) - 20:,} more; --json tells all[/]")


def _happened(run: dict[str, Any]) -> str:
    """When a run was, and how much it changed, as far as that is known."""
    number = changed(run)
    told = [when(run["started_at"])] if run["started_at"] else []
    return ", ".join([*told, f"{number:,} things brought or changed" if number > 1 else "1 thing brought or changed"])


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        cls=FilesFirst,
        help="Bring in other systems' tables; `list` them, `undo` them.",
        short_help="Bring in other systems' tables; `list` them, `undo` them",
    )
    add(group, files)
    add(group, list_imports, name="list")
    add(group, undo)
    app.add_typer(group, name="import")
