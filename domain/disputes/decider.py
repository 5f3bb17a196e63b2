"""The decider of disputes: which rule answers which command, and what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.backdating import check_dating
from domain.disputes import commands as c
from domain.disputes import corrective, course, ending, lines, offers, opening, particulars, settling, timing
from domain.disputes.authority import authority_reads
from domain.disputes.evolution import evolve
from domain.disputes.filing import file_reads, filed
from domain.disputes.guards import is_outside
from domain.disputes.locks import lock_read
from domain.disputes.refusals import ForOthers
from domain.disputes.state import Dispute
from domain.disputes.terms import LineReference, SettlementKind, Side
from domain.imports import UndoImport
from domain.kernel import Command, Context, Decider, NotFound, On, Outcome, Read
from domain.settings import SETTINGS_READ
from domain.standing import standing_reads
from domain.suppliers.counting import answered, supplier_read

Handler = Callable[[Dispute, Any, Context], Outcome]

_HANDLERS: dict[type[Command], Handler] = {
    c.SubmitDispute: opening.submit,
    c.ChangeDispute: particulars.change,
    c.AssignDispute: particulars.assign,
    c.SetPaymentTerms: particulars.set_payment_terms,
    c.AddDisputeLines: lines.add_lines,
    c.ReverseDisputeLine: lines.reverse_line,
    c.SplitDispute: lines.split,
    c.AttachEvidence: course.attach,
    c.RetractEvidence: course.retract,
    c.Comment: course.comment,
    c.AcknowledgeDispute: course.acknowledge,
    c.InvestigateDispute: course.investigate,
    c.AwaitSupplier: course.await_supplier,
    c.ProposeSettlement: offers.propose,
    c.AcceptSettlement: offers.accept,
    c.RejectSettlement: offers.reject,
    c.RecordSettlement: settling.record,
    c.ReverseSettlement: settling.reverse,
    c.WriteOffDispute: ending.write_off,
    c.WithdrawDispute: ending.withdraw,
    c.VoidDispute: ending.void,
    c.FindRootCause: ending.find_root_cause,
    c.CloseDispute: ending.close,
    c.ReopenDispute: ending.reopen,
    c.EscalateDispute: timing.escalate,
    c.LiftEscalation: timing.lift,
    c.RecordDue: timing.record_due,
    c.DemandCorrectiveAction: corrective.demand,
    c.RecordCorrectiveStep: corrective.record_step,
    c.CheckCorrectiveAction: corrective.check,
    c.CancelCorrectiveAction: corrective.cancel,
    UndoImport: ending.undo_import,
}
FOR_OUTSIDE = frozenset(
    {
        c.DraftDispute,
        c.OpenDispute,
        c.SubmitDispute,
        c.AttachEvidence,
        c.RetractEvidence,
        c.Comment,
        c.AcknowledgeDispute,
        c.ProposeSettlement,
        c.AcceptSettlement,
        c.RejectSettlement,
        c.RecordSettlement,
        c.WithdrawDispute,
        c.RecordCorrectiveStep,
    }
)
"""What somebody of the other side may do, for their own side."""
_ANSWERS = (c.Comment, c.AttachEvidence, c.ProposeSettlement, c.AcceptSettlement, c.RejectSettlement, c.RecordSettlement)


def decide(case: Dispute | None, command: Any, ctx: Context) -> Outcome:
    """The events that follow from a command, possibly none, or a refusal (`domain/disputes/refusals.py`).

    Whatever it was, how the clocks stand after it is told in the same breath if that is another way than before.
    """
    check_dating(ctx)
    if is_outside(ctx.actor) and type(command) not in FOR_OUTSIDE:
        raise ForOthers("This is for us to do; comment on the case instead.")
    if isinstance(command, c.DraftDispute):
        outcome = opening.begin(case, command, ctx)
    else:
        if case is None:
            raise NotFound("There is no such case; open it first.")
        handler = _HANDLERS.get(type(command))
        if handler is None:
            raise TypeError(f"a dispute knows no {type(command).__name__}")
        outcome = handler(case, command, ctx)
    if not outcome and not isinstance(command, c.RecordDue):
        return ()
    then = timing.after(case, outcome)
    return (*outcome, *timing.clocks_set(then, ctx), *_heard(case, then, ctx), *filed(outcome, ctx))


def _heard(before: Dispute | None, then: Dispute | None, ctx: Context) -> tuple[On, ...]:
    """What a supplier's first answer says of the supplier."""
    if then is None or then.side is not Side.BUY or before is None or then.first_answer == before.first_answer:
        return ()
    return answered(then.account, ctx.own_id, then.opened_at, then.first_answer)


def reads(case: Dispute | None, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The streams that a decision looks at: the settings, what the command refers to, locks, the supplier, rates."""
    yield SETTINGS_READ
    yield from file_reads(command)
    if isinstance(command, c.DraftDispute):
        yield opening.account_read(command.account)
        yield from standing_reads(command.owner, command.team)
        if isinstance(command, c.OpenDispute):
            yield from _raising(command.account, command.side, (line.reference for line in command.lines))
        return
    if case is not None:
        yield from _referred(case, command, facts)


def _raising(account: UUID, side: Side, references: Any) -> Iterator[Read]:
    yield from (lock_read(account, reference) for reference in references)
    if side is Side.BUY:
        yield supplier_read(account)


def _referred(case: Dispute, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    held: list[LineReference] = [line.reference for line in case.lines.values()]
    match command:
        case c.SubmitDispute() | c.WithdrawDispute() | c.VoidDispute() | UndoImport():
            yield from _raising(case.account, case.side, held)
        case c.CloseDispute() | c.ReopenDispute() | c.ReverseDisputeLine():
            yield from _raising(case.account, Side.SELL, held)
        case c.AddDisputeLines(lines=added):
            yield from _raising(case.account, Side.SELL, (line.reference for line in added))
        case c.SplitDispute(child=child):
            yield lines.case_read(child)
            yield from _raising(case.account, Side.SELL, held)
        case c.AssignDispute(owner=owner, team=team):
            yield from standing_reads(owner, team)
        case c.WriteOffDispute(member=member):
            yield from authority_reads(case.currency, member, facts)
        case c.RecordSettlement(kind=SettlementKind.WRITE_OFF, member=member):
            yield from authority_reads(case.currency, member, facts)
        case c.ProposeSettlement(member=member) | c.AcceptSettlement(member=member):
            yield from authority_reads(case.currency, member, facts)
    if isinstance(command, _ANSWERS) and case.side is Side.BUY:
        yield supplier_read(case.account)


def chain(case: Dispute | None, _event: Any, stream: UUID) -> UUID:
    """A case is a causal chain, known by its own id; what was split off from it stays in it."""
    return stream if case is None else case.root or stream


disputes: Decider[Dispute | None] = Decider("dispute", None, decide, evolve, reads, state_version=4, chain=chain)
