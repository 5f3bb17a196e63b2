"""One dispute as the people who work on it see it: told from its own history alone, so that any past moment is told as easily as now.

The decider's state says how the case stands; what was said on the way (offers, comments, evidence, settlements, pauses,
escalations, the corrective action) is gathered beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.disputes import clock_events as k
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.entries import Authority
from domain.disputes.ledger import Ledger, ledger_of
from domain.disputes.state import Dispute
from domain.disputes.terms import DisputedDocument, EightD, MarkKind, OfferTerms, Party, Reading, SettlementKind, Visibility
from domain.kernel import Recorded
from domain.values import Money, in_full


class Standing(BaseModel):
    """Where an amount stands, gross and the tax in it: original = open + credited + paid + written_off + withdrawn."""

    original: Decimal
    open: Decimal
    credited: Decimal
    paid: Decimal
    written_off: Decimal
    withdrawn: Decimal
    tax: dict[str, Decimal] = Field(description="The tax in each of them.")


class CaseLine(Standing):
    """A disputed line, and where its amount stands."""

    id: UUID
    kind: str
    document: str
    number: str
    document_id: UUID | None
    label: str | None
    quantity: Decimal | None


class Pause(BaseModel):
    """A time in which the other side was awaited, so that our clock stood still; `until` null: it still does."""

    since: datetime
    until: datetime | None
    question: str | None


class Clock(Reading):
    """A clock, and the times in which it stood still, with what was asked. `warned`: percent of its limit, and when it came to that."""

    pauses: tuple[Pause, ...] = ()
    warned: tuple[tuple[int, datetime], ...] = ()


class CaseOffer(BaseModel):
    """An offer of one side; `outcome`: open, countered, rejected, accepted, or lapsed where the case ended otherwise."""

    id: UUID
    party: Party
    terms: OfferTerms
    currency: str
    at: datetime
    actor: UUID
    note: str | None
    answers: UUID | None
    outcome: str = "open"
    reply: str | None = Field(default=None, description="What the rejecting side said.")


class CaseEvidence(BaseModel):
    """A piece of evidence; `retracted`: why it counts no more."""

    id: UUID
    kind: str
    document: str | None
    sha256: str | None
    note: str | None
    visibility: Visibility
    party: Party
    at: datetime
    actor: UUID
    retracted: str | None = None


class CaseComment(BaseModel):
    """Something that was said."""

    id: UUID
    party: Party
    visibility: Visibility
    text: str
    at: datetime
    actor: UUID


class CaseSettlement(BaseModel):
    """A settling document; `reversed`: why it counts no more."""

    id: UUID
    kind: SettlementKind
    party: Party
    amount: Money
    tax: Money
    on: date
    number: str | None
    sha256: str | None
    note: str | None
    at: datetime
    actor: UUID
    authority: Authority | None
    reversed: str | None = None


class Escalation(BaseModel):
    """A change of the level of escalation, and why: a clock at so many percent of its limit, a late fact, or what a person noted."""

    level: int
    previous: int
    at: datetime
    clock: str | None = None
    percent: int | None = None
    late_fact: bool = False
    contract_notice: bool = False
    note: str | None = None
    actor: UUID


class ActionStep(BaseModel):
    """A discipline of the 8D report."""

    step: EightD
    due: datetime | None = None
    done_at: datetime | None = None
    party: Party | None = None
    text: str | None = None
    causes: tuple[str, ...] = ()
    missed: bool = False


class Action(BaseModel):
    """A round of the corrective action. `state`: open, effective, ineffective, closed or cancelled."""

    round: int
    at: datetime
    repeats: tuple[UUID, ...]
    note: str | None
    steps: list[ActionStep]
    state: str = "open"
    check: str | None = None
    reason: str | None = None


class Case(BaseModel):
    """What was said in a case, beside how it stands."""

    lines: list[CaseLine]
    ledger: Standing
    balanced: bool = Field(description="Whether original = open + credited + paid + written_off + withdrawn, of every line and of all.")
    documents: tuple[DisputedDocument, ...]
    clocks: list[Clock]
    offers: list[CaseOffer] = Field(default_factory=list)
    evidence: list[CaseEvidence] = Field(default_factory=list)
    comments: list[CaseComment] = Field(default_factory=list)
    settlements: list[CaseSettlement] = Field(default_factory=list)
    escalations: list[Escalation] = Field(default_factory=list)
    actions: list[Action] = Field(default_factory=list)
    repeats: tuple[UUID, ...] = ()
    root_cause_note: str | None = None
    ended: str | None = Field(default=None, description="Why it was withdrawn, voided or written off, or taken up again.")


def case_of(state: Dispute, history: Sequence[Recorded]) -> Case:
    """The case; `state` is what its history folds to."""
    told = _Narration(history)
    facts = {
        one.id: one for r in history for one in getattr(r.event, "lines", ()) if isinstance(r.event, e.CaseFacts | e.DisputeLinesAdded)
    }
    lines = [
        CaseLine(
            id=line.id,
            kind=line.reference.kind.value,
            document=line.reference.document,
            number=line.reference.line,
            document_id=line.reference.id,
            label=facts[line.id].label if line.id in facts else None,
            quantity=facts[line.id].quantity if line.id in facts else None,
            **_standing(ledger_of((line.account,), state.ledger.currency)),
        )
        for line in state.lines.values()
    ]
    return Case(
        lines=lines,
        ledger=Standing(**_standing(state.ledger)),
        balanced=state.ledger.balanced,
        documents=state.documents,
        clocks=[Clock(**dict(r), pauses=_pauses(state, r, told.questions), warned=told.warned(r)) for r in told.readings],
        **{name: getattr(told, name) for name in ("comments", "escalations", "actions", "repeats", "root_cause_note", "ended")},
        **{name: list(getattr(told, name).values()) for name in ("offers", "evidence", "settlements")},
    )


def _standing(ledger: Ledger) -> dict[str, Any]:
    return {**dict(ledger.gross), "tax": dict(ledger.tax)}


def _offered(terms: OfferTerms, currency: str) -> OfferTerms:
    return terms.model_copy(update={name: in_full(getattr(terms, name), currency) for name in ("credit", "pay", "write_off")})


def _pauses(state: Dispute, reading: Reading, questions: dict[datetime, str | None]) -> tuple[Pause, ...]:
    """The times in which the other side was awaited, of the clock that stands still then: ours to the resolution."""
    if reading.party is not Party.US:
        return ()
    found: list[Pause] = []
    since: datetime | None = None
    for mark in state.marks:
        if mark.at < reading.started_at or (reading.stopped_at is not None and mark.at > reading.stopped_at):
            continue
        if mark.kind is MarkKind.AWAITING and since is None:
            since = mark.at
        elif since is not None and (mark.kind in _GOES_ON or (mark.kind is MarkKind.ANSWERED and mark.party is Party.THEM)):
            found.append(Pause(since=since, until=mark.at, question=questions.get(since)))
            since = None
    return (*found, Pause(since=since, until=None, question=questions.get(since))) if since is not None else tuple(found)


_GOES_ON = {MarkKind.RESUMED, MarkKind.RESOLVED}


class _Narration:
    """What was said, gathered event by event."""

    def __init__(self, history: Sequence[Recorded]) -> None:
        self.offers: dict[UUID, CaseOffer] = {}
        self.evidence: dict[UUID, CaseEvidence] = {}
        self.settlements: dict[UUID, CaseSettlement] = {}
        self.comments: list[CaseComment] = []
        self.escalations: list[Escalation] = []
        self.actions: list[Action] = []
        self.repeats: tuple[UUID, ...] = ()
        self.questions: dict[datetime, str | None] = {}
        self.root_cause_note: str | None = None
        self.ended: str | None = None
        self._warnings: list[k.DisputeClockWarned] = []
        # what was recorded last says how the clocks stand, however far back the fact lies that moved them
        set_last = max((r for r in history if isinstance(r.event, k.DisputeClocksSet)), key=lambda r: r.position, default=None)
        self.readings: tuple[Reading, ...] = set_last.event.readings if set_last and isinstance(set_last.event, k.DisputeClocksSet) else ()
        for recorded in history:
            self._hear(recorded)

    def warned(self, reading: Reading) -> tuple[tuple[int, datetime], ...]:
        """When the clock warned."""
        return tuple((w.percent, w.passed_at) for w in self._warnings if (w.clock, w.started_at) == (reading.kind, reading.started_at))

    def _hear(self, recorded: Recorded) -> None:
        event, actor = recorded.event, recorded.actor
        match event:
            case e.DisputeSplitOff():
                for piece in event.evidence:
                    self._attach(piece, recorded.effective_at, actor)
            case e.DisputeOpened():
                self.repeats = event.repeats
            case e.DisputeEvidenceAttached():
                self._attach(event.piece, event.at, actor)
            case e.DisputeEvidenceRetracted() if event.evidence in self.evidence:
                self.evidence[event.evidence].retracted = event.reason
            case e.DisputeCommented():
                said = {name: getattr(event, name) for name in ("party", "visibility", "text", "at")}
                self.comments.append(CaseComment(id=event.comment, actor=actor, **said))
            case e.DisputeSupplierAwaited():
                self.questions[event.at] = event.question
            case e.DisputeProposed() | e.DisputeCountered():
                answers = event.answers if isinstance(event, e.DisputeCountered) else None
                self._answer_open("countered")
                said = {name: getattr(event, name) for name in ("party", "currency", "at", "note")}
                terms = _offered(event.terms, event.currency)
                self.offers[event.offer] = CaseOffer(id=event.offer, actor=actor, answers=answers, terms=terms, **said)
            case e.DisputeAccepted() if event.offer in self.offers:
                self.offers[event.offer].outcome = "accepted"
            case e.DisputeInvestigationStarted() if event.offer in self.offers:
                self.offers[event.offer].outcome, self.offers[event.offer].reply = "rejected", event.note
            case e.DisputeDocumentRecorded():
                names = ("kind", "party", "amount", "tax", "on", "number", "sha256", "note", "at", "authority")
                said = {name: getattr(event, name) for name in names}
                self.settlements[event.document] = CaseSettlement(id=event.document, actor=actor, **said)
            case e.DisputeDocumentReversed() if event.document in self.settlements:
                self.settlements[event.document].reversed = event.reason
            case e.DisputeWithdrawn() | e.DisputeVoided() | e.DisputeReopened() | e.DisputeWrittenOff():
                self.ended = event.reason
                self._answer_open("lapsed")
            case e.DisputeRootCauseFound():
                self.root_cause_note = event.note
            case k.DisputeClockWarned():
                self._warnings.append(event)
            case k.DisputeEscalated() | k.DisputeEscalationLifted():
                self.escalations.append(
                    Escalation(actor=actor, **{n: getattr(event, n) for n in Escalation.model_fields if hasattr(event, n)})
                )
            case _:
                self._correct(event)

    def _answer_open(self, outcome: str) -> None:
        for offer in self.offers.values():
            if offer.outcome == "open":
                offer.outcome = outcome

    def _attach(self, piece: Any, at: datetime, actor: UUID) -> None:
        shown = {name: getattr(piece.evidence, name) for name in ("document", "sha256", "note", "visibility")}
        kind = piece.evidence.kind.value
        self.evidence[piece.id] = CaseEvidence(id=piece.id, kind=kind, party=piece.party, at=at, actor=actor, **shown)

    def _correct(self, event: Any) -> None:
        if isinstance(event, x.CorrectiveActionDemanded):
            due = {EightD.D3: event.d3_due, EightD.D4: event.d4_due, EightD.D5: event.d5_due}
            steps = [ActionStep(step=step, due=due.get(step)) for step in EightD]
            self.actions.append(Action(round=event.round, at=event.at, repeats=event.repeats, note=event.note, steps=steps))
            return
        action = next((a for a in reversed(self.actions) if a.round == getattr(event, "round", None)), None)
        if action is None:
            return
        step = next((s for s in action.steps if s.step is getattr(event, "step", None)), None)
        match event:
            case x.CorrectiveStepDone() if step:
                step.done_at, step.party, step.text, step.causes = event.at, event.party, event.text, event.causes
            case x.CorrectiveStepMissed() if step:
                step.missed = True
            case x.CorrectiveActionChecked():
                action.state, action.check = "effective" if event.effective else "ineffective", event.note
            case x.CorrectiveActionClosed():
                action.state = "closed"
            case x.CorrectiveActionCancelled():
                action.state, action.reason = "cancelled", event.reason
