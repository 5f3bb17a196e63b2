"""What a contract or an amendment needs consent to before it is signed, and whether it has it: its terms as approvers see them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.approval_policies import DEFAULT_POLICY
from domain.approvals.events import ApprovalGranted, ApprovalStepApproved, ApprovalWithdrawn
from domain.approvals.requesting import measure, measure_reads, need, rules_in
from domain.approvals.state import Approval, Status, StepState
from domain.approvals.terms import ApprovalTerms, Clause
from domain.contracts import commands as c
from domain.contracts import events as e
from domain.contracts.content import content_hash
from domain.contracts.days import A_YEAR
from domain.contracts.in_force import amended, terms_on
from domain.contracts.refusals import ConsentMissing
from domain.contracts.state import Contract
from domain.contracts.terms import ContractStatus, Terms, ValuePer
from domain.kernel import SYSTEM, Context, Event, On, Read
from domain.periods import month_number
from domain.stages import Chain
from domain.values import Money

NOUN = "contract"
CHAINS = (Chain.FINANCE, Chain.LEGAL)
"""Who may be asked about what is to be signed; whom the policy asks depends on its terms."""
_ENDS = "renewal_and_notice"
"""Stands for how a contract goes on and is ended, among the clauses that legal reads."""


def approval_read(approval: UUID) -> Read:
    return Read("approval", approval)


def awaited(contract: Contract) -> tuple[UUID | None, ...]:
    """What waits for consent: None for the contract itself, or amendments by their ids."""
    if contract.status is ContractStatus.IN_REVIEW:
        return (None,)
    if not contract.in_force:
        return ()
    return tuple(id for id, amendment in contract.amendments.items() if not (amendment.approved or amendment.settled))


def approval_of(contract: Contract, amendment: UUID | None) -> UUID | None:
    """The stream of the approvals, once somebody was asked."""
    if amendment is None:
        return contract.approval
    known = contract.amendments.get(amendment)
    return known.approval if known else None


def content_of(contract: Contract, amendment: UUID | None) -> str:
    """SHA-256 of all that would be signed: of an amendment, the terms that follow from it included."""
    whole = contract.content or content_hash(contract.title, contract.number, contract.party, contract.terms, contract.zone)
    if amendment is None:
        return whole
    held = contract.amendments[amendment]
    says = {
        "contract": whole,
        "title": held.title,
        "effective_on": held.effective_on.isoformat(),
        "changes": held.changes.model_dump(mode="json"),
        "terms": to_be(contract, amendment).model_dump(mode="json"),
    }
    return sha256(json.dumps(says, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def to_be(contract: Contract, amendment: UUID | None) -> Terms:
    """The terms that would be signed."""
    if amendment is None:
        return contract.terms
    held = contract.amendments[amendment]
    return amended(terms_on(contract, held.effective_on), held.changes)


def worth(terms: Terms) -> Money | None:
    """What the whole term is worth; without an end, a year."""
    if terms.value is None or terms.value_per is ValuePer.TERM:
        return terms.value
    months = max(1, month_number(terms.end) - month_number(terms.start) + (terms.end.day >= terms.start.day)) if terms.end else 12
    return terms.value.times(Decimal(A_YEAR[terms.value_per] * months) / 12)


def terms_of(contract: Contract, amendment: UUID | None = None) -> ApprovalTerms:
    """What approvers agree to. Its clauses are worded in the contract itself, so that legal reads them whatever their origin."""
    terms = to_be(contract, amendment)
    ends = json.dumps(
        [terms.renewal.model_dump(mode="json"), terms.notice and terms.notice.model_dump(mode="json")],
        sort_keys=True,
        separators=(",", ":"),
    )
    clauses = [Clause(key=one.key, version=one.version or 1, standard=False, sha256=_digest(one.text)) for one in terms.clauses]
    return ApprovalTerms(
        amount=worth(terms),
        payment_days=terms.payment_days,
        party=contract.party,
        clauses=(*clauses, Clause(key=_ENDS, sha256=_digest(ends))),
        side=contract.side.value,
        content=content_of(contract, amendment),
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def consent_reads(contract: Contract, amendment: UUID | None, approval: UUID | None, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """What `consented` looks at."""
    if amendment is not None and amendment not in contract.amendments:
        return
    for id in dict.fromkeys((approval, approval_of(contract, amendment))):
        if id is not None:
            yield approval_read(id)
    yield from measure_reads(terms_of(contract, amendment), DEFAULT_POLICY, facts)


def _known(id: UUID | None, amendment: UUID | None, ctx: Context) -> Approval | None:
    """The approvals as they were read; those of something else say nothing about this."""
    if id is None:
        return None
    known: Approval | None = ctx.fact(approval_read(id))
    return known if known is not None and (known.noun, known.about, known.part) == (NOUN, ctx.own_id, amendment) else None


def consented(contract: Contract, command: c.ApproveContract | c.ApproveAmendment, ctx: Context) -> tuple[On, ...]:
    """What is recorded with who was asked when a reviewer says yes. Raises ConsentMissing, NoRate.

    A reviewer's word stands for legal alone: whom else the policy asks has to have agreed. Concord itself speaks for nobody.
    """
    amendment = command.amendment if isinstance(command, c.ApproveAmendment) else None
    id = command.approval or approval_of(contract, amendment)
    terms, known = terms_of(contract, amendment), _known(id, amendment, ctx)
    if id is not None and known is not None and known.grants(terms.content_hash, CHAINS):
        return ()
    if known is not None and known.status is Status.REJECTED and known.covers(terms.content_hash, CHAINS):
        raise ConsentMissing("The approvers said no to these terms; change them, then ask again.", chains=[], asked=[])
    spoken_for = set() if ctx.actor.id == SYSTEM.id and command.approval is not None else {Chain.LEGAL}
    if others := [chain.value for chain in _missing(terms, known, ctx) if chain not in spoken_for]:
        raise ConsentMissing(
            f"These terms need the consent of {' and '.join(others)} too; `concord approvals list` shows who is asked.",
            chains=others,
            asked=[str(one) for one in known.asked] if known is not None and known.open else [],
        )
    if id is None or known is None or not known.open:
        return ()
    if not known.covers(terms.content_hash, CHAINS):
        return (On(approval_read(id), ApprovalWithdrawn(round=known.round, superseded=True)),)
    return tuple(On(approval_read(id), event) for event in _by_reviewer(known, command.note, ctx))


def _missing(terms: ApprovalTerms, known: Approval | None, ctx: Context) -> list[Chain]:
    """The chains that have not agreed: of those that are asked about these terms, or else of those whom the policy would ask."""
    if known is not None and known.open and known.covers(terms.content_hash, CHAINS):
        return [chain for chain, run in known.chains.items() if not run.done]
    rules = rules_in(ctx.facts, DEFAULT_POLICY).rules
    measures, _ = measure(terms, ctx.facts, ctx.at)
    return [chain for chain in CHAINS if need(chain, rules, measures, terms, known).posts]


def _by_reviewer(known: Approval, note: str | None, ctx: Context) -> Iterator[Event]:
    for chain, run in known.chains.items():
        for number, step in enumerate(run.steps):
            if step.state is not StepState.APPROVED:
                yield ApprovalStepApproved(
                    round=known.round,
                    chain=chain,
                    step=number,
                    approver=step.approver,
                    by=ctx.actor.id,
                    comment=note,
                    content_hash=known.content_hash,
                )
    yield ApprovalGranted(round=known.round, chains=tuple(known.chains), content_hash=known.content_hash)


def record_asked(contract: Contract, command: c.RecordConsentAsked, ctx: Context) -> tuple[Event, ...]:
    """Quiet where nobody is asked, where that is recorded, and where nothing waits."""
    known = _known(command.approval, command.amendment, ctx)
    if known is None or not known.open or command.amendment not in awaited(contract):
        return ()
    chains = tuple(chain.value for chain, run in known.chains.items() if run.steps)
    asked = e.ContractConsentAsked(
        amendment=command.amendment,
        approval=command.approval,
        round=known.round,
        chains=chains,
        content=content_of(contract, command.amendment),
    )
    return () if asked in contract.asked else (asked,)


def let_go(contract: Contract, amendment: UUID | None, why: str, ctx: Context) -> tuple[On, ...]:
    """With what was to be signed, what was asked about it is taken back."""
    id = approval_of(contract, amendment)
    known = _known(id, amendment, ctx)
    if id is None or known is None or not known.open:
        return ()
    return (On(approval_read(id), ApprovalWithdrawn(round=known.round, comment=why)),)
