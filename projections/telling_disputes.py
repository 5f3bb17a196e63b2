"""How what happens to disputes is told."""

from __future__ import annotations

from collections.abc import Sequence

from domain.disputes import clock_events as k
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.entries import CaseEvidence, CaseLine
from domain.disputes.ledger import Ledger
from domain.disputes.locks import DisputeLineFreed, DisputeLineLocked
from domain.disputes.terms import DocumentKind, LineReference, OfferTerms, Party, Reading, Visibility
from domain.values import Money
from projections.telling import Names, because, listed, plain, telling

_CLOCKS = {
    "acknowledge": "the acknowledgement",
    "first_answer": "the first answer",
    "reply": "the reply",
    "resolve": "the resolution",
}
_ID = 36
"""Characters of an id as a text: a breach is disputed by its obligation's, which tells a person nothing, and its day."""
_LEVELS = {0: "nobody above", 1: "the category lead", 2: "the head of procurement", 3: "the executives"}


def _who(party: Party) -> str:
    return "We" if party is Party.US else "The other side"


def _line(reference: LineReference) -> str:
    obligation, _, nominal = reference.line.partition(" ")
    if reference.kind is DocumentKind.OBLIGATION and reference.id is not None and nominal and len(obligation) == _ID:
        return f"what was owed for {nominal} by contract {reference.document}"
    return f"line {reference.line} of {plain(reference.kind)} {reference.document}"


def _lines(lines: Sequence[CaseLine], currency: str) -> str:
    return listed([f"{_line(one.reference)} ({Money(amount=one.gross, currency=currency)})" for one in lines], "no line yet")


def _open(ledger: Ledger) -> str:
    if not ledger.gross.open:
        return "nothing is open"
    return f"{Money(amount=ledger.gross.open, currency=ledger.currency)} of {Money(amount=ledger.gross.original, currency=ledger.currency)} is open"


def _offer(terms: OfferTerms, currency: str) -> str:
    parts = (("credit of", terms.credit), ("payment of", terms.pay), ("write-off of", terms.write_off))
    told = listed([f"a {word} {Money(amount=amount, currency=currency)}" for word, amount in parts if amount], "nothing")
    return f"{told}{f' by {plain(terms.settle_by)}' if terms.settle_by else ''}{', the goods going back' if terms.goods_returned else ''}"


def _note(note: str | None) -> str:
    return f": {note}" if note else "."


def _piece(piece: CaseEvidence) -> str:
    hidden = ", for us only" if piece.evidence.visibility is Visibility.INTERNAL else ""
    return f"{plain(piece.evidence.kind)}{f' “{piece.evidence.document}”' if piece.evidence.document else ''}{hidden}"


def _begun(event: e.CaseFacts, names: Names) -> str:
    words = f" ({event.reason_text})" if event.reason_text else ""
    critical = ", critical" if event.severity.value == "critical" else ""
    return (
        f"“{event.title}”, {'with' if event.side.value == 'buy' else 'raised by'} {names.of(event.account)}, {plain(event.reason)}{words}{critical}: "
        f"{_lines(event.lines, event.ledger.currency)}; owned by {names.of(event.owner)}"
    )


@telling(e.DisputeDrafted)
def _(event: e.DisputeDrafted, names: Names) -> str:
    return f"A dispute was drafted: {_begun(event, names)}."


@telling(e.DisputeSplitOff)
def _(event: e.DisputeSplitOff, names: Names) -> str:
    return f"A dispute was split off from {names.of(event.parent)}: {_begun(event, names)}."


@telling(e.DisputeOpened)
def _(event: e.DisputeOpened, names: Names) -> str:
    again = f"; it repeats {names.all(event.repeats)}" if event.repeats else ""
    return f"The dispute was raised: {_open(event.ledger)}{again}."


@telling(e.DisputeDetailsChanged)
def _(event: e.DisputeDetailsChanged, _: Names) -> str:
    return f"The dispute is called “{event.title}”, {plain(event.reason)}, {plain(event.severity)}."


@telling(e.DisputeOwnerAssigned)
def _(event: e.DisputeOwnerAssigned, names: Names) -> str:
    return f"The dispute went from {names.of(event.previous)} to {names.of(event.owner)}."


@telling(e.DisputePaymentTermsSet)
def _(event: e.DisputePaymentTermsSet, _: Names) -> str:
    told = [
        f"{plain(d.kind)} {d.number}{f' over {d.total}' if d.total else ''}{f', due on {d.due_on}' if d.due_on else ''}"
        for d in event.documents
    ]
    return f"What the disputed documents are to be paid: {listed(told)}."


@telling(e.DisputeLinesAdded)
def _(event: e.DisputeLinesAdded, _: Names) -> str:
    return f"Disputed as well: {_lines(event.lines, event.ledger.currency)}; {_open(event.ledger)}."


@telling(e.DisputeLineReversed)
def _(event: e.DisputeLineReversed, _: Names) -> str:
    gone = Money(amount=event.movement.gross, currency=event.ledger.currency)
    return f"{gone} is claimed no more{because(event.reason)}; {_open(event.ledger)}."


@telling(e.DisputeSplit)
def _(event: e.DisputeSplit, names: Names) -> str:
    part = Money(amount=sum((m.gross for m in event.movements), start=event.ledger.gross.open * 0), currency=event.ledger.currency)
    return f"{part} goes on in a case of its own, {names.of(event.child)}{because(event.reason)}; {_open(event.ledger)}."


@telling(e.DisputeEvidenceAttached)
def _(event: e.DisputeEvidenceAttached, _: Names) -> str:
    return f"{_who(event.piece.party)} attached evidence: {_piece(event.piece)}{_note(event.piece.evidence.note)}"


@telling(e.DisputeEvidenceRetracted)
def _(event: e.DisputeEvidenceRetracted, _: Names) -> str:
    return f"A piece of evidence was taken back{because(event.reason)}."


@telling(e.DisputeCommented)
def _(event: e.DisputeCommented, _: Names) -> str:
    return f"{_who(event.party)} {'noted internally' if event.visibility is Visibility.INTERNAL else 'said'}: {event.text}"


@telling(e.DisputeAcknowledged)
def _(event: e.DisputeAcknowledged, _: Names) -> str:
    return f"{_who(event.party)} acknowledged the claim."


_WHY = {
    e.Investigating.TAKEN_UP: "The case is being looked into.",
    e.Investigating.NOT_ACKNOWLEDGED: "The claim was not acknowledged in time; it is being looked into without.",
    e.Investigating.ANSWERED: "The other side answered; the case is looked into further, and our clock runs again.",
    e.Investigating.RESUMED: "We wait no longer; the case is looked into further, and our clock runs again.",
    e.Investigating.REOPENED: "The reopened case is being looked into.",
}


@telling(e.DisputeInvestigationStarted)
def _(event: e.DisputeInvestigationStarted, _: Names) -> str:
    if event.why is e.Investigating.REJECTED:
        return f"{_who(event.party or Party.US)} turned the offer down{_note(event.note)}"
    return _WHY[event.why]


@telling(e.DisputeSupplierAwaited)
def _(event: e.DisputeSupplierAwaited, _: Names) -> str:
    return f"The other side was asked; our clock stands still and theirs runs{_note(event.question)}"


@telling(e.DisputeProposed)
def _(event: e.DisputeProposed, _: Names) -> str:
    return f"{_who(event.party)} proposed {_offer(event.terms, event.currency)}{_note(event.note)}"


@telling(e.DisputeCountered)
def _(event: e.DisputeCountered, _: Names) -> str:
    return f"{_who(event.party)} countered with {_offer(event.terms, event.currency)}{_note(event.note)}"


@telling(e.DisputeAccepted)
def _(event: e.DisputeAccepted, _: Names) -> str:
    return f"{_who(event.party)} accepted {_offer(event.terms, event.currency)}."


@telling(e.DisputeSettlementStarted)
def _(_event: e.DisputeSettlementStarted, _: Names) -> str:
    return "What was agreed is being carried out."


@telling(e.DisputeDocumentRecorded)
def _(event: e.DisputeDocumentRecorded, _: Names) -> str:
    number = f" {event.number}" if event.number else ""
    return f"{plain(event.kind).capitalize()}{number} over {event.amount} of {plain(event.on)}; {_open(event.ledger)}."


@telling(e.DisputeDocumentReversed)
def _(event: e.DisputeDocumentReversed, _: Names) -> str:
    return f"A settling document was reversed{because(event.reason)}; {_open(event.ledger)}."


@telling(e.DisputeSettled)
def _(_event: e.DisputeSettled, _: Names) -> str:
    return "The dispute is settled: nothing is open any more."


@telling(e.DisputeWrittenOff)
def _(event: e.DisputeWrittenOff, _: Names) -> str:
    by = f"by right of {plain(event.authority.role).replace('_', ' ')}"
    return f"{event.authority.amount} was written off, {by}{because(event.reason)}{_note(event.note)}"


@telling(e.DisputeWithdrawn)
def _(event: e.DisputeWithdrawn, _: Names) -> str:
    return f"{_who(event.party)} withdrew the claim{because(event.reason)}; what was open is payable."


@telling(e.DisputeVoided)
def _(event: e.DisputeVoided, _: Names) -> str:
    return f"The case was voided{because(event.reason)}."


@telling(e.DisputeRootCauseFound)
def _(event: e.DisputeRootCauseFound, _: Names) -> str:
    return f"The root cause is {event.root_cause.replace('_', ' ')}{_note(event.note)}"


@telling(e.DisputeClosed)
def _(event: e.DisputeClosed, _: Names) -> str:
    return f"The dispute was closed, root cause {event.root_cause.replace('_', ' ')}; it may be reopened until {plain(event.reopen_until)}."


@telling(e.DisputeReopened)
def _(event: e.DisputeReopened, _: Names) -> str:
    return f"The dispute was reopened{because(event.reason)}; {_open(event.ledger)}."


def _reading(reading: Reading) -> str:
    name = _CLOCKS[reading.kind.value]
    if reading.stopped_at:
        return f"{name} {'came too late' if reading.due_at else 'came in time'}"
    return f"the clock of {name} stands still" if reading.paused_at else f"{name} is due {plain(reading.due_at)}"


@telling(k.DisputeClocksSet)
def _(event: k.DisputeClocksSet, _: Names) -> str:
    return f"By the clocks, {listed([_reading(r) for r in event.readings], 'nothing is due')}."


@telling(k.DisputeClockWarned)
def _(event: k.DisputeClockWarned, names: Names) -> str:
    due = f", due {plain(event.due_at)}" if event.due_at else ""
    return f"{event.percent} % of the time for {_CLOCKS[event.clock.value]} had passed{due}; {names.of(event.owner)} is told."


@telling(k.DisputeSettlementOverdue)
def _(event: k.DisputeSettlementOverdue, names: Names) -> str:
    return f"What was agreed was to be settled by {plain(event.due)}; {event.open} is open still. {names.of(event.owner)} is told."


@telling(k.DisputeEscalated)
def _(event: k.DisputeEscalated, _: Names) -> str:
    why = f": {event.percent} % of the time for {_CLOCKS[event.clock.value]} had passed." if event.clock else _note(event.note)
    notice = ", with a contract notice" if event.contract_notice else ""
    return f"The dispute was escalated to level {event.level}, {_LEVELS[event.level]}{notice}{why}"


@telling(k.DisputeEscalationLifted)
def _(event: k.DisputeEscalationLifted, _: Names) -> str:
    why = ": a fact that came late shows that the clock had not run out." if event.late_fact else _note(event.note)
    return f"The escalation went down from level {event.previous} to {event.level}{why}"


@telling(x.CorrectiveActionDemanded)
def _(event: x.CorrectiveActionDemanded, _: Names) -> str:
    again = f", round {event.round}" if event.round > 1 else ""
    days = f"containment by {plain(event.d3_due)}, root cause by {plain(event.d4_due)}, measures by {plain(event.d5_due)}"
    return f"A corrective action (8D) was demanded{again}: {days}{_note(event.note)}"


@telling(x.CorrectiveStepDone)
def _(event: x.CorrectiveStepDone, _: Names) -> str:
    causes = f" ({listed([c.replace('_', ' ') for c in event.causes])})" if event.causes else ""
    return f"{event.step.value.upper()} of the corrective action is done{causes}: {event.text}"


@telling(x.CorrectiveStepMissed)
def _(event: x.CorrectiveStepMissed, names: Names) -> str:
    return (
        f"{event.step.value.upper()} of the corrective action was due {plain(event.due)} and is missing; {names.of(event.owner)} is told."
    )


@telling(x.CorrectiveActionChecked)
def _(event: x.CorrectiveActionChecked, _: Names) -> str:
    return f"The measures {'had their effect' if event.effective else 'had no effect'}{_note(event.note)}"


@telling(x.CorrectiveActionClosed)
def _(_event: x.CorrectiveActionClosed, _: Names) -> str:
    return "The corrective action was closed."


@telling(x.CorrectiveActionCancelled)
def _(event: x.CorrectiveActionCancelled, _: Names) -> str:
    return f"The corrective action is demanded no more{because(event.reason)}."


@telling(DisputeLineLocked)
def _(event: DisputeLineLocked, names: Names) -> str:
    return f"{_line(event.reference).capitalize()} of {names.of(event.account)} is disputed in {names.of(event.case)}."


@telling(DisputeLineFreed)
def _(event: DisputeLineFreed, names: Names) -> str:
    return f"The line is disputed in {names.of(event.case)} no more."
