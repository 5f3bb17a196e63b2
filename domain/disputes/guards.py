"""What many decisions about a case begin with: who speaks, when, whether the state allows it, and whether amounts are sound."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.dispute_rules import DisputeRules
from domain.disputes.ledger import Part, is_minor
from domain.disputes.refusals import (
    AmountTooLarge,
    DisputeNotThere,
    FactOutOfOrder,
    ForOthers,
    LineTwice,
    LineUnknown,
    MoreThanOpen,
    TooPrecise,
)
from domain.disputes.state import Dispute, Line
from domain.disputes.terms import LineAmount, Party, Status
from domain.kernel import Actor, Context, Role
from domain.settings import SETTINGS_READ, Settings
from domain.settings import settings as settings_decider
from domain.values import Money

OUTSIDE = frozenset({Role.PARTNER, Role.SUPPLIER, Role.CUSTOMER})
_MOST = Decimal("1e15")


def settings_of(ctx: Context) -> Settings:
    """The tenant's settings as the decision read them."""
    found: Settings | None = ctx.fact(SETTINGS_READ)
    return settings_decider.initial if found is None else found


def rules_of(ctx: Context) -> DisputeRules:
    return settings_of(ctx).dispute_rules


def is_outside(actor: Actor) -> bool:
    """Whether the actor is somebody of the other side."""
    return actor.has(*OUTSIDE)


def speaker(ctx: Context, by: Party | None, default: Party = Party.US) -> Party:
    """For whom something is said: as told, else by `default`. Raises ForOthers where someone from outside speaks for us."""
    if not is_outside(ctx.actor):
        return by or default
    if (by or Party.THEM) is Party.US:
        raise ForOthers("You speak for your own side; leave `by` away.")
    return Party.THEM


def check_status(case: Dispute, allowed: Collection[Status], what: str) -> None:
    """Refuse what the case's state does not allow."""
    if case.status not in allowed:
        names = [status.value for status in Status if status in allowed]
        raise DisputeNotThere(
            f"This case is {words(case.status)}; it can be {what} only while {' or '.join(map(words, names))}.",
            status=case.status.value,
            allowed=names,
        )


def words(status: str) -> str:
    return status.replace("_", " ")


def moment(case: Dispute, ctx: Context) -> datetime:
    """When the fact was so. Raises FactOutOfOrder for one before the claim was raised, or taken up again."""
    earliest = case.opened_at
    if earliest is not None and ctx.at < earliest:
        raise FactOutOfOrder(
            f"The claim was raised at {earliest.isoformat()}; this cannot have been before.", opened_at=earliest.isoformat()
        )
    return ctx.at


def check_amount(amount: Decimal, currency: str) -> Decimal:
    """Refuse an amount finer than the currency's minor unit, or larger than can be kept."""
    if not is_minor(amount, currency):
        raise TooPrecise(f"{amount} has more digits than {currency} has; round it first.", amount=str(amount), currency=currency)
    if amount >= _MOST:
        raise AmountTooLarge("The sum has more than 15 digits before the point; split the claim.", amount=str(amount))
    return amount


def line_of(case: Dispute, id: UUID) -> Line:
    line = case.lines.get(id)
    if line is None:
        raise LineUnknown("The case has no such line; choose one of its lines.", line=str(id), lines=[str(known) for known in case.lines])
    return line


def parts_of(case: Dispute, asked: Iterable[LineAmount]) -> dict[UUID, Part]:
    """What is meant of each line named: so much of what is open, or all of it. Raises LineUnknown, LineTwice, MoreThanOpen."""
    parts: dict[UUID, Part] = {}
    for item in asked:
        line = line_of(case, item.line)
        if item.line in parts:
            raise LineTwice("A line is named twice; name it once, with the whole amount.", line=str(item.line))
        opened = line.account.open.gross
        amount = opened if item.amount is None else check_amount(item.amount, case.currency)
        if amount > opened or not amount:
            most = Money(amount=opened, currency=case.currency)
            raise MoreThanOpen(f"Of this line {most} is open; take no more.", line=str(item.line), open=str(opened))
        parts[item.line] = line.account.share(amount, case.currency)
    return parts
