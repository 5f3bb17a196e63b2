"""What a person from outside may say in a case with their account. Each command becomes the domain's, spoken for their side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.callers import Caller
from api.documents import check_documents
from api.execution import Sight
from api.nouns import Noun
from domain.dispute_rules import EvidenceKind
from domain.disputes import Dispute, disputes
from domain.disputes import commands as c
from domain.disputes import refusals as r
from domain.disputes.terms import EightD, Evidence, LineAmount, OfferTerms, Positive, SettlementKind, Sha256
from domain.kernel import Command
from domain.values import Key, Name, Prose
from infra.access import Action, Object

_ID = "01936e4c-0000-7000-8000-000000000010"


def _object(case: Dispute, _facts: object) -> Object:
    """With whom a case is, once it was raised; a draft is nobody else's."""
    return Object(party=case.account if case.opened_at is not None else None)


SIGHT = Sight(_object)


class Say(Command):
    """Say something to the other side."""

    text: Prose


class Acknowledge(Command):
    """Confirm that the claim arrived."""


class AttachProof(Command):
    """Attach evidence: a document by its reference, or a file that you uploaded by its SHA-256."""

    kind: EvidenceKind
    document: Name | None = None
    sha256: Sha256 | None = None
    note: Prose | None = None


class Offer(Command):
    """Offer how to settle all that is open; in answer to an offer it is a counter-offer."""

    terms: OfferTerms
    note: Prose | None = None


class Accept(Command):
    """Agree to the offer on the table."""

    offer: UUID


class Reject(Command):
    """Turn the offer on the table down."""

    offer: UUID
    note: Prose | None = None


class IssueCreditNote(Command):
    """Credit a part of what is open, gross. Without `lines` it goes over all lines pro rata."""

    number: Name
    amount: Positive
    on: date
    sha256: Sha256 | None = None
    note: Prose | None = None
    lines: Annotated[tuple[LineAmount, ...], Field(max_length=500)] = ()


class ReportStep(Command):
    """Fulfil a discipline of the 8D report; D4 names the root causes."""

    step: EightD
    text: Prose
    causes: Annotated[tuple[Key, ...], Field(max_length=20)] = ()


class GiveUp(Command):
    """Claim nothing any more, in a claim of your own."""

    reason: Prose


_BECOMES: dict[type[Command], Callable[[Any], Command]] = {
    Say: lambda m: c.Comment(text=m.text),
    Acknowledge: lambda _: c.AcknowledgeDispute(),
    AttachProof: lambda m: c.AttachEvidence(evidence=Evidence(kind=m.kind, document=m.document, sha256=m.sha256, note=m.note)),
    Offer: lambda m: c.ProposeSettlement(terms=m.terms, note=m.note),
    Accept: lambda m: c.AcceptSettlement(offer=m.offer),
    Reject: lambda m: c.RejectSettlement(offer=m.offer, note=m.note),
    IssueCreditNote: lambda m: c.RecordSettlement(kind=SettlementKind.CREDIT_NOTE, **dict(m)),
    ReportStep: lambda m: c.RecordCorrectiveStep(**dict(m)),
    GiveUp: lambda m: c.WithdrawDispute(reason=m.reason),
}


async def _becomes(_caller: Caller, command: Any) -> Any:
    return _BECOMES[type(command)](command)


async def _check_file(caller: Caller, _id: UUID, command: Any) -> None:
    """Refuse a file that the caller did not upload. Raises NotFound."""
    await check_documents(caller, [command.sha256] if command.sha256 is not None else [])


Before = Callable[[Caller, UUID, Any], Awaitable[None]]
noun = Noun("portal_dispute", "portal/disputes", disputes, sight=SIGHT, tag="portal")
_MONEY = (r.MoreThanOpen, r.TooPrecise, r.LineUnknown, r.LineTwice, r.NothingOpen)
_STATE = (r.DisputeNotThere, r.FactOutOfOrder, r.ForOthers)
for path, command, operation, summary, example, raises, before in (
    ("/comments", Say, "say_in_portal", "Say something", {"text": "We are looking into it"}, (), None),
    ("/acknowledge", Acknowledge, "acknowledge_in_portal", "Confirm that the claim arrived", {}, (r.RespondentOnly,), None),
    (
        "/evidence",
        AttachProof,
        "attach_in_portal",
        "Attach evidence",
        {"kind": "delivery_note", "document": "LS-88", "note": "Signed by your dock"},
        (),
        _check_file,
    ),
    (
        "/proposals",
        Offer,
        "offer_in_portal",
        "Offer how to settle, or counter",
        {"terms": {"credit": "240.00", "pay": "247.90"}, "note": "Half of it was in the price list"},
        (r.OfferUnbalanced, r.SettleByPast, r.SettleByTooFar, r.NothingOpen, r.OwnOffer, r.TooPrecise),
        None,
    ),
    ("/accept", Accept, "accept_in_portal", "Agree to the offer on the table", {"offer": _ID}, (r.OfferNotOpen, r.OwnOffer), None),
    (
        "/reject",
        Reject,
        "reject_in_portal",
        "Turn the offer on the table down",
        {"offer": _ID, "note": "The price was agreed"},
        (r.OfferNotOpen, r.OwnOffer),
        None,
    ),
    (
        "/credit-notes",
        IssueCreditNote,
        "credit_in_portal",
        "Issue a credit note",
        {"number": "GS-2026-31", "amount": "487.90", "on": "2026-03-20"},
        (*_MONEY, r.NotAgreed, r.DocumentTwice),
        _check_file,
    ),
    (
        "/corrective-action/steps",
        ReportStep,
        "report_step_in_portal",
        "Fulfil a discipline of the 8D report",
        {"step": "d3", "text": "Stock inspected and sorted"},
        (r.CorrectiveActionNotOpen, r.StepOutOfOrder, r.OperatorErrorAlone, r.CodeUnknown),
        None,
    ),
    ("/withdraw", GiveUp, "withdraw_in_portal", "Claim nothing any more", {"reason": "Found the goods"}, (r.ClaimantOnly,), None),
):
    noun.changes(
        path,
        command,
        Action.PORTAL_ANSWER,
        operation=operation,
        summary=summary,
        example=example,
        raises=(*_STATE, *raises),
        before=before,
        prepare=_becomes,
    )
