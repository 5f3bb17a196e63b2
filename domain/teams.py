"""Teams: who works together, below which other team, led by whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain.backdating import check_dating
from domain.hierarchy import chain_reads, check_no_cycle
from domain.imports import Provenance, UndoImport
from domain.kernel import SYSTEM, AlreadyExists, Command, Context, Decider, Event, Forbidden, NotFound, Read, Role
from domain.standing import check_active, check_team, member_read
from domain.values import Name

ROW = ("name", "parent", "manager")


class TeamFormed(Event, topic="team.formed"):
    name: str
    parent: UUID | None = None
    manager: UUID | None = None


class TeamImported(Event, topic="team.imported"):
    """A source told of a team that we did not know."""

    name: str
    parent: UUID | None = None
    manager: UUID | None = None
    source: str
    source_id: str
    run: UUID


class TeamReimported(Event, topic="team.reimported"):
    """The source says something new; events for what changed by it follow."""

    name: str
    parent: UUID | None = None
    manager: UUID | None = None
    run: UUID


class TeamImportUndone(Event, topic="team.import_undone"):
    """`run` never was; with `withdrawn` the team came with it and goes with it."""

    run: UUID
    withdrawn: bool


class TeamRenamed(Event, topic="team.renamed"):
    name: str


class TeamMoved(Event, topic="team.moved"):
    """Below another team from now on, or on top."""

    parent: UUID | None


class TeamManagerAppointed(Event, topic="team.manager_appointed"):
    """Who leads it; None: the post is vacant, and what it should decide passes up."""

    manager: UUID | None


class TeamDissolved(Event, topic="team.dissolved"):
    pass


class TeamRestored(Event, topic="team.restored"):
    pass


class FormTeam(Command):
    """Begin a team."""

    name: Name
    parent: UUID | None = None
    manager: UUID | None = None


class ImportTeam(Command):
    """What a source says of a team; quiet if it said so before."""

    name: Name
    parent: UUID | None = None
    manager: UUID | None = None
    source: Name
    source_id: Name
    run: UUID


class RenameTeam(Command):
    name: Name


class MoveTeam(Command):
    """Put the team below another, or on top."""

    parent: UUID | None


class AppointManager(Command):
    manager: UUID | None


class DissolveTeam(Command):
    """Nothing new goes to it; who is in it stays until moved."""


class RestoreTeam(Command):
    pass


@dataclass(frozen=True, slots=True)
class Team:
    """A team; `manager` None: vacant."""

    name: str
    parent: UUID | None = None
    manager: UUID | None = None
    active: bool = True
    withdrawn: bool = False
    provenance: Provenance | None = None


def _above(team: Team) -> UUID | None:
    return team.parent


def reads(team: Team | None, command: Any, facts: Mapping[UUID, Any]) -> Iterable[Read]:
    match command:
        case FormTeam(parent=parent) | ImportTeam(parent=parent) | MoveTeam(parent=parent):
            yield from chain_reads("team", parent, facts, _above)
        case UndoImport(run=run) if team is not None and team.provenance is not None:
            yield from chain_reads("team", team.provenance.before(run).get("parent"), facts, _above)
    match command:
        case FormTeam(manager=UUID() as manager) | AppointManager(manager=UUID() as manager):
            yield member_read(manager)


def _row(source: Any) -> dict[str, Any]:
    return {name: getattr(source, name) for name in ROW}


def _change(team: Team, changes: Mapping[str, Any], ctx: Context) -> Iterable[Event]:
    if changes.get("name", team.name) != team.name:
        yield TeamRenamed(name=changes["name"])
    if changes.get("parent", team.parent) != team.parent:
        check_no_cycle(ctx.own_id, changes["parent"], ctx.facts, _above, "team")
        yield TeamMoved(parent=changes["parent"])
    if changes.get("manager", team.manager) != team.manager:
        yield TeamManagerAppointed(manager=changes["manager"])


def _imported(team: Team | None, command: ImportTeam, ctx: Context) -> Iterable[Event]:
    if team is None or team.withdrawn:
        check_no_cycle(ctx.own_id, command.parent, ctx.facts, _above, "team")
        yield TeamImported(**_row(command), source=command.source, source_id=command.source_id, run=command.run)
    elif team.provenance is None:
        raise AlreadyExists("This team was not imported; match the row with it by hand, or leave it out.")
    elif news := team.provenance.news(_row(command)):
        yield TeamReimported(**_row(command), run=command.run)
        yield from _change(team, news, ctx)


def decide(team: Team | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    check_dating(ctx)
    if isinstance(command, ImportTeam):
        return tuple(_imported(team, command, ctx))
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN):
        raise Forbidden("Only an administrator may change teams; ask one.", roles=[Role.ADMIN])
    if isinstance(command, FormTeam):
        if team is not None:
            raise AlreadyExists("This team is here already; change it instead.")
        check_team(ctx, command.parent)
        check_active(ctx, command.manager, "manager")
        return (TeamFormed(**_row(command)),)
    if team is None or team.withdrawn:
        raise NotFound("There is no such team; form it first.")
    match command:
        case RenameTeam(name=name):
            return tuple(_change(team, {"name": name}, ctx))
        case MoveTeam(parent=parent):
            check_team(ctx, parent)
            return tuple(_change(team, {"parent": parent}, ctx))
        case AppointManager(manager=manager):
            check_active(ctx, manager, "manager")
            return tuple(_change(team, {"manager": manager}, ctx))
        case DissolveTeam():
            return (TeamDissolved(),) if team.active else ()
        case RestoreTeam():
            return () if team.active else (TeamRestored(),)
        case UndoImport(run=run):
            if team.provenance is None or not team.provenance.spoke(run):
                return ()
            back = team.provenance.returning(run, _row(team))
            return (TeamImportUndone(run=run, withdrawn=back is None), *_change(team, back or {}, ctx))
        case _:
            raise TypeError(f"a team knows no {type(command).__name__}")


def evolve(team: Team | None, event: Event) -> Team | None:
    match event:
        case TeamFormed():
            return Team(**_row(event))
        case TeamImported(source=source, source_id=source_id, run=run):
            return Team(**_row(event), provenance=Provenance(source, source_id).heard(run, _row(event)))
    if team is None:
        return None
    match event:
        case TeamReimported(run=run) if team.provenance is not None:
            return replace(team, provenance=team.provenance.heard(run, _row(event)))
        case TeamImportUndone(run=run, withdrawn=withdrawn) if team.provenance is not None:
            return replace(team, provenance=team.provenance.without(run), withdrawn=withdrawn, active=team.active and not withdrawn)
        case TeamRenamed(name=name):
            return replace(team, name=name)
        case TeamMoved(parent=parent):
            return replace(team, parent=parent)
        case TeamManagerAppointed(manager=manager):
            return replace(team, manager=manager)
        case TeamDissolved():
            return replace(team, active=False)
        case TeamRestored():
            return replace(team, active=True)
        case _:
            return team


teams = Decider("team", initial=None, decide=decide, evolve=evolve, reads=reads)
