"""Contracts: drafted or opened from a won deal, reviewed, signed, amended, kept, and brought to their end."""

from typing import Any

from api import deals
from api.accounts import look_at_account
from api.callers import Caller
from api.execution import Facts, OutOfReach, Sight, absent
from api.nouns import Noun
from domain.contracts import commands as c
from domain.contracts import contracts
from domain.contracts import refusals as r
from domain.contracts.state import Contract
from domain.contracts.terms import Side
from domain.standing import MemberInactive
from infra.access import Action, Object

_ID = "01936e4c-0000-7000-8000-000000000009"
_HASH = "9f" * 32
PAPER = {"reference": "C-2027-014.pdf", "sha256": _HASH}
_NOTICE = {"count": 3, "unit": "months", "before": "term_end", "counts": "received", "delivery_days": 3}
_TERMS = {
    "start": "2027-01-01",
    "end": "2027-12-31",
    "value": {"amount": "24000.00", "currency": "EUR"},
    "value_per": "year",
    "payment_days": 30,
    "renewal": {"kind": "auto_renew", "months": 12},
    "notice": _NOTICE,
}
_DRAFT = {"title": "Service for the sensors", "side": "sell", "party": _ID, "owner": _ID, "terms": _TERMS, "zone": "Europe/Berlin"}


def contract_object(contract: Contract, _facts: object = None) -> Object:
    """What an access decision sees of a contract: those who buy reach what we buy by."""
    return Object.of(contract.owner, contract.team, supplier=contract.side is Side.BUY, party=contract.party)


SIGHT = Sight(contract_object)
BOUGHT = "side = 'buy'"
"""SQL: the row of a contract is about what we buy."""


def _about(command: c.DraftContract) -> Object:
    return Object.of(command.owner, command.team, supplier=command.side is Side.BUY)


def _seen(caller: Caller, action: Action, sight: Sight, state: Any, facts: Facts) -> None:
    """Refuse to name what is out of the caller's reach, as if it were not there. Raises NotFound."""
    if state is None or getattr(state, "withdrawn", False) or not caller.may(action, sight.thing(state, facts)):
        raise absent()


def _look_at_named(caller: Caller, command: c.DraftContract | c.OpenContractFromDeal, facts: Facts) -> None:
    if command.deal is not None:
        _seen(caller, Action.DEAL_READ, deals.SIGHT, facts[command.deal], facts)
    if command.renews is not None:
        _seen(caller, Action.CONTRACT_READ, SIGHT, facts[command.renews], facts)


def _look(caller: Caller, command: c.DraftContract, facts: Facts) -> None:
    look_at_account(caller, facts[command.party])
    _look_at_named(caller, command, facts)


def _look_at_deal(caller: Caller, command: c.OpenContractFromDeal, facts: Facts) -> None:
    """The contract is its owner's, or the deal's: that is whom the caller has to be, or to lead. Raises NotFound, OutOfReach."""
    _look_at_named(caller, command, facts)
    deal = facts[command.deal]
    owner = Object.of(command.owner) if command.owner is not None else Object.of(deal.owner, deal.team)
    if not caller.may(Action.CONTRACT_DRAFT, owner):
        raise OutOfReach("You may do this for yourself and those you lead only; ask the deal's owner.")


noun = Noun("contract", "contracts", contracts, sight=SIGHT, seen_by=Action.CONTRACT_READ)
router = noun.router
_OPENING = (r.TermsUnsound, r.CalendarUnknown, r.DealElsewhere, r.DealHasContract, r.RenewsAnother, MemberInactive)
noun.opens(
    c.DraftContract,
    Action.CONTRACT_DRAFT,
    operation="draft_contract",
    summary="Begin a contract as a draft",
    example=_DRAFT,
    about=_about,
    look=_look,
    raises=_OPENING,
)
noun.opens(
    c.OpenContractFromDeal,
    Action.CONTRACT_DRAFT,
    operation="open_contract_from_deal",
    summary="Begin the contract of a won deal in one step",
    example={"deal": _ID, "start": "2027-01-01", "end": "2027-12-31", "renewal": _TERMS["renewal"], "notice": _NOTICE},
    look=_look_at_deal,
    path="/from-deal",
    raises=(*_OPENING, r.DealNotWonYet, OutOfReach),
)
noun.opens(
    c.RegisterContract,
    Action.CONTRACT_DRAFT,
    operation="register_contract",
    summary="Take over a contract that was signed before",
    example={**_DRAFT, "signed_on": "2026-12-15", "paper": PAPER},
    about=_about,
    look=_look,
    path="/register",
    raises=(*_OPENING, r.DayInFuture),
)
_LIVE = (r.ContractNotInForce, r.WrongState)
_BEFORE = (r.WrongState, r.ContractSigned)
_HOME = (*_BEFORE, r.PaperStillOut)
_CHANGES: tuple[tuple[str, Any, Action, str, str, dict[str, Any], tuple[Any, ...]], ...] = (
    (
        "/revise",
        c.ReviseContract,
        Action.CONTRACT_CHANGE,
        "revise_contract",
        "Replace what the draft says",
        {"title": "Service for both lines"},
        (*_BEFORE, r.TermsUnsound, r.CalendarUnknown),
    ),
    (
        "/discard",
        c.DiscardContract,
        Action.CONTRACT_CHANGE,
        "discard_contract",
        "Give up a draft",
        {"reason": "They went elsewhere"},
        _HOME,
    ),
    ("/submit", c.SubmitContract, Action.CONTRACT_CHANGE, "submit_contract", "Ask for a review", {}, _BEFORE),
    (
        "/return",
        c.ReturnContract,
        Action.CONTRACT_CHANGE,
        "return_contract",
        "Send a contract back to draft",
        {"reason": "Clause 7 is missing"},
        _HOME,
    ),
    (
        "/approve",
        c.ApproveContract,
        Action.CONTRACT_APPROVE,
        "approve_contract",
        "Allow a contract to be signed",
        {"content": _HASH, "note": "As discussed"},
        (*_BEFORE, r.ContentChanged, r.OwnReview, r.ReviewNeedsLegal, r.ConsentMissing),
    ),
    (
        "/send",
        c.SendForSignature,
        Action.CONTRACT_CHANGE,
        "send_contract_for_signature",
        "Give the paper to those who sign",
        {"paper": PAPER},
        _BEFORE,
    ),
    (
        "/activate",
        c.ActivateContract,
        Action.CONTRACT_CHANGE,
        "activate_contract",
        "Say that all have signed",
        {"signed_on": "2026-12-15", "paper": PAPER},
        (*_BEFORE, r.DayInFuture, r.DealHasContract, r.RenewsAnother, r.PaperNotSealed),
    ),
    (
        "/amendments",
        c.ProposeAmendment,
        Action.CONTRACT_CHANGE,
        "propose_amendment",
        "Propose to change what is in force",
        {"title": "One line more", "effective_on": "2027-07-01", "changes": {"value": {"amount": "30000.00", "currency": "EUR"}}},
        (*_LIVE, r.TermsUnsound, r.EndTooEarly, r.EndTooLate),
    ),
    (
        "/amendments/approve",
        c.ApproveAmendment,
        Action.CONTRACT_APPROVE,
        "approve_amendment",
        "Allow an amendment to be signed",
        {"amendment": _ID},
        (*_LIVE, r.AmendmentUnknown, r.OwnReview, r.ReviewNeedsLegal, r.ConsentMissing),
    ),
    (
        "/amendments/drop",
        c.DropAmendment,
        Action.CONTRACT_CHANGE,
        "drop_amendment",
        "Give up an amendment",
        {"amendment": _ID, "reason": "Not wanted any more"},
        (r.AmendmentUnknown,),
    ),
    (
        "/amendments/sign",
        c.SignAmendment,
        Action.CONTRACT_CHANGE,
        "sign_amendment",
        "Say that both have signed an amendment",
        {"amendment": _ID, "signed_on": "2027-06-20", "paper": {"reference": "C-2027-014-A1.pdf", "sha256": _HASH}},
        (*_LIVE, r.AmendmentUnknown, r.AmendmentNotApproved, r.PaperNotSealed, r.DayInFuture, r.TermsUnsound, r.EndTooEarly, r.EndTooLate),
    ),
    (
        "/notice",
        c.GiveNotice,
        Action.CONTRACT_CHANGE,
        "give_notice",
        "Record our notice",
        {"sent_on": "2027-09-20", "how": "registered letter"},
        (*_LIVE, r.NoticeStands, r.DayInFuture, r.EndTooEarly),
    ),
    (
        "/notice/receive",
        c.ReceiveNotice,
        Action.CONTRACT_CHANGE,
        "receive_notice",
        "Record the other party's notice",
        {"received_on": "2027-09-20"},
        (*_LIVE, r.NoticeStands, r.DayInFuture, r.EndTooEarly),
    ),
    (
        "/notice/delivered",
        c.ConfirmNoticeDelivery,
        Action.CONTRACT_CHANGE,
        "confirm_notice_delivery",
        "Say when our notice was received",
        {"received_on": "2027-09-22"},
        (*_LIVE, r.NoNotice, r.DayInFuture),
    ),
    (
        "/notice/withdraw",
        c.WithdrawNotice,
        Action.CONTRACT_CHANGE,
        "withdraw_notice",
        "Say that a notice no longer holds",
        {"reason": "Both agreed to go on"},
        (*_LIVE, r.NoNotice),
    ),
    (
        "/terminate",
        c.TerminateContract,
        Action.CONTRACT_CHANGE,
        "terminate_contract",
        "End a contract otherwise than by notice",
        {"on": "2027-08-31", "cause": "mutual"},
        (*_LIVE, r.EndTooEarly, r.EndTooLate),
    ),
    (
        "/terminate/revoke",
        c.RevokeTermination,
        Action.CONTRACT_CHANGE,
        "revoke_termination",
        "Let a contract go on after all",
        {"reason": "Paid in full"},
        _LIVE,
    ),
    (
        "/renew",
        c.RenewContract,
        Action.CONTRACT_CHANGE,
        "renew_contract",
        "Agree on a further term",
        {"end": "2028-12-31", "signed_on": "2027-11-02", "paper": {"reference": "C-2027-014-R1.pdf", "sha256": _HASH}},
        (*_LIVE, r.NotRenewable, r.EndTooEarly, r.NoticeStands, r.DayInFuture),
    ),
    (
        "/review",
        c.ConcludeRenewalReview,
        Action.CONTRACT_CHANGE,
        "conclude_renewal_review",
        "Say what we want at the end of the term",
        {"outcome": "renegotiate", "note": "Two disputes this year"},
        _LIVE,
    ),
    (
        "/owner",
        c.AssignContractOwner,
        Action.CONTRACT_ASSIGN,
        "assign_contract_owner",
        "Make another member responsible",
        {"owner": _ID},
        (MemberInactive,),
    ),
    (
        "/calendar",
        c.SetContractCalendar,
        Action.CONTRACT_CHANGE,
        "set_contract_calendar",
        "Count days by another calendar",
        {"zone": "Europe/Paris"},
        (r.CalendarUnknown,),
    ),
    (
        "/scorecard",
        c.LinkScorecard,
        Action.CONTRACT_CHANGE,
        "link_scorecard",
        "Name the supplier's scorecard for the renewal",
        {"scorecard": _ID},
        (),
    ),
)
for path, command, action, operation, summary, example, raises in _CHANGES:
    noun.changes(path, command, action, operation=operation, summary=summary, example=example, raises=(*raises, r.TermsUnsound))
