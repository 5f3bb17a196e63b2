"""Approval policies: versioned rules for who has to agree to which terms."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel
from starlette.responses import Response

from api.callers import CatalogueReader
from api.moments import PROBLEMS
from api.nouns import Noun
from api.problems import documented
from api.registers import Answer, AtEyed, answered, register_at
from domain.approval_policies import (
    DEFAULT_POLICY,
    STARTING,
    UNDEFINED,
    ApprovalPolicy,
    ApprovalPolicyInvalid,
    ApprovalRules,
    DefineApprovalPolicy,
    approval_policies,
)
from domain.kernel import NotFound
from infra.access import Action


class PolicyVersionView(BaseModel):
    """One version. 0 are the rules that every tenant begins with."""

    number: int
    rules: ApprovalRules


class PolicyView(BaseModel):
    """The policy with all its versions, oldest first; the last one holds."""

    id: UUID
    name: str
    versions: list[PolicyVersionView]


noun = Noun("approval_policy", "approval-policies", approval_policies)
router = noun.router


@router.get("", response_model=Answer[PolicyView], operation_id="read_approval_policy", responses=documented(NotFound, *PROBLEMS))
async def read_approval_policy(caller: CatalogueReader, moment: AtEyed) -> Response:
    """Who has to agree to which terms, now or as it was; every version, so that a decision can be put to another one."""
    stood = await register_at(caller, noun, DEFAULT_POLICY, Action.CATALOGUE_READ, moment)
    known: ApprovalPolicy = stood.state or UNDEFINED
    versions = [PolicyVersionView(number=v.number, rules=v.rules) for v in known.versions]
    return answered(PolicyView(id=DEFAULT_POLICY, name=known.name, versions=versions), stood)


noun.opens(
    DefineApprovalPolicy,
    Action.APPROVAL_POLICY_CHANGE,
    operation="define_approval_policy",
    summary="Lay down who has to agree, as the next version",
    example={"name": "Approvals", "rules": STARTING.model_dump(mode="json")},
    stream=lambda _command: DEFAULT_POLICY,
    raises=(ApprovalPolicyInvalid,),
)
