"""One small deal, written twice: as the library's own aggregate and as a decider. The same fields, the same two decisions.

The path bars compare how a command travels, so neither side may decide more than the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.kernel import Command, Context, Decider, Event, NotFound
from domain.values import Money

ACCOUNT = UUID("018f0000-0000-7000-8000-000000000001")
OWNER = UUID("018f0000-0000-7000-8000-000000000002")
CLOSES = date(2027, 6, 30)
WORTH = Money(amount=Decimal("125000.00"), currency="EUR")
TITLE = "Rollout of the service desk to eleven countries"


class StockDeal(Aggregate):
    """As the library's documentation writes it."""

    @event("Opened")
    def __init__(
        self, account_id: UUID, title: str, amount: Decimal, currency: str, close_date: str, owner: UUID, source: str, opened_at: datetime
    ) -> None:
        self.account_id = account_id
        self.title = title
        self.pipeline = "default"
        self.stage = "qualify"
        self.amount = amount
        self.currency = currency
        self.close_date = close_date
        self.owner = owner
        self.source = source
        self.opened_at = opened_at

    @event("AmountChanged")
    def change_amount(self, amount: Decimal, currency: str, reason: str) -> None:  # noqa: ARG002  the event keeps it
        self.amount = amount
        self.currency = currency


def open_stock_deal() -> StockDeal:
    """A new deal, not yet saved."""
    return StockDeal(ACCOUNT, TITLE, WORTH.amount, WORTH.currency, CLOSES.isoformat(), OWNER, "direct", datetime.now(UTC))


class DealOpened(Event, topic="bench.opened"):
    account: UUID
    title: str
    pipeline: str
    stage: str
    amount: Money
    close_date: date
    owner: UUID
    source: str
    opened_at: datetime


class AmountChanged(Event, topic="bench.amount_changed"):
    amount: Money
    reason: str


class OpenDeal(Command):
    account: UUID
    title: str
    amount: Money
    close_date: date
    owner: UUID


class ChangeAmount(Command):
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class Deal:
    stage: str
    amount: Money
    close_date: date
    owner: UUID


def decide(deal: Deal | None, command: Command, ctx: Context) -> tuple[Event, ...]:
    match command:
        case OpenDeal() if deal is None:
            fields = {name: getattr(command, name) for name in OpenDeal.model_fields}
            return (DealOpened(**fields, pipeline="default", stage="qualify", source="direct", opened_at=ctx.now),)
        case ChangeAmount() if deal is not None:
            return (AmountChanged(amount=command.amount, reason=command.reason),)
    raise NotFound("there is no such deal")


def evolve(deal: Deal | None, happened: Event) -> Deal | None:
    match happened:
        case DealOpened():
            return Deal(happened.stage, happened.amount, happened.close_date, happened.owner)
        case AmountChanged() if deal is not None:
            return Deal(deal.stage, happened.amount, deal.close_date, deal.owner)
    return deal


deals: Decider[Deal | None] = Decider("bench deal", initial=None, decide=decide, evolve=evolve)
OPEN = OpenDeal(account=ACCOUNT, title=TITLE, amount=WORTH, close_date=CLOSES, owner=OWNER)
CHANGE = ChangeAmount(amount=Money(amount=Decimal("118500.00"), currency="EUR"), reason="the buyer cut two countries")
