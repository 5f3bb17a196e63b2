"""A dispute as the other side may see it. Whatever is shown is named here one by one, so that what is new stays inside until somebody
decides otherwise: internal notes and evidence, who works on it, escalations, causes, authorities and reasons of ours never leave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.state import Dispute
from domain.disputes.terms import DisputedDocument, OfferTerms, Party, Visibility
from domain.kernel import Event, Recorded
from domain.values import Money
from projections.dispute_case import ActionStep, Case, CaseLine, CaseSettlement, Standing

THEM = Party.THEM


class SharedClock(BaseModel):
    """An answer that you owe, and until when; `stopped_at`: you gave it."""

    kind: str
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None


class SharedOffer(BaseModel):
    """An offer of yours or to you."""

    id: UUID
    yours: bool
    terms: OfferTerms
    currency: str
    at: datetime
    note: str | None
    outcome: str
    reply: str | None


class SharedEvidence(BaseModel):
    """A piece of evidence that both sides see."""

    id: UUID
    yours: bool
    kind: str
    document: str | None
    sha256: str | None
    note: str | None
    at: datetime
    retracted: bool


class SharedComment(BaseModel):
    """Something that was said to both sides."""

    id: UUID
    yours: bool
    text: str
    at: datetime


class SharedSettlement(BaseModel):
    """A settling document."""

    id: UUID
    yours: bool
    kind: str
    amount: Money
    tax: Money
    on: str
    number: str | None
    sha256: str | None
    note: str | None = Field(description="What you noted.")
    reversed: bool


class SharedAction(BaseModel):
    """A corrective action (8D) that is demanded of you."""

    round: int
    at: datetime
    state: str
    steps: list[ActionStep]


class Happening(BaseModel):
    """Something that happened, in a sentence."""

    at: datetime
    what: str


class SharedCase(BaseModel):
    """A case with you. original = open + credited + paid + written_off + withdrawn."""

    title: str
    side: str
    status: str
    reason: str
    reason_text: str | None
    severity: str
    currency: str
    opened_at: datetime
    closed_at: datetime | None
    contact: str | None = Field(default=None, description="Who works on it.")
    ledger: Standing
    balanced: bool
    lines: list[CaseLine]
    documents: tuple[DisputedDocument, ...]
    clocks: list[SharedClock]
    offers: list[SharedOffer]
    evidence: list[SharedEvidence]
    comments: list[SharedComment]
    settlements: list[SharedSettlement]
    actions: list[SharedAction]
    history: list[Happening]


def shared_case(state: Dispute, case: Case, history: Sequence[Recorded]) -> SharedCase:
    """What of a raised case both sides see."""
    assert state.opened_at is not None, "a draft is nobody else's"
    return SharedCase(
        title=state.title,
        side=state.side.value,
        status=state.status.value,
        reason=state.reason.value,
        reason_text=state.reason_text,
        severity=state.severity.value,
        currency=state.currency,
        opened_at=state.opened_at,
        closed_at=state.closed_at,
        ledger=case.ledger,
        balanced=case.balanced,
        lines=case.lines,
        documents=case.documents,
        clocks=[
            SharedClock(kind=c.kind.value, started_at=c.started_at, due_at=c.due_at, stopped_at=c.stopped_at)
            for c in case.clocks
            if c.party is THEM
        ],
        offers=[
            SharedOffer(yours=o.party is THEM, **_of(o, "id", "terms", "currency", "at", "note", "outcome", "reply")) for o in case.offers
        ],
        evidence=[
            SharedEvidence(
                yours=p.party is THEM, retracted=p.retracted is not None, **_of(p, "id", "kind", "document", "sha256", "note", "at")
            )
            for p in case.evidence
            if p.visibility is Visibility.PUBLIC
        ],
        comments=[
            SharedComment(yours=c.party is THEM, **_of(c, "id", "text", "at")) for c in case.comments if c.visibility is Visibility.PUBLIC
        ],
        settlements=[_settlement(s) for s in case.settlements],
        actions=[SharedAction(steps=[_step(s) for s in a.steps], **_of(a, "round", "at", "state")) for a in case.actions],
        history=[told for r in history if (told := _happening(r)) is not None],
    )


def shared_files(case: SharedCase) -> frozenset[str]:
    """The SHA-256 of every file that the other side may have."""
    found: tuple[SharedEvidence | SharedSettlement, ...] = (*case.evidence, *case.settlements)
    return frozenset(one.sha256 for one in found if one.sha256 is not None)


def _of(thing: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def _settlement(s: CaseSettlement) -> SharedSettlement:
    yours = s.party is THEM
    shown = _of(s, "id", "amount", "tax", "number", "sha256")
    return SharedSettlement(
        yours=yours,
        kind=s.kind.value,
        on=s.on.isoformat(),
        note=s.note if yours else None,
        reversed=s.reversed is not None,
        **shown,
    )


def _step(step: ActionStep) -> ActionStep:
    """What we wrote into the report ourselves stays with us."""
    return step if step.party is THEM else step.model_copy(update={"text": None, "causes": ()})


def _said(party: Party | None) -> str:
    return "You" if party is THEM else "They"


_SAID: dict[type[Event], Callable[[Any], str | None]] = {
    e.DisputeOpened: lambda _: "The claim was raised.",
    e.DisputeLinesAdded: lambda v: f"{len(v.lines)} more lines are disputed.",
    e.DisputeLineReversed: lambda _: "A line is disputed no more.",
    e.DisputeAcknowledged: lambda v: f"{_said(v.party)} acknowledged the claim.",
    e.DisputeSupplierAwaited: lambda v: f"They asked you{f': {v.question}' if v.question else '.'}",
    e.DisputeProposed: lambda v: f"{_said(v.party)} proposed a settlement.",
    e.DisputeCountered: lambda v: f"{_said(v.party)} made a counter-offer.",
    e.DisputeAccepted: lambda v: f"{_said(v.party)} accepted the offer.",
    e.DisputeInvestigationStarted: lambda v: f"{_said(v.party)} turned the offer down." if v.offer is not None else None,
    e.DisputeDocumentRecorded: lambda v: (
        f"{v.kind.value.replace('_', ' ').capitalize()}{f' {v.number}' if v.number else ''} over {v.amount}."
    ),
    e.DisputeDocumentReversed: lambda _: "A settling document was reversed.",
    e.DisputeSettled: lambda _: "The case is settled.",
    e.DisputeWrittenOff: lambda _: "The claim is pursued no more.",
    e.DisputeWithdrawn: lambda v: f"{_said(v.party)} withdrew the claim.",
    e.DisputeVoided: lambda _: "The case was voided.",
    e.DisputeClosed: lambda _: "The case was closed.",
    e.DisputeReopened: lambda _: "The case was reopened.",
    x.CorrectiveActionDemanded: lambda _: "A corrective action (8D) was demanded.",
    x.CorrectiveStepDone: lambda v: f"{v.step.value.upper()} of the corrective action is done.",
    x.CorrectiveActionClosed: lambda _: "The corrective action was closed.",
}


def _happening(recorded: Recorded) -> Happening | None:
    say = _SAID.get(type(recorded.event))
    what = say(recorded.event) if say is not None else None
    return None if what is None else Happening(at=getattr(recorded.event, "at", recorded.effective_at), what=what)
