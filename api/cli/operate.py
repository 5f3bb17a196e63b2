"""An operator's commands, straight to the servers: examine, migrate, read models."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.formats import count, plain, table
from api.cli.here import of_this_machine
from api.cli.options import Json, TenantName
from api.cli.outcomes import out, say_json, told
from api.cli.progress import bars
from api.cli.servers import reached
from api.cli.tree import add, group


@told
@of_this_machine
def doctor(as_json: Json = False) -> None:
    """Check versions, settings, servers, clocks and disk, and say what to do.

    Example:
      concord doctor
    """
    from infra.doctor import examine, worst
    from infra.settings import Settings

    findings = examine(Settings.from_environment())
    if as_json:
        say_json([asdict(finding) for finding in findings])
    else:
        shown = table("", "what", "found", "what to do", whole=("",))
        marks = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "failure": "[red]failure[/]"}
        for finding in findings:
            shown.add_row(marks[finding.level], finding.check, plain(finding.found), plain(finding.advice) if finding.advice else "")
        out.print(shown)
    sys.exit(1 if worst(findings) == "failure" else 0)


@told
@of_this_machine
def migrate(as_json: Json = False) -> None:
    """Bring the database and every tenant to this version's shape; repeatable.

    Example:
      concord migrate
    """
    from api.provisioning import migrate_all

    settings = reached()
    tenants, outdated = migrate_all(settings)
    if as_json:
        say_json({"tenants": [t.slug for t in tenants], "to_rebuild": outdated})
        return
    are = "is" if len(tenants) == 1 else "are"
    out.print(f"{count(len(tenants), 'tenant')} {are} up to date: {', '.join(t.slug for t in tenants) or 'none yet'}.")
    for slug, names in outdated.items():
        out.print(f"Rebuild for {slug}: concord projections rebuild {' '.join(names)} --tenant {slug}", style="yellow")


@told
@of_this_machine
def projections_status(tenant: TenantName = None, as_json: Json = False) -> None:
    """Position, lag and parked events of every read model.

    Example:
      concord projections status --tenant acme
    """
    import asyncio

    from api.provisioning import tenant_of
    from infra.opening import opened
    from projections.catalogue import read_models
    from projections.tracking import health

    async def ask() -> None:
        settings = reached()
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant or settings.tenant)
            head = await process.store.head(chosen)
            async with process.database.tenant(chosen, read_only=True) as cursor:
                found = await health(cursor, [p.name for p in read_models()])
        if as_json:
            say_json({"tenant": chosen.slug, "head": head, "read_models": [asdict(h) for h in found]})
            return
        shown = table("read model", "position", "lag", "parked at", right=("position", "lag"))
        out.print(f"[bold]Read models of {chosen.slug}[/]; the log ends at {head:,}")
        for h in found:
            parked = f"[red]{h.parked_at:,}: {plain(h.cause)}[/]" if h.parked_at is not None else ""
            shown.add_row(h.name, f"{h.position:,}", f"{h.lag_events:,}", parked)
        out.print(shown)

    asyncio.run(ask())


@told
@of_this_machine
def projections_rebuild(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all when none is named.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Fold read models anew from the first event, beside the live ones, and swap; readers notice nothing.

    Examples:
      concord projections rebuild
      concord projections rebuild deals --tenant acme
    """
    import asyncio

    from api.provisioning import tenant_of
    from infra.opening import opened
    from projections.catalogue import read_models
    from projections.projection import by_name
    from projections.rebuild import rebuild

    async def fold() -> None:
        settings = reached()
        known = by_name(read_models())
        if unknown := [n for n in names or () if n not in known]:
            raise LookupError(f"There is no read model {', '.join(unknown)}; there are {', '.join(known)}.")
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant or settings.tenant)
            head = await process.store.head(chosen)
            reached_to: dict[str, int] = {}
            for name in names or list(known):
                assert settings.migrator_url is not None
                with bars(transient=True) as bar:
                    reached_to[name] = await rebuild(settings.migrator_url, process.store, chosen, [known[name]], bar(name, total=head))
                if not as_json:
                    out.print(f"Rebuilt {name} up to position {reached_to[name]:,}.")
        if as_json:
            say_json({"tenant": chosen.slug, "rebuilt": reached_to})

    asyncio.run(fold())


@told
@of_this_machine
def projections_retry(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all when none is named.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Let parked read models try their event again, after its cause was mended.

    Example:
      concord projections retry deals
    """
    import asyncio

    from api.provisioning import tenant_of
    from infra.opening import opened
    from projections.catalogue import read_models
    from projections.tracking import retry

    async def again() -> None:
        settings = reached()
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant or settings.tenant)
            async with process.database.tenant(chosen) as cursor:
                freed = await retry(cursor, chosen.slug, names or [p.name for p in read_models()])
        if as_json:
            say_json({"tenant": chosen.slug, "freed": freed})
            return
        out.print(f"Trying again: {', '.join(freed)}." if freed else "Nothing is parked.")

    asyncio.run(again())


def add_to(app: typer.Typer) -> None:
    add(app, doctor)
    add(app, migrate)
    words = "Read models: how far they are, rebuild them, let them try again"
    commands = ("status", projections_status), ("rebuild", projections_rebuild), ("retry", projections_retry)
    group(app, "projections", words, *commands)
