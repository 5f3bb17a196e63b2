"""Who stands in for the caller, on which days: recorded with the member, and looked at by every decision that is asked of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from api.callers import Caller, Delegator
from api.conventions import Creating, Written, body, written
from api.direct import Direct
from api.problems import documented
from domain.authority import Delegate, DelegationOverlaps, RevokeDelegation
from domain.kernel import Command, Invalid, NotFound
from domain.members import members
from domain.standing import MemberInactive

router = APIRouter(prefix="/v1/approvals/delegations", tags=["approvals"], route_class=Direct)
_ID = "01936e4c-0000-7000-8000-000000000002"


async def _of_oneself(caller: Caller, write: Any, command: Command) -> Response:
    executed = await caller.doors.store.execute(
        caller.tenant,
        members,
        caller.standing.member,
        command,
        by=caller.actor,
        effective_at=write.effective_at,
        command_id=write.command_id,
        fingerprint=write.fingerprint,
    )
    return written(executed)


@router.post(
    "",
    response_model=Written,
    operation_id="delegate_approvals",
    responses=documented(DelegationOverlaps, MemberInactive, NotFound, Invalid),
    openapi_extra={"x-example": {"to": _ID, "first_day": "2027-03-01", "last_day": "2027-03-12"}},
)
async def delegate_approvals(caller: Delegator, write: Creating, command: Annotated[Any, body(Delegate)]) -> Response:
    """Let another member stand in for the caller, on whole days in the caller's zone; never in what is that member's own."""
    return await _of_oneself(caller, write, command)


@router.post(
    "/revoke",
    response_model=Written,
    operation_id="revoke_approval_delegation",
    responses=documented(NotFound),
    openapi_extra={"x-example": {"delegation": _ID}},
)
async def revoke_approval_delegation(caller: Delegator, write: Creating, command: Annotated[Any, body(RevokeDelegation)]) -> Response:
    """End a delegation of the caller's, or take back one that has not begun."""
    return await _of_oneself(caller, write, command)
