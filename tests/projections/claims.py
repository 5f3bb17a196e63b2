"""Generated claims against suppliers: most of them settled and closed, the rest on their way, spread over two years."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from domain.dispute_rules import EvidenceKind, Reason
from domain.disputes import clock_events as k
from domain.disputes import events as e
from domain.disputes.entries import CaseEvidence, CaseLine, Movement
from domain.disputes.ledger import Balance, Bucket, Ledger
from domain.disputes.terms import (
    ClockKind,
    DisputedDocument,
    DocumentKind,
    Evidence,
    LineReference,
    Party,
    Reading,
    SettlementKind,
    Severity,
    Side,
    Status,
)
from domain.values import Money
from tests.projections.companies import BEGIN, MEMBERS, TEAMS, YEARS, Timed, identity, setting

_DAY = timedelta(days=1)
_PLACES = ("Housings", "Boards", "Cables", "Freight", "Castings")


def _ledger(currency: str, original: Decimal, **moved: Decimal) -> Ledger:
    opened = original - sum(moved.values(), Decimal(0))
    return Ledger(currency=currency, gross=Balance(original=original, open=opened, **moved))


def _resolve(start: datetime, stopped: datetime | None = None) -> Reading:
    limit = timedelta(days=30)
    due = start + limit if stopped is None else None
    spent = int(((stopped or start) - start).total_seconds())
    return Reading(
        kind=ClockKind.RESOLVE, party=Party.US, started_at=start, stopped_at=stopped, limit=int(limit.total_seconds()), spent=spent,
        working_time=False, due_at=due,
    )  # fmt: skip


def claim(number: int, accounts: int, start: datetime, chance: random.Random, *, done: bool) -> Iterator[Timed]:
    """Six events of a case that is worked on, nine of one that is over."""
    stream, member = identity(8, number), chance.randrange(len(MEMBERS))
    at = [start + n * 2 * _DAY for n in range(9)]
    currency, amount = chance.choice(["EUR", "EUR", "USD"]), Decimal(chance.randrange(100, 900_000)) / 100
    reference = LineReference(kind=DocumentKind.INVOICE, document=f"RE-{number}", line="10")
    line = CaseLine(id=identity(9, number), reference=reference, gross=amount, tax=Decimal(0))
    versions = iter(range(1, 20))
    for when, event in (
        (
            at[0],
            e.DisputeDrafted(
                side=Side.BUY, account=identity(4, chance.randrange(accounts)), title=f"{chance.choice(_PLACES)} of RE-{number}",
                reason=chance.choice(list(Reason)), reason_text=None, severity=Severity.NORMAL, lines=(line,),
                documents=(DisputedDocument(kind=DocumentKind.INVOICE, number=f"RE-{number}", total=Money(amount=amount * 3, currency=currency)),),
                ledger=_ledger(currency, amount), owner=MEMBERS[member], team=TEAMS[member % len(TEAMS)], commodity=None, region=None,
                our_calendar=None, their_calendar=None, contract=None, obligation=None,
            ),
        ),
        (
            at[0],
            e.DisputeEvidenceAttached(
                piece=CaseEvidence(id=identity(10, number), evidence=Evidence(kind=EvidenceKind.ORDER, document="PO"), party=Party.US), at=at[0]
            ),
        ),
        (at[0], e.DisputeOpened(at=at[0], ledger=_ledger(currency, amount))),
        (at[0], k.DisputeClocksSet(readings=(_resolve(at[0]),))),
        (at[1], e.DisputeAcknowledged(party=Party.THEM, at=at[1])),
        (at[2], e.DisputeInvestigationStarted(why=e.Investigating.TAKEN_UP, previous=Status.ACKNOWLEDGED, at=at[2])),
    ):  # fmt: skip
        yield when, stream, next(versions), event
    if not done:
        return
    movement = Movement(line=line.id, source=Bucket.OPEN, target=Bucket.CREDITED, gross=amount, tax=Decimal(0))
    money, settled = Money(amount=amount, currency=currency), _ledger(currency, amount, credited=amount)
    for when, event in (
        (
            at[5],
            e.DisputeDocumentRecorded(
                document=identity(11, number), kind=SettlementKind.CREDIT_NOTE, party=Party.THEM, amount=money, tax=Money.zero(currency),
                on=at[5].date(), number=f"GS-{number}", sha256=None, note=None, movements=(movement,), ledger=settled, at=at[5],
            ),
        ),
        (at[5], e.DisputeSettled(at=at[5], ledger=settled)),
        (at[5], k.DisputeClocksSet(readings=(_resolve(at[0], at[5]),))),
        (at[6], e.DisputeClosed(root_cause="supplier_pricing", at=at[6], reopen_until=at[6] + 30 * _DAY)),
    ):  # fmt: skip
        yield when, stream, next(versions), event


def claims(count: int, *, accounts: int = 500, live: float = 0.15, seed: int = 3) -> list[Timed]:
    """Everything that happened, in order; the last `live` share of the cases is worked on."""
    chance = random.Random(seed)
    happened = list(setting(accounts))
    for n in range(count):
        happened.extend(claim(n, accounts, BEGIN + YEARS * (n / count), chance, done=n < count * (1 - live)))
    happened.sort(key=lambda timed: timed[0])
    return happened
