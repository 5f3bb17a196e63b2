"""The demo's history: what is in it, and that every rule holds in it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from domain.accounts import AccountOpened, AccountRole
from domain.approval_policies import ApprovalPolicyVersionDefined
from domain.approvals import ApprovalEscalated, ApprovalGranted, ApprovalRequested, ApprovalStepApproved, ApprovalStepRejected
from domain.approvals import Plan as ChainPlanned
from domain.contacts import ContactConsentRecorded
from domain.deals import (
    DealAmountChanged,
    DealCategorySet,
    DealCloseDateLapsed,
    DealCloseDateMoved,
    DealLinesChanged,
    DealMoveRefused,
    DealOpened,
    DealProbabilityOverridden,
    DealReopened,
    DealStageEntered,
    DealStageRequested,
    DealStalled,
    DealWinReversed,
    worth,
)
from domain.follow_ups import FollowUpAdded, FollowUpCancelled, FollowUpCompleted, FollowUpRescheduled
from domain.interactions import InteractionRecorded
from domain.kernel import SYSTEM, Role
from domain.members import MemberJoined
from domain.notifications import NotificationRaised, NotificationSent
from domain.pipelines import StageKind
from domain.rates import RatesRecorded
from infra.event_store import Store
from infra.event_store.envelope import event_id
from tests.conftest import _with_database
from tests.workflows.demo_worlds import END, fingerprint, folded, site
from workflows.activities import Activities
from workflows.demo import Plan, tell
from workflows.demo.dealing import WAY
from workflows.messages import Attend
from workflows.moves import step_id

PLAN = Plan(seed=20, end=END, days=400, size=40)


@pytest.fixture(scope="module")
def told(server: str, tmp_path_factory: pytest.TempPathFactory):
    """One history, its log and its site's address."""
    name, folder = f"test_demo_{uuid4().hex[:12]}", tmp_path_factory.mktemp("demo")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = _with_database(server, name)

    async def make():
        async with site(url, folder) as made:
            tenant = made.tenant("demo")
            telling = await tell(made.database, made.store, tenant, PLAN)
            log = await made.log(tenant)
            assert (telling.events, telling.fresh) == (len(log), len(log))
            return log

    yield asyncio.run(make()), url, folder
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def log(told):
    return told[0]


def _of(log, *kinds):
    return [r for r in log if isinstance(r.event, kinds)]


def test_every_stage_has_open_deals_some_of_them_due_in_the_quarters_to_come(log):
    deals = folded(log).values()
    stages = Counter(d.stage for d in deals if d.open)
    assert set(stages) == set(WAY)
    assert min(stages.values()) >= 2
    assert sum(d.close_date > END for d in deals if d.open) > sum(stages.values()) * 0.7


def test_deals_are_won_lost_pushed_stalled_lapsed_reopened_reversed_and_called(log):
    deals = folded(log).values()
    kinds = Counter(d.kind for d in deals)
    assert kinds[StageKind.WON] > 10
    assert kinds[StageKind.LOST] > kinds[StageKind.WON]
    for kind in (
        *(DealStalled, DealCloseDateLapsed, DealReopened, DealWinReversed, DealProbabilityOverridden, DealCategorySet),
        *(ContactConsentRecorded, NotificationRaised, FollowUpCancelled, FollowUpRescheduled, RatesRecorded),
    ):
        assert _of(log, kind), kind
    assert max(r.event.pushes for r in _of(log, DealCloseDateMoved)) >= 2
    lost = [r.event for r in _of(log, DealStageEntered) if r.event.kind is StageKind.LOST]
    assert len({e.reason for e in lost}) >= 5
    assert any(e.competitor for e in lost)
    assert {r.event.amount.currency for r in _of(log, DealOpened)} == {"EUR", "USD", "GBP"}


def test_companies_have_roles_and_parents_and_people_of_every_office_work_there(log):
    opened = [r.event for r in _of(log, AccountOpened)]
    assert {role for e in opened for role in e.roles} >= {AccountRole.PROSPECT, AccountRole.SUPPLIER, AccountRole.DISTRIBUTOR}
    assert any(len(e.roles) > 1 for e in opened)
    assert any(e.parent for e in opened)
    roles = {role for r in _of(log, MemberJoined) for role in r.event.roles}
    assert roles >= {Role.ACCOUNT_MANAGER, Role.SALES_MANAGER, Role.PROCUREMENT, Role.FINANCE, Role.LEGAL, Role.AUDITOR, Role.DEAL_DESK}


def test_time_rises_and_ends_as_the_last_day_begins(log):
    instants = [r.recorded_at for r in log]
    assert instants == sorted(instants)
    assert instants[0] == PLAN.begin
    assert PLAN.until - timedelta(days=4) < instants[-1] <= PLAN.until
    assert len({i.date() for i in instants}) > PLAN.days * 0.7


def test_people_work_on_working_days_and_the_clock_on_all(log):
    days = Counter((r.actor == SYSTEM.id, r.recorded_at.isoweekday()) for r in log[len(log) // 10 :])
    assert not days[False, 6] + days[False, 7]
    assert days[True, 7] > 0


def test_every_move_that_was_asked_for_was_carried_out_by_the_workflows_own_command(log):
    asked = {event_id(r.originator_id, r.originator_version): r for r in _of(log, DealStageRequested)}
    entered = {r.event.request: r for r in _of(log, DealStageEntered)}
    refused = {r.event.request for r in _of(log, DealMoveRefused)}
    waiting = {deal.pending.request(id) for id, deal in folded(log).items() if deal.approvals}
    assert asked.keys() == {*entered, *refused, *waiting}
    assert {r.event.rule for r in _of(log, DealMoveRefused)} == {"ApprovalRejected"}
    for request, r in entered.items():
        assert (r.actor, r.on_behalf_of, r.command_id) == (SYSTEM.id, asked[request].actor, step_id(request, "enter"))
        assert (r.correlation_id, r.causation_id) == (asked[request].correlation_id, request)


def test_approvals_were_given_refused_escalated_and_some_are_asked_for_at_the_end(log):
    kinds = Counter(type(r.event) for r in log)
    for kind in (ApprovalStepApproved, ApprovalStepRejected, ApprovalEscalated, ApprovalGranted):
        assert kinds[kind], kind
    assert kinds[ApprovalPolicyVersionDefined] == 2
    plans = {p.plan for r in _of(log, ApprovalRequested) for p in r.event.chains}
    assert plans >= {ChainPlanned.ASKED, ChainPlanned.NOT_NEEDED}
    waiting = [deal for deal in folded(log).values() if deal.approvals]
    assert len(waiting) >= 2
    assert {deal.stage for deal in waiting} <= {"negotiate", "paper"}


def test_amounts_are_the_sums_of_their_lines_and_every_change_follows_from_the_one_before(log):
    amounts: dict = {}
    changes: Counter = Counter()
    for r in _of(log, DealOpened, DealAmountChanged, DealLinesChanged):
        event, before = r.event, amounts.get(r.originator_id)
        if not isinstance(event, DealOpened):
            assert event.previous == before
            changes[event.amount.currency] += event.amount.amount - before.amount
        else:
            changes[event.amount.currency] += event.amount.amount
        if lines := getattr(event, "lines", ()):
            assert worth(lines)[0] == event.amount
        amounts[r.originator_id] = event.amount
    totals: Counter = Counter()
    for deal in folded(log).values():
        assert deal.amount.amount > 0
        totals[deal.amount.currency] += deal.amount.amount
    assert {k: Decimal(v) for k, v in totals.items()} == {k: Decimal(v) for k, v in changes.items()}


def test_a_salesperson_has_things_due_on_the_last_day_and_overdue(log):
    member = next(r.originator_id for r in log if isinstance(r.event, MemberJoined) and Role.ACCOUNT_MANAGER in r.event.roles)
    done = {r.event.follow_up for r in _of(log, FollowUpCompleted, FollowUpCancelled)}
    left = [r.event.due for r in _of(log, FollowUpAdded) if r.event.owner == member and r.event.follow_up not in done]
    assert left.count(END) >= 3
    assert any(due < END for due in left)


def test_conversations_are_short_and_filled_in(log):
    texts = [r.event.text for r in _of(log, InteractionRecorded)]
    assert len(texts) > 300
    assert len(set(texts)) > len(texts) / 2
    assert not any("{" in text or len(text) > 200 for text in texts)


def test_salespeople_differ_in_what_they_win(log):
    won, closed = Counter(), Counter()
    for deal in folded(log).values():
        if not deal.open:
            closed[deal.owner] += 1
            won[deal.owner] += deal.kind is StageKind.WON
    shares = sorted(won[owner] / n for owner, n in closed.items() if n >= 10)
    assert shares[-1] - shares[0] > 0.1


async def test_the_workflows_find_done_what_fell_due_and_tell_nobody_twice(told):
    log, url, folder = told
    async with site(url, folder) as made:
        tenant = made.tenant("demo")
        store = Store(made.database, made.store.codec, lambda: PLAN.until)
        activities = Activities(made.database, store, lambda: PLAN.until)
        for id, deal in folded(log).items():
            if deal.open:
                await activities.attend(Attend(tenant=tenant.slug, deal=id))
        await store.close()
        added = {r.event.topic for r in (await made.log(tenant))[len(log) :]}
    # the day's sweep is still to come: what was committed may be lost with the night
    assert added <= {"deal.commit_lost", "deal.forecast_category_changed"}


def test_every_notification_was_sent_so_that_the_outbox_has_nothing_to_do(log):
    raised = {r.originator_id for r in _of(log, NotificationRaised)}
    assert raised == {r.originator_id for r in _of(log, NotificationSent)}


async def test_the_same_plan_gives_the_same_history_in_every_tenant_and_another_seed_another(database_url: str, tmp_path: Path):
    plan = Plan(seed=3, end=END, days=160, size=12)
    async with site(database_url, tmp_path) as made:
        logs = []
        for slug, asked in (("one", plan), ("two", plan), ("three", Plan(seed=4, end=END, days=160, size=12))):
            await tell(made.database, made.store, made.tenant(slug), asked)
            logs.append(fingerprint(await made.log(made.tenant(slug))))
    assert logs[0] == logs[1] != logs[2]
