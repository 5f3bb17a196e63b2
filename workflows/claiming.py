"""Opening the dispute in which a breach is claimed: one case at a time for each occurrence, on the causal chain of the breach."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from domain.contracts import obligation_events as o
from domain.contracts.state import Contract
from domain.contracts.terms import Party
from domain.dispute_rules import EvidenceKind, Reason
from domain.disputes import disputes
from domain.disputes.commands import DraftDispute, OpenDispute
from domain.disputes.terms import DisputedLine, DocumentKind, Evidence, LineReference, Side
from domain.kernel import SYSTEM, Actor, AlreadyExists, Recorded, Refused
from domain.settings import SETTINGS_ID, Settings, settings
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.envelope import event_id
from infra.event_store.requests import KeyReused, VersionConflict

_TITLE = 200
_log = logging.getLogger("concord.workflows")


async def open_cases(store: Store, tenant: Tenant, id: UUID, contract: Contract, history: Sequence[Recorded], seen: int) -> None:
    """Open the cases of the claims made after version `seen` of the contract; quiet where they are open already."""
    for recorded in history:
        event = recorded.event
        if not isinstance(event, o.ObligationDisputed) or recorded.originator_version <= seen:
            continue
        if (await store.load(tenant, disputes, event.dispute)).state is not None:
            continue
        known: Settings = (await store.load(tenant, settings, SETTINGS_ID)).state
        for command in claims(id, contract, event, known.currency):
            try:
                await store.execute(
                    tenant,
                    disputes,
                    event.dispute,
                    command,
                    by=Actor(id=SYSTEM.id, on_behalf_of=recorded.on_behalf_of or recorded.actor),
                    correlation_id=recorded.correlation_id,
                    causation_id=event_id(recorded.originator_id, recorded.originator_version),
                )
            except (VersionConflict, KeyReused):
                raise  # says nothing about the case: it is tried again
            except AlreadyExists:
                break
            except Refused as refusal:
                _log.warning("the case %s of contract %s is not opened: %s", event.dispute, id, refusal.rule)
            else:
                break


def claim_title(owed: str, occurrence: date, contract: str) -> str:
    """`Quality report for 2026-03-31, Housings from Kolbe`: what is owed time and again is told apart by its day and contract."""
    return f"{owed[: _TITLE // 2].rstrip()} for {occurrence}, {contract}"[:_TITLE].rstrip()


def claims(id: UUID, contract: Contract, event: o.ObligationDisputed, currency: str) -> Sequence[DraftDispute]:
    """What to try: the claim as a whole where it is of money, else a draft, in `currency`, that somebody completes."""
    obligation = contract.obligations[event.obligation]
    paper = contract.paper
    line = LineReference(
        kind=DocumentKind.OBLIGATION,
        document=contract.number or contract.title,
        line=f"{event.obligation} {event.occurrence}",
        id=id,
    )
    facts = {
        "side": Side.BUY if event.by is Party.THEM else Side.SELL,
        "account": event.party,
        "title": claim_title(obligation.title, event.occurrence, contract.title),
        "reason": Reason.UNMET_OBLIGATION,
        "currency": event.claim.currency if event.claim is not None else currency,
        "owner": obligation.owner,
        "their_calendar": contract.calendar,
        "evidence": (Evidence(kind=EvidenceKind.CONTRACT, document=paper.reference, sha256=paper.sha256, note=event.note),)
        if paper
        else (),
        "contract": id,
        "obligation": event.obligation,
    }
    draft = DraftDispute(**facts)
    if event.claim is None or event.claim.amount <= 0:
        return (draft,)
    lines = (DisputedLine(reference=line, net=event.claim.rounded().amount, label=obligation.title),)
    return (OpenDispute(**facts, lines=lines), DraftDispute(**facts, lines=lines), draft)
