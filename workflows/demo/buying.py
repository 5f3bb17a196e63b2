"""What the demo's company buys: orders, deliveries and invoices of each supplier, qualifications, and a score at the end of each month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from domain.accounts import AccountRole
from domain.kernel import Role
from domain.suppliers import supplier_id, suppliers
from domain.suppliers.commands import QualifySupplier, RecordDelivery, RecordInvoice, RecordOrder, ScoreSupplier
from domain.suppliers.terms import Qualification
from domain.values import Money
from workflows.demo.simulation import Story, Wait
from workflows.demo.world import Account, World

REGION = "europe"
_BEAT = timedelta(seconds=7)
"""Between writers to the same supplier, so that no two meet."""


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice that something is wrong with: `wrong` net of `net`; `fault` says what, as a reason of disputes does."""

    number: str
    order: str
    net: Decimal
    wrong: Decimal
    fault: str


Found = Callable[[Account, Bill], None]


def buys(account: Account) -> bool:
    """Whether something is bought there before anything else."""
    return account.company.roles[0] is AccountRole.SUPPLIER


def commodity(account: Account) -> str:
    return account.company.industry.replace(" ", "_")


def bought(world: World, found: Found) -> Story:
    """Each supplier's story begins; `found` is told of each invoice that something is wrong with."""
    for number, account in enumerate(a for a in world.accounts if buys(a)):
        world.begin(_bought_from(world, account, number, found))
        world.begin(_scored(world, account, number))
    return
    yield


def _bought_from(world: World, account: Account, number: int, found: Found) -> Story:
    random = world.chance("buying", account.company.name)
    late, wrong = random.choice((0.04, 0.08, 0.15, 0.3)), random.choice((0.02, 0.05, 0.1, 0.16))
    stream, offset = supplier_id(account.id), number * _BEAT
    head = world.having(Role.PROCUREMENT_HEAD)
    until = world.plan.end + timedelta(days=random.choice((-20, 40, 150, 400)))
    status = Qualification.CONDITIONAL if wrong > 0.15 else Qualification.QUALIFIED
    conditions = "Incoming inspection of every delivery" if status is Qualification.CONDITIONAL else None
    yield Wait(world.office().until + offset)
    yield world.do(
        suppliers,
        stream,
        QualifySupplier(
            account=account.id,
            commodity=commodity(account),
            region=REGION,
            status=status,
            until=max(until, world.today()),
            conditions=conditions,
        ),
        head,
    )
    count = 0
    while True:
        yield Wait(world.office(days=random.uniform(14, 40)).until + offset)
        if account not in world.accounts:
            return
        count += 1
        order, net = f"PO-{number + 1:02}{count:03}", Decimal(random.randrange(90, 1900)) * 10
        money = Money(amount=net.quantize(Decimal("0.01")), currency="EUR")
        yield world.do(
            suppliers,
            stream,
            RecordOrder(account=account.id, order=order, on=world.today(), commodity=commodity(account), region=REGION, amount=money),
        )
        due = world.today() + timedelta(days=random.randint(9, 16))
        slipped = random.randint(2, 12) if random.random() < late else 0
        yield Wait(world.office(days=(due - world.today()).days + slipped).until + offset)
        units = Decimal(random.randrange(10, 200) * 10)
        bad = (
            (units * Decimal(random.randint(3, 15)) / 100).quantize(Decimal(1), ROUND_HALF_EVEN) if random.random() < wrong else Decimal(0)
        )
        came = RecordDelivery(
            account=account.id, order=order, delivery=f"LS-{order[3:]}", due_on=due, delivered_on=world.today(), units=units, rejected=bad
        )
        yield world.do(suppliers, stream, came)
        dearer = Decimal(random.randint(2, 9)) if random.random() < wrong else Decimal(0)
        billed = Money(amount=(net * (100 + dearer) / 100).quantize(Decimal("0.01")), currency="EUR")
        invoice = f"RE-{world.today():%y}{number + 1:02}{count:03}"
        yield Wait(world.office(days=random.uniform(1, 5)).until + offset)
        yield world.do(
            suppliers, stream, RecordInvoice(account=account.id, invoice=invoice, on=world.today(), agreed=money, invoiced=billed)
        )
        if dearer:
            found(account, Bill(invoice, order, billed.amount, billed.amount - money.amount, "price_variance"))
        elif bad:
            worth = (net * bad / units).quantize(Decimal("0.01"))
            found(account, Bill(invoice, order, billed.amount, worth, random.choice(("quality", "damaged", "quantity_short"))))
        elif slipped > 7:
            found(account, Bill(invoice, order, billed.amount, (net * Decimal("0.03")).quantize(Decimal("0.01")), "late_delivery"))


def _scored(world: World, account: Account, number: int) -> Story:
    """On the first working day of a month the one before is scored."""
    stream = supplier_id(account.id)
    while True:
        today = world.today()
        first = date(today.year + today.month // 12, today.month % 12 + 1, 1)
        # apart from whoever orders or delivers on that day
        yield Wait(world.office(days=(first - today).days).until + timedelta(minutes=4) + number * _BEAT)
        if account not in world.accounts:
            return
        month = world.today().replace(day=1) - timedelta(days=1)
        yield world.do(suppliers, stream, ScoreSupplier(account=account.id, month=f"{month:%Y-%m}"))
