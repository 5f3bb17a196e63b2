"""A case and what stands around it, for tests: two suppliers, the people who work on cases, rates, time that passes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from domain.accounts import OpenAccount, accounts
from domain.dispute_rules import EvidenceKind, Reason
from domain.disputes import commands as c
from domain.disputes import disputes
from domain.disputes.state import Dispute
from domain.disputes.terms import DisputedLine, DocumentKind, Evidence, LineReference, OfferTerms, Party, SettlementKind, Side
from domain.kernel import Actor, Command, Event, On, Refused, Role, natural_id
from domain.members import AddMember, members
from domain.rates import DatedRate, RecordRates, rates, rates_id
from domain.suppliers import supplier_id, suppliers
from domain.suppliers.state import Supplier
from domain.values import Money
from tests.domain.world import World
from tests.spec import NOW

ACME, GLOBEX, NOBODY = (natural_id("test", name) for name in ("acme", "globex", "nobody"))
BEA, CARL, HANS, FAY, CLEO, SAM, KIM = (natural_id("test", name) for name in ("bea", "carl", "hans", "fay", "cleo", "sam", "kim"))
CASE, CHILD, THIRD = (natural_id("test", name) for name in ("the case", "its child", "a third case"))
BUYER = Actor(BEA, frozenset({Role.PROCUREMENT}))
LEAD = Actor(CARL, frozenset({Role.CATEGORY_LEAD}))
HEAD = Actor(HANS, frozenset({Role.PROCUREMENT_HEAD}))
CHIEF = Actor(FAY, frozenset({Role.FINANCE_CHIEF}))
CLERK = Actor(CLEO, frozenset({Role.AP_CLERK}))
SUPPLIER = Actor(SAM, frozenset({Role.SUPPLIER}))
CUSTOMER = Actor(KIM, frozenset({Role.CUSTOMER}))
SHA = "ab" * 32
ORDER = Evidence(kind=EvidenceKind.ORDER, document="PO-1")
E = TypeVar("E", bound=Event)


def line(number: int = 10, net: str = "100.00", tax: str = "19.00", document: str = "RE-1") -> DisputedLine:
    reference = LineReference(kind=DocumentKind.INVOICE, document=document, line=str(number))
    return DisputedLine(reference=reference, net=Decimal(net), tax=Decimal(tax))


def claim(*lines: DisputedLine, **other: Any) -> c.OpenDispute:
    """Dearer than agreed, with the order as evidence; by default one line of 119.00 EUR."""
    said: dict[str, Any] = {
        "account": ACME,
        "title": "Dearer than agreed",
        "reason": Reason.PRICE_VARIANCE,
        "currency": "EUR",
        "lines": lines or (line(),),
        "evidence": (ORDER,),
        "owner": BEA,
    }
    return c.OpenDispute(**said | other)


def offer(credit: str = "0", pay: str = "0", write_off: str = "0", **other: Any) -> OfferTerms:
    return OfferTerms(credit=Decimal(credit), pay=Decimal(pay), write_off=Decimal(write_off), **other)


@dataclass
class Desk:
    """Carries out commands on the case (or another), as the buyer unless told otherwise, and keeps what came of them."""

    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        for id, name in ((ACME, "Acme"), (GLOBEX, "Globex")):
            self.world.do(accounts, id, OpenAccount(legal_name=name, roles=("supplier",)))
        people = [*((a.id, tuple(a.roles)) for a in (BUYER, LEAD, HEAD, CHIEF, CLERK)), (KIM, (Role.ACCOUNT_MANAGER,))]
        for id, roles in people:
            self.world.do(members, id, AddMember(name="Someone", roles=roles))

    @property
    def now(self) -> datetime:
        return self.world.now

    def wait(self, **time: float) -> Desk:
        self.world.now += timedelta(**time)
        return self

    def rate(self, quote: str, rate: str) -> Desk:
        """So many of `quote` for one EUR."""
        said = RecordRates(base="EUR", quote=quote, source="test", rates=(DatedRate(day=self.now.date(), rate=Decimal(rate)),))
        self.world.do(rates, rates_id("EUR", quote), said)
        return self

    def run(self, command: Command, by: Actor = BUYER, case: UUID = CASE, at: datetime | None = None) -> tuple[Event | On, ...] | Refused:
        return self.world.run(disputes, case, command, by, at)

    def do(self, command: Command, by: Actor = BUYER, case: UUID = CASE, at: datetime | None = None) -> tuple[Event, ...]:
        """The events on the case's own stream; a refusal is a mistake of the test."""
        outcome = self.run(command, by, case, at)
        assert not isinstance(outcome, Refused), f"refused: {outcome.rule}: {outcome.detail}"
        return tuple(e for e in outcome if isinstance(e, Event))

    def all(self, *commands: Command) -> Desk:
        for command in commands:
            self.do(command)
        return self

    def refused(self, rule: type[Refused], command: Command, by: Actor = BUYER, case: UUID = CASE, at: datetime | None = None) -> Refused:
        outcome = self.run(command, by, case, at)
        assert isinstance(outcome, Refused), f"was not refused, but gave {outcome}"
        assert type(outcome) is rule, f"refused by {outcome.rule}: {outcome.detail}"
        assert outcome.detail.endswith((".", "!")), outcome.detail
        return outcome

    def quiet(self, command: Command, by: Actor = BUYER, case: UUID = CASE) -> None:
        assert self.run(command, by, case) == ()

    def case(self, id: UUID = CASE) -> Dispute:
        state: Dispute | None = self.world.state(disputes, id)
        assert state is not None
        return state

    def line_ids(self, id: UUID = CASE) -> list[UUID]:
        return list(self.case(id).lines)

    def last(self, kind: type[E], case: UUID = CASE) -> E:
        """The latest event of a kind."""
        return next(e for e in reversed(self.world.histories[case]) if isinstance(e, kind))

    def count(self, kind: type[Event], case: UUID = CASE) -> int:
        return sum(isinstance(e, kind) for e in self.world.histories[case])

    def supplier(self, account: UUID = ACME) -> Supplier | None:
        state: Supplier | None = self.world.state(suppliers, supplier_id(account))
        return state


def opened(*lines: DisputedLine, **other: Any) -> Desk:
    """A desk with the case raised."""
    desk = Desk()
    desk.do(claim(*lines, **other))
    return desk


def investigating(*lines: DisputedLine, **other: Any) -> Desk:
    return opened(*lines, **other).all(c.AcknowledgeDispute(by=None), c.InvestigateDispute())


def agreed(terms: OfferTerms, *lines: DisputedLine, **other: Any) -> Desk:
    """A desk with a case whose two sides agree to `terms`, which the supplier offered."""
    desk = investigating(*lines, **other)
    desk.do(c.ProposeSettlement(terms=terms, by=Party.THEM))
    table = desk.case().offer
    assert table is not None
    desk.do(c.AcceptSettlement(offer=table.id), by=CHIEF)
    return desk


def settle(kind: SettlementKind, amount: str, number: str | None = "CN-1", **other: Any) -> c.RecordSettlement:
    return c.RecordSettlement(**{"kind": kind, "amount": Decimal(amount), "number": number, "on": NOW.date()} | other)


def credit_note(amount: str, number: str = "CN-1", **other: Any) -> c.RecordSettlement:
    return settle(SettlementKind.CREDIT_NOTE, amount, number, **other)


def settled(*lines: DisputedLine, **other: Any) -> Desk:
    """A desk with a case that was credited in full."""
    desk = investigating(*lines, **other)
    desk.do(credit_note(str(desk.case().open_gross)))
    return desk


def closed(*lines: DisputedLine, **other: Any) -> Desk:
    return settled(*lines, **other).all(c.CloseDispute(root_cause="supplier_pricing"))


def kinds(events: Iterable[Event]) -> list[str]:
    """The topics of events, without the noun."""
    return [type(e).topic.split(".")[1] for e in events]


def selling(*lines: DisputedLine, **other: Any) -> c.OpenDispute:
    """A customer's claim against us."""
    return claim(*lines, side=Side.SELL, account=GLOBEX, owner=KIM, **other)


def money(amount: str, currency: str = "EUR") -> Money:
    return Money(amount=Decimal(amount), currency=currency)
