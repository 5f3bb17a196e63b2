"""Approvals: agree, reject, take back; let somebody stand in. What is asked, of whom, follows from the subject's own move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from api.callers import Caller
from api.execution import Facts, Sight
from api.nouns import Noun
from domain.approvals import (
    Approval,
    ApprovalClosed,
    Approve,
    NotAsked,
    NotYourRequest,
    OwnRequest,
    Reject,
    TermsChanged,
    WithdrawApproval,
    approvals,
)
from domain.kernel import Read
from domain.members import Member
from domain.standing import member_read
from infra.access import Action, Object


def _links(approval: Approval, _facts: Facts) -> Iterator[Read]:
    return map(member_read, approval.asked)


def _thing(approval: Approval, facts: Facts) -> Object:
    """Seen by who sees what its owner has, by who is or was asked, and by who stands in for them today."""
    owner = frozenset() if approval.owner is None else frozenset({approval.owner})
    teams = frozenset() if approval.team is None else frozenset({approval.team})
    asked = (facts.get(id) for id in approval.asked)
    deputies = frozenset(deputy for member in asked if member and (deputy := member.stand_in(datetime.now(UTC))) is not None)
    return Object(owner, teams, involved=approval.involved | deputies)


SIGHT = Sight(_thing, _links)
"""What an access decision sees of an approval."""


async def spoken_for(caller: Caller) -> list[UUID]:
    """The caller, and those for whom the caller stands in today."""
    organisation = await caller.doors.directory.organisation(caller.tenant)
    me, now = caller.standing.member, datetime.now(UTC)
    members: dict[UUID, Member] = organisation.members
    return [me, *sorted(id for id, member in members.items() if member.active and member.stand_in(now) == me)]


noun = Noun("approval", "approvals", approvals, sight=SIGHT)
_DECIDING = (OwnRequest, NotAsked, ApprovalClosed, TermsChanged)
noun.changes(
    "/approve",
    Approve,
    Action.APPROVAL_DECIDE,
    operation="approve",
    summary="Agree to the terms",
    example={"comment": "Fine for the volume", "chain": "commercial"},
    raises=_DECIDING,
)
noun.changes(
    "/reject",
    Reject,
    Action.APPROVAL_DECIDE,
    operation="reject",
    summary="Say no, and why",
    example={"comment": "Not below cost"},
    raises=_DECIDING,
)
noun.changes(
    "/withdraw",
    WithdrawApproval,
    Action.APPROVAL_WITHDRAW,
    operation="withdraw_approval",
    summary="Take the request back",
    example={"comment": "The buyer signs without a discount"},
    raises=(NotYourRequest,),
)
