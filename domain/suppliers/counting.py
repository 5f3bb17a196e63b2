"""What a dispute says of its supplier: events for the supplier's stream, which the dispute's decision writes in the same append."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from domain.dispute_rules import Reason
from domain.kernel import Context, On, Read
from domain.suppliers.events import SupplierAnswered, SupplierDisputeCounted, SupplierDisputeDiscounted, supplier_id
from domain.suppliers.state import Supplier


def supplier_read(account: UUID) -> Read:
    return Read("supplier", supplier_id(account))


def month_of(at: datetime) -> str:
    """The month, in UTC, that something counts in."""
    return f"{at.astimezone(UTC):%Y-%m}"


def counted(account: UUID, dispute: UUID, reason: Reason, at: datetime) -> On:
    """A case was raised."""
    event = SupplierDisputeCounted(account=account, dispute=dispute, reason=reason, at=at, month=month_of(at))
    return On(supplier_read(account), event)


def discounted(ctx: Context, account: UUID, dispute: UUID) -> tuple[On, ...]:
    """A case that was counted should not have been."""
    supplier: Supplier | None = ctx.fact(supplier_read(account))
    known = None if supplier is None else supplier.cases.get(dispute)
    if known is None:
        return ()
    return (On(supplier_read(account), SupplierDisputeDiscounted(account=account, dispute=dispute, month=known.month)),)


def answered(account: UUID, dispute: UUID, opened_at: datetime | None, answered_at: datetime | None) -> tuple[On, ...]:
    """The first answer to a case came, or an earlier one than was known."""
    if opened_at is None or answered_at is None:
        return ()
    days = (Decimal((answered_at - opened_at).total_seconds()) / 86_400).quantize(Decimal("0.01"))
    event = SupplierAnswered(account=account, dispute=dispute, days=days, at=answered_at, month=month_of(opened_at))
    return (On(supplier_read(account), event),)
