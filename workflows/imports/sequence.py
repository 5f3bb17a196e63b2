"""The order in which rows are imported: what is referred to comes before what refers to it, and what nothing took up comes last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from workflows.imports.beside import Beside
from workflows.imports.cells import Share, instant_of
from workflows.imports.conversion import (
    Converted,
    Seen,
    convert_accounts,
    convert_contacts,
    convert_products,
    convert_users,
    mentioned,
)
from workflows.imports.dates import DateOrder, parse_date
from workflows.imports.deal_rows import DealConversion
from workflows.imports.dispute_rows import convert_disputes
from workflows.imports.fields import Kind
from workflows.imports.records import ProductRecord
from workflows.imports.settled import Settled


def before_deals(settled: Settled, seen: Seen) -> Iterator[Converted]:
    """What deals refer to, things before those that refer to them."""
    yield from mentioned(settled)
    for table in settled.of(Kind.USERS):
        yield from convert_users(table, settled, seen)
    for table in settled.of(Kind.PRODUCTS):
        for converted in convert_products(table, settled, seen):
            if isinstance(converted, ProductRecord) and converted.price is not None:
                settled.list_prices[converted.id] = converted.price, converted.currency
            yield converted
    for table in settled.of(Kind.ACCOUNTS):
        yield from convert_accounts(table, settled, seen)
    for table in settled.of(Kind.CONTACTS):
        yield from convert_contacts(table, settled, seen)
    for table in settled.of(Kind.DISPUTES):
        yield from convert_disputes(table, settled, seen)


def deals_of(settled: Settled, beside: Beside, seen: Seen, now: datetime, share: Share | None = None) -> Iterator[Converted]:
    """Deals with what other tables say of them; only those in `share`, if one is given."""
    for table in settled.of(Kind.DEALS):
        yield from DealConversion(table, settled, beside, seen, now, share)


def after_deals(beside: Beside) -> Iterator[Converted]:
    """What could not be read of other tables, and what no deal took up."""
    yield from beside.faults
    yield from beside.skipped
    yield from beside.remaining()


def beginning_of(settled: Settled) -> datetime | None:
    """The earliest day on which the files say that something happened: what is undated existed by then. None: they tell no day."""
    days: list[date] = []
    for kind, targets in (
        (Kind.DEALS, ("opened_on", "created_at", "close_date")),
        (Kind.HISTORY, ("at",)),
        (Kind.ACCOUNTS, ("created_at",)),
    ):
        for table in settled.of(kind):
            for target in targets:
                index = table.mapping.column_of(target)
                if index is None:
                    continue
                order = settled.dates.get((table.name, index), DateOrder.ISO)
                for text in table.profile.columns[index].days:
                    try:
                        days.append(parse_date(text, order, settled.zone))
                    except ValueError:
                        continue
    today = datetime.now(UTC).date()
    past = [d for d in days if date(1970, 1, 1) < d < today]
    return instant_of(min(past), settled) if past else None
