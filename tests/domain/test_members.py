from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.accounts import AccountOpened, AccountRole, accounts
from domain.authority import (
    Delegate,
    DelegationOverlaps,
    LimitKind,
    MemberAccountSet,
    MemberDelegated,
    MemberDelegationRevoked,
    MemberLimitSet,
    MemberRolesChanged,
    OwnAuthority,
    RevokeDelegation,
    SetApprovalLimit,
    SetMemberAccount,
    SetRoles,
)
from domain.hierarchy import HierarchyCycle
from domain.imports import ChangedSinceImport, LaterImport, UndoImport, imported_id
from domain.kernel import Actor, AlreadyExists, Forbidden, Invalid, NotFound, Role, natural_id
from domain.members import (
    AddMember,
    ChangeMember,
    DeactivateMember,
    ImportMember,
    MemberDeactivated,
    MemberDetailsChanged,
    MemberImportUndone,
    MemberJoined,
    MemberManagerChanged,
    MemberReactivated,
    MemberReimported,
    MemberTeamChanged,
    ReactivateMember,
    SetManager,
    SetTeam,
    members,
)
from domain.standing import MemberInactive
from domain.teams import FormTeam, teams
from domain.values import Money
from tests.domain.world import World
from tests.spec import NOW, Spec

ANN, BOB, CID, EAST = (natural_id("test", n) for n in ("ann", "bob", "cid", "east"))
RUN, LATER = natural_id("test", "run"), natural_id("test", "later run")
ADMIN = Actor(natural_id("test", "admin"), frozenset({Role.ADMIN}))
SELLER = Actor(BOB, frozenset({Role.ACCOUNT_MANAGER}))
joined = MemberJoined(name="Ann", email="ann@example.com", roles=(Role.ACCOUNT_MANAGER,), zone="Europe/Berlin")
ann = Spec(members).on(ANN).by(ADMIN)
bob = Spec(members).given(MemberJoined(name="Bob")).state


def test_an_administrator_takes_a_person_in():
    ann.when(AddMember(**joined.model_dump())).then(joined)


def test_only_an_administrator_takes_people_in():
    ann.by(SELLER).when(AddMember(name="Ann")).refused(Forbidden)


def test_a_member_is_taken_in_once():
    ann.given(joined).when(AddMember(name="Ann")).refused(AlreadyExists)


def test_roles_are_kept_once_and_in_one_order():
    roles = (Role.LEGAL, Role.FINANCE, Role.LEGAL)
    ann.given(joined).when(SetRoles(roles=roles)).then(MemberRolesChanged(roles=(Role.FINANCE, Role.LEGAL)))
    ann.given(joined).when(SetRoles(roles=(Role.ACCOUNT_MANAGER,) * 2)).nothing()


@pytest.mark.parametrize(
    "command",
    [SetRoles(roles=(Role.FINANCE,)), SetApprovalLimit(kind=LimitKind.DEAL, limit=None), DeactivateMember(), SetManager(manager=None)],
)
def test_nobody_changes_their_own_authority(command: SetRoles):
    ann.given(joined).by(Actor(ANN, frozenset({Role.ADMIN}))).when(command).refused(OwnAuthority)


@pytest.mark.parametrize(
    "command", [SetRoles(roles=()), SetTeam(team=None), DeactivateMember(), SetApprovalLimit(kind=LimitKind.DEAL, limit=None)]
)
def test_authority_is_given_by_administrators(command: SetRoles):
    ann.given(joined).by(SELLER).when(command).refused(Forbidden)


def test_people_change_their_own_name_and_others_do_not():
    own = ann.given(joined).by(Actor(ANN))
    changed = MemberDetailsChanged(name="Anna", email="ann@example.com", zone="Europe/Berlin")
    own.when(ChangeMember(name="Anna")).then(changed)
    own.when(ChangeMember(name="Ann", zone="Europe/Berlin")).nothing()
    own.when(ChangeMember(name=None)).refused(Invalid)
    own.when(ChangeMember(email=None)).then(changed.model_copy(update={"name": "Ann", "email": None}))
    own.by(SELLER).when(ChangeMember(name="Anna")).refused(Forbidden)


def test_who_is_not_there_is_not_found():
    ann.when(ChangeMember(name="Anna")).refused(NotFound)


def test_a_limit_is_set_once():
    limit = Money(amount=Decimal(2000), currency="EUR")
    event = MemberLimitSet(kind=LimitKind.WRITE_OFF, limit=limit)
    command = SetApprovalLimit(kind=LimitKind.WRITE_OFF, limit=limit)
    ann.given(joined).when(command).then(event)
    ann.given(joined, event).when(command).nothing()
    ann.given(joined).when(SetApprovalLimit(kind=LimitKind.DEAL, limit=-limit)).refused(Invalid)
    assert ann.given(joined, event, MemberLimitSet(kind=LimitKind.WRITE_OFF, limit=None)).state.limits == {}


def test_a_member_stops_and_starts_again():
    ann.given(joined).when(DeactivateMember()).then(MemberDeactivated())
    ann.given(joined, MemberDeactivated()).when(DeactivateMember()).nothing()
    ann.given(joined, MemberDeactivated()).when(ReactivateMember()).then(MemberReactivated())
    ann.given(joined).when(ReactivateMember()).nothing()


def test_a_person_from_outside_speaks_for_an_account_that_is_there():
    known = ann.given(joined).knowing({CID: accounts.fold([AccountOpened(legal_name="Kolbe KG", roles=(AccountRole.SUPPLIER,))])})
    known.when(SetMemberAccount(account=CID)).then(MemberAccountSet(account=CID))
    known.given(MemberAccountSet(account=CID)).when(SetMemberAccount(account=CID)).nothing()
    known.given(MemberAccountSet(account=CID)).when(SetMemberAccount(account=None)).then(MemberAccountSet(account=None))
    known.when(SetMemberAccount(account=BOB)).refused(NotFound)
    known.by(SELLER).when(SetMemberAccount(account=CID)).refused(Forbidden)
    known.by(Actor(ANN, frozenset({Role.ADMIN}))).when(SetMemberAccount(account=CID)).refused(OwnAuthority)


def test_a_manager_is_an_active_member():
    known = ann.given(joined).knowing({BOB: bob})
    known.when(SetManager(manager=BOB)).then(MemberManagerChanged(manager=BOB))
    known.when(SetManager(manager=CID)).refused(NotFound)
    known.when(SetManager(manager=None)).nothing()
    gone = members.fold([MemberDeactivated()], bob)
    known.knowing({BOB: gone}).when(SetManager(manager=BOB)).refused(MemberInactive)


def test_nobody_is_their_own_manager_however_far_up():
    world = World()
    for id, name in ((ANN, "Ann"), (BOB, "Bob"), (CID, "Cid")):
        world.do(members, id, AddMember(name=name))
    world.do(members, ANN, SetManager(manager=BOB))
    world.do(members, BOB, SetManager(manager=CID))
    assert isinstance(world.run(members, CID, SetManager(manager=ANN)), HierarchyCycle)
    assert isinstance(world.run(members, CID, SetManager(manager=CID)), HierarchyCycle)


def test_a_team_must_be_in_use():
    world = World()
    world.do(members, ANN, AddMember(name="Ann"))
    assert isinstance(world.run(members, ANN, SetTeam(team=EAST)), NotFound)
    world.do(teams, EAST, FormTeam(name="East"))
    assert world.do(members, ANN, SetTeam(team=EAST)) == (MemberTeamChanged(team=EAST),)
    assert world.do(members, ANN, SetTeam(team=EAST)) == ()


MONDAY = date(2026, 3, 2)
delegated = MemberDelegated(
    delegation=natural_id("test", "1"), to=BOB, first_day=MONDAY, last_day=MONDAY + timedelta(days=4), zone="Europe/Berlin"
)
away = Delegate(to=BOB, first_day=MONDAY, last_day=MONDAY + timedelta(days=4))
away_ann = ann.given(joined).by(Actor(ANN)).knowing({BOB: bob})


def test_a_member_lets_another_stand_in():
    away_ann.when(away).then(delegated)
    away_ann.given(delegated).when(away).nothing()


def test_stand_ins_do_not_overlap():
    longer = away.model_copy(update={"last_day": MONDAY + timedelta(days=9)})
    away_ann.given(delegated).when(longer).refused(DelegationOverlaps, delegation=str(delegated.delegation))


@pytest.mark.parametrize(
    "change",
    [
        {"to": ANN},
        {"last_day": MONDAY - timedelta(days=1)},
        {"first_day": MONDAY - timedelta(days=9), "last_day": MONDAY - timedelta(days=8)},
    ],
)
def test_a_delegation_that_makes_no_sense_is_refused(change: dict[str, object]):
    away_ann.knowing({ANN: bob}).when(away.model_copy(update=change)).refused(Invalid)


def test_only_the_member_or_an_administrator_delegates():
    away_ann.by(SELLER).when(away).refused(Forbidden)


def test_a_delegation_holds_on_whole_days_in_the_members_zone():
    state = ann.given(joined, delegated).state
    berlin_midnight = NOW.replace(day=1, hour=23, minute=0)
    assert state.stand_in(berlin_midnight) == BOB
    assert state.stand_in(berlin_midnight - timedelta(seconds=1)) is None
    assert state.stand_in(berlin_midnight + timedelta(days=5)) is None


def test_a_delegation_is_revoked_once():
    revoked = MemberDelegationRevoked(delegation=delegated.delegation)
    away_ann.given(delegated).when(RevokeDelegation(delegation=delegated.delegation)).then(revoked)
    away_ann.given(delegated, revoked).when(RevokeDelegation(delegation=delegated.delegation)).nothing()


def row(run=RUN, **changes: object) -> ImportMember:
    return ImportMember(**{"name": "Anna Snelling", "source": "maven", "source_id": "Anna Snelling", "run": run, **changes})


IMPORTED = imported_id("member", "maven", "Anna Snelling")


def imported(*rows: ImportMember) -> World:
    world = World()
    for each in rows:
        world.do(members, IMPORTED, each)
    return world


def test_the_same_row_again_is_quiet():
    world = imported(row())
    assert world.do(members, IMPORTED, row(LATER)) == ()


def test_a_new_row_changes_only_what_is_new_in_it():
    world = imported(row())
    world.do(members, IMPORTED, ChangeMember(name="Anna S."))
    outcome = world.do(members, IMPORTED, row(LATER, email="anna@example.com"))
    assert [type(e) for e in outcome] == [MemberReimported, MemberDetailsChanged]
    assert world.state(members, IMPORTED).name == "Anna S."


def test_undoing_a_run_takes_back_who_came_with_it():
    world = imported(row())
    assert world.do(members, IMPORTED, UndoImport(run=RUN)) == (MemberImportUndone(run=RUN, withdrawn=True),)
    assert not world.state(members, IMPORTED).active
    assert isinstance(world.run(members, IMPORTED, ChangeMember(name="x")), NotFound)
    world.do(members, IMPORTED, row(LATER))
    assert world.state(members, IMPORTED).active


def test_undoing_a_later_run_returns_to_what_was_said_before():
    world = imported(row(), row(LATER, email="anna@example.com"))
    assert isinstance(world.run(members, IMPORTED, UndoImport(run=RUN)), LaterImport)
    world.do(members, IMPORTED, UndoImport(run=LATER))
    assert world.state(members, IMPORTED).email is None
    assert world.do(members, IMPORTED, UndoImport(run=LATER)) == ()
    assert world.do(members, IMPORTED, row()) == ()


def test_an_import_that_was_worked_on_cannot_be_undone():
    world = imported(row())
    world.do(members, IMPORTED, ChangeMember(name="Anna S."))
    refusal = world.run(members, IMPORTED, UndoImport(run=RUN))
    assert isinstance(refusal, ChangedSinceImport)
    assert refusal.data["fields"] == ["name"]


def test_an_import_does_not_take_over_a_member_who_was_added():
    ann.given(joined).when(row()).refused(AlreadyExists)
