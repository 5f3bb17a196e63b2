"""The demo's contracts: of both sides, at every point of their lives, and kept as the workflows that take them up keep them."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.contracts import contracts
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.state import Contract
from domain.contracts.terms import RenewalWay, RenewedBy, Side
from domain.kernel import Recorded
from domain.members import MemberDeactivated
from domain.price_talk import ContractPriceTalkPrepared
from infra.event_store import Store
from tests.conftest import _with_database
from tests.workflows.demo_worlds import END, site
from workflows.attending_contracts import attend_contract
from workflows.demo import Plan, tell
from workflows.messages import ContractRun

PLAN = Plan(seed=20, end=END, days=500, size=20)


@pytest.fixture(scope="module")
def told(server: str, tmp_path_factory: pytest.TempPathFactory):
    """One history, and its site's address."""
    name, folder = f"test_demo_{uuid4().hex[:12]}", tmp_path_factory.mktemp("demo")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = _with_database(server, name)

    async def make() -> list[Recorded]:
        async with site(url, folder) as made:
            tenant = made.tenant("demo")
            await tell(made.database, made.store, tenant, PLAN)
            return await made.log(tenant)

    yield asyncio.run(make()), url, folder
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def states(log: list[Recorded]) -> dict[UUID, Contract]:
    histories: dict[UUID, list] = {}
    for recorded in log:
        if recorded.event.topic.startswith(("contract.", "obligation.")):
            histories.setdefault(recorded.originator_id, []).append(recorded.event)
    return {id: contracts.fold(events) for id, events in histories.items()}


def test_both_sides_have_contracts_near_their_deadlines_and_some_were_renewed_by_silence(told):
    log = told[0]
    live = [contract for contract in states(log).values() if contract.in_force]
    assert {contract.side for contract in live} == set(Side)
    ahead = {contract.side: [] for contract in live}
    for contract in live:
        if contract.dates and contract.dates.send_by and contract.dates.ends_on is None:
            ahead[contract.side].append((contract.dates.send_by - END).days)
    assert all(any(0 <= days <= 120 for days in found) for found in ahead.values()), ahead
    renewed = Counter(r.event.by for r in log if isinstance(r.event, e.ContractRenewed))
    assert renewed[RenewedBy.SILENCE] > 2
    started = {r.event.way for r in log if isinstance(r.event, e.ContractRenewalStarted)}
    assert started == set(RenewalWay)
    kinds = {type(r.event) for r in log}
    assert kinds >= {e.ContractApproved, e.ContractSentForSignature, e.ContractAlertRaised, e.NoticeWindowMissed}


def test_what_is_owed_was_met_let_go_or_not_done_and_some_is_due_at_the_end(told):
    log = told[0]
    came = Counter(type(r.event) for r in log)
    assert came[o.ObligationMet] > came[o.ObligationBreached] > 0
    assert any(r.event.late for r in log if isinstance(r.event, o.ObligationMet))
    occurrences = [held for contract in states(log).values() for held in contract.occurrences.values()]
    assert Counter(held.status.value for held in occurrences)["pending"]


def test_nobody_who_left_is_responsible_for_what_is_owed(told):
    left = {r.originator_id for r in told[0] if isinstance(r.event, MemberDeactivated)}
    assert left
    owed = [
        (contract.title, held.title, held.owner)
        for contract in states(told[0]).values()
        if contract.in_force
        for held in contract.obligations.values()
        if not held.ended
    ]
    assert owed
    assert [one for one in owed if one[2] in left] == []
    assert any(isinstance(r.event, o.ObligationReassigned) for r in told[0])


def test_a_missed_report_goes_on_one_chain_to_the_talk_about_the_renewal(told):
    chains: dict[UUID, set[str]] = {}
    for recorded in told[0]:
        chains.setdefault(recorded.correlation_id, set()).add(recorded.event.topic)
    wanted = {
        "obligation.breached",
        "obligation.disputed",
        "dispute.opened",
        "supplier.scored",
        "dispute.document_recorded",
        "dispute.settled",
        "contract.renewal_started",
        "contract.price_talk_prepared",
        "contract.renewal_reviewed",
    }
    begun = [topics for topics in chains.values() if "obligation.breached" in topics]
    assert any(wanted <= topics for topics in begun), [sorted(wanted - topics) for topics in begun]
    talks = [r.event.talk for r in told[0] if isinstance(r.event, ContractPriceTalkPrepared)]
    assert any(talk.credited and talk.score is not None and talk.score_before is not None for talk in talks)


async def test_the_workflows_find_everything_recorded_and_told(told):
    log, url, folder = told
    async with site(url, folder) as made:
        tenant = made.tenant("demo")
        store = Store(made.database, made.store.codec, lambda: PLAN.until)
        for id in states(log):
            await attend_contract(store, ContractRun(tenant=tenant.slug, contract=id), lambda: PLAN.until)
        await store.close()
        assert [r.event.topic for r in (await made.log(tenant))[len(log) :]] == []
