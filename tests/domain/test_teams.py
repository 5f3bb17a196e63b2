from __future__ import annotations

from domain.hierarchy import HierarchyCycle
from domain.imports import UndoImport
from domain.kernel import Actor, AlreadyExists, Forbidden, NotFound, Role, natural_id
from domain.members import AddMember, members
from domain.teams import (
    AppointManager,
    DissolveTeam,
    FormTeam,
    ImportTeam,
    MoveTeam,
    RenameTeam,
    RestoreTeam,
    TeamDissolved,
    TeamFormed,
    TeamManagerAppointed,
    TeamMoved,
    TeamRenamed,
    TeamRestored,
    teams,
)
from tests.domain.world import World
from tests.spec import Spec

EAST, WEST, ANN = (natural_id("test", n) for n in ("east", "west", "ann"))
formed = TeamFormed(name="East")
east = Spec(teams).on(EAST)


def test_a_team_is_formed_once_and_by_an_administrator():
    east.when(FormTeam(name="East")).then(formed)
    east.given(formed).when(FormTeam(name="East")).refused(AlreadyExists)
    east.by(Actor(ANN, frozenset({Role.SALES_MANAGER}))).when(FormTeam(name="East")).refused(Forbidden)
    east.when(RenameTeam(name="Orient")).refused(NotFound)


def test_a_team_is_renamed():
    east.given(formed).when(RenameTeam(name="Orient")).then(TeamRenamed(name="Orient"))
    east.given(formed).when(RenameTeam(name="East")).nothing()


def test_a_team_is_dissolved_and_restored():
    east.given(formed).when(DissolveTeam()).then(TeamDissolved())
    east.given(formed, TeamDissolved()).when(DissolveTeam()).nothing()
    east.given(formed, TeamDissolved()).when(RestoreTeam()).then(TeamRestored())
    east.given(formed).when(RestoreTeam()).nothing()


def world() -> World:
    world = World()
    world.do(teams, EAST, FormTeam(name="East"))
    world.do(teams, WEST, FormTeam(name="West", parent=EAST))
    world.do(members, ANN, AddMember(name="Ann"))
    return world


def test_no_team_stands_above_itself():
    assert isinstance(world().run(teams, EAST, MoveTeam(parent=WEST)), HierarchyCycle)
    assert isinstance(world().run(teams, EAST, MoveTeam(parent=EAST)), HierarchyCycle)


def test_a_team_moves_below_one_that_is_in_use():
    assert world().do(teams, WEST, MoveTeam(parent=None)) == (TeamMoved(parent=None),)
    assert world().do(teams, WEST, MoveTeam(parent=EAST)) == ()
    gone = world()
    gone.do(teams, EAST, DissolveTeam())
    assert isinstance(gone.run(teams, WEST, MoveTeam(parent=EAST)), NotFound)


def test_a_team_has_a_manager_who_is_there_or_a_vacant_post():
    assert world().do(teams, EAST, AppointManager(manager=ANN)) == (TeamManagerAppointed(manager=ANN),)
    assert world().do(teams, EAST, AppointManager(manager=None)) == ()
    assert isinstance(world().run(teams, EAST, AppointManager(manager=WEST)), NotFound)


def test_an_imported_team_comes_and_goes_with_its_run():
    run = natural_id("test", "run")
    row = ImportTeam(name="Central", source="maven", source_id="Central", run=run)
    imported = World()
    imported.do(teams, EAST, row)
    assert imported.do(teams, EAST, row) == ()
    imported.do(teams, EAST, row.model_copy(update={"name": "Centre", "run": natural_id("test", "later")}))
    assert imported.state(teams, EAST).name == "Centre"
    imported.do(teams, EAST, UndoImport(run=natural_id("test", "later")))
    assert imported.state(teams, EAST).name == "Central"
    imported.do(teams, EAST, UndoImport(run=run))
    assert not imported.state(teams, EAST).active
