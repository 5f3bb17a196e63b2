"""What the daily sweep does for procurement: record what is due in disputes where no workflow looks, and judge suppliers anew."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from domain.disputes import disputes
from domain.disputes.commands import RecordDue
from domain.disputes.timing import due
from domain.kernel import SYSTEM, TOPICS, Refused
from domain.suppliers import Supplier, suppliers
from domain.suppliers.commands import RecordLapsedQualifications, ScoreSupplier
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.attending_disputes import load_settings
from workflows.dispute_trigger import BEGINNINGS, attended_disputes
from workflows.opened import opened


async def sweep_purchasing(database: Database, store: Store, tenant: Tenant, after: int, clock: Callable[[], datetime]) -> None:
    """For the disputes and suppliers that begin in the window of the log after `after`."""
    settings = await load_settings(store, tenant)
    begun = (await opened(database, tenant, after, BEGINNINGS)).deals
    for id, case in (await attended_disputes(store, tenant, begun)).items():
        if due(case, settings, clock()):
            # somebody is changing the case at this moment: its own workflow, or tomorrow's sweep, looks again
            with contextlib.suppress(Refused):
                await store.execute(tenant, disputes, id, RecordDue(), by=SYSTEM)
    month = f"{settings.working_calendar().local_date(clock()):%Y-%m}"
    topics = [topic for topic in TOPICS if topic.startswith("supplier.")]
    for id in (await opened(database, tenant, after, topics)).deals:
        supplier: Supplier | None = (await store.load(tenant, suppliers, id)).state
        if supplier is None:
            continue
        for command in (RecordLapsedQualifications(), ScoreSupplier(account=supplier.account, month=month)):
            with contextlib.suppress(Refused):
                await store.execute(tenant, suppliers, id, command, by=SYSTEM)
