"""What a case is called, how it is classed, who is responsible, and when its documents are to be paid."""

from __future__ import annotations

from typing import Any

from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes.guards import check_status
from domain.disputes.opening import check_documents, check_evidence, check_reason, team_of
from domain.disputes.state import OVER, Dispute
from domain.disputes.terms import Status
from domain.kernel import Context, Outcome
from domain.standing import check_active, check_team

_LIVE = frozenset(Status) - OVER
_FIELDS = tuple(e.DisputeDetailsChanged.model_fields)


def change(case: Dispute, command: c.ChangeDispute, ctx: Context) -> Outcome:
    """Raises ReasonTextNeeded, EvidenceMissing."""
    current: dict[str, Any] = {name: getattr(case, name) for name in _FIELDS}
    wanted = current | {name: value for name in command.model_fields_set if (value := getattr(command, name)) is not None}
    if wanted == current:
        return ()
    check_status(case, _LIVE, "changed")
    if wanted["reason"] is not case.reason or wanted["reason_text"] != case.reason_text:
        check_reason(wanted["reason"], wanted["reason_text"])
    if wanted["reason"] is not case.reason and case.status is not Status.DRAFT:
        check_evidence(case, wanted["reason"], ctx)
    return (e.DisputeDetailsChanged(**wanted),)


def assign(case: Dispute, command: c.AssignDispute, ctx: Context) -> Outcome:
    """Raises MemberInactive, NotFound."""
    check_active(ctx, command.owner, "owner")
    check_team(ctx, command.team)
    team = command.team or team_of(command.owner, ctx)
    if (command.owner, team) == (case.owner, case.team):
        return ()
    return (e.DisputeOwnerAssigned(owner=command.owner, team=team, previous=case.owner, previous_team=case.team),)


def set_payment_terms(case: Dispute, command: c.SetPaymentTerms, _ctx: Context) -> Outcome:
    """Raises CurrencyMixed, LineTwice."""
    if command.documents == case.documents:
        return ()
    check_status(case, _LIVE, "given payment terms")
    check_documents(command.documents, case.currency)
    return (e.DisputePaymentTermsSet(documents=command.documents),)
