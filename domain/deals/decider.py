"""The decider of deals: which rule answers which command, and what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.backdating import check_dating
from domain.deals import amounts, approving, dates, evidence, forecasting, importing, moves, particulars, reopening
from domain.deals import commands as c
from domain.deals.references import account_read, contact_reads, paper_read, pipeline_read, product_reads
from domain.deals.refusals import ApprovalPending
from domain.deals.rules import rule_reads
from domain.deals.state import Deal, evolve
from domain.imports import UndoImport
from domain.kernel import AlreadyExists, Command, Context, Decider, Event, NotFound, Outcome, Read
from domain.stages import Category
from domain.standing import standing_reads

Handler = Callable[[Deal, Any, Context], tuple[Event, ...]]

_WHEN_OPEN: dict[type[Command], Handler] = {
    c.MigratePipeline: reopening.migrate,
    c.RecordEvidence: evidence.record_evidence,
    c.RetractEvidence: evidence.retract_evidence,
    c.ChangeAmount: amounts.change_amount,
    c.ChangeLines: amounts.change_lines,
    c.MoveCloseDate: dates.move_close_date,
    c.AssignOwner: particulars.assign_owner,
    c.SetNextStep: particulars.set_next_step,
    c.SetPaymentTerms: approving.set_payment_terms,
    c.SetPeople: particulars.set_people,
    c.OverrideProbability: forecasting.override_probability,
    c.ClearProbability: forecasting.clear_probability,
    c.SetCategory: forecasting.set_category,
    c.ClearCategory: forecasting.clear_category,
}
"""Refused on a closed deal, whatever they say."""
_ALWAYS: dict[type[Command], Handler] = {
    c.AdvanceDeal: moves.advance,
    c.EnterStage: moves.enter,
    c.RefuseMove: moves.refuse,
    c.WithdrawMove: moves.withdraw,
    c.HoldForApproval: approving.hold,
    c.ReopenDeal: reopening.reopen,
    c.ReverseWin: reopening.reverse_win,
    c.SetAccount: particulars.set_account,
    c.RenameDeal: particulars.rename,
    c.SetDealAttributes: particulars.set_attributes,
    c.RecordStalled: dates.record_stalled,
    c.RecordCloseDateLapsed: dates.record_lapsed,
    c.RecordCommitLost: forecasting.record_commit_lost,
    c.ImportStage: importing.import_stage,
    c.CloseImported: importing.import_stage,
    UndoImport: importing.undo_import,
}
_MEANWHILE = frozenset({
    *(c.EnterStage, c.RefuseMove, c.WithdrawMove, c.HoldForApproval, UndoImport),
    *(c.RecordStalled, c.RecordCloseDateLapsed, c.RecordCommitLost, c.ImportStage, c.CloseImported),
    *(c.RecordEvidence, c.SetNextStep, c.SetPeople, c.RenameDeal, c.SetDealAttributes, c.AssignOwner),
    *(c.OverrideProbability, c.ClearProbability, c.SetCategory, c.ClearCategory),
})  # fmt: skip
"""What may change while approvers are asked; all else is held fast. What a source tells is recorded, and the gate looks at it again."""


def decide(deal: Deal | None, command: Any, ctx: Context) -> Outcome:
    """The events that follow from a command, possibly none, or a refusal (`domain/deals/refusals.py`)."""
    events = _decide(deal, command, ctx)
    if isinstance(command, c.RecordEvidence | c.AdvanceDeal) and (attached := evidence.attachments(events, ctx)):
        return (*events, *attached)
    if deal is not None and isinstance(command, c.WithdrawMove) and events:
        return (*events, *approving.let_go(deal, command, ctx))
    return events


def _decide(deal: Deal | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    """Whatever it was, a change of the effective forecast category that follows from it is told in the same breath."""
    check_dating(ctx)
    if isinstance(command, c.OpenDeal):
        if deal is not None:
            raise AlreadyExists("This deal is open already; change it instead.")
        events = particulars.open_deal(command, ctx)
    elif isinstance(command, c.ImportDeal):
        events = importing.import_deal(deal, command, ctx)
    else:
        events = _change(deal, command, ctx)
    # what is only asked for changes nothing that the forecast counts, nor does its end, unless approvers were asked
    if (
        not events
        or isinstance(command, c.AdvanceDeal)
        or (isinstance(command, c.RefuseMove | c.WithdrawMove) and not approving.held(deal))
    ):
        return events
    fresh = deal is None or deal.withdrawn
    if fresh and getattr(events[0], "category", None) is not Category.COMMIT:
        return events
    if isinstance(command, (c.ImportStage, c.CloseImported)) and importing.settles_category(events[0]):
        return events
    after = deals.fold(events, deal)
    return events if after is None else (*events, *forecasting.recategorised(after, ctx))


def _change(deal: Deal | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    if deal is None or deal.withdrawn:
        raise NotFound("There is no such deal; open it first.")
    kind = type(command)
    if deal.approvals and kind not in _MEANWHILE:
        raise ApprovalPending(
            "Approvers are asked about this deal's terms; wait for them, or withdraw the move first.", approvals=list(deal.approvals)
        )
    if handler := _ALWAYS.get(kind):
        return handler(deal, command, ctx)
    if handler := _WHEN_OPEN.get(kind):
        moves.check_open(deal)
        return handler(deal, command, ctx)
    raise TypeError(f"a deal knows no {kind.__name__}")


def reads(deal: Deal | None, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The streams that a decision looks at: what the command refers to, the pipeline where a stage is at stake, and the
    tenant's rules where they bear on it.
    """
    yield from _referred(deal, command)
    yield from rule_reads(deal, command, facts)
    if deal is not None and deal.pending is not None:
        yield from _approvals(deal, command, facts)


def _approvals(deal: Deal, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """Where approvers have a say: what they decided, and what the policy asks for, once the pipeline was read."""
    match command:
        case c.EnterStage(approval=approval):
            known = facts.get(deal.pipeline)
            version = known.version(deal.pipeline_version) if known else None
            if version is not None and deal.pending is not None and moves.chains_for(deal, version, deal.pending.asked):
                yield from approving.waiting_reads(deal, approval, facts)
        case c.HoldForApproval(approval=approval):
            yield approving.approval_read(approval)
        case c.WithdrawMove() if deal.approvals and deal.approval is not None:
            yield approving.approval_read(deal.approval)


def _referred(deal: Deal | None, command: Any) -> Iterator[Read]:
    match command:
        case c.OpenDeal():
            yield account_read(command.account)
            yield from standing_reads(command.owner, command.team)
            yield pipeline_read(command.pipeline)
            yield particulars.FIELDS
            yield from contact_reads(person.contact for person in command.people)
            yield from product_reads(command.lines)
        case c.ImportDeal() | c.MigratePipeline():
            yield pipeline_read(command.pipeline)
            if deal is not None:
                yield pipeline_read(deal.pipeline)
        case c.AdvanceDeal():
            yield from _own_pipeline(deal)
            yield from contact_reads(e.contact for e in command.evidence if e.contact is not None)
            yield from evidence.evidence_documents(command.evidence)
            if command.paper is not None:
                yield paper_read(command.paper)
        case c.RecordEvidence(evidence=proof):
            yield from _own_pipeline(deal)
            yield from contact_reads((proof.contact,) if proof.contact is not None else ())
            yield from evidence.evidence_documents((proof,))
        case c.EnterStage() | c.ReopenDeal() | c.ReverseWin() | c.ImportStage() | c.CloseImported() | UndoImport():
            yield from _own_pipeline(deal)
        case c.AssignOwner(owner=owner, team=team):
            yield from standing_reads(owner, team)
        case c.SetAccount(account=account):
            yield account_read(account)
        case c.SetPeople(people=people):
            yield from contact_reads(person.contact for person in people)
        case c.ChangeLines(lines=lines):
            yield from product_reads(lines)
        case c.SetDealAttributes():
            yield particulars.FIELDS


def _own_pipeline(deal: Deal | None) -> Iterator[Read]:
    if deal is not None:
        yield pipeline_read(deal.pipeline)


deals: Decider[Deal | None] = Decider("deal", None, decide, evolve, reads, state_version=3)
