"""What a deal needs consent to, and whether it has it: its terms as approvers see them, and the gate that waits for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.approval_policies import DEFAULT_POLICY
from domain.approvals.events import ApprovalWithdrawn
from domain.approvals.requesting import carried_over, measure, measure_reads, need, rules_in
from domain.approvals.state import Approval
from domain.approvals.terms import ApprovalTerms, TermLine
from domain.deals.commands import HoldForApproval, SetPaymentTerms, WithdrawMove
from domain.deals.events import DealApprovalRequested, DealPaymentTermsSet
from domain.deals.state import Deal
from domain.deals.terms import MONTHS
from domain.kernel import Context, Event, On, Read
from domain.stages import Chain, PipelineVersion, Stage, Unmet

NOUN = "deal"


def approval_read(approval: UUID) -> Read:
    return Read("approval", approval)


def held(deal: Deal | None) -> bool:
    """Whether the deal's move waits for approvers."""
    return deal is not None and bool(deal.approvals)


def terms_of(deal: Deal) -> ApprovalTerms:
    """What approvers agree to."""
    lines = tuple(
        TermLine.model_construct(
            product=line.product,
            label=line.label,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            every=MONTHS[line.period] if line.period else None,
            months=line.months,
        )
        for line in deal.lines
    )
    return ApprovalTerms.model_construct(lines=lines, amount=deal.amount, payment_days=deal.payment_days, party=deal.account, clauses=())


def chains_of(version: PipelineVersion, here: Stage, to: Stage) -> tuple[Chain, ...]:
    """The chains that must have agreed before a move: those of every stage left, skipped ones included; none on the way back."""
    asked = {key for stage in version.left(here, to) for key in stage.approvals}
    return tuple(chain for chain in Chain if chain in asked)


def waiting_reads(deal: Deal, approval: UUID | None, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """What `waiting_for` looks at."""
    if approval is not None:
        yield approval_read(approval)
    yield from measure_reads(terms_of(deal), DEFAULT_POLICY, facts)


def waiting_for(deal: Deal, chains: tuple[Chain, ...], approval: UUID | None, ctx: Context) -> tuple[str, ...]:
    """Those of the chains that have to agree to the terms as they are by now, and have not. Raises NoRate."""
    terms, known = terms_of(deal), _approval(approval, ctx)
    if known is not None and known.grants(terms.content_hash, chains):
        return ()
    rules = rules_in(ctx.facts, DEFAULT_POLICY).rules
    measures, _ = measure(terms, ctx.facts, ctx.at)
    return tuple(chain for chain in chains if need(chain, rules, measures, terms, known).posts)


def gated_chains(version: PipelineVersion) -> tuple[Chain, ...]:
    """The chains that any stage of the pipeline asks on the way to winning."""
    asked = {key for stage in version.stages for key in stage.approvals}
    return tuple(chain for chain in Chain if chain in asked)


def unagreed(deal: Deal, chains: tuple[Chain, ...], known: Approval | None, facts: Mapping[UUID, Any], at: datetime) -> tuple[Chain, ...]:
    """Those of the chains that the policy asks about the terms as they are now, and that have not agreed to them. Raises NoRate.

    A chain has agreed where its round was about exactly these terms, or where what it agreed to before carries over to them, as it
    would at the gate. While a round is open, the terms stay as they are, and those it asks have agreed once all their steps are done.
    """
    terms = terms_of(deal)
    if not chains or (known is not None and known.grants(terms.content_hash, chains)):
        return ()
    rules = rules_in(facts, DEFAULT_POLICY).rules
    measures, _ = measure(terms, facts, at)
    under_way = known.chains if known is not None and known.open else {}

    def agreed(chain: Chain) -> bool:
        if chain in under_way:
            return under_way[chain].done
        needed = need(chain, rules, measures, terms, known)
        return not needed.posts or carried_over(chain, rules, needed, measures, known) is not None

    return tuple(chain for chain in chains if not agreed(chain))


def _approval(id: UUID | None, ctx: Context) -> Approval | None:
    """The deal's approvals as they were read; those of another deal say nothing about this one."""
    if id is None:
        return None
    known: Approval | None = ctx.fact(approval_read(id))
    return known if known is not None and (known.noun, known.about) == (NOUN, ctx.own_id) else None


def unmet(chains: tuple[str, ...]) -> tuple[Unmet, ...]:
    """Chains that have not agreed, as a gate lists them."""
    return tuple(Unmet(criterion=chain, label=f"The {chain} approval of these terms") for chain in chains)


def hold(deal: Deal, command: HoldForApproval, ctx: Context) -> tuple[Event, ...]:
    """The terms stay as they are while somebody is asked; quiet where nobody is, and where that is recorded."""
    if deal.pending is None:
        return ()
    known = _approval(command.approval, ctx)
    if known is None or not known.open:
        return ()
    chains = tuple(chain.value for chain, run in known.chains.items() if run.steps)
    if deal.approvals == chains:
        return ()
    request = deal.pending.request(ctx.own_id)
    return (DealApprovalRequested(approval=command.approval, round=known.round, chains=chains, request=request),)


def let_go(deal: Deal, command: WithdrawMove, ctx: Context) -> tuple[On, ...]:
    """With the move, what was asked for it is taken back."""
    known = _approval(deal.approval, ctx) if deal.approvals else None
    if deal.approval is None or known is None or not known.open:
        return ()
    return (On(approval_read(deal.approval), ApprovalWithdrawn(round=known.round, comment=command.note)),)


def set_payment_terms(deal: Deal, command: SetPaymentTerms, _ctx: Context) -> tuple[Event, ...]:
    if deal.payment_days == command.payment_days:
        return ()
    return (DealPaymentTermsSet(payment_days=command.payment_days, previous=deal.payment_days),)
