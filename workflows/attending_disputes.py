"""Seeing to one dispute: record what has fallen due, tell whom it concerns. Safe to repeat at any point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.disputes import Dispute, disputes
from domain.disputes.commands import RecordDue
from domain.disputes.timing import attended, due, next_due
from domain.kernel import SYSTEM
from domain.settings import SETTINGS_ID, Settings
from domain.settings import settings as settings_decider
from infra.access_members import Directory
from infra.database import Tenant
from infra.event_store import Store
from workflows.dispute_notices import notices
from workflows.messages import DisputeRun, DisputeStanding
from workflows.passing_on import pass_on
from workflows.telling import tell

_NEWS = timedelta(days=7)
"""What was recorded longer ago, by the log's own clock, tells nobody any more: a case may come with its past."""


async def attend_dispute(store: Store, directory: Directory, run: DisputeRun, clock: Callable[[], datetime]) -> DisputeStanding:
    """What is due is recorded and told; then whether time may still bring something to the case, and when to look again."""
    tenant = Tenant(run.tenant)
    case = await load_dispute(store, tenant, run.dispute)
    if case is None:
        return DisputeStanding(open=False, told=run.told)
    settings = await load_settings(store, tenant)
    if due(case, settings, clock()):
        await store.execute(tenant, disputes, run.dispute, RecordDue(), by=SYSTEM)
        case = await load_dispute(store, tenant, run.dispute)
        assert case is not None
    if case.version > run.told:
        organisation = await directory.organisation(tenant)
        news = [r for r in await store.history(tenant, run.dispute) if r.originator_version > run.told or r.originator_version == 1]
        for notice in notices(case, run.dispute, news, datetime.now(UTC) - _NEWS, organisation):
            await tell(store, tenant, notice)
        await pass_on(store, tenant, run.dispute, case, news[-1], settings.working_calendar().local_date(clock()))
    return DisputeStanding(open=attended(case), next_due=next_due(case, settings, clock()), told=case.version)


async def load_dispute(store: Store, tenant: Tenant, id: UUID) -> Dispute | None:
    case: Dispute | None = (await store.load(tenant, disputes, id)).state
    return case


async def load_settings(store: Store, tenant: Tenant) -> Settings:
    settings: Settings = (await store.load(tenant, settings_decider, SETTINGS_ID)).state
    return settings
