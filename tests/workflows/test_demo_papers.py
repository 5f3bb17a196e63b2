"""The demo's papers: one at each stage of signing, there once however often the demo is made."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from api.provisioning import tenant_of
from domain.kernel import Recorded
from domain.papers import Paper, PaperStatus, papers
from domain.papers.events import PaperDrafted
from infra.papers.press import Press
from infra.papers.sealer import Sealer
from infra.papers.verifying import verified
from infra.settings import Settings
from tests.workflows.test_demo_sign_ins import TINY, demonstrate, opened, quick_hashes, settings
from workflows.demo.papers import Desk, write_papers

__all__ = ["quick_hashes", "settings"]


async def test_the_demo_has_papers_at_each_stage_and_making_it_again_adds_none(settings: Settings):
    await demonstrate(settings, "demo", TINY)
    async with opened(settings) as process:
        tenant = await tenant_of(process, "demo")
        desk = Desk(
            process.database, process.store, Press(process.store, process.documents), Sealer(process.documents, process.keys), tenant
        )
        head = await process.store.head(tenant)
        await write_papers(desk, datetime.now(UTC))
        assert await process.store.head(tenant) == head
        drafted: list[Recorded] = [r for r in await process.store.read(tenant, 0, 1_000_000) if isinstance(r.event, PaperDrafted)]
        states: list[Paper] = [(await process.store.load(tenant, papers, r.originator_id)).state for r in drafted]
        assert {paper.status for paper in states} == {
            PaperStatus.DRAFTING, PaperStatus.INTERNAL_REVIEW, PaperStatus.SENT, PaperStatus.VIEWED, PaperStatus.PARTLY_SIGNED,
            PaperStatus.COMPLETED, PaperStatus.DECLINED,
        }  # fmt: skip
        sealed = next(paper.sealed for paper in states if paper.sealed)
        file = await process.documents.get(tenant, sealed.sha256)
        assert file is not None
        assert (await asyncio.to_thread(verified, file)).unaltered
