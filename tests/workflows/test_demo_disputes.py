"""The demo's disputes and suppliers: a case at each stage, scores with events behind them, a supplier's person, every rule held."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from uuid import uuid4

import psycopg
import pytest

from domain.authority import MemberAccountSet
from domain.disputes import Dispute, disputes
from domain.disputes.timing import due
from domain.settings import SETTINGS_ID, settings
from domain.suppliers import events as s
from tests.conftest import _with_database
from tests.workflows.demo_worlds import END, site
from workflows.demo import Plan, tell
from workflows.demo.disputing import RESTS

PLAN = Plan(seed=20, end=END, days=300, size=40)


@pytest.fixture(scope="module")
def log(server: str, tmp_path_factory: pytest.TempPathFactory):
    name, folder = f"test_demo_{uuid4().hex[:12]}", tmp_path_factory.mktemp("demo")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')

    async def make():
        async with site(_with_database(server, name), folder) as made:
            tenant = made.tenant("demo")
            await tell(made.database, made.store, tenant, PLAN)
            return await made.log(tenant)

    yield asyncio.run(make())
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def cases(log) -> dict[object, Dispute]:
    histories = defaultdict(list)
    for r in log:
        if r.event.topic.startswith(("dispute.", "corrective_action.")):
            histories[r.originator_id].append(r.event)
    return {id: disputes.fold(events) for id, events in histories.items()}


def test_there_is_a_case_at_each_stage_and_most_are_over(cases):
    stages = Counter(case.status.value for case in cases.values())
    assert set(RESTS) <= set(stages), stages
    assert stages["closed"] >= 3
    assert all(case.ledger.balanced for case in cases.values())
    assert any(case.level for case in cases.values()) or len(cases) < 30


def test_no_two_cases_are_called_alike_so_that_each_can_be_named(cases):
    assert [title for title, count in Counter(case.title for case in cases.values()).items() if count > 1] == []


def test_whatever_fell_due_is_recorded_so_that_the_workflows_find_nothing_to_do(log, cases):
    rules = settings.fold(r.event for r in log if r.originator_id == SETTINGS_ID)
    assert [id for id, case in cases.items() if due(case, rules, PLAN.until)] == []


def test_suppliers_are_qualified_scored_and_one_has_a_person_who_speaks_for_it(log):
    scored = [r.event for r in log if isinstance(r.event, s.SupplierScored)]
    assert len({e.account for e in scored}) >= 4
    assert len({e.band for e in scored}) >= 2
    assert any(isinstance(r.event, s.SupplierQualified) for r in log)
    assert {type(r.event) for r in log} >= {s.SupplierOrdered, s.SupplierDelivered, s.SupplierInvoiced, s.SupplierDisputeCounted}
    assert [r for r in log if isinstance(r.event, MemberAccountSet)]
