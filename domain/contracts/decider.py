"""The decider of contracts: which rule answers which command, and what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.accounts.presence import account_reads
from domain.backdating import check_dating
from domain.contracts import amending, consent, drafting, ending, keeping, obligations, price_talk, renewing, signing
from domain.contracts import commands as c
from domain.contracts import events as e
from domain.contracts import obligation_commands as oc
from domain.contracts.chain import chain
from domain.contracts.days import dates, differ, near, today, value_reads
from domain.contracts.evolution import evolve, evolved
from domain.contracts.in_force import check_days
from domain.contracts.scheduling import rescheduled
from domain.contracts.state import Contract
from domain.contracts.terms import ContractStatus, SignedPaper
from domain.deals.references import contact_reads, paper_read
from domain.deals.state import Deal
from domain.documents import document_read
from domain.kernel import AlreadyExists, Command, Context, Decider, Event, NotFound, Outcome, Read
from domain.standing import standing_reads
from domain.values import Money

Handler = Callable[[Contract, Any, Context], Outcome]

_HANDLERS: dict[type[Command], Handler] = {
    c.ReviseContract: drafting.revise,
    c.DiscardContract: drafting.discard,
    c.SubmitContract: signing.submit,
    c.ReturnContract: signing.send_back,
    c.ApproveContract: signing.approve,
    c.SendForSignature: signing.send_out,
    c.ActivateContract: signing.activate,
    c.ProposeAmendment: amending.propose,
    c.ApproveAmendment: amending.approve_amendment,
    c.DropAmendment: amending.drop,
    c.SignAmendment: amending.sign,
    c.GiveNotice: ending.give_notice,
    c.ReceiveNotice: ending.receive_notice,
    c.ConfirmNoticeDelivery: ending.confirm_delivery,
    c.WithdrawNotice: ending.withdraw_notice,
    c.TerminateContract: ending.terminate,
    c.RevokeTermination: ending.revoke,
    c.RenewContract: renewing.renew,
    c.ConcludeRenewalReview: renewing.conclude_review,
    c.AssignContractOwner: keeping.assign_owner,
    c.SetContractCalendar: keeping.set_calendar,
    c.LinkScorecard: keeping.link_scorecard,
    c.RecordConsentAsked: consent.record_asked,
    c.RecordDates: lambda _contract, _command, _ctx: (),  # what follows every command is all that it asks for
    c.RecordAlert: renewing.record_alert,
    c.RecordRenewalStarted: renewing.record_renewal_started,
    c.RecordPriceTalk: price_talk.record_price_talk,
    c.RecordNoticeWindow: renewing.record_notice_window,
    c.RecordTermEnd: renewing.record_term_end,
    oc.AddObligation: obligations.add,
    oc.EndObligation: obligations.end,
    oc.ReassignObligation: obligations.reassign,
    oc.MeetObligation: obligations.meet,
    oc.WaiveObligation: obligations.waive,
    oc.DisputeBreach: obligations.dispute,
    oc.RecordObligations: obligations.record,
}
CLOCK = (c.RecordDates, c.RecordAlert, c.RecordRenewalStarted, c.RecordNoticeWindow, c.RecordTermEnd, oc.RecordObligations)
"""What only the clock asks for."""


def decide(contract: Contract | None, command: Any, ctx: Context) -> Outcome:
    """The events that follow from a command, possibly none, or a refusal (`domain/contracts/refusals.py`).

    Whatever it was, the days that count, whether the end is near, and the next occurrences of what is owed are told in the same
    breath where they have changed.
    """
    check_dating(ctx)
    outcome = _decided(contract, command, ctx)
    after = contract
    for event in outcome:
        if isinstance(event, Event):
            after = evolve(after, event)
    if after is None or (not outcome and not isinstance(command, CLOCK)):
        return outcome
    return (*outcome, *_standing(after, ctx))


def _decided(contract: Contract | None, command: Any, ctx: Context) -> Outcome:
    check_days(command)
    if isinstance(command, c.DraftContract | c.OpenContractFromDeal):
        return _begun(contract, command, ctx)
    if contract is None:
        raise NotFound("There is no such contract; draft it first.")
    handler = _HANDLERS.get(type(command))
    if handler is None:
        raise TypeError(f"a contract knows no {type(command).__name__}")
    return handler(contract, command, ctx)


def _begun(contract: Contract | None, command: c.DraftContract | c.OpenContractFromDeal, ctx: Context) -> Outcome:
    if isinstance(command, c.OpenContractFromDeal):
        if contract is not None and contract.deal == command.deal and contract.status is not ContractStatus.DISCARDED:
            return ()
        begin: Callable[[Any, Context], Outcome] = drafting.from_deal
    else:
        begin = drafting.register if isinstance(command, c.RegisterContract) else drafting.draft
    if contract is not None:
        raise AlreadyExists("This contract exists already; change it instead.")
    return begin(command, ctx)


def _standing(contract: Contract, ctx: Context) -> Iterator[Event]:
    """What follows from how the contract stands now, where that is not recorded yet."""
    if contract.in_force:
        days = dates(contract, ctx)
        if differ(contract.dates, days):
            yield days
            contract = evolved(contract, days)
        is_near = near(contract, today(contract, ctx))
        if is_near and contract.status is ContractStatus.ACTIVE:
            yield e.ContractExpiring(term_end=days.term_end, send_by=days.send_by, ends_on=days.ends_on)
        elif not is_near and contract.status is ContractStatus.EXPIRING:
            yield e.ContractResumed(term_end=days.term_end)
    yield from rescheduled(contract, ctx)


def reads(contract: Contract | None, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The streams that a decision looks at: what the command refers to, the tenant's settings, and the rates that weigh its value."""
    yield from _referred(contract, command, facts)
    yield from value_reads(_values(contract, command), facts)


def _referred(contract: Contract | None, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    match command:
        case c.DraftContract():
            yield from account_reads((command.party,))
            yield from standing_reads(command.owner, command.team)
            yield from _linked(command.deal, command.renews, command.signatory)
        case c.OpenContractFromDeal():
            yield from _linked(command.deal, command.renews, command.signatory)
            deal: Deal | None = facts.get(command.deal)
            if deal is not None:
                yield from account_reads((deal.account,))
                yield from standing_reads(command.owner or deal.owner)
        case c.ReviseContract(signatory=signatory):
            yield from _linked(None, None, signatory)
        case c.DiscardContract() if contract is not None:
            if contract.deal is not None:
                yield drafting.deal_claim(contract.deal).read
            yield from _asked(contract.approval)
        case c.ReturnContract() if contract is not None:
            yield from _asked(contract.approval)
        case c.DropAmendment(amendment=id) if contract is not None:
            yield from _asked(consent.approval_of(contract, id))
        case c.ApproveContract(approval=approval) if contract is not None:
            yield from consent.consent_reads(contract, None, approval, facts)
        case c.ApproveAmendment(amendment=id, approval=approval) if contract is not None:
            yield from consent.consent_reads(contract, id, approval, facts)
        case c.RecordConsentAsked(approval=approval):
            yield consent.approval_read(approval)
        case c.ActivateContract(paper=paper) if contract is not None:
            if contract.renews is not None:
                yield signing.contract_read(contract.renews)
            yield from _of_ours(paper)
        case c.SignAmendment(paper=paper):
            yield from _of_ours(paper)
        case c.AssignContractOwner(owner=owner, team=team):
            yield from standing_reads(owner, team)
        case oc.AddObligation(owner=owner) | oc.ReassignObligation(owner=owner):
            yield from standing_reads(owner)
        case c.RecordPriceTalk() if contract is not None:
            yield from price_talk.talk_reads(contract, command.deal)
        case oc.DisputeBreach(obligation=id, occurrence=day) | oc.WaiveObligation(obligation=id, occurrence=day) if contract is not None:
            yield from obligations.claim_reads(contract, id, day)
        case oc.MeetObligation(proof=proof):
            yield from _linked(None, None, proof.contact)
            if proof.sha256 is not None:
                yield document_read(proof.sha256)


def _of_ours(paper: SignedPaper | None) -> Iterator[Read]:
    if paper is not None and paper.id is not None:
        yield paper_read(paper.id)


def _asked(approval: UUID | None) -> Iterator[Read]:
    if approval is not None:
        yield consent.approval_read(approval)


def _linked(deal: UUID | None, renews: UUID | None, contact: UUID | None) -> Iterator[Read]:
    if deal is not None:
        yield drafting.deal_read(deal)
        yield drafting.deal_claim(deal).read
    if renews is not None:
        yield signing.contract_read(renews)
    yield from contact_reads((contact,) if contact is not None else ())


def _values(contract: Contract | None, command: Any) -> Iterator[Money | None]:
    """Every value that the contract may have once the command is carried out."""
    if isinstance(command, c.RegisterContract):
        yield command.terms.value
    if contract is not None:
        yield contract.terms.value
        yield from (change.changes.value for change in contract.changes)
        yield from (amendment.changes.value for amendment in contract.amendments.values())
    if isinstance(command, c.RenewContract):
        yield command.value


contracts: Decider[Contract | None] = Decider("contract", None, decide, evolve, reads, state_version=4, chain=chain)
