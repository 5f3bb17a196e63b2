"""How what happens to approvals is told."""

from __future__ import annotations

from collections.abc import Sequence

from domain.approval_policies import ApprovalPolicyVersionDefined
from domain.approvals import events as e
from domain.deals.events import DealApprovalRequested, DealPaymentTermsSet
from domain.kernel import Role
from projections.telling import Names, listed, plain, rounded, telling


def _posts(posts: Sequence[Role]) -> str:
    return listed([plain(post) for post in posts])


def _for(approver: str, by: str) -> str:
    return by if approver == by else f"{by}, standing in for {approver},"


@telling(e.ApprovalRequested)
def _(event: e.ApprovalRequested, names: Names) -> str:
    asked = [plan for plan in event.chains if plan.plan is e.Plan.ASKED]
    carried = [plan for plan in event.chains if plan.plan is e.Plan.CARRIED_OVER]
    policy = f"version {event.policy_version} of the policy" if event.policy_version else "the policy that every tenant begins with"
    told = [f"the {plan.chain} chain ({plan.why}): {names.all([s.approver for s in plan.steps])}" for plan in asked]
    rate = (
        f" One {event.rate.base} counted {rounded(event.rate.rate)} {event.rate.quote}, of {plain(event.rate.day)}." if event.rate else ""
    )
    over = "".join(f" The {plan.chain} decision of round {plan.agreed_in} carries over: {plan.why}." for plan in carried)
    if not asked:
        return f"Approval of “{event.title}” was asked for by {policy}, and nobody had to be asked.{over}{rate}"
    return f"Approval of “{event.title}” was asked for by {policy}: {'; '.join(told)}.{over}{rate}"


@telling(e.ApprovalStepAsked)
def _(event: e.ApprovalStepAsked, names: Names) -> str:
    return f"{names.of(event.approver)} was asked as {_posts(event.posts)} in the {event.chain} chain, until {plain(event.due_at)}."


@telling(e.ApprovalEscalated)
def _(event: e.ApprovalEscalated, names: Names) -> str:
    if event.to is None:
        return f"{names.of(event.silent)} has not answered in time, and nobody stands above; asked again until {plain(event.due_at)}."
    return f"{names.of(event.silent)} has not answered in time; {names.of(event.to)} was asked too, until {plain(event.due_at)}."


@telling(e.ApprovalStepApproved)
def _(event: e.ApprovalStepApproved, names: Names) -> str:
    said = f": {event.comment}" if event.comment else "."
    return f"{_for(names.of(event.approver), names.of(event.by))} agreed in the {event.chain} chain{said}"


@telling(e.ApprovalStepRejected)
def _(event: e.ApprovalStepRejected, names: Names) -> str:
    return f"{_for(names.of(event.approver), names.of(event.by))} said no in the {event.chain} chain: {event.comment}"


@telling(e.ApprovalGranted)
def _(event: e.ApprovalGranted, _: Names) -> str:
    return f"The terms are approved ({listed([str(chain) for chain in event.chains])}), content {event.content_hash[:12]}."


@telling(e.ApprovalWithdrawn)
def _(event: e.ApprovalWithdrawn, _: Names) -> str:
    if event.superseded:
        return "The request gave way to one for other terms."
    return f"The request for approval was taken back{f': {event.comment}' if event.comment else '.'}"


@telling(ApprovalPolicyVersionDefined)
def _(event: ApprovalPolicyVersionDefined, _: Names) -> str:
    tiers = [
        f"{f'up to {tier.up_to.normalize():f} %' if tier.up_to is not None else 'above'} {plain(tier.post) if tier.post else 'nobody'}"
        for tier in event.rules.discount
    ]
    return f"Version {event.version} of “{event.name}” was laid down: discounts {'; '.join(tiers)}."


@telling(DealPaymentTermsSet)
def _(event: DealPaymentTermsSet, _: Names) -> str:
    return (
        f"The buyer pays within {event.payment_days} days." if event.payment_days is not None else "The buyer pays within the usual days."
    )


@telling(DealApprovalRequested)
def _(event: DealApprovalRequested, _: Names) -> str:
    return f"The move waits for approval ({listed(list(event.chains))}); the terms stay as they are meanwhile."
