"""A round is planned: which chains run, which need nobody, which carry over what they agreed to before; and who is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.approval_policies import ABOVE, UNDEFINED, ApprovalPolicy, ApprovalRules, PolicyVersion, policy_read
from domain.approvals.commands import RequestApproval
from domain.approvals.deadlines import due_at
from domain.approvals.events import (
    ApprovalGranted,
    ApprovalRequested,
    ApprovalStepAsked,
    ApprovalWithdrawn,
    ChainPlan,
    Plan,
    StepPlan,
)
from domain.approvals.refusals import NobodyToAsk
from domain.approvals.requirements import posts_for, tested, worse
from domain.approvals.state import Agreed, Approval, Step, approval_id
from domain.approvals.terms import ApprovalTerms, Measures, RateUsed, measured
from domain.kernel import SYSTEM, Context, Event, Read, Role
from domain.members import Member
from domain.rates import convert, rate_on, rate_reads
from domain.settings import SETTINGS_READ, Settings
from domain.stages import Chain
from domain.standing import member_read
from domain.values import zone


def measure_reads(terms: ApprovalTerms, policy: UUID, facts: Mapping[UUID, Any]) -> Iterable[Read]:
    """What `measure` needs: the policy, the settings and, once these are known, the rates to the reporting currency."""
    yield policy_read(policy)
    yield SETTINGS_READ
    if terms.currency is not None and SETTINGS_READ.id in facts:
        yield from rate_reads(terms.currency, _settings(facts).currency)


def _settings(facts: Mapping[UUID, Any]) -> Settings:
    return facts[SETTINGS_READ.id] or Settings()


def rules_in(facts: Mapping[UUID, Any], policy: UUID, number: int | None = None) -> PolicyVersion:
    """A version of the policy that a decision read; the latest for None, and where that number is not known."""
    known: ApprovalPolicy = facts[policy] or UNDEFINED
    return known.version(number) or known.latest


def measure(terms: ApprovalTerms, facts: Mapping[UUID, Any], at: datetime) -> tuple[Measures, RateUsed | None]:
    """The values that chains test on the day of `at` in the tenant's zone, and the rate that was used. Raises NoRate."""
    settings = _settings(facts)
    if terms.amount is None or terms.currency == settings.currency:
        return measured(terms, terms.amount), None
    used = rate_on(facts, terms.amount.currency, settings.currency, at.astimezone(zone(settings.zone)).date())
    rate = RateUsed(base=used.base, quote=used.quote, rate=used.rate, day=used.day, via=used.via)
    return measured(terms, convert(terms.amount, settings.currency, used)), rate


@dataclass(frozen=True, slots=True)
class Need:
    """What the policy asks of one chain: `posts`, and what of the terms granted last has `changed` for legal."""

    posts: tuple[Role, ...]
    changed: tuple[str, ...] = ()


def need(chain: Chain, rules: ApprovalRules, measures: Measures, terms: ApprovalTerms, approval: Approval | None) -> Need:
    """Who has to agree. A change of party, currency or clauses always re-runs legal."""
    posts = posts_for(chain, rules, measures)
    if chain is not Chain.LEGAL or approval is None or approval.granted is None:
        return Need(posts)
    changed = terms.changed(approval.granted)
    return Need(rules.legal, changed) if changed else Need(posts)


def carried_over(chain: Chain, rules: ApprovalRules, needed: Need, measures: Measures, approval: Approval | None) -> Agreed | None:
    """What the chain agreed to last, if that still covers these values; None where it has to be asked anew."""
    agreed = approval.agreed.get(chain) if approval else None
    if agreed is None or needed.changed or worse(chain, rules, measures, agreed.measures) or not {*needed.posts} <= {*agreed.posts}:
        return None
    return agreed


def request(approval: Approval | None, command: RequestApproval, ctx: Context) -> tuple[Event, ...]:
    """Raises NobodyToAsk, NoRate, NoWorkingDay."""
    terms, hashed = command.terms, command.terms.content_hash
    if approval is not None and (approval.open or approval.cause == command.cause) and approval.covers(hashed, command.chains):
        return ()
    if approval is not None and approval.grants(hashed, command.chains):
        return ()
    version = rules_in(ctx.facts, command.policy)
    measures, rate = measure(terms, ctx.facts, ctx.at)
    barred = {SYSTEM.id, command.requested_by, *command.parties}
    before = approval if command.part is None or approval is not None else _of_whole(command, ctx)
    plans = tuple(_planned(chain, version, measures, before, command, barred, ctx) for chain in dict.fromkeys(command.chains))
    over = (ApprovalWithdrawn(round=approval.round, superseded=True),) if approval is not None and approval.open else ()
    begun = ApprovalRequested(
        noun=command.noun,
        about=command.about,
        part=command.part,
        title=command.title,
        round=approval.round + 1 if approval else 1,
        cause=command.cause,
        requested_by=command.requested_by,
        parties=tuple(dict.fromkeys((command.requested_by, *command.parties))),
        owner=command.owner,
        team=command.team,
        terms=terms,
        content_hash=hashed,
        measures=measures,
        rate=rate,
        policy=command.policy,
        policy_version=version.number,
        chains=plans,
        requested_at=ctx.at,
    )
    asked = tuple(
        ask(begun.round, plan.chain, 0, Step(plan.steps[0].posts, plan.steps[0].approver), version.rules, ctx)
        for plan in plans
        if plan.plan is Plan.ASKED
    )
    settled = () if asked else (ApprovalGranted(round=begun.round, chains=tuple(p.chain for p in plans), content_hash=hashed),)
    return (*over, begun, *asked, *settled)


def whole_read(command: RequestApproval) -> Read:
    """The approvals of the whole that a part belongs to."""
    return Read("approval", approval_id(command.noun, command.about))


def _of_whole(command: RequestApproval, ctx: Context) -> Approval | None:
    """What holds for a part that nobody was asked about yet: what finance agreed to. Its words are new, so legal reads them."""
    whole: Approval | None = ctx.fact(whole_read(command))
    return whole and replace(whole, granted=None, agreed={c: a for c, a in whole.agreed.items() if c is Chain.FINANCE})


def _planned(
    chain: Chain,
    version: PolicyVersion,
    measures: Measures,
    approval: Approval | None,
    command: RequestApproval,
    barred: set[UUID],
    ctx: Context,
) -> ChainPlan:
    rules, values = version.rules, tested(chain, measures)
    needed = need(chain, rules, measures, command.terms, approval)
    if not needed.posts:
        return ChainPlan(chain=chain, plan=Plan.NOT_NEEDED, why=f"{values}: nobody has to agree")
    agreed = carried_over(chain, rules, needed, measures, approval)
    if agreed is not None:
        return ChainPlan(
            chain=chain,
            plan=Plan.CARRIED_OVER,
            posts=needed.posts,
            why=f"{values}: no worse than what was agreed to in round {agreed.round}, which carries over",
            agreed_in=agreed.round,
            agreed_by=agreed.by,
        )
    steps: list[StepPlan] = []
    for post in needed.posts:
        approver = _appointed(post, command, barred, ctx)
        if steps and steps[-1].approver == approver:
            steps[-1] = StepPlan(posts=(*steps[-1].posts, post), approver=approver)
        else:
            steps.append(StepPlan(posts=(post,), approver=approver))
    again = f"{' and '.join(needed.changed)} changed: " if needed.changed else ""
    return ChainPlan(chain=chain, plan=Plan.ASKED, posts=needed.posts, why=f"{again}{values}", changed=needed.changed, steps=tuple(steps))


def _appointed(post: Role, command: RequestApproval, barred: set[UUID], ctx: Context) -> UUID:
    """Who is asked for a post: its best holder who is not a party; a vacant one passes up."""
    candidates = {held.post: held.members for held in command.holders}
    at: Role | None = post
    while at is not None:
        for id in candidates.get(at, ()):
            member: Member | None = ctx.fact(member_read(id))
            if id not in barred and member is not None and member.active and at in member.roles:
                return id
        at = ABOVE.get(at)
    raise NobodyToAsk(
        f"Nobody can agree as {post.replace('_', ' ')}: no active member has that role or one above it who is not a party to the request. "
        "Give the role to somebody, then ask again.",
        post=post,
    )


def ask(round_: int, chain: Chain, number: int, step: Step, rules: ApprovalRules, ctx: Context) -> ApprovalStepAsked:
    """The turn of a step's approver, with the deadline by their own calendar."""
    member: Member | None = ctx.fact(member_read(step.approver))
    return ApprovalStepAsked(
        round=round_,
        chain=chain,
        step=number,
        posts=step.posts,
        approver=step.approver,
        asked_at=ctx.at,
        due_at=due_at(_settings(ctx.facts), rules, member.zone if member else None, ctx.at),
    )
