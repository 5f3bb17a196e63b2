"""The demo's disputes with suppliers: each from its claim to the settled cent, some of them resting at a stage as the history ends.

Time is told as `workflows/disputes.py` tells it: whatever a clock brings is recorded at the instant at which it falls due.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.authority import SetMemberAccount
from domain.disputes import Dispute, disputes
from domain.disputes import commands as c
from domain.disputes.terms import (
    DisputedDocument,
    DisputedLine,
    DocumentKind,
    EightD,
    Evidence,
    LineReference,
    OfferTerms,
    Party,
    SettlementKind,
    Status,
    Visibility,
)
from domain.disputes.timing import attended, next_due
from domain.kernel import Command, Role
from domain.members import AddMember, members
from domain.values import Money
from workflows.demo.buying import Bill, buys, commodity
from workflows.demo.people import mailbox
from workflows.demo.simulation import Act, Story, Wait
from workflows.demo.world import Account, Person, World

Part = Generator[Act, Any, None]
RESTS = (
    "draft",
    "opened",
    "acknowledged",
    "investigating",
    "awaiting_supplier",
    "proposed",
    "countered",
    "accepted",
    "settling",
    "settled",
)
"""Where the newest cases are as the history ends."""
_LATELY = {"draft": 3, "opened": 1, "acknowledged": 5, "investigating": 8, "awaiting_supplier": 13}
"""How many days before the end a case that rests early is begun."""
_BEAT = timedelta(seconds=11)
_TITLES = {
    "price_variance": "{order}: dearer than agreed",
    "quality": "{order}: units refused on inspection",
    "damaged": "{order}: damaged in transit",
    "quantity_short": "{order}: fewer pieces than invoiced",
    "late_delivery": "{order}: penalty for late delivery",
}
_PROOFS = {
    "price_variance": ("order",),
    "quality": ("inspection",),
    "damaged": ("photo", "delivery_note"),
    "quantity_short": ("delivery_note",),
    "late_delivery": ("order", "delivery_note"),
}
_CAUSES = {
    "price_variance": "supplier_pricing",
    "quality": "supplier_quality",
    "damaged": "carrier",
    "quantity_short": "supplier_logistics",
    "late_delivery": "supplier_logistics",
}
_NOTES = (
    "Their key account is on leave until Monday",
    "Third time this year; watch the next delivery",
    "Finance holds the whole invoice by mistake",
)
_ANSWERS = (
    "We are looking into it with production.",
    "Our dispatch says that all pieces left here.",
    "The price list of May should apply.",
)
_REPORT = {
    EightD.D3: "Stock inspected and sorted, deliveries checked twice",
    EightD.D4: "The outgoing check did not cover this article",
    EightD.D5: "The check is extended to all articles of the series",
    EightD.D6: "Carried out, people instructed",
    EightD.D7: "The control plan asks for it from now on",
}
_TAX = Decimal("0.19")


class Desk:
    """Takes up what is wrong with invoices, as procurement has hands."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0
        self.outsiders: dict[UUID, Person] = {}

    def found(self, account: Account, bill: Bill) -> None:
        """A case of its own for each, some days later."""
        self._begin(account, bill, None)

    def _begin(self, account: Account, bill: Bill, rests: str | None, at: datetime | None = None) -> None:
        self._count += 1
        self._world.begin(Case(self, self._world, account, bill, self._count, rests).story(), at)

    def newest(self) -> Story:
        """One case at each stage, begun in the last weeks and left there."""
        world = self._world
        # the last one goes out of business on the way
        suppliers = [a for a in world.accounts if buys(a)][:-1]
        for number, rests in enumerate(RESTS):
            account = suppliers[number % len(suppliers)]
            # what was raised lately is not answered yet
            days = _LATELY.get(rests, 27)
            day = world.diary.working_day_before(world.plan.end - timedelta(days=days))
            begins = world.diary.office(datetime.combine(day, time(), UTC)) + timedelta(hours=2, minutes=number)
            fault = list(_TITLES)[number % len(_TITLES)]
            net = Decimal(900 + 137 * number)
            bill = Bill(f"RE-{world.plan.end:%y}9{number:03}", f"PO-9{number:03}", net * 6, net, fault)
            self._begin(account, bill, rests, begins)
        return
        yield

    def invited(self) -> Story:
        """A person of the first supplier's own signs in to its portal."""
        world = self._world
        account = next(a for a in world.accounts if buys(a))
        admin, contact = world.having(Role.ADMIN), account.buyers[0]
        yield world.office(days=20)
        person = Person(world.personal.at(world.now), contact.name, f"{mailbox(contact.name)}@{account.company.domain}", (Role.SUPPLIER,))
        yield world.do(members, person.id, AddMember(name=person.name, email=person.email, roles=person.roles), admin, new=True)
        yield world.do(members, person.id, SetMemberAccount(account=account.id), admin)
        self.outsiders[account.id] = person


class Case:
    """One case in the hands of its owner; its own story alone writes to it."""

    def __init__(self, desk: Desk, world: World, account: Account, bill: Bill, number: int, rests: str | None) -> None:
        self.desk, self.world, self.account, self.bill, self.rests = desk, world, account, bill, rests
        self.id = world.personal.at(world.now)
        self.offset = number % 97 * _BEAT
        self.random = world.chance("dispute", number, account.company.name)
        self.state: Dispute | None = None

    @property
    def case(self) -> Dispute:
        assert self.state is not None
        return self.state

    def story(self) -> Story:
        random = self.random
        yield from self._wait(0 if self.rests else random.uniform(1, 9))
        if self.account not in self.world.accounts:
            return
        yield from self._claim()
        for status, step in self._steps():
            if self.rests == self.case.status or (self.rests is None and self.case.over):
                break
            yield from self._wait(random.uniform(0.7, 2.5) if self.rests else status)
            for act in step():
                yield from self._do(*act)
        if not self.rests:
            yield from self._corrected()
        while attended(self.case):
            yield from self._wait(30)

    def _corrected(self) -> Part:
        """The 8D report of a case that repeats others, where the supplier takes the trouble."""
        random = self.random
        for step, text in _REPORT.items():
            action = self.case.corrective
            if action is None or not action.open or random.random() < 0.08:
                return
            yield from self._wait(random.uniform(1, 8))
            causes = ("missing_control",) if step is EightD.D4 else ()
            yield from self._do(c.RecordCorrectiveStep(step=step, text=text, causes=causes), Party.THEM)
        if self.case.corrective is not None and self.case.corrective.open:
            yield from self._wait(random.uniform(20, 60))
            yield from self._do(c.CheckCorrectiveAction(effective=True, note="No repeat since"), None)

    def _steps(self) -> Iterator[tuple[float, Any]]:
        """How long until each step, and what is done."""
        random = self.random
        if self.rests == "draft":
            return
        if not self.rests and random.random() < 0.07:
            yield random.uniform(2, 6), lambda: [(c.WithdrawDispute(reason="The price was agreed after all"), None)]
            return
        yield random.uniform(0.5, 3.5), lambda: [(c.AcknowledgeDispute(), Party.THEM)] if self.case.status is Status.OPENED else []
        yield random.uniform(0.3, 2), lambda: [(c.InvestigateDispute(), None)] if self.case.status is Status.ACKNOWLEDGED else []
        if random.random() < 0.4:
            yield 0.5, lambda: [(c.Comment(text=random.choice(_NOTES), visibility=Visibility.INTERNAL), None)]
        if self.rests in {None, "awaiting_supplier"} and (self.rests or random.random() < 0.5):
            yield 1, lambda: [(c.AwaitSupplier(question="Which price list, and which delivery do you mean?"), None)]
            yield random.uniform(1, 9), lambda: [(c.Comment(text=random.choice(_ANSWERS)), Party.THEM)]
        yield from self._settlement()
        yield random.uniform(1, 6), lambda: [(c.CloseDispute(root_cause=_CAUSES[self.bill.fault]), None)]

    def _settlement(self) -> Iterator[tuple[float, Any]]:
        random, opened = self.random, self.case.open_gross
        small = not self.rests and opened < 90 and random.random() < 0.5
        if small:
            yield 2, lambda: [(c.WriteOffDispute(reason="uneconomic"), None)]
            return
        part = (opened * random.choice((60, 75, 80)) / 100).quantize(Decimal("0.01"))
        whole, some = OfferTerms(credit=opened), OfferTerms(credit=part, pay=opened - part)
        yield random.uniform(1, 4), lambda: [(c.ProposeSettlement(terms=whole), None)]
        if self.rests == "proposed":
            return
        counters = self.rests == "countered" or random.random() < 0.4
        if counters:
            yield (
                random.uniform(1, 6),
                lambda: [(c.ProposeSettlement(terms=some, note="The rest is freight that you ordered."), Party.THEM)],
            )
        agreed = some if counters else whole
        by = None if counters else Party.THEM
        yield random.uniform(1, 5), lambda: [(c.AcceptSettlement(offer=self._table()), by)]
        yield (
            random.uniform(2, 9),
            lambda: [(self._document(SettlementKind.CREDIT_NOTE, agreed.credit / 2 if self.rests else agreed.credit), Party.THEM)],
        )
        if self.rests == "settled":
            yield 1, lambda: [(self._document(SettlementKind.CREDIT_NOTE, self.case.open_gross - agreed.pay), Party.THEM)]
        if agreed.pay:
            yield 1, lambda: [(self._document(SettlementKind.RELEASE, agreed.pay), None)]

    def _table(self) -> Any:
        assert self.case.offer is not None
        return self.case.offer.id

    def _document(self, kind: SettlementKind, amount: Decimal) -> c.RecordSettlement:
        number = f"GS-{self.bill.number[3:]}-{len(self.case.settlements) + 1}" if kind is SettlementKind.CREDIT_NOTE else None
        return c.RecordSettlement(kind=kind, amount=amount.quantize(Decimal("0.01")), number=number, on=self.world.today())

    def _claim(self) -> Part:
        bill, today = self.bill, self.world.today()
        reference = LineReference(kind=DocumentKind.INVOICE, document=bill.number, line="10")
        line = DisputedLine(reference=reference, net=bill.wrong, tax=(bill.wrong * _TAX).quantize(Decimal("0.01")), label=bill.order)
        total = Money(amount=(bill.net * (1 + _TAX)).quantize(Decimal("0.01")), currency="EUR")
        document = DisputedDocument(
            kind=DocumentKind.INVOICE,
            number=bill.number,
            total=total,
            due_on=today + timedelta(days=21),
            statutory_due_on=today + timedelta(days=51),
            discount_on=today + timedelta(days=7),
        )
        proofs = tuple(
            Evidence(kind=kind, document=f"{kind.replace('_', ' ').title()} {bill.order[3:]}.pdf") for kind in _PROOFS[bill.fault]
        )
        opening = c.DraftDispute if self.rests == "draft" else c.OpenDispute
        command = opening(
            account=self.account.id,
            title=_TITLES[bill.fault].format(order=bill.order),
            reason=bill.fault,
            severity="critical" if self.random.random() < 0.08 else "normal",
            currency="EUR",
            lines=(line,),
            documents=(document,),
            evidence=proofs,
            owner=self.account.owner.id,
            team=self.account.owner.team,
            commodity=commodity(self.account),
            region="europe",
        )
        yield from self._do(command, None)

    def _do(self, command: Command, by: Party | None) -> Part:
        """A command of the owner; of the other side's own person where there is one, else recorded in its name."""
        actor, outsider = self.account.owner, self.desk.outsiders.get(self.account.id)
        if by is Party.THEM and outsider is not None:
            actor = outsider
        elif by is Party.THEM and "by" in type(command).model_fields:
            command = command.model_copy(update={"by": Party.THEM})
        told = yield self.world.do(disputes, self.id, command, actor, new=self.state is None)
        self.state = disputes.fold(told.events, self.state)

    def _wait(self, days: float) -> Part:
        """Until a working time so many days later; what falls due meanwhile is recorded when it does."""
        until = self.world.after(self.account.owner, days).until + self.offset
        while self.state is not None and attended(self.state):
            at = next_due(self.state, self.world.settings, self.world.now)
            if at is None or at >= until:
                break
            yield Wait(at)
            told = yield self.world.do(disputes, self.id, c.RecordDue())
            self.state = disputes.fold(told.events, self.state)
            if self.world.now >= until:
                break
        yield Wait(until)
