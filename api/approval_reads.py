"""Reading approvals: the list and the inbox, one with all its steps, its history, and what another policy would have asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.approvals import noun, spoken_for
from api.callers import ApprovalReader, Caller
from api.conventions import reply
from api.moments import PROBLEMS, Day
from api.problems import documented
from api.reading import Found, PartOfId, Searched, Slice, order, page, reading
from api.registers import add_history, add_one, state_at
from api.seen_by import SeenBy, eyes_of
from domain.approval_policies import DEFAULT_POLICY, UNDEFINED, ApprovalPolicy, approval_policies
from domain.approvals import Approval, ApprovalTerms, Measures, Plan, RateUsed, Status, StepState, differences
from domain.kernel import DECIDERS, Invalid, NotFound, Role
from domain.settings import SETTINGS_ID, settings
from domain.stages import Chain
from domain.values import Key, zone
from infra.access import Action, Scope, scope
from projections.approval_list import ApprovalCard, approval_list, rounds_between
from projections.approvals import APPROVALS, Approvals
from projections.as_of import AsOf
from projections.members import Members

MODELS = (Approvals, Members)
LARGEST_PERIOD = 1000
"""Rounds that one question about another policy looks at."""


class ApprovalsAsked(Slice, SeenBy):
    """Which approvals, newest first."""

    mine: Annotated[bool, Field(description="Only those that ask the caller now, or somebody for whom the caller stands in today.")] = False
    status: Status | None = None
    noun: Annotated[Key | None, Field(description="What they are about: `deal`.")] = None
    about: Annotated[UUID | None, Field(description="The deal or other thing.")] = None
    requested_by: UUID | None = None
    asks: Annotated[bool | None, Field(description="Whether anybody had to be asked.")] = None
    id_part: PartOfId | None = None
    text: Annotated[Searched | None, Field(description="Looked for anywhere in the title.")] = None
    sort: Annotated[str, Field(pattern="^-?requested_at$")] = "-requested_at"


class StepView(BaseModel):
    """A step of a chain; `asked`: who may decide it."""

    posts: list[Role]
    approver: UUID
    approver_name: str | None = None
    state: StepState
    asked: list[UUID]
    asked_names: list[str] = Field(default_factory=list)
    asked_at: datetime | None
    due_at: datetime | None
    by: UUID | None
    by_name: str | None = None
    comment: str | None


class ChainView(BaseModel):
    """A chain of the round: who has to agree by the policy, why, and how far it has come."""

    chain: Chain
    plan: Plan
    posts: list[Role]
    why: str
    changed: list[str]
    agreed_in: int | None
    agreed_by: list[UUID]
    steps: list[StepView]


class ApprovalView(BaseModel):
    """All that is said of an approval, from the log itself."""

    noun: str
    about: UUID
    title: str
    round: int
    status: Status
    cause: UUID
    requested_by: UUID
    requested_by_name: str | None = None
    parties: list[UUID]
    owner: UUID | None
    team: UUID | None
    terms: ApprovalTerms
    content_hash: str
    measures: Measures
    rate: RateUsed | None
    policy: UUID
    policy_version: int
    requested_at: datetime
    comment: str | None
    chains: list[ChainView]


_PLAIN = tuple(name for name in ApprovalView.model_fields if name not in {"requested_by_name", "parties", "chains"})


async def _scope(caller: Caller, asked: SeenBy, as_of: AsOf) -> Scope:
    """The rows that the caller reaches: what is their people's, what they were asked about, and what asks those they stand in for."""
    eyes = await eyes_of(caller, asked, as_of)
    standing = eyes or caller.standing
    reach = scope(standing, Action.APPROVAL_READ, owner="owner", team="team")
    if reach.everything:
        return reach
    mine = [standing.member] if eyes is not None else await spoken_for(caller)
    sql, params = f"({reach.sql} OR involved && %(scope_involved)s::uuid[])", {**reach.params, "scope_involved": mine}
    # today's rights decide, whatever the moment
    return Scope(sql if as_of.now or eyes is not None else f"id IN (SELECT id FROM {APPROVALS.name} WHERE {sql})", params)


@noun.router.get("", response_model=Found[ApprovalCard], operation_id="list_approvals", responses=documented(Invalid, NotFound, *PROBLEMS))
async def list_approvals(caller: ApprovalReader, asked: Annotated[ApprovalsAsked, Query()]) -> Response:
    """The approvals within the caller's reach with the steps of their present round; with `mine`, the inbox."""
    sort, descending = order(asked.sort)
    names = ("status", "noun", "about", "requested_by", "asks", "id_part", "text")
    given: dict[str, Any] = {name: value for name in names if (value := getattr(asked, name)) is not None}
    if asked.mine:
        given |= {"mine": await spoken_for(caller), "me": [caller.standing.member]}
    async with reading(caller, asked, *MODELS) as opened:
        reach = await _scope(caller, asked, opened.as_of)
        found = await approval_list(opened, scope=reach, sort=sort, descending=descending, limit=asked.limit, cursor=asked.cursor, **given)
        return page(found, opened.as_of)


class WhatIfAsked(BaseModel):
    """Which version of the policy, for which days, both included, in the tenant's zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Annotated[int | None, Field(ge=0, le=100_000, description="Of the policy; left away: the latest.")] = None
    first_day: Day
    last_day: Day


class Differing(BaseModel):
    """A decision that would have been another: `posts` had to agree then, `would` by the version asked about."""

    approval: UUID
    round: int
    noun: str
    about: UUID
    title: str
    requested_at: datetime
    status: str
    policy_version: int
    chain: Chain
    posts: list[Role]
    would: list[Role]
    blended: str
    worst_line: str
    amount: str | None
    payment_days: int


class WhatIf(BaseModel):
    """What would differ. `rounds`: how many were looked at; `more`: the period has more than can be looked at in one question."""

    version: int
    first_day: date
    last_day: date
    rounds: int
    more: bool
    differing: list[Differing]


@noun.router.get("/what-if", response_model=WhatIf, operation_id="replay_approvals", responses=documented(Invalid, NotFound))
async def replay_approvals(caller: ApprovalReader, asked: Annotated[WhatIfAsked, Query()]) -> Response:
    """Put the decisions of a period to another version of the policy, and list those that would differ."""
    known: ApprovalPolicy = (await state_at(caller, approval_policies, DEFAULT_POLICY, AsOf()))[0] or UNDEFINED
    version = known.version(asked.version)
    if version is None:
        raise NotFound("The policy has no such version; list them to find one.", versions=[v.number for v in known.versions])
    if asked.last_day < asked.first_day:
        raise Invalid("The last day lies before the first; swap them.")
    here = zone((await state_at(caller, settings, SETTINGS_ID, AsOf()))[0].zone)
    # no zone's offset leads out of the calendar between these
    first, last = max(asked.first_day, date(1900, 1, 1)), min(asked.last_day, date(9000, 1, 1))
    start, end = (datetime.combine(day, time.min, here).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    async with caller.doors.reader.read(caller.tenant, *MODELS) as opened:
        reach = await _scope(caller, SeenBy(), AsOf())
        found = await rounds_between(opened, start, end, scope=reach, limit=LARGEST_PERIOD + 1)
    differing = [
        Differing(
            approval=id,
            round=event.round,
            noun=event.noun,
            about=event.about,
            title=event.title,
            requested_at=at,
            status=status,
            policy_version=event.policy_version,
            chain=difference.chain,
            posts=list(difference.posts),
            would=list(difference.would),
            blended=str(event.measures.blended),
            worst_line=str(event.measures.worst_line),
            amount=str(event.measures.amount) if event.measures.amount else None,
            payment_days=event.measures.payment_days,
        )
        for id, status, at, event in found[:LARGEST_PERIOD]
        for difference in differences(event, version.rules)
    ]
    answer = WhatIf(
        version=version.number,
        first_day=asked.first_day,
        last_day=asked.last_day,
        rounds=min(len(found), LARGEST_PERIOD),
        more=len(found) > LARGEST_PERIOD,
        differing=differing,
    )
    return reply(answer)


async def _view(caller: Caller, _id: UUID, approval: Approval, as_of: AsOf) -> ApprovalView:
    steps = [step for run in approval.chains.values() for step in run.steps]
    ids = {approval.requested_by, *(id for step in steps for id in (step.approver, step.by, *step.asked) if id is not None)}
    states = {id: (await state_at(caller, DECIDERS["member"], id, as_of))[0] for id in ids}
    names = {id: member.name for id, member in states.items() if member is not None}
    chains = [
        ChainView(
            **{name: getattr(run.plan, name) for name in ("chain", "plan", "why", "agreed_in")},
            **{name: list(getattr(run.plan, name)) for name in ("posts", "changed", "agreed_by")},
            steps=[
                StepView(
                    posts=list(step.posts),
                    approver=step.approver,
                    approver_name=names.get(step.approver),
                    state=step.state,
                    asked=list(step.asked),
                    asked_names=[names.get(id, "somebody unknown") for id in step.asked],
                    asked_at=step.asked_at,
                    due_at=step.due_at,
                    by=step.by,
                    by_name=names.get(step.by) if step.by else None,
                    comment=step.comment,
                )
                for step in run.steps
            ],
        )
        for run in approval.chains.values()
    ]
    plain = {name: getattr(approval, name) for name in _PLAIN}
    return ApprovalView.model_construct(
        **plain, parties=sorted(approval.parties), requested_by_name=names.get(approval.requested_by), chains=chains
    )


add_one(noun, ApprovalView, Action.APPROVAL_READ, _view)
add_history(noun, Action.APPROVAL_READ)
router = noun.router
