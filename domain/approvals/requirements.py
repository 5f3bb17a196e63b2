"""What a policy asks of terms: for each chain the posts that have to agree, and whether what was agreed to before still covers it."""

from __future__ import annotations

from decimal import Decimal

from domain.approval_policies import POSTS, ApprovalRules, ValueTier
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
        posts = dict.fromkeys(post for tier in rules.payment[: place + 1] for post in tier.posts)
        return tuple(posts) if measures.side is None else _contract_posts(rules, measures, tuple(posts))
    late = rules.legal_over_days is not None and measures.payment_days > rules.legal_over_days
    read = measures.side is not None and rules.legal_contracts
    return rules.legal if late or read or measures.clauses else ()


def _contract_posts(rules: ApprovalRules, measures: Measures, for_payment: tuple[Role, ...]) -> tuple[Role, ...]:
    """Who of finance agrees to a contract: for what it is worth and, where we sell, for when we are paid."""
    posts = {post for tier in _values(rules, measures) for post in tier.posts}
    if measures.side == "sell":
        posts |= {*for_payment}
    return tuple(sorted(posts, key=POSTS.index))


def _values(rules: ApprovalRules, measures: Measures) -> list[ValueTier]:
    return [tier for tier in rules.contract_values if _amount(measures) > tier.over]


def _amount(measures: Measures) -> Decimal:
    return measures.amount.amount if measures.amount else Decimal(0)


def _commercial_tier(rules: ApprovalRules, measures: Measures) -> int:
    """The tier of the discount, blended or on the worst line, raised by the amount."""
    top = len(rules.discount) - 1
    passed = [rise for rise in rules.rises if _amount(measures) > rise.over]
    if any(rise.top for rise in passed):
        return top
    return min(top, max(_tier_of(rules, measures.blended), _tier_of(rules, measures.worst_line)) + sum(rise.tiers for rise in passed))


def _tier_of(rules: ApprovalRules, discount: Decimal) -> int:
    return next((n for n, tier in enumerate(rules.discount) if tier.up_to is None or discount <= tier.up_to), len(rules.discount) - 1)


def worse(chain: Chain, rules: ApprovalRules, now: Measures, agreed: Measures) -> bool:
    """Whether the value that the chain tests is worse than when it agreed."""
    if chain is Chain.COMMERCIAL:
        return now.blended > agreed.blended or now.worst_line > agreed.worst_line or _rises(rules, now) > _rises(rules, agreed)
    later = now.payment_days > agreed.payment_days
    if now.side is not None:
        return _contract_worse(chain, rules, now, agreed, later=later)
    if chain is Chain.FINANCE:
        return later
    return later or not set(now.clauses) <= set(agreed.clauses)


def _contract_worse(chain: Chain, rules: ApprovalRules, now: Measures, agreed: Measures, *, later: bool) -> bool:
    """Of a contract, finance tests the very value once it is among those asked about; legal payment only where it is late."""
    if chain is Chain.FINANCE:
        dearer = bool(_values(rules, now)) and _amount(now) > _amount(agreed)
        return dearer or (later and now.side == "sell")
    late = rules.legal_over_days is not None and now.payment_days > rules.legal_over_days
    return (late and later) or not set(now.clauses) <= set(agreed.clauses)


def _rises(rules: ApprovalRules, measures: Measures) -> int:
    return sum(_amount(measures) > rise.over for rise in rules.rises)


def tested(chain: Chain, measures: Measures) -> str:
    """The value that the chain tests, in words."""
    if chain is Chain.COMMERCIAL:
        worth = f", on {measures.amount}" if measures.amount else ""
        return f"{_percent(measures.blended)} % off in all, {_percent(measures.worst_line)} % on the worst line{worth}"
    if measures.side is not None:
        return _tested_of_contract(chain, measures)
    if chain is Chain.FINANCE:
        return f"payment within {measures.payment_days} days"
    clauses = f", and clauses of the other side: {', '.join(measures.clauses)}" if measures.clauses else ""
    return f"payment within {measures.payment_days} days{clauses}"


def _tested_of_contract(chain: Chain, measures: Measures) -> str:
    payment = f"payment within {measures.payment_days} days"
    if chain is Chain.FINANCE:
        return f"worth {measures.amount} over its term, {payment}" if measures.amount else payment
    clauses = f", clauses of its own: {', '.join(measures.clauses)}" if measures.clauses else ""
    return f"a contract to be signed, {payment}{clauses}"


def _percent(value: Decimal) -> str:
    return "0" if not value else f"{value.normalize():f}"
