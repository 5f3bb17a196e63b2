"""The demo's papers: a handful about deals that are open, one at each stage of signing. Printed at the end, because printing takes time.

Repeatable: a paper that was prepared by an earlier run stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.accounts import accounts
from domain.deals import Deal
from domain.documents import StoreDocument, document_id, documents
from domain.kernel import SYSTEM, Actor, Command, natural_id
from domain.members import members
from domain.papers import (
    DeclinePaper,
    Invited,
    Paper,
    PaperSubject,
    PreparePaper,
    RecordLink,
    RequestReview,
    SendPaper,
    SignPaper,
    ViewPaper,
    papers,
)
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.papers.press import Press
from infra.papers.sealer import Sealer
from workflows.demo.world import COMPANY
from workflows.opened import open_deals, opened

_AT_HOME = ("drafting", "internal_review")
_STAGES = (*_AT_HOME, "sent", "viewed", "partly_signed", "completed", "declined")
_LOOKED_AT = 400
"""Deals that are looked through for those to write papers about, the latest first."""
_SMALL = 400_000
"""An amount that asks nobody, in any of the demo's currencies."""
_BUYER = Invited(name="Robin Schwarz", email="robin.schwarz@buyer.example", party="Buyer")


@dataclass(frozen=True, slots=True)
class Desk:
    """What writing papers takes."""

    database: Database
    store: Store
    press: Press
    sealer: Sealer
    tenant: Tenant

    async def do(self, id: UUID, command: Command, by: Actor, about: UUID | None = None) -> None:
        step = natural_id("demo paper", str(id), type(command).__name__, str(about or by.id))
        await self.store.execute(self.tenant, papers, id, command, by=by, command_id=step)


async def write_papers(desk: Desk, now: datetime) -> int:
    """Prepare the papers that are missing, as of `now`; returns how many there are."""
    chosen = await _deals(desk, len(_STAGES))
    for stage, (deal_id, deal) in zip(_STAGES, chosen, strict=False):
        id = natural_id("demo paper", stage)
        if (await desk.store.load(desk.tenant, papers, id)).state is None:
            await _write(desk, id, stage, deal_id, deal, now)
    return len(chosen)


async def _deals(desk: Desk, count: int) -> Sequence[tuple[UUID, Deal]]:
    """Open deals with lines, an owner and an account, the latest first: for papers that are sent, those on terms that need no consent."""
    ids: list[UUID] = []
    after: int | None = 0
    while after is not None:
        window = await opened(desk.database, desk.tenant, after)
        ids += window.deals
        after = window.upto
    found = await open_deals(desk.store, desk.tenant, ids[-_LOOKED_AT:][::-1])
    fit = [(id, deal) for id, deal in found.items() if deal.lines and deal.owner is not None and deal.account is not None]
    plain, others = [one for one in fit if _plain(one[1])], [one for one in fit if not _plain(one[1])]
    sent = count - len(_AT_HOME)
    return [*(others + plain[sent:])[: len(_AT_HOME)], *plain[:sent]]


def _plain(deal: Deal) -> bool:
    """Whether it is on our usual terms, so that a paper about it may be sent whatever approvers are asked about others."""
    return (
        not deal.approvals
        and deal.payment_days is None
        and deal.amount is not None
        and deal.amount.amount < _SMALL
        and not any(line.discount for line in deal.lines)
    )


async def _write(desk: Desk, id: UUID, stage: str, deal_id: UUID, deal: Deal, now: datetime) -> None:
    assert deal.owner is not None, "such deals were chosen"
    owner = Actor(id=deal.owner)
    template = {"internal_review": "contract", "drafting": "proposal"}.get(stage, "quote")
    asked = PreparePaper(subject=PaperSubject(noun="deal", id=deal_id), template=template)
    printed = await desk.press.prepared(desk.tenant, id, asked, now)
    for ref in printed.documents:
        stored = StoreDocument(document=ref, uploader=None)
        await desk.store.execute(desk.tenant, documents, document_id(ref.sha256), stored, by=SYSTEM)
    await desk.do(id, printed.draft, owner)
    if stage == "drafting":
        return
    if stage == "internal_review":
        await desk.do(id, RequestReview(), owner)
        return
    await _sign(desk, id, stage, deal, owner, now)


async def _sign(desk: Desk, id: UUID, stage: str, deal: Deal, owner: Actor, now: datetime) -> None:
    assert deal.account is not None, "such deals were chosen"
    account = (await desk.store.load(desk.tenant, accounts, deal.account)).state
    member = (await desk.store.load(desk.tenant, members, owner.id)).state
    ours = Invited(name=member.name, email=member.email or "sales@demo.example", party=COMPANY)
    theirs = _BUYER.model_copy(update={"party": (account.legal_name if account else None) or _BUYER.party})
    last = (now + timedelta(days=21)).date()
    await desk.do(id, SendPaper(signatories=(theirs, ours), expires_on=last), owner)
    paper: Paper = (await desk.store.load(desk.tenant, papers, id)).state
    them, us = paper.signatories
    for signatory in paper.signatories:
        # so that the demo sends no letters to people who do not exist
        await desk.do(id, RecordLink(signatory=signatory, mailed=False), owner, signatory)
    if stage == "sent":
        return
    await desk.do(id, ViewPaper(signatory=them), Actor(id=them))
    if stage == "viewed":
        return
    if stage == "declined":
        reason = "The delivery comes too late for our shutdown in August."
        await desk.do(id, DeclinePaper(signatory=them, reason=reason), Actor(id=them))
        return
    for signatory in (them, us) if stage == "completed" else (them,):
        signed = SignPaper(
            signatory=signatory,
            document=paper.document.sha256,
            typed_name=paper.signatories[signatory].name,
            consent=True,
            source="192.0.2.17",
        )
        await desk.do(id, signed, Actor(id=signatory))
    if stage == "completed":
        paper = (await desk.store.load(desk.tenant, papers, id)).state
        seal, ref = await desk.sealer.sealed(desk.tenant, paper, await desk.store.history(desk.tenant, id))
        stored = StoreDocument(document=ref, uploader=None)
        await desk.store.execute(desk.tenant, documents, document_id(ref.sha256), stored, by=SYSTEM)
        await desk.do(id, seal, SYSTEM)
