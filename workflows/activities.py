"""What workflows do in the world: see to one deal, or sweep a part of a tenant's log. Safe to repeat at any point."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.deals import deals
from domain.deals.state import Deal
from domain.kernel import SYSTEM
from infra.access_members import Directory
from infra.access_retention import remove_sign_ins
from infra.database import Database, StoreUnavailable, Tenant
from infra.event_store import Store
from infra.event_store.requests import VersionConflict
from workflows.attending_approvals import attend_approval
from workflows.attending_contracts import attend_contract
from workflows.attending_disputes import attend_dispute
from workflows.clocks import due, next_due
from workflows.concerns import Concern, concerns, escalation, has_concerns, reminder
from workflows.consenting import see_to_consent
from workflows.messages import (
    ATTEND,
    ATTEND_APPROVAL,
    ATTEND_CONTRACT,
    ATTEND_DISPUTE,
    SWEEP_PAGE,
    ApprovalRun,
    Attend,
    ContractRun,
    ContractStanding,
    DisputeRun,
    DisputeStanding,
    Standing,
    SweepPage,
    SweepRun,
)
from workflows.moves import carry_out
from workflows.sweep import sweep_page
from workflows.telling import manager_for, tell

_log = logging.getLogger("concord.workflows")


@contextmanager
def discreetly(tenant: str, what: object) -> Iterator[None]:
    """What fails here is told to Temporal by its kind alone: messages may hold what must not stand in its histories."""
    try:
        yield
    except (StoreUnavailable, VersionConflict, psycopg.OperationalError) as error:
        raise ApplicationError(type(error).__name__, category=ApplicationErrorCategory.BENIGN) from None
    except Exception as error:  # noqa: BLE001  told in our own log, with everything, and tried again
        _log.exception("%s of tenant %s could not be seen to", what, tenant)
        raise ApplicationError(type(error).__name__, category=ApplicationErrorCategory.BENIGN) from None


class Activities:
    """The activities of one worker process, over its one store. `clock` is the store's own in tests that move time.

    `sign_ins_keep`: for so many days sign-ins that belong to no tenant are kept; None: for ever.
    """

    def __init__(
        self, database: Database, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC), sign_ins_keep: int | None = None
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._sign_ins_keep = sign_ins_keep
        self._directory = Directory(database, store)

    @activity.defn(name=ATTEND)
    async def attend(self, ask: Attend) -> Standing:
        """Carry out the deal's pending move, record what is due, tell whom it concerns."""
        with discreetly(ask.tenant, f"deal {ask.deal}"):
            return await self._attend(ask)

    async def _attend(self, ask: Attend) -> Standing:
        tenant = Tenant(ask.tenant)
        deal = await self._deal(tenant, ask.deal)
        if deal is not None and deal.pending is not None:
            await carry_out(self._database, self._store, tenant, ask.deal, deal.pending, self._directory)
            deal = await self._deal(tenant, ask.deal)
        if deal is None or deal.withdrawn or not deal.open:
            return Standing(open=False)
        if commands := due(deal, self._clock()):
            for command in commands:
                await self._store.execute(tenant, deals, ask.deal, command, by=SYSTEM)
            deal = await self._deal(tenant, ask.deal)
            assert deal is not None
        found = await self._tell(tenant, ask, deal) if has_concerns(deal) else ()
        return Standing(open=deal.open, concerns=tuple(c.id for c in found), next_due=next_due(deal, self._clock()))

    @activity.defn(name=ATTEND_APPROVAL)
    async def attend_approval(self, ask: ApprovalRun) -> Standing:
        """Escalate an approval that is overdue, remind, and tell whom it concerns."""
        with discreetly(ask.tenant, f"approval {ask.approval}"):
            return await self._attend_approval(ask)

    async def _attend_approval(self, ask: ApprovalRun) -> Standing:
        return await attend_approval(self._store, self._directory, Tenant(ask.tenant), ask.approval, self._clock)

    @activity.defn(name=ATTEND_CONTRACT)
    async def attend_contract(self, run: ContractRun) -> ContractStanding:
        """See to a contract: the consent that it waits for, what the days have brought about, its renewal; tell whom it concerns."""
        with discreetly(run.tenant, f"contract {run.contract}"):
            again = await see_to_consent(self._database, self._store, self._directory, Tenant(run.tenant), run.contract)
            standing = await attend_contract(self._store, run, self._clock)
            if again is None:
                return standing
            due = [at for at in (standing.next_due, self._clock() + again) if at is not None]
            return standing.model_copy(update={"next_due": min(due)})

    @activity.defn(name=ATTEND_DISPUTE)
    async def attend_dispute(self, run: DisputeRun) -> DisputeStanding:
        """Record what has fallen due in a dispute, and tell whom it concerns."""
        with discreetly(run.tenant, f"dispute {run.dispute}"):
            return await attend_dispute(self._store, self._directory, run, self._clock)

    @activity.defn(name=SWEEP_PAGE)
    async def sweep_page(self, run: SweepRun) -> SweepPage:
        """Record what is due for the next deals of the tenant's log."""
        with discreetly(run.tenant, f"the sweep after {run.after}"):
            if run.after == 0 and self._sign_ins_keep is not None:
                await remove_sign_ins(self._database, self._sign_ins_keep)
            return await sweep_page(self._database, self._store, run, self._clock)

    async def _tell(self, tenant: Tenant, ask: Attend, deal: Deal) -> tuple[Concern, ...]:
        found = concerns(deal, await self._store.history(tenant, ask.deal))
        for concern in found:
            if concern.id not in ask.known and deal.owner is not None:
                await tell(self._store, tenant, reminder(concern, deal, ask.deal, deal.owner))
            ripe = concern.id in ask.escalate or (deal.owner is None and concern.id not in ask.known)
            if ripe and (manager := await manager_for(self._store, tenant, deal)) is not None:
                await tell(self._store, tenant, escalation(concern, deal, ask.deal, manager))
        return found

    async def _deal(self, tenant: Tenant, id: UUID) -> Deal | None:
        deal: Deal | None = (await self._store.load(tenant, deals, id)).state
        return deal
