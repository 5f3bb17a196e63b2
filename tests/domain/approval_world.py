"""An approval and who stands around it, for tests: sellers, those above them, a calendar, rates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.approval_policies import ABOVE, DEFAULT_POLICY
from domain.approvals import (
    Approval,
    ApprovalRequested,
    ApprovalStepAsked,
    ApprovalTerms,
    Holders,
    RequestApproval,
    TermLine,
    approval_id,
    approvals,
)
from domain.authority import Delegation
from domain.kernel import Actor, Role, natural_id
from domain.members import Member
from domain.rates import Series, rates_id
from domain.settings import SETTINGS_ID, Settings
from domain.stages import Chain
from domain.values import Money
from tests.spec import Spec

SUBJECT = natural_id("test", "the subject")
STREAM = approval_id("thing", SUBJECT)
"""The approvals of a noun that no decider has: the rules are the same for every subject."""
ANNA, MONA, DORA, CARL, FINN, DESK, LENA, ELSA, STAN = (
    natural_id("test", name) for name in ("anna", "mona", "dora", "carl", "finn", "desk", "lena", "elsa", "stan")
)
ROLES = {
    ANNA: Role.ACCOUNT_MANAGER,
    MONA: Role.SALES_MANAGER,
    DORA: Role.SALES_DIRECTOR,
    CARL: Role.SALES_CHIEF,
    FINN: Role.FINANCE_CHIEF,
    DESK: Role.DEAL_DESK,
    LENA: Role.LEGAL,
    ELSA: Role.EXECUTIVE,
    STAN: Role.ACCOUNT_MANAGER,
}
ACME, GLOBEX = natural_id("test", "acme"), natural_id("test", "globex")
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The hour at which work begins, in the middle of a quarter."""
CAUSE = natural_id("test", "the move")


def facts(**changes: Any) -> dict[UUID, Any]:
    """Everybody, by id; `mona=Member(...)` puts somebody else in a place, None leaves it empty."""
    people: dict[UUID, Any] = {id: Member(name=role, roles=frozenset({role})) for id, role in ROLES.items()}
    people |= {natural_id("test", name): member for name, member in changes.items()}
    rate = Series((date(2026, 2, 27),), (Decimal("1.25"),))
    return {**people, SETTINGS_ID: Settings(), DEFAULT_POLICY: None, rates_id("EUR", "USD"): rate}


def holders(*left_out: UUID) -> tuple[Holders, ...]:
    """Who could be asked for each post."""
    posts = {*ABOVE, *ABOVE.values()}
    return tuple(
        Holders(post=post, members=tuple(id for id, role in ROLES.items() if role is post and id not in left_out)) for post in sorted(posts)
    )


def terms(discount: str = "15", price: str = "1000", currency: str = "EUR", **changes: Any) -> ApprovalTerms:
    """One line of one piece."""
    line = TermLine(label="Saw", quantity=1, unit_price=Money(amount=Decimal(price), currency=currency), discount=Decimal(discount))
    amount = Money(amount=Decimal(price) * (100 - Decimal(discount)) / 100, currency=currency)
    return ApprovalTerms(**{"lines": (line,), "amount": amount, "party": ACME, **changes})


def asking(of: ApprovalTerms | None = None, **changes: Any) -> RequestApproval:
    fields = {
        "noun": "thing",
        "about": SUBJECT,
        "title": "Saws",
        "cause": CAUSE,
        "requested_by": ANNA,
        "owner": ANNA,
        "terms": of or terms(),
        "chains": tuple(Chain),
        "holders": holders(),
    }
    return RequestApproval(**{**fields, **changes})


approval = Spec(approvals).knowing(facts()).on(STREAM).at(MONDAY)


def asked(command: RequestApproval | None = None, spec: Spec[Approval | None] = approval) -> Spec[Approval | None]:
    """An approval after that was asked for."""
    return spec.given(*spec.when(command or asking()).events)


def does(spec: Spec[Approval | None], id: UUID, command: Any) -> Spec[Approval | None]:
    """After a member's command."""
    return spec.given(*spec.by(actor(id)).when(command).events)


def actor(id: UUID) -> Actor:
    return Actor(id, frozenset({ROLES[id]}))


def request(spec: Spec[Approval | None]) -> ApprovalRequested:
    """The latest round as it was asked for."""
    return next(e for e in reversed(spec.events) if isinstance(e, ApprovalRequested))


def plan(spec: Spec[Approval | None], chain: Chain) -> Any:
    return next(p for p in request(spec).chains if p.chain is chain)


def turns(spec: Spec[Approval | None]) -> list[UUID]:
    """Who was asked, in order."""
    return [e.approver for e in spec.events if isinstance(e, ApprovalStepAsked)]


def standing_in(principal: UUID, deputy: UUID, days: int = 5) -> Member:
    """A member for whom another stands in from Monday on."""
    delegation = Delegation(natural_id("test", "delegation"), deputy, MONDAY.date(), MONDAY.date() + timedelta(days=days), "UTC")
    return Member(name="away", roles=frozenset({ROLES[principal]}), delegations=(delegation,))
