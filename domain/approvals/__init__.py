"""Approvals: consent to exactly these terms, by chains of approvers that run side by side. General: the subject is any noun.

Concepts, a file each: `terms` (what is agreed to, its content hash, the values tested), `requirements` (what a policy asks),
`requesting` (planning a round, carrying decisions over), `deciding` (agree, reject, take back, escalate), `deadlines`, `replaying`.
"""

from domain.approvals.commands import Approve, Escalate, Holders, Reject, RequestApproval, WithdrawApproval
from domain.approvals.decider import approvals
from domain.approvals.events import (
    ApprovalEscalated,
    ApprovalGranted,
    ApprovalRequested,
    ApprovalStepApproved,
    ApprovalStepAsked,
    ApprovalStepRejected,
    ApprovalWithdrawn,
    ChainPlan,
    Plan,
    StepPlan,
)
from domain.approvals.refusals import ApprovalClosed, NobodyToAsk, NotAsked, NotYourRequest, OwnRequest, TermsChanged
from domain.approvals.replaying import Difference, differences
from domain.approvals.state import Approval, Status, StepState, approval_id
from domain.approvals.terms import ApprovalTerms, Clause, Measures, RateUsed, TermLine

__all__ = [
    "Approval",
    "ApprovalClosed",
    "ApprovalEscalated",
    "ApprovalGranted",
    "ApprovalRequested",
    "ApprovalStepApproved",
    "ApprovalStepAsked",
    "ApprovalStepRejected",
    "ApprovalTerms",
    "ApprovalWithdrawn",
    "Approve",
    "ChainPlan",
    "Clause",
    "Difference",
    "Escalate",
    "Holders",
    "Measures",
    "NobodyToAsk",
    "NotAsked",
    "NotYourRequest",
    "OwnRequest",
    "Plan",
    "RateUsed",
    "Reject",
    "RequestApproval",
    "Status",
    "StepPlan",
    "StepState",
    "TermLine",
    "TermsChanged",
    "WithdrawApproval",
    "approval_id",
    "approvals",
    "differences",
]
