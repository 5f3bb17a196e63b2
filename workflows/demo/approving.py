"""Consent in the demo's company: moves that wait for those who have to agree, answered quickly, late, with a no, or not yet."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.approval_policies import ABOVE, DEFAULT_POLICY, POSTS, STARTING, DefineApprovalPolicy, DiscountTier, approval_policies
from domain.approvals import Approval, Approve, Escalate, Holders, Reject, RequestApproval, Status, approval_id, approvals
from domain.approvals.state import Step
from domain.deals import HoldForApproval, deals, terms_of
from domain.deals.approving import NOUN
from domain.deals.moves import chains_for
from domain.default_pipeline import default_pipeline
from domain.kernel import SYSTEM, Actor, Role
from domain.stages import Chain, PipelineVersion
from workflows.demo.recording import Do, Told
from workflows.demo.simulation import Act, Story, Wait
from workflows.demo.world import Person, World
from workflows.moves import step_id

if TYPE_CHECKING:
    from workflows.demo.dealing import Dealing

_WAY = PipelineVersion(1, default_pipeline().stages)
_LAX = STARTING.model_copy(update={"discount": (DiscountTier(up_to=Decimal(12)), *STARTING.discount[1:])})
_OPEN_DAYS = 4
"""So many days before the history ends, approvers leave what is asked for the days to come."""
_AGREED = (
    "Fine for the volume",
    "Agreed, as a first order of this site",
    "Agreed; next time with a longer term",
    "In line with the last three offers",
    None,
    None,
)
NO = (
    "Too much for this volume; stay within ten percent",
    "Not without a second year of the calibration contract",
    "Payment later than 45 days is not possible for this buyer",
)


def laid_down(world: World) -> Story:
    """The first policy, and the stricter one that took its place after six tenths of the time."""
    yield world.do(approval_policies, DEFAULT_POLICY, DefineApprovalPolicy(name="Discounts and terms", rules=_LAX), new=True)
    yield world.office(days=world.plan.days * 0.6)
    chief = world.having(Role.FINANCE_CHIEF)
    yield world.do(approval_policies, DEFAULT_POLICY, DefineApprovalPolicy(name="Discounts and terms", rules=STARTING), chief)


def consent(work: Dealing, asked: Told, request: UUID, by: Person) -> Generator[Act, Any, Approval | None]:
    """See to the consent that a pending move needs; how the approval stands in the end, None where no stage asks for any."""
    world, deal = work.world, work.deal
    chains = chains_for(deal, _WAY, deal.pending.asked) if deal.pending else ()
    if not chains:
        return None
    id, system = approval_id(NOUN, work.id), Actor(id=SYSTEM.id, on_behalf_of=by.id)
    command = RequestApproval(
        noun=NOUN,
        about=work.id,
        title=deal.title,
        cause=request,
        requested_by=by.id,
        parties=() if deal.owner in {None, by.id} else (deal.owner,),
        owner=deal.owner,
        team=deal.team,
        terms=terms_of(deal),
        chains=chains,
        holders=tuple(who_holds(world, by)),
    )

    def step(decider: Any, stream: UUID, wanted: Any, name: str) -> Do:
        return Do(decider, stream, wanted, system, id=step_id(request, name), correlation=asked.command, causation=request)

    told: Told = yield step(approvals, id, command, "consent")
    known = approvals.fold(told.events, world.approvals.get(work.id))
    assert known is not None
    if known.open:
        yield step(deals, work.id, HoldForApproval(approval=id), "hold")
    while known.open:
        chain, number, turn = known.pending[0]
        known = yield from answered(world, work.random, known, id, chain, number, turn)
    world.approvals[work.id] = known
    return known


def who_holds(world: World, asker: Person) -> Iterator[Holders]:
    line = list(_above(world, asker))
    for post in sorted({*POSTS, *ABOVE, *ABOVE.values()}):
        having = [p for p in (*line, *world.people) if post in p.roles and p.active]
        if having:
            yield Holders(post=post, members=tuple(dict.fromkeys(p.id for p in having))[:5])


def _above(world: World, person: Person) -> Iterator[Person]:
    while person.manager is not None:
        person = world.person(person.manager)
        yield person


def answered(
    world: World, random: Random, known: Approval, id: UUID, chain: Chain, number: int, turn: Step
) -> Generator[Act, Any, Approval]:
    """One answer: mostly the same day, seldom only after the manager was asked too, sometimes a no."""
    if world.plan.until - world.now < timedelta(days=_OPEN_DAYS):
        yield Wait(world.plan.until + timedelta(days=1))
    person = world.person(turn.asked[-1])
    silent = random.random() < 0.06
    if silent and len(turn.asked) == 1 and turn.due_at is not None:
        yield Wait(turn.due_at)
        to = tuple(p.id for p in _above(world, person))
        told: Told = yield world.do(approvals, id, Escalate(chain=chain, step=number, to=to))
        known = _after(known, told)
        asked = next((s.asked for of, n, s in known.pending if (of, n) == (chain, number)), turn.asked)
        person = world.person(asked[-1])
    yield world.after(person, random.uniform(0.02, 0.3))
    refused = chain is Chain.COMMERCIAL and known.measures.worst_line > 12 and random.random() < 0.2 and known.round == 1
    answer = Reject(chain=chain, comment=random.choice(NO)) if refused else Approve(chain=chain, comment=random.choice(_AGREED))
    told = yield world.do(approvals, id, answer, person)
    return _after(known, told)


def _after(known: Approval, told: Told) -> Approval:
    found = approvals.fold(told.events, known)
    assert found is not None
    return found


def rejected(approval: Approval | None) -> bool:
    """Whether the approvers said no."""
    return approval is not None and approval.status is Status.REJECTED
