"""Approval policies: versioned rules for who has to agree to which terms. A decision names the version that it was made by.

A tenant that has defined none is under version 0, the rules that every tenant begins with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Invalid, Read, Role, natural_id
from domain.stages import Chain
from domain.values import Exactly, Name, Percentage, Text

DEFAULT_POLICY = natural_id("approval_policy", "default")
"""The stream of the policy that holds for deals."""
Threshold = Annotated[Decimal, Field(gt=0, max_digits=21, decimal_places=6, examples=["500000"]), Exactly(r"^[0-9]{1,15}([.][0-9]{1,6})?$")]
POSTS = (Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.SALES_CHIEF, Role.DEAL_DESK, Role.FINANCE, Role.FINANCE_CHIEF, Role.LEGAL,
         Role.CATEGORY_LEAD, Role.PROCUREMENT_HEAD, Role.EXECUTIVE)  # fmt: skip
"""The roles that may be asked."""
ABOVE: dict[Role, Role] = {
    Role.SALES_MANAGER: Role.SALES_DIRECTOR,
    Role.SALES_DIRECTOR: Role.SALES_CHIEF,
    Role.SALES_CHIEF: Role.FINANCE_CHIEF,
    Role.DEAL_DESK: Role.FINANCE_CHIEF,
    Role.FINANCE: Role.FINANCE_CHIEF,
    Role.CATEGORY_LEAD: Role.PROCUREMENT_HEAD,
    Role.PROCUREMENT_HEAD: Role.FINANCE_CHIEF,
    Role.FINANCE_CHIEF: Role.EXECUTIVE,
    Role.LEGAL: Role.EXECUTIVE,
}
"""To whom a vacant post passes: up, never down."""


class DiscountTier(Text):
    """Discounts up to `up_to` percent (None: any above the tier before) are for `post` to agree to; None: for nobody."""

    up_to: Percentage | None = None
    post: Role | None = None


class Rise(Text):
    """An amount above `over`, in the reporting currency, needs `tiers` tiers more; with `top`, the highest one whatever the discount."""

    over: Threshold
    tiers: Annotated[int, Field(ge=1, le=20)] = 1
    top: bool = False


class PaymentTier(Text):
    """Payment within `up_to` days (None: any later) needs `posts` besides those of the tiers before."""

    up_to: Annotated[int, Field(ge=0, le=3650)] | None = None
    posts: tuple[Role, ...] = ()


class ValueTier(Text):
    """A contract worth more than `over`, in the reporting currency, needs `posts` besides those of the tiers before."""

    over: Threshold
    posts: Annotated[tuple[Role, ...], Field(min_length=1)]


_CONTRACT_VALUES = (
    ValueTier(over=Decimal(500_000), posts=(Role.FINANCE,)),
    ValueTier(over=Decimal(2_000_000), posts=(Role.FINANCE_CHIEF,)),
)


class ApprovalRules(Text):
    """All rules of a version. Tiers rise; a chain climbs them one by one, so that a high tier is asked after all below it.

    Discounts are tested blended and on the worst line, and the higher tier counts. `legal`: who reads the law, in order;
    they are asked for payment later than `legal_over_days`, for clauses that are not standard, and for a change of party,
    currency or clause. Of a contract or an amendment that is to be signed, finance tests what it is worth over its term
    (`contract_values`) and, where we sell, the payment terms; legal reads every one, unless `legal_contracts` says that it is enough
    to read those with clauses of their own. An approver has `business_days` of their own calendar, in the last `last_days` days of a fiscal quarter
    `last_hours` working hours; then their manager is asked.
    """

    discount: Annotated[tuple[DiscountTier, ...], Field(min_length=1, max_length=20)]
    rises: Annotated[tuple[Rise, ...], Field(max_length=20)] = ()
    payment: Annotated[tuple[PaymentTier, ...], Field(min_length=1, max_length=20)]
    legal: Annotated[tuple[Role, ...], Field(min_length=1, max_length=5)] = (Role.LEGAL,)
    legal_over_days: Annotated[int, Field(ge=0, le=3650)] | None = 90
    contract_values: Annotated[tuple[ValueTier, ...], Field(max_length=20)] = _CONTRACT_VALUES
    legal_contracts: bool = True
    business_days: Annotated[int, Field(ge=1, le=30)] = 1
    last_days: Annotated[int, Field(ge=0, le=31)] = 7
    last_hours: Annotated[int, Field(ge=1, le=80)] = 4

    def ladder(self, chain: Chain) -> tuple[Role, ...]:
        """Every post that the chain may ask, lowest first."""
        if chain is Chain.COMMERCIAL:
            found: tuple[Role, ...] = tuple(tier.post for tier in self.discount if tier.post is not None)
        elif chain is Chain.FINANCE:
            found = (*(p for tier in self.payment for p in tier.posts), *(p for tier in self.contract_values for p in tier.posts))
        else:
            found = self.legal
        return tuple(dict.fromkeys(found))


STARTING = ApprovalRules(
    discount=(
        DiscountTier(up_to=Decimal(10)),
        DiscountTier(up_to=Decimal(20), post=Role.SALES_MANAGER),
        DiscountTier(up_to=Decimal(30), post=Role.SALES_DIRECTOR),
        DiscountTier(up_to=Decimal(40), post=Role.SALES_CHIEF),
        DiscountTier(post=Role.FINANCE_CHIEF),
    ),
    rises=(Rise(over=Decimal(500_000)), Rise(over=Decimal(1_000_000)), Rise(over=Decimal(2_000_000), top=True)),
    payment=(
        PaymentTier(up_to=30),
        PaymentTier(up_to=45, posts=(Role.DEAL_DESK,)),
        PaymentTier(up_to=60, posts=(Role.FINANCE_CHIEF,)),
        PaymentTier(posts=(Role.FINANCE_CHIEF, Role.SALES_CHIEF)),
    ),
)
"""What holds until a tenant says otherwise (default)."""


class ApprovalPolicyVersionDefined(Event, topic="approval_policy.version_defined"):
    """Who has to agree was laid down anew; what is asked from now on follows this version."""

    version: int
    name: str
    rules: ApprovalRules


class DefineApprovalPolicy(Command):
    """Lay down a policy, or its next version; quiet when it says what the latest version says."""

    name: Name
    rules: ApprovalRules


class ApprovalPolicyInvalid(Invalid):
    """The rules contradict themselves; `problems` lists every contradiction."""


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a policy."""

    number: int
    rules: ApprovalRules


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """All versions, oldest first: what was decided names the one it was decided by."""

    name: str = "Approvals"
    versions: tuple[PolicyVersion, ...] = (PolicyVersion(0, STARTING),)

    @property
    def latest(self) -> PolicyVersion:
        return self.versions[-1]

    def version(self, number: int | None) -> PolicyVersion | None:
        """The version with that number; the latest for None; None if there is none."""
        return self.latest if number is None else next((v for v in self.versions if v.number == number), None)


UNDEFINED = ApprovalPolicy()
"""The policy of a tenant that has defined none."""


def policy_read(id: UUID = DEFAULT_POLICY) -> Read:
    return Read("approval_policy", id)


def problems(rules: ApprovalRules) -> list[str]:
    """Every contradiction in the rules, each as a sentence; empty when they are sound."""
    found: list[str] = []
    for what, limits in (("discount", [t.up_to for t in rules.discount]), ("payment", [t.up_to for t in rules.payment])):
        if limits[-1] is not None:
            found.append(f"The last {what} tier has a limit; leave `up_to` away there, so that nothing lies beyond the rules.")
        bounded = limits[:-1]
        if any(limit is None for limit in bounded) or any(b <= a for a, b in pairwise(x for x in bounded if x is not None)):
            found.append(f"The limits of the {what} tiers do not rise; order them from the lowest, each above the one before.")
    if any(tier.post is None for tier in rules.discount[1:]):
        found.append("Only the first discount tier may ask nobody; name a post in each of the others.")
    if any(b.over <= a.over for a, b in pairwise(rules.rises)):
        found.append("The amounts from which more tiers are asked do not rise; order them from the lowest.")
    if any(b.over <= a.over for a, b in pairwise(rules.contract_values)):
        found.append("The values from which more posts agree to a contract do not rise; order them from the lowest.")
    asked = {post for chain in Chain for post in rules.ladder(chain)}
    found += [f"{post} is no post that can be asked; choose among {', '.join(POSTS)}." for post in sorted(asked - set(POSTS))]
    return found


def decide(policy: ApprovalPolicy | None, command: Command, ctx: Context) -> tuple[Event, ...]:
    """The events that follow. Raises ApprovalPolicyInvalid, Forbidden."""
    if not isinstance(command, DefineApprovalPolicy):
        raise TypeError(f"an approval policy knows no {type(command).__name__}")
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN, Role.FINANCE_CHIEF):
        raise Forbidden(
            "Only the finance chief and administration say who has to agree; ask one of them.", roles=[Role.FINANCE_CHIEF, Role.ADMIN]
        )
    if found := problems(command.rules):
        raise ApprovalPolicyInvalid(f"This policy cannot work: {found[0]} Correct it and send it again.", problems=found)
    if policy is not None and (policy.name, policy.latest.rules) == (command.name, command.rules):
        return ()
    number = policy.latest.number + 1 if policy else 1
    return (ApprovalPolicyVersionDefined(version=number, name=command.name, rules=command.rules),)


def evolve(policy: ApprovalPolicy | None, event: Event) -> ApprovalPolicy | None:
    """Total: an event that makes no sense here changes nothing."""
    if not isinstance(event, ApprovalPolicyVersionDefined):
        return policy
    version = PolicyVersion(event.version, event.rules)
    known = policy or UNDEFINED
    return replace(known, name=event.name, versions=(*(v for v in known.versions if v.number != version.number), version))


approval_policies: Decider[ApprovalPolicy | None] = Decider("approval_policy", None, decide, evolve)
