"""What a policy asks of terms: for each chain the posts that have to agree, and whether what was agreed to before still covers it."""

from __future__ import annotations

from decimal import Decimal

from domain.approval_policies import ApprovalRules
from domain.approvals.terms import Measures
from domain.kernel import Role
from domain.stages import Chain


def posts_for(chain: Chain, rules: ApprovalRules, measures: Measures) -> tuple[Role, ...]:
    """Who has to agree, lowest first; nobody: empty. A chain climbs, so a tier comes after all below it."""
    if chain is Chain.COMMERCIAL:
        tiers = rules.discount[: _commercial_tier(rules, measures) + 1]
        return tuple(dict.fromkeys(tier.post for tier in tiers if tier.post is not None))
    if chain is Chain.FINANCE:
        place = next((n for n, tier in enumerate(rules.payment) if tier.up_to is None or measures.payment_days <= tier.up_to), 0)
        return tuple(dict.fromkeys(post for tier in rules.payment[: place + 1] for post in tier.posts))
    late = rules.legal_over_days is not None and measures.payment_days > rules.legal_over_days
    return rules.legal if late or measures.clauses else ()


def _commercial_tier(rules: ApprovalRules, measures: Measures) -> int:
    """The tier of the discount, blended or on the worst line, raised by the amount."""
    top = len(rules.discount) - 1
    amount = measures.amount.amount if measures.amount else Decimal(0)
    passed = [rise for rise in rules.rises if amount > rise.over]
    if any(rise.top for rise in passed):
        return top
    return min(top, max(_tier_of(rules, measures.blended), _tier_of(rules, measures.worst_line)) + sum(rise.tiers for rise in passed))


def _tier_of(rules: ApprovalRules, discount: Decimal) -> int:
    return next((n for n, tier in enumerate(rules.discount) if tier.up_to is None or discount <= tier.up_to), len(rules.discount) - 1)


def worse(chain: Chain, rules: ApprovalRules, now: Measures, agreed: Measures) -> bool:
    """Whether the value that the chain tests is worse than when it agreed."""
    if chain is Chain.COMMERCIAL:
        return now.blended > agreed.blended or now.worst_line > agreed.worst_line or _rises(rules, now) > _rises(rules, agreed)
    if chain is Chain.FINANCE:
        return now.payment_days > agreed.payment_days
    return now.payment_days > agreed.payment_days or not set(now.clauses) <= set(agreed.clauses)


def _rises(rules: ApprovalRules, measures: Measures) -> int:
    return sum(measures.amount.amount > rise.over for rise in rules.rises) if measures.amount else 0


def tested(chain: Chain, measures: Measures) -> str:
    """The value that the chain tests, in words."""
    if chain is Chain.COMMERCIAL:
        worth = f", on {measures.amount}" if measures.amount else ""
        return f"{_percent(measures.blended)} % off in all, {_percent(measures.worst_line)} % on the worst line{worth}"
    if chain is Chain.FINANCE:
        return f"payment within {measures.payment_days} days"
    clauses = f", and clauses of the other side: {', '.join(measures.clauses)}" if measures.clauses else ""
    return f"payment within {measures.payment_days} days{clauses}"


def _percent(value: Decimal) -> str:
    return "0" if not value else f"{value.normalize():f}"
