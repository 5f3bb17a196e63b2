"""What a case of a breach brings about elsewhere: the supplier is scored anew, and the talk about the renewal is told. Safe to repeat.

Whatever else a supplier did is scored by the daily sweep; here a case moves the score at once, on its own causal chain.
"""

from __future__ import annotations

import contextlib
from datetime import date
from uuid import UUID

from domain.contracts import Contract, contracts
from domain.contracts.terms import Side
from domain.disputes import Dispute
from domain.disputes.terms import Side as Claimed
from domain.disputes.terms import Status
from domain.kernel import SYSTEM, Recorded, Refused
from domain.suppliers import supplier_id, suppliers
from domain.suppliers.commands import ScoreSupplier
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.envelope import event_id
from workflows.attending_contracts import tell_price_talk


async def pass_on(store: Store, tenant: Tenant, id: UUID, case: Dispute, last: Recorded, today: date) -> None:
    """For a case of a breach that was raised: `last` is the latest event of it that was heard of, `today` the tenant's day."""
    if case.contract is None or case.obligation is None or case.status is Status.DRAFT:
        return
    contract: Contract | None = (await store.load(tenant, contracts, case.contract)).state
    if contract is None:
        return
    if case.side is Claimed.BUY and contract.side is Side.BUY:
        # a month that cannot be scored at this moment is scored by the sweep
        with contextlib.suppress(Refused):
            await store.execute(
                tenant,
                suppliers,
                supplier_id(case.account),
                ScoreSupplier(account=case.account, month=f"{today:%Y-%m}"),
                by=SYSTEM,
                correlation_id=case.root or id,
                causation_id=event_id(last.originator_id, last.originator_version),
            )
    await tell_price_talk(store, tenant, case.contract)
