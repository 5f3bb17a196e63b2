"""Asking for consent: who holds each post, who stands above a silent approver, and what a deal's move waits for.

General: whatever needs consent (a deal's move, a paper, a contract) asks by `ask_for_consent`, and reads the answer in the approval.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.approval_policies import ABOVE, POSTS
from domain.approvals import Approval, Holders, RequestApproval, Status, approval_id, approvals
from domain.deals import Deal, HoldForApproval, deals, terms_of
from domain.deals.approving import NOUN
from domain.deals.moves import chains_for
from domain.kernel import Role
from domain.pipelines import Pipeline, pipelines
from domain.stages import PipelineVersion
from infra.access_members import Directory, Organisation
from infra.database import Tenant
from infra.event_store import Step, Store

_CANDIDATES = 5
"""Members named for each post; all of them are read, and guarded, by the decision."""


def holders(organisation: Organisation, asker: UUID, owner: UUID | None) -> tuple[Holders, ...]:
    """Who could be asked for each post: first those above the owner and the asker, then whoever else has the role, by name."""
    line = [id for start in (owner, asker) if start is not None for id in above(organisation, start)]
    everybody = sorted(organisation.members, key=lambda id: (organisation.members[id].name, id))
    found = []
    for post in sorted({*POSTS, *ABOVE, *ABOVE.values()}):
        having = [id for id in dict.fromkeys((*line, *everybody)) if _has(organisation, id, post)]
        if having:
            found.append(Holders(post=post, members=tuple(having[:_CANDIDATES])))
    return tuple(found)


def _has(organisation: Organisation, id: UUID, post: Role) -> bool:
    member = organisation.members.get(id)
    return member is not None and member.active and post in member.roles


def above(organisation: Organisation, start: UUID) -> Iterator[UUID]:
    """Who stands above a member: managers, then those who lead the member's team and the teams above; lowest first."""
    seen: set[UUID] = {start}
    member = organisation.members.get(start)
    team = member.team if member else None
    while member is not None and member.manager is not None and member.manager not in seen:
        seen.add(member.manager)
        yield member.manager
        member = organisation.members.get(member.manager)
    passed: set[UUID] = set()
    while team is not None and team not in passed:
        passed.add(team)
        found = organisation.teams.get(team)
        if found is not None and found.manager is not None and found.manager not in seen:
            seen.add(found.manager)
            yield found.manager
        team = found.parent if found else None


def next_up(organisation: Organisation, silent: UUID, posts: Iterable[Role]) -> tuple[UUID, ...]:
    """Who could be asked when an approver is silent: who stands above them, then whoever holds the posts above."""
    found = list(above(organisation, silent))
    for post in posts:
        at = ABOVE.get(post)
        while at is not None:
            found += [id for id in sorted(organisation.members) if _has(organisation, id, at)][:_CANDIDATES]
            at = ABOVE.get(at)
    return tuple(dict.fromkeys(found))[: 4 * _CANDIDATES]


async def ask_for_consent(
    store: Store, directory: Directory, tenant: Tenant, wanted: RequestApproval, *steps: Step, **envelope: Any
) -> tuple[UUID, Approval]:
    """Ask for consent to `wanted`, its holders left empty, and carry out `steps` with it, all or nothing; then how the approval stands.

    Quiet where these terms are asked about or agreed to. Raises NobodyToAsk, NoRate.
    """
    organisation = await directory.organisation(tenant)
    id = approval_id(wanted.noun, wanted.part or wanted.about)
    command = wanted.model_copy(update={"holders": holders(organisation, wanted.requested_by, wanted.owner)})
    await store.execute_steps(tenant, (Step(approvals, id, command), *steps), **envelope)
    known: Approval | None = (await store.load(tenant, approvals, id)).state
    assert known is not None, "what was asked for stands in the log"
    return id, known


@dataclass(frozen=True, slots=True)
class Consent:
    """What a move still needs of approvers. `waiting`: they are asked; `refused`: why they said no; `approval`: the stream that says so."""

    approval: UUID | None = None
    waiting: bool = False
    refused: tuple[str, str] | None = None


async def consent(
    store: Store, directory: Directory, tenant: Tenant, id: UUID, request: UUID, requested_by: UUID, **envelope: Any
) -> Consent:
    """How the pending move of a deal stands with its approvers, whom it asks where that was not done. Raises NobodyToAsk, NoRate."""
    # what was read a moment ago will do, for whatever follows from it is guarded: most moves need nobody and shall not wait
    deal: Deal | None = (await store.load(tenant, deals, id, fresh=False)).state
    if deal is None or deal.pending is None or deal.pending.request(id) != request:
        return Consent()
    version = await _version(store, tenant, deal)
    chains = chains_for(deal, version, deal.pending.asked) if version else ()
    if not chains:
        return Consent()
    stream = approval_id(NOUN, id)
    known: Approval | None = (await store.load(tenant, approvals, stream)).state
    if known is None or known.cause != request:
        wanted = RequestApproval(
            noun=NOUN,
            about=id,
            title=deal.title,
            cause=request,
            requested_by=requested_by,
            parties=tuple(party for party in (deal.owner,) if party is not None and party != requested_by),
            owner=deal.owner,
            team=deal.team,
            terms=terms_of(deal),
            chains=chains,
        )
        _, known = await ask_for_consent(store, directory, tenant, wanted, Step(deals, id, HoldForApproval(approval=stream)), **envelope)
    if known.open:
        return Consent(stream, waiting=True)
    if known.cause == request and known.status in _ENDED:
        rule, why = _ENDED[known.status]
        return Consent(stream, refused=(rule, f"{why}{f': {known.comment}' if known.comment else '.'}"))
    return Consent(stream)


async def _version(store: Store, tenant: Tenant, deal: Deal) -> PipelineVersion | None:
    """The version of the pipeline that the deal follows: as it is remembered, for it never changes, or else as the log has it."""
    for fresh in (False, True):
        known: Pipeline | None = (await store.load(tenant, pipelines, deal.pipeline, fresh=fresh)).state
        version = known.version(deal.pipeline_version) if known else None
        if version is not None:
            return version
    return None


_ENDED = {
    Status.REJECTED: ("ApprovalRejected", "The approvers said no"),
    Status.WITHDRAWN: ("ApprovalWithdrawn", "The request for approval was taken back"),
}
