"""An operator's commands, straight to the servers: examine, migrate, read models."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from api.cli.outcomes import out, told
from infra.embedded.services import connected
from infra.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
TenantName = Annotated[str | None, typer.Option("--tenant", help="The tenant (default: CONCORD_TENANT, else `default`).")]

projections = typer.Typer(help="Read models: how far they are, rebuild them, let them try again.", no_args_is_help=True)


@told
def doctor(as_json: Json = False) -> None:
    """Check versions, settings, servers, clocks and disk, and say what to do."""
    from infra.doctor import examine, worst

    findings = examine(Settings.from_environment())
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], default=str, indent=2))
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("", "what", "found", "what to do"):
            table.add_column(heading, overflow="fold")
        marks = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "failure": "[red]failure[/]"}
        for finding in findings:
            table.add_row(marks[finding.level], finding.check, finding.found, finding.advice)
        out.print(table)
    sys.exit(1 if worst(findings) == "failure" else 0)


@told
def migrate() -> None:
    """Bring the database and every tenant to this version's shape; repeatable."""
    from api.provisioning import migrate_all

    settings = connected(Settings.from_environment())
    tenants, outdated = migrate_all(settings)
    out.print(f"{len(tenants)} tenants are up to date: {', '.join(t.slug for t in tenants) or 'none yet'}.")
    for slug, names in outdated.items():
        out.print(f"Rebuild for {slug}: concord projections rebuild {' '.join(names)} --tenant {slug}", style="yellow")


@projections.command("status")
@told
def projections_status(tenant: TenantName = None, as_json: Json = False) -> None:
    """Position, lag and parked events of every read model."""
    from api.provisioning import tenant_of
    from infra.opening import opened
    from projections.catalogue import read_models
    from projections.tracking import health

    async def ask() -> None:
        settings = connected(Settings.from_environment())
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant or settings.tenant)
            head = await process.store.head(chosen)
            async with process.database.tenant(chosen, read_only=True) as cursor:
                found = await health(cursor, [p.name for p in read_models()])
        if as_json:
            print(json.dumps({"tenant": chosen.slug, "head": head, "read_models": [asdict(h) for h in found]}, default=str, indent=2))
            return
        table = Table(title=f"Read models of {chosen.slug}; the log ends at {head:,}", box=None)
        for heading, justify in (("read model", "left"), ("position", "right"), ("lag", "right"), ("parked at", "left")):
            table.add_column(heading, justify=justify)  # type: ignore[arg-type]
        for h in found:
            parked = f"[red]{h.parked_at:,}: {h.cause}[/]" if h.parked_at is not None else ""
            table.add_row(h.name, f"{h.position:,}", f"{h.lag_events:,}", parked)
        out.print(table)

    asyncio.run(ask())


@projections.command("rebuild")
@told
def projections_rebuild(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all when none is named.")] = None, tenant: TenantName = None
) -> None:
    """Fold read models anew from the first event, beside the live ones, and swap; readers notice nothing."""
    from api.provisioning import tenant_of
    from infra.opening import opened
    from projections.catalogue import read_models
    from projections.projection import by_name
    from projections.rebuild import rebuild

    async def fold() -> None:
        settings = connected(Settings.from_environment())
        known = by_name(read_models())
        if unknown := [n for n in names or () if n not in known]:
            raise ValueError(f"There is no read model {', '.join(unknown)}; there are {', '.join(known)}.")
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant or settings.tenant)
            head = await process.store.head(chosen)
            with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=out) as bars:
                for name in names or list(known):
                    bar = bars.add_task(name, total=head)
                    assert settings.migrator_url is not None
                    advance = partial(_advance, bars, bar)
                    done = await rebuild(settings.migrator_url, process.store, chosen, [known[name]], advance)
                    bars.update(bar, completed=done, total=done)

    asyncio.run(fold())


@projections.command("retry")
@told
def projections_retry(names: Annotated[list[str] | None, typer.Argument()] = None, tenant: TenantName = None) -> None:
    """Let parked read models try their event again, after its cause was mended."""
    from api.provisioning import tenant_of
    from infra.opening import opened
    from projections.catalogue import read_models
    from projections.tracking import retry

    async def again() -> None:
        settings = connected(Settings.from_environment())
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant or settings.tenant)
            async with process.database.tenant(chosen) as cursor:
                freed = await retry(cursor, chosen.slug, names or [p.name for p in read_models()])
        out.print(f"Trying again: {', '.join(freed)}." if freed else "Nothing is parked.")

    asyncio.run(again())


def _advance(bars: Progress, bar: TaskID, position: int) -> None:
    bars.update(bar, completed=position)


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)
    app.command()(migrate)
    app.add_typer(projections, name="projections")
