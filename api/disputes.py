"""Disputes, from inside: claim, prove, ask, offer, settle, close. What the other side does is in `api/portal.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from api.accounts import look_at_account
from api.callers import Caller
from api.documents import check_documents
from api.execution import Facts, Sight
from api.nouns import Noun
from domain.disputes import commands as c
from domain.disputes import disputes
from domain.disputes import refusals as r
from domain.disputes.state import Dispute
from domain.disputes.terms import Side
from domain.kernel import Forbidden, Refused
from infra.access import Action, Object

_ID = "01936e4c-0000-7000-8000-000000000010"
_ACCOUNT = "01936e4c-0000-7000-8000-000000000004"
_REFERENCE = {"kind": "invoice", "document": "RE-2026-117", "line": "10"}
_LINE = {"reference": _REFERENCE, "net": "410.00", "tax": "77.90", "label": "Sensor housings", "quantity": "200"}
_EVIDENCE = {"kind": "order", "document": "PO-4711.pdf", "note": "2.10 EUR a piece were agreed"}
_CLAIM: dict[str, Any] = {
    "account": _ACCOUNT,
    "title": "Housings dearer than agreed",
    "reason": "price_variance",
    "currency": "EUR",
    "owner": _ACCOUNT,
    "lines": [_LINE],
    "documents": [{"kind": "invoice", "number": "RE-2026-117", "total": {"amount": "2440.00", "currency": "EUR"}, "due_on": "2027-03-31"}],
    "evidence": [_EVIDENCE],
}


def dispute_object(case: Dispute, _facts: object = None) -> Object:
    """What an access decision sees of a case, from inside."""
    return Object.of(case.owner, case.team, supplier=case.side is Side.BUY)


SIGHT = Sight(dispute_object)
SUPPLIER = "side = 'buy'"
"""SQL: the row of a case is of a claim against a supplier."""


def _about(command: c.DraftDispute) -> Object:
    return Object.of(command.owner, command.team, supplier=command.side is Side.BUY)


def _look(caller: Caller, command: c.DraftDispute, facts: Facts) -> None:
    look_at_account(caller, facts[command.account])


async def _check_named(caller: Caller, command: Any) -> None:
    """Refuse to attach files that the caller may not see."""
    await check_documents(caller, [piece.sha256 for piece in command.evidence if piece.sha256 is not None])


async def _check_evidence(caller: Caller, _id: UUID, command: Any) -> None:
    pieces = getattr(command, "evidence", ())
    await check_documents(caller, [p.sha256 for p in (pieces if isinstance(pieces, tuple) else (pieces,)) if p.sha256 is not None])


async def _check_file(caller: Caller, _id: UUID, command: Any) -> None:
    await check_documents(caller, [command.sha256] if command.sha256 is not None else [])


async def _with_own_limit(caller: Caller, command: Any) -> Any:
    """The caller's own limit for write-offs counts besides those of their roles."""
    return command.model_copy(update={"member": caller.standing.member})


noun = Noun("dispute", "disputes", disputes, sight=SIGHT, seen_by=Action.DISPUTE_READ)
router = noun.router
_CLAIMING = (
    r.AccountUnavailable,
    r.LineInOtherCase,
    r.LineTwice,
    r.NothingDisputed,
    r.EvidenceMissing,
    r.ReasonTextNeeded,
    r.CurrencyMixed,
    r.TooPrecise,
    r.AmountTooLarge,
)
for path, opening, operation, summary in (
    ("", c.OpenDispute, "open_dispute", "Raise a claim"),
    ("/drafts", c.DraftDispute, "draft_dispute", "Prepare a claim"),
):
    noun.opens(
        opening,
        Action.DISPUTE_OPEN,
        operation=operation,
        summary=summary,
        example=_CLAIM,
        path=path,
        about=_about,
        look=_look,
        check=_check_named,
        raises=_CLAIMING,
    )

_MONEY = (r.MoreThanOpen, r.TooPrecise, r.LineUnknown, r.LineTwice, r.NothingOpen)
_CASE: tuple[tuple[str, type[Any], str, str, Mapping[str, Any], tuple[type[Refused], ...]], ...] = (
    ("/submit", c.SubmitDispute, "submit_dispute", "Raise a claim that was drafted", {}, _CLAIMING),
    (
        "",
        c.ChangeDispute,
        "change_dispute",
        "Change what it is called or how it is classed",
        {"severity": "critical"},
        (r.ReasonTextNeeded,),
    ),
    ("/owner", c.AssignDispute, "assign_dispute", "Make another member responsible", {"owner": _ACCOUNT}, ()),
    (
        "/payment-terms",
        c.SetPaymentTerms,
        "set_dispute_payment_terms",
        "State totals and payment dates of its documents",
        {"documents": _CLAIM["documents"]},
        (r.CurrencyMixed,),
    ),
    ("/lines", c.AddDisputeLines, "add_dispute_lines", "Dispute more lines", {"lines": [_LINE]}, _CLAIMING),
    (
        "/lines/reverse",
        c.ReverseDisputeLine,
        "reverse_dispute_line",
        "Claim what is open of a line no more",
        {"line": _ID, "reason": "Booked twice by us"},
        _MONEY,
    ),
    (
        "/split",
        c.SplitDispute,
        "split_dispute",
        "Let a part go on in a case of its own",
        {"child": _ID, "lines": [{"line": _ID, "amount": "120.00"}], "reason": "The freight is another matter"},
        (*_MONEY, r.NothingToSplit, r.CaseIdTaken),
    ),
    (
        "/evidence/retract",
        c.RetractEvidence,
        "retract_dispute_evidence",
        "Take a piece of evidence back",
        {"evidence": _ID, "reason": "Wrong order"},
        (),
    ),
    (
        "/comments",
        c.Comment,
        "comment_on_dispute",
        "Say something, to the other side or among us",
        {"text": "They sent it again", "visibility": "internal"},
        (r.ForOthers,),
    ),
    ("/acknowledge", c.AcknowledgeDispute, "acknowledge_dispute", "Confirm that the claim arrived", {}, (r.RespondentOnly,)),
    ("/investigate", c.InvestigateDispute, "investigate_dispute", "Look into it, or wait no longer", {}, ()),
    ("/await", c.AwaitSupplier, "await_supplier", "Ask the other side, and wait", {"question": "Which price list do you mean?"}, ()),
    (
        "/proposals",
        c.ProposeSettlement,
        "propose_settlement",
        "Offer how to settle, or counter an offer",
        {"terms": {"credit": "487.90", "settle_by": "2030-03-31"}, "note": "As agreed in the order"},
        (r.OfferUnbalanced, r.SettleByPast, r.SettleByTooFar, r.NothingOpen, r.OwnOffer, r.TooPrecise),
    ),
    (
        "/accept",
        c.AcceptSettlement,
        "accept_settlement",
        "Agree to the other side's offer",
        {"offer": _ID},
        (r.OfferNotOpen, r.OwnOffer, r.AuthorityMissing),
    ),
    (
        "/reject",
        c.RejectSettlement,
        "reject_settlement",
        "Turn the other side's offer down",
        {"offer": _ID, "note": "Too little"},
        (r.OfferNotOpen, r.OwnOffer),
    ),
    (
        "/settlements/reverse",
        c.ReverseSettlement,
        "reverse_settlement",
        "Take a settling document back",
        {"document": _ID, "reason": "Cancelled by them"},
        (r.DocumentUnknown,),
    ),
    (
        "/withdraw",
        c.WithdrawDispute,
        "withdraw_dispute",
        "Claim nothing any more",
        {"reason": "The price was agreed after all"},
        (r.ClaimantOnly,),
    ),
    ("/void", c.VoidDispute, "void_dispute", "Say that the case should never have been", {"reason": "Opened twice"}, ()),
    (
        "/root-cause",
        c.FindRootCause,
        "find_root_cause",
        "Name the root cause",
        {"root_cause": "supplier_pricing"},
        (r.CodeUnknown, r.NoteNeeded),
    ),
    (
        "/close",
        c.CloseDispute,
        "close_dispute",
        "End a case that is settled",
        {"root_cause": "supplier_pricing"},
        (r.RootCauseMissing, r.CodeUnknown, r.NoteNeeded),
    ),
    (
        "/escalate",
        c.EscalateDispute,
        "escalate_dispute",
        "Raise it to a level",
        {"level": 1, "note": "No answer for a week"},
        (r.LevelNotHigher,),
    ),
    ("/escalation/lift", c.LiftEscalation, "lift_escalation", "Take it back to a lower level", {"level": 0, "note": "They answered"}, ()),
    (
        "/corrective-action",
        c.DemandCorrectiveAction,
        "demand_corrective_action",
        "Ask for an 8D report",
        {"note": "Third time this year"},
        (),
    ),
    (
        "/corrective-action/steps",
        c.RecordCorrectiveStep,
        "record_corrective_step",
        "Record a discipline of the 8D report",
        {"step": "d3", "text": "Stock inspected and sorted", "by": "them"},
        (r.CorrectiveActionNotOpen, r.StepOutOfOrder, r.OperatorErrorAlone, r.CodeUnknown),
    ),
    (
        "/corrective-action/check",
        c.CheckCorrectiveAction,
        "check_corrective_action",
        "Say whether the measures had their effect",
        {"effective": True, "note": "No repeat in three months"},
        (r.CorrectiveActionNotOpen, r.StepOutOfOrder),
    ),
    (
        "/corrective-action/cancel",
        c.CancelCorrectiveAction,
        "cancel_corrective_action",
        "Demand it no more",
        {"reason": "Asked for by mistake"},
        (r.CorrectiveActionNotOpen,),
    ),
)
_STATE = (r.DisputeNotThere, r.FactOutOfOrder)
for path, command, operation, summary, example, raises in _CASE:
    noun.changes(
        path,
        command,
        Action.DISPUTE_CHANGE,
        operation=operation,
        summary=summary,
        example=example,
        raises=(*_STATE, *raises),
        prepare=_with_own_limit if "member" in command.model_fields else None,
    )
for path, command, operation, summary, example, raises in (
    ("/evidence", c.AttachEvidence, "attach_dispute_evidence", "Attach evidence to a case", {"evidence": _EVIDENCE}, ()),
    (
        "/reopen",
        c.ReopenDispute,
        "reopen_dispute",
        "Take a closed case up again, on new evidence",
        {"reason": "The credit note was cancelled", "evidence": [{"kind": "correspondence", "document": "Letter of 2 March"}]},
        (r.EvidenceNotNew, r.ReopeningTooLate, r.MoreThanOpen),
    ),
):
    noun.changes(
        path,
        command,
        Action.DISPUTE_CHANGE,
        operation=operation,
        summary=summary,
        example=example,
        raises=(*_STATE, *raises),
        before=_check_evidence,
    )
noun.changes(
    "/settlements",
    c.RecordSettlement,
    Action.DISPUTE_CHANGE,
    operation="record_settlement",
    summary="Settle a part of what is open",
    example={"kind": "credit_note", "amount": "487.90", "number": "GS-2026-31", "on": "2026-03-20", "by": "them"},
    raises=(*_STATE, *_MONEY, r.NotAgreed, r.NumberNeeded, r.DocumentTwice, r.AuthorityMissing),
    before=_check_file,
    prepare=_with_own_limit,
)
noun.changes(
    "/write-off",
    c.WriteOffDispute,
    Action.DISPUTE_CHANGE,
    operation="write_off_dispute",
    summary="Give up all that is open as a loss",
    example={"reason": "uneconomic"},
    raises=(*_STATE, r.NothingOpen, r.CodeUnknown, r.NoteNeeded, r.AuthorityMissing, Forbidden),
    prepare=_with_own_limit,
)
