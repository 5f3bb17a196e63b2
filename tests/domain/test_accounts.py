from __future__ import annotations

from datetime import timedelta

import pytest

from domain.accounts import (
    AccountAttributesSet,
    AccountClosed,
    AccountDetailsChanged,
    AccountIsClosed,
    AccountOpened,
    AccountOwnerAssigned,
    AccountParentChanged,
    AccountReopened,
    AccountRole,
    AccountRolesChanged,
    AccountsDeclaredDifferent,
    AssignAccountOwner,
    ChangeAccount,
    CloseAccount,
    DeclareDifferent,
    LooksAlike,
    MergeAccount,
    OpenAccount,
    RegisterAccount,
    Registration,
    Relationship,
    ReopenAccount,
    SetAccountAttributes,
    SetAccountParent,
    SetAccountRoles,
    accounts,
)
from domain.attributes import AttributeDefined, AttributeRefused, AttributeType, attributes, attributes_id
from domain.backdating import BackdatingNotAllowed
from domain.hierarchy import HierarchyCycle
from domain.kernel import Actor, AlreadyExists, Invalid, NotFound, On, Refused, Role, natural_id
from domain.members import AddMember, DeactivateMember, members
from domain.reservations import ReservationReleased, ReservationTaken, Taken
from domain.standing import MemberInactive
from tests.domain.world import World
from tests.spec import NOW, Spec

A, B, C, D, ANN, BOB = (natural_id("test", n) for n in ("a", "b", "c", "d", "ann", "bob"))
RUN, LATER = natural_id("test", "run"), natural_id("test", "later")
HRB = Registration(country="DE", registry="HRB Berlin", number="12345 B")
CUSTOMER = (AccountRole.CUSTOMER,)
opened = AccountOpened(legal_name="Acme GmbH", roles=CUSTOMER, domain="acme.com")
acme = Spec(accounts).on(A)
SELLER = Actor(BOB, frozenset({Role.ACCOUNT_MANAGER}))


def opening(name: str = "Acme GmbH", **more: object) -> OpenAccount:
    return OpenAccount(**{"legal_name": name, "roles": CUSTOMER, **more})


def world(*names: str) -> World:
    """Accounts a, b, ... with these names."""
    world = World()
    for id, name in zip((A, B, C, D), names, strict=False):
        world.do(accounts, id, opening(name))
    return world


def test_an_account_is_opened_in_several_roles_at_once():
    both = (AccountRole.SUPPLIER, AccountRole.CUSTOMER, AccountRole.SUPPLIER)
    acme.when(opening(roles=both, domain="https://www.acme.com")).then(
        opened.model_copy(update={"roles": (AccountRole.CUSTOMER, AccountRole.SUPPLIER)})
    )


def test_an_account_is_opened_once():
    acme.given(opened).when(opening()).refused(AlreadyExists)


def test_only_a_taken_registration_refuses_an_account_and_names_the_holder():
    world = World()
    outcome = world.do(accounts, A, opening(registration=HRB))
    assert outcome[1] == On(HRB.claim.read, ReservationTaken(kind="registration", parts=HRB.claim.parts, holder=A))
    same = Registration(country="DE", registry="hrb-berlin", number="12345b")
    refusal = world.run(accounts, B, opening("Other AG", registration=same))
    assert isinstance(refusal, Taken)
    assert refusal.data["holder"] == str(A)
    abroad = Registration(country="AT", registry="HRB Berlin", number="12345 B")
    world.do(accounts, B, opening("Other AG", registration=abroad))


def test_a_registration_is_changed_and_the_old_one_is_free_again():
    world = World()
    world.do(accounts, A, opening(registration=HRB))
    other = Registration(country="DE", registry="HRB Berlin", number="777")
    outcome = world.do(accounts, A, RegisterAccount(registration=other))
    assert On(HRB.claim.read, ReservationReleased(holder=A)) in outcome
    assert world.do(accounts, A, RegisterAccount(registration=other)) == ()
    world.do(accounts, B, opening("Next AG", registration=HRB))
    assert isinstance(world.run(accounts, A, RegisterAccount(registration=HRB)), Taken)


def test_a_likeness_must_be_confirmed_and_the_word_is_recorded():
    known = world("Acme GmbH")
    refusal = known.run(accounts, B, opening("ACME Ltd", similar=(A,)))
    assert isinstance(refusal, LooksAlike)
    assert refusal.data["candidates"] == [{"account": str(A), "name": "Acme GmbH", "reason": "name"}]
    outcome = known.do(accounts, B, opening("ACME Ltd", similar=(A,), different_from=(A,)))
    assert outcome[1] == AccountsDeclaredDifferent(others=(A,))
    assert known.do(accounts, B, DeclareDifferent(others=(A,))) == ()
    assert known.do(accounts, B, ChangeAccount(legal_name="Acme", similar=(A,)))


def test_the_same_domain_is_a_likeness():
    known = World()
    known.do(accounts, A, opening("Acme", domain="acme.com"))
    refusal = known.run(accounts, B, opening("Globex", domain="acme.com", similar=(A,)))
    assert isinstance(refusal, LooksAlike)
    assert refusal.data["candidates"][0]["reason"] == "domain"
    assert isinstance(known.run(accounts, B, opening("Globex", domain="acme.com", similar=(A,), different_from=(C,))), LooksAlike)


def test_a_candidate_that_no_longer_looks_alike_does_not_count():
    known = world("Acme GmbH", "Globex")
    known.do(accounts, C, opening("Initech", similar=(A, B, D)))
    known.do(accounts, A, MergeAccount(into=B))
    known.do(accounts, D, opening("Acme", similar=(A,)))


def test_a_new_name_that_looks_like_another_account_must_be_confirmed_too():
    known = world("Acme GmbH", "Globex")
    assert isinstance(known.run(accounts, B, ChangeAccount(legal_name="Acme", similar=(A,))), LooksAlike)
    known.do(accounts, B, ChangeAccount(legal_name="Acme", similar=(A,), different_from=(A,)))
    assert known.state(accounts, B).different_from == {A}


def test_details_left_away_stay_and_null_clears():
    changed = AccountDetailsChanged(legal_name="Acme GmbH", domain=None, relationship=Relationship.PROACTIVE)
    acme.given(opened).when(ChangeAccount(domain=None, relationship=Relationship.PROACTIVE)).then(changed)
    acme.given(opened, changed).when(ChangeAccount(domain=None, legal_name="Acme GmbH")).nothing()
    acme.given(opened).when(ChangeAccount(legal_name=None)).refused(Invalid)
    acme.when(ChangeAccount(industry="steel")).refused(NotFound)


def test_roles_are_set():
    acme.given(opened).when(SetAccountRoles(roles=(AccountRole.SUPPLIER,))).then(AccountRolesChanged(roles=(AccountRole.SUPPLIER,)))
    acme.given(opened).when(SetAccountRoles(roles=CUSTOMER)).nothing()


def test_an_account_closes_and_opens_again():
    acme.given(opened).when(CloseAccount()).then(AccountClosed())
    closed = acme.given(opened, AccountClosed())
    closed.when(CloseAccount()).nothing()
    closed.when(ChangeAccount(industry="steel")).refused(AccountIsClosed)
    closed.when(ReopenAccount()).then(AccountReopened())
    acme.given(opened).when(ReopenAccount()).nothing()
    assert not closed.state.open


def owned() -> World:
    known = world("Acme GmbH")
    for id, name in ((ANN, "Ann"), (BOB, "Bob")):
        known.do(members, id, AddMember(name=name))
    known.do(accounts, A, AssignAccountOwner(owner=ANN))
    return known


def test_an_owner_is_assigned_from_a_date_on():
    known = owned()
    assert known.do(accounts, A, AssignAccountOwner(owner=ANN)) == ()
    known.now = NOW + timedelta(days=10)
    assert known.do(accounts, A, AssignAccountOwner(owner=BOB)) == (AccountOwnerAssigned(owner=BOB, team=None, since=known.now),)
    state = known.state(accounts, A)
    assert (state.owner, state.owned_at(NOW).owner, state.owned_at(NOW - timedelta(days=1)).owner) == (BOB, ANN, None)


def test_an_owner_can_be_assigned_back_to_a_date_before_a_later_one():
    known = owned()
    outcome = known.run(accounts, A, AssignAccountOwner(owner=BOB), effective_at=NOW - timedelta(days=30))
    assert outcome == (AccountOwnerAssigned(owner=BOB, team=None, since=NOW - timedelta(days=30)),)
    state = known.state(accounts, A)
    assert (state.owner, state.owned_at(NOW - timedelta(days=1)).owner) == (ANN, BOB)


def test_only_who_may_date_back_assigns_owners_in_the_past():
    known = owned()
    back = NOW - timedelta(days=30)
    assert isinstance(known.run(accounts, A, AssignAccountOwner(owner=BOB), by=SELLER, effective_at=back), BackdatingNotAllowed)
    assert not isinstance(known.run(accounts, A, AssignAccountOwner(owner=BOB), by=SELLER), Refused)


def test_an_owner_is_an_active_member():
    known = owned()
    known.do(members, BOB, DeactivateMember())
    assert isinstance(known.run(accounts, A, AssignAccountOwner(owner=BOB)), MemberInactive)
    assert isinstance(known.run(accounts, A, AssignAccountOwner(owner=C)), NotFound)
    assert isinstance(known.run(accounts, B, opening("Globex", owner=BOB)), MemberInactive)


def test_no_account_stands_above_itself_however_far_up():
    known = world("Acme", "Globex", "Initech")
    assert known.do(accounts, A, SetAccountParent(parent=B)) == (AccountParentChanged(parent=B),)
    assert known.do(accounts, A, SetAccountParent(parent=B)) == ()
    known.do(accounts, B, SetAccountParent(parent=C))
    for parent in (A, C):
        assert isinstance(known.run(accounts, C, SetAccountParent(parent=parent)), HierarchyCycle)
    assert isinstance(known.run(accounts, A, SetAccountParent(parent=D)), NotFound)


def test_fields_that_the_tenant_defined_are_checked_and_carry_the_version():
    known = world("Acme")
    assert isinstance(known.run(accounts, A, SetAccountAttributes(attributes={"tier": "gold"})), AttributeRefused)
    known.histories[attributes_id("account")] = [
        AttributeDefined(noun="account", key="tier", label="Tier", type=AttributeType.CHOICE, options=("gold",))
    ]
    known.deciders[attributes_id("account")] = attributes
    outcome = known.do(accounts, A, SetAccountAttributes(attributes={"tier": "gold"}))
    assert outcome == (AccountAttributesSet(attributes={"tier": "gold"}, definitions=1),)
    assert known.do(accounts, A, SetAccountAttributes(attributes={"tier": "gold"})) == ()
    known.do(accounts, A, SetAccountAttributes(attributes={"tier": None}))
    assert known.state(accounts, A).attributes == {}


@pytest.mark.parametrize("seconds", [1, 86400])
def test_nothing_happens_in_the_future(seconds: int):
    assert isinstance(world("Acme").run(accounts, A, CloseAccount(), effective_at=NOW + timedelta(seconds=seconds)), Invalid)
