"""What can be asked of an approval."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.approval_policies import DEFAULT_POLICY
from domain.approvals.terms import ApprovalTerms
from domain.kernel import Command, Role
from domain.stages import Chain
from domain.values import Key, Name, Prose, Text

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(examples=["ab" * 32])]
_CONFIRMED = "What you looked at: refused where the terms are others by now."


class Holders(Text):
    """Who could be asked for a post, best first: the requester's own line, then whoever else has the role."""

    post: Role
    members: tuple[UUID, ...]


class RequestApproval(Command):
    """Ask for consent to terms; quiet where these very terms are asked about, or were agreed to, for all the chains.

    Not for users: whoever moves the subject on asks, and finds out who holds each post. `parties`: besides the requester, whose
    own it is (the deal's owner), and who therefore may not decide. `part`: of the subject, such as an amendment; it has approvals
    of its own, and what finance agreed to for the whole carries over to it.
    """

    noun: Key
    about: UUID
    part: UUID | None = None
    title: Name
    cause: UUID
    requested_by: UUID
    parties: tuple[UUID, ...] = ()
    owner: UUID | None = None
    team: UUID | None = None
    terms: ApprovalTerms
    chains: tuple[Chain, ...]
    policy: UUID = DEFAULT_POLICY
    holders: tuple[Holders, ...] = ()


class Approve(Command):
    """Agree: in `chain`, or in every chain that asks the caller now."""

    chain: Chain | None = None
    comment: Prose | None = None
    content_hash: Annotated[Hash | None, Field(description=_CONFIRMED)] = None


class Reject(Command):
    """Say no, and why: in `chain`, or in every chain that asks the caller now."""

    chain: Chain | None = None
    comment: Prose
    content_hash: Annotated[Hash | None, Field(description=_CONFIRMED)] = None


class WithdrawApproval(Command):
    """Take the request back; quiet where none is open."""

    comment: Prose | None = None


class Escalate(Command):
    """Ask the next one up, where the deadline of a step has passed; quiet where it has not. `to`: who could be asked, best first."""

    chain: Chain
    step: int
    to: tuple[UUID, ...] = ()
