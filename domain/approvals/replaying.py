"""What another policy would have asked: a round's recorded values put to other rules."""

from __future__ import annotations

from dataclasses import dataclass

from domain.approval_policies import ApprovalRules
from domain.approvals.events import ApprovalRequested
from domain.approvals.requirements import posts_for
from domain.kernel import Role
from domain.stages import Chain


@dataclass(frozen=True, slots=True)
class Difference:
    """A chain that would have asked others: `posts` by the policy of the time, `would` by the other one, lowest first."""

    chain: Chain
    posts: tuple[Role, ...]
    would: tuple[Role, ...]


def differences(asked: ApprovalRequested, rules: ApprovalRules) -> tuple[Difference, ...]:
    """How the round would differ under `rules`. Pure: it takes the discounts, days and converted amount that were recorded."""
    found = []
    for plan in asked.chains:
        would = rules.legal if plan.changed else posts_for(plan.chain, rules, asked.measures)
        if would != plan.posts:
            found.append(Difference(plan.chain, plan.posts, would))
    return tuple(found)
