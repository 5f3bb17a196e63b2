"""Merging accounts, and taking that back."""

from __future__ import annotations

from domain.accounts import (
    ChangeAccount,
    CloseAccount,
    MergeAccount,
    MergedAway,
    RegisterAccount,
    Registration,
    SetAccountParent,
    UndoMerge,
    accounts,
)
from domain.hierarchy import HierarchyCycle
from domain.kernel import Invalid, NotFound
from domain.reservations import Taken, reservations
from tests.domain.test_accounts import HRB, A, B, C, D, opening, world
from tests.domain.world import World


def holder(known: World, registration: Registration = HRB) -> object:
    return known.state(reservations, registration.claim.read.id).holder


def test_merging_carries_the_registration_and_undoing_returns_it():
    known = World()
    known.do(accounts, A, opening("Acme", registration=HRB))
    known.do(accounts, B, opening("Globex"))
    known.do(accounts, A, MergeAccount(into=B))
    assert known.do(accounts, A, MergeAccount(into=B)) == ()
    assert holder(known) == B
    assert known.state(accounts, A).merged_into == B
    assert known.state(accounts, B).absorbed == {A: (HRB,)}
    assert isinstance(known.run(accounts, C, opening("New", registration=HRB)), Taken)
    known.do(accounts, A, UndoMerge())
    assert known.do(accounts, A, UndoMerge()) == ()
    assert holder(known) == A
    assert known.state(accounts, B).absorbed == {}
    assert known.state(accounts, A).open


def test_a_merged_account_sends_you_to_the_one_that_stays():
    known = world("Acme", "Globex", "Initech")
    known.do(accounts, A, MergeAccount(into=B))
    for command in (ChangeAccount(industry="steel"), CloseAccount(), MergeAccount(into=C)):
        refusal = known.run(accounts, A, command)
        assert isinstance(refusal, MergedAway)
        assert refusal.data["into"] == str(B)
    assert isinstance(known.run(accounts, C, MergeAccount(into=A)), MergedAway)
    assert isinstance(known.run(accounts, C, SetAccountParent(parent=A)), MergedAway)


def test_an_account_is_merged_into_another_that_is_there():
    known = world("Acme")
    assert isinstance(known.run(accounts, A, MergeAccount(into=A)), Invalid)
    assert isinstance(known.run(accounts, A, MergeAccount(into=B)), NotFound)


def test_merges_are_undone_last_first():
    known = World()
    known.do(accounts, A, opening("Acme", registration=HRB))
    known.do(accounts, B, opening("Globex"))
    known.do(accounts, C, opening("Initech"))
    known.do(accounts, A, MergeAccount(into=B))
    known.do(accounts, B, MergeAccount(into=C))
    assert holder(known) == C
    assert isinstance(known.run(accounts, A, UndoMerge()), MergedAway)
    known.do(accounts, B, UndoMerge())
    known.do(accounts, A, UndoMerge())
    assert holder(known) == A


def test_a_carried_registration_that_came_into_use_is_not_taken_away():
    known = World()
    known.do(accounts, A, opening("Acme", registration=HRB))
    known.do(accounts, B, opening("Globex"))
    known.do(accounts, A, MergeAccount(into=B))
    known.do(accounts, B, RegisterAccount(registration=HRB))
    assert isinstance(known.run(accounts, A, UndoMerge()), Taken)
    known.do(accounts, B, RegisterAccount(registration=None))
    assert holder(known) == B
    known.do(accounts, A, UndoMerge())
    assert holder(known) == A


def test_merging_makes_no_account_stand_above_itself():
    known = world("Parent", "Child", "Other")
    known.do(accounts, B, SetAccountParent(parent=A))
    assert isinstance(known.run(accounts, A, MergeAccount(into=B)), HierarchyCycle)
    known.do(accounts, B, MergeAccount(into=A))


def test_undoing_a_merge_makes_no_account_stand_above_itself():
    known = world("One", "Two", "Three", "Four")
    known.do(accounts, A, SetAccountParent(parent=B))
    known.do(accounts, D, SetAccountParent(parent=A))
    known.do(accounts, A, MergeAccount(into=C))
    known.do(accounts, B, SetAccountParent(parent=D))
    assert isinstance(known.run(accounts, A, UndoMerge()), HierarchyCycle)
    known.do(accounts, B, SetAccountParent(parent=None))
    known.do(accounts, A, UndoMerge())
    assert known.state(accounts, A).parent == B
