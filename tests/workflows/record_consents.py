"""Histories of contracts that wait for consent, for `test_replay.py`: approved, and sent back."""

from __future__ import annotations

from domain.approvals import Approve, Reject
from domain.contracts.terms import ContractStatus
from domain.stages import Chain
from tests.workflows.contract_desk import handle
from tests.workflows.office import Office
from tests.workflows.record_histories import save
from tests.workflows.test_consenting import LAWYER, answer, asked, at_work, becomes, hire, submitted


async def record_consents(desk: Office) -> None:
    await hire(desk)
    async with at_work(desk):
        for name, answered, status in (
            ("contract-consented", Approve(), ContractStatus.APPROVED),
            ("contract-sent-back", Reject(comment="No"), ContractStatus.DRAFT),
        ):
            id = await submitted(desk)
            await asked(desk, id, Chain.LEGAL)
            await answer(desk, id, answered, LAWYER)
            await becomes(desk, id, status)
            await handle(desk, id).result()
            await save(handle(desk, id), name)
