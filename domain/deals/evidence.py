"""Evidence: what the buyer did, proven for the exit criteria of stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.deals.commands import RecordEvidence, RetractEvidence
from domain.deals.events import DealEvidenceRecorded, DealEvidenceRetracted
from domain.deals.references import check_contacts, version_of
from domain.deals.refusals import CriterionUnknown, EvidenceMismatch
from domain.deals.state import Deal
from domain.deals.terms import Evidence
from domain.documents import Document, attach, document_id, document_reads
from domain.kernel import Context, Event, On, Read
from domain.stages import EvidenceKind, PipelineVersion

_WANTED = {
    EvidenceKind.NOTE: "a note",
    EvidenceKind.DATE: "a date, in `on`",
    EvidenceKind.DOCUMENT: "a document: its reference in `document` and its SHA-256 in `sha256`",
    EvidenceKind.CONTACT: "a contact",
    EvidenceKind.AMOUNT: "an amount",
}


def proven(deal: Deal, version: PipelineVersion, given: Iterable[Evidence], ctx: Context) -> tuple[DealEvidenceRecorded, ...]:
    """What is new in the evidence given. Raises CriterionUnknown, EvidenceMismatch, ContactUnknown."""
    found: dict[str, DealEvidenceRecorded] = {}
    for proof in given:
        event = _recorded(version, proof)
        if deal.evidence.get(proof.criterion) != proof:
            found[proof.criterion] = event
    check_contacts((event.contact for event in found.values() if event.contact is not None), ctx)
    return tuple(found.values())


def _recorded(version: PipelineVersion, proof: Evidence) -> DealEvidenceRecorded:
    known = version.criterion(proof.criterion)
    if known is None:
        criteria = [c.key for s in version.stages for c in s.exit_criteria]
        raise CriterionUnknown(f"No stage asks for {proof.criterion!r}; choose one of the exit criteria.", criteria=criteria)
    stage, criterion = known
    incomplete = (proof.document is None) != (proof.sha256 is None)
    if incomplete or proof.shows != {criterion.evidence}:
        raise EvidenceMismatch(
            f"{criterion.label}: this is shown by {_WANTED[criterion.evidence]}, and a note at most beside it.",
            criterion=criterion.key,
            evidence=criterion.evidence.value,
        )
    return DealEvidenceRecorded(
        criterion=criterion.key,
        label=criterion.label,
        stage=stage.key,
        kind=criterion.evidence,
        note=proof.note,
        on=proof.on,
        document=proof.document,
        sha256=proof.sha256,
        contact=proof.contact,
        amount=proof.amount,
    )


def record_evidence(deal: Deal, command: RecordEvidence, ctx: Context) -> tuple[Event, ...]:
    return proven(deal, version_of(deal, ctx), (command.evidence,), ctx)


def retract_evidence(deal: Deal, command: RetractEvidence, _ctx: Context) -> tuple[Event, ...]:
    if command.criterion not in deal.evidence:
        return ()
    return (DealEvidenceRetracted(criterion=command.criterion, reason=command.reason),)


def evidence_documents(given: Iterable[Evidence]) -> Iterator[Read]:
    """What `attachments` looks at."""
    return document_reads(proof.sha256 for proof in given if proof.sha256 is not None)


def attachments(events: Iterable[Event], ctx: Context) -> tuple[On, ...]:
    """Attach documents that came as evidence, where the actor uploaded them here; a hash of a document elsewhere stays a reference."""
    hashes = [event.sha256 for event in events if isinstance(event, DealEvidenceRecorded) and event.sha256 is not None]
    known: dict[str, Document | None] = {sha256: ctx.facts.get(document_id(sha256)) for sha256 in hashes}
    own = (sha256 for sha256, document in known.items() if document is not None and document.uploaded_by(ctx.actor.id))
    return attach(ctx, "deal", own)[1]
