"""Rules of disputes that span several streams hold on the real store, also when many ask at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from domain.accounts import AccountRole, OpenAccount, accounts
from domain.disputes import commands as c
from domain.disputes import disputes, locks
from domain.disputes.locks import lock_read
from domain.disputes.refusals import DisputeNotThere, LineInOtherCase, MoreThanOpen, NotAgreed
from domain.disputes.state import Dispute
from domain.disputes.terms import LineAmount, Party
from domain.kernel import SYSTEM, natural_id
from domain.members import AddMember, members
from domain.nouns import register_all
from domain.suppliers import supplier_id, suppliers
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.event_store.requests import VersionConflict
from infra.keys import Keys
from tests.domain.dispute_world import ACME, BEA, claim, credit_note, line, offer

register_all()
CASES = [natural_id("test", "case", str(n)) for n in range(12)]


@pytest.fixture
async def store(database: Database, tmp_path: Path) -> AsyncIterator[Store]:
    """One with keys: what is said in a case is sealed."""
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    store = Store(database, Codec(keys))
    yield store
    await store.close()
    keys.close()


async def furnish(store: Store, tenant: Tenant) -> None:
    await store.execute(tenant, accounts, ACME, OpenAccount(legal_name="Acme", roles=(AccountRole.SUPPLIER,)), by=SYSTEM)
    await store.execute(tenant, members, BEA, AddMember(name="Bea"), by=SYSTEM)


async def case_of(store: Store, tenant: Tenant, id: UUID) -> Dispute | None:
    state: Dispute | None = (await store.load(tenant, disputes, id)).state
    return state


async def test_of_a_dozen_that_claim_one_line_at_once_one_gets_it(store: Store, tenant: Tenant):
    await furnish(store, tenant)
    outcomes = await asyncio.gather(*(store.execute(tenant, disputes, id, claim(), by=SYSTEM) for id in CASES), return_exceptions=True)
    won = [id for id, outcome in zip(CASES, outcomes, strict=True) if not isinstance(outcome, BaseException)]
    assert len(won) == 1
    assert {type(o) for o in outcomes if isinstance(o, BaseException)} <= {LineInOtherCase, VersionConflict}
    assert (await store.load(tenant, locks, lock_read(ACME, line().reference).id)).state.holders == {won[0]}
    supplier = (await store.load(tenant, suppliers, supplier_id(ACME))).state
    assert set(supplier.cases) == set(won)
    assert [await case_of(store, tenant, id) for id in CASES if id not in won] == [None] * 11


async def test_parallel_credit_notes_never_settle_more_than_was_agreed(store: Store, tenant: Tenant):
    await furnish(store, tenant)
    case = CASES[0]
    table = [claim(), c.ProposeSettlement(terms=offer(credit="119.00"), by=Party.THEM)]
    for command in table:
        await store.execute(tenant, disputes, case, command, by=SYSTEM)
    state = await case_of(store, tenant, case)
    assert state is not None
    assert state.offer is not None
    await store.execute(tenant, disputes, case, c.AcceptSettlement(offer=state.offer.id), by=SYSTEM)
    notes = (credit_note("20.00", f"CN-{n}") for n in range(10))
    outcomes = await asyncio.gather(*(store.execute(tenant, disputes, case, note, by=SYSTEM) for note in notes), return_exceptions=True)
    expected = (NotAgreed, MoreThanOpen, DisputeNotThere, VersionConflict)
    assert all(isinstance(o, expected) for o in outcomes if isinstance(o, BaseException))
    state = await case_of(store, tenant, case)
    assert state is not None
    done = sum(not isinstance(o, BaseException) for o in outcomes)
    assert 1 <= done <= 5
    assert state.ledger.gross.credited == done * Decimal("20.00")
    assert state.ledger.balanced


async def test_a_split_writes_both_cases_or_neither(store: Store, tenant: Tenant):
    await furnish(store, tenant)
    parent = CASES[0]
    await store.execute(tenant, disputes, parent, claim(line(10), line(20)), by=SYSTEM)
    state = await case_of(store, tenant, parent)
    assert state is not None
    part = (LineAmount(line=next(iter(state.lines))),)
    splits = [c.SplitDispute(child=child, lines=part, reason="Apart.") for child in CASES[1:5]]
    outcomes = await asyncio.gather(*(store.execute(tenant, disputes, parent, s, by=SYSTEM) for s in splits), return_exceptions=True)
    assert sum(not isinstance(o, BaseException) for o in outcomes) == 1
    children = [child for id in CASES[1:5] if (child := await case_of(store, tenant, id)) is not None]
    after = await case_of(store, tenant, parent)
    assert after is not None
    assert [child.ledger.gross.original for child in children] == [Decimal("119.00")]
    assert after.ledger.gross.original == Decimal("119.00")


async def test_a_case_loads_again_as_it_was_decided(store: Store, tenant: Tenant):
    """Another store, without this one's states in memory, reads the same case from the log."""
    await furnish(store, tenant)
    case = CASES[0]
    for command in (claim(), c.Comment(text="We look.", by=Party.THEM), credit_note("19.00", by=Party.THEM), c.RecordDue()):
        await store.execute(tenant, disputes, case, command, by=SYSTEM)
    known = await case_of(store, tenant, case)
    other = Store(store._database, store._codec)
    try:
        assert await case_of(other, tenant, case) == known
    finally:
        await other.close()
