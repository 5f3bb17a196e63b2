"""The access rule: default deny, lists that agree with single reads, standings that follow the log within a second."""

import asyncio
import random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.authority import SetRoles
from domain.kernel import SYSTEM, Role
from domain.members import AddMember, DeactivateMember, SetTeam, members
from domain.teams import FormTeam, teams
from infra.access import RULES, Action, Object, Reach, Standing, allowed, roles_for, scope
from infra.access_members import Directory
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.keys import Keys

PEOPLE = [UUID(int=n) for n in range(1, 9)]
TEAMS = [UUID(int=n) for n in range(101, 105)]
FIRMS = [UUID(int=n) for n in range(201, 204)]
standings = st.builds(
    Standing,
    member=st.sampled_from(PEOPLE),
    roles=st.frozensets(st.sampled_from(list(Role)), max_size=3),
    teams=st.frozensets(st.sampled_from(TEAMS), max_size=2),
    mates=st.frozensets(st.sampled_from(PEOPLE), max_size=4),
    tree=st.frozensets(st.sampled_from(TEAMS), max_size=3),
    below=st.frozensets(st.sampled_from(PEOPLE), max_size=6),
    account=st.none() | st.sampled_from(FIRMS),
    active=st.booleans(),
)
things = st.builds(
    Object.of,
    st.none() | st.sampled_from(PEOPLE),
    st.none() | st.sampled_from(TEAMS),
    supplier=st.booleans(),
    party=st.none() | st.sampled_from(FIRMS),
)


def test_every_action_has_a_rule_and_external_roles_reach_what_is_with_their_account_through_the_portal_alone():
    external = {Role.PARTNER, Role.SUPPLIER, Role.CUSTOMER}
    assert set(RULES) == set(Action)
    for action in Action:
        assert roles_for(action)
        assert roles_for(action) <= external if action.startswith("portal.") else roles_for(action).isdisjoint(external), action
        assert (Reach.PARTY in RULES[action].values()) == action.startswith("portal.")
        assert {RULES[action][role] for role in roles_for(action) & external} <= {Reach.PARTY}


def test_the_auditor_reads_and_changes_nothing():
    reading = {action for action in Action if Role.AUDITOR in RULES[action]}
    assert Action.LOG_READ in reading
    assert all(action.endswith((".read", ".own")) for action in reading)


@given(standings, st.sampled_from(list(Action)), things)
def test_nobody_without_a_role_in_the_table_is_allowed_anything(standing: Standing, action: Action, thing: Object):
    if not standing.active or standing.roles.isdisjoint(RULES[action]):
        assert not allowed(standing, action, thing)
        assert not allowed(standing, action)
        assert scope(standing, action).sql == "false"


@given(standings, st.sampled_from(list(Action)), things)
def test_the_rule_agrees_with_an_independent_oracle(standing: Standing, action: Action, thing: Object):
    def oracle() -> bool:
        for role in standing.roles if standing.active else ():
            reach = RULES[action].get(role, Reach.NONE)
            own = standing.member in thing.owners
            if (
                reach is Reach.ALL
                or (reach is Reach.SUPPLIERS and thing.supplier)
                or (reach is Reach.PARTY and standing.account is not None and standing.account == thing.party)
                or (reach in {Reach.OWN, Reach.TEAM, Reach.TREE} and own)
                or (reach is Reach.TEAM and (thing.owners & standing.mates or thing.teams & standing.teams))
                or (reach is Reach.TREE and (thing.owners & standing.below or thing.teams & standing.tree))
            ):
                return True
        return False

    assert allowed(standing, action, thing) == oracle()


def test_the_account_manager_sees_the_team_and_changes_the_own():
    me, mate, stranger = PEOPLE[:3]
    standing = Standing(
        me, frozenset({Role.ACCOUNT_MANAGER}), frozenset({TEAMS[0]}), frozenset({me, mate}), frozenset({TEAMS[0]}), frozenset({me, mate})
    )
    assert allowed(standing, Action.DEAL_READ, Object.of(mate))
    assert not allowed(standing, Action.DEAL_CHANGE, Object.of(mate))
    assert allowed(standing, Action.DEAL_CHANGE, Object.of(me))
    assert not allowed(standing, Action.DEAL_READ, Object.of(stranger))
    assert not allowed(standing, Action.DEAL_READ, Object.of(None))


async def test_a_list_holds_exactly_what_single_reads_allow(database: Database, tenant: Tenant):
    random.seed(4711)
    rows = [
        (uuid4(), random.choice([None, *PEOPLE]), random.choice([None, *TEAMS]), random.random() < 0.3, random.choice([None, *FIRMS]))
        for _ in range(200)
    ]
    values = ", ".join(
        f"('{id}'::uuid, {_literal(owner)}, {_literal(team)}, {supplier}, {_literal(firm)})" for id, owner, team, supplier, firm in rows
    )
    for _ in range(500):
        own, mates = frozenset(random.sample(TEAMS, 1)), frozenset(random.sample(PEOPLE, 3))
        standing = Standing(
            random.choice(PEOPLE),
            frozenset(random.sample(list(Role), random.randint(0, 3))),
            own,
            mates,
            # a tree begins with the member's own team: who reaches it reaches that
            own | frozenset(random.sample(TEAMS, 2)),
            mates | frozenset(random.sample(PEOPLE, 5)),
            random.choice([None, *FIRMS]),
        )
        action = random.choice(list(Action))
        condition = scope(standing, action, owner="owner", team="team", supplier="supplier", party="firm")
        async with database.tenant(tenant, read_only=True) as cursor:
            await cursor.execute(
                f"SELECT id FROM (VALUES {values}) AS t (id, owner, team, supplier, firm) WHERE {condition.sql}", dict(condition.params)
            )
            listed = {row[0] for row in await cursor.fetchall()}
        assert listed == {
            id
            for id, owner, team, supplier, firm in rows
            if allowed(standing, action, Object.of(owner, team, supplier=supplier, party=firm))
        }


def _literal(id: UUID | None) -> str:
    return f"'{id}'::uuid" if id else "NULL::uuid"


@pytest.fixture
async def sealing(database: Database, tmp_path):
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    store = Store(database, Codec(keys))
    yield store
    await store.close()
    keys.close()


async def test_a_manager_reaches_the_teams_below_and_everyone_in_them(sealing: Store, database: Database, tenant: Tenant):
    top, north, south, far = (uuid4() for _ in range(4))
    boss, ana, bo, cy = (uuid4() for _ in range(4))
    for team, parent in ((top, None), (north, top), (south, north), (far, None)):
        await sealing.execute(tenant, teams, team, FormTeam(name="T", parent=parent), by=SYSTEM)
    for member, team, role in (
        (boss, top, Role.SALES_MANAGER),
        (ana, north, Role.ACCOUNT_MANAGER),
        (bo, south, Role.ACCOUNT_MANAGER),
        (cy, far, Role.ACCOUNT_MANAGER),
    ):
        await sealing.execute(tenant, members, member, AddMember(name="N", team=team, roles=(role,)), by=SYSTEM)
    directory = Directory(database, sealing)
    standing = await directory.standing(tenant, boss)
    assert standing.tree == {top, north, south}
    assert standing.below == {boss, ana, bo}
    assert (await directory.standing(tenant, ana)).mates == {ana}
    assert not (await directory.standing(tenant, uuid4())).active
    # a move between teams is seen, from the log alone, within a second
    await sealing.execute(tenant, members, cy, SetTeam(team=south), by=SYSTEM)
    await asyncio.sleep(0.85)
    assert (await directory.standing(tenant, boss)).below == {boss, ana, bo, cy}


async def test_a_role_that_was_taken_away_is_gone_within_a_second(sealing: Store, database: Database, tenant: Tenant):
    ana = uuid4()
    await sealing.execute(tenant, members, ana, AddMember(name="Ana", roles=(Role.SALES_DIRECTOR,)), by=SYSTEM)
    directory = Directory(database, sealing)
    assert allowed(await directory.standing(tenant, ana), Action.DEAL_READ, Object.of(None))
    await sealing.execute(tenant, members, ana, SetRoles(roles=(Role.PARTNER,)), by=SYSTEM)
    await asyncio.sleep(0.85)
    assert not allowed(await directory.standing(tenant, ana), Action.DEAL_READ)
    await sealing.execute(tenant, members, ana, DeactivateMember(), by=SYSTEM)
    directory.forget(tenant, ana)
    assert not (await directory.standing(tenant, ana)).active
