"""What one row says, in Concord's terms: values read, references resolved to keys, nothing compared or stored yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workflows.imports.fields import Kind


@dataclass(slots=True)
class Record:
    """A thing of the source. `id`: its id there; `row`: where it stands in `table` (0: it is only mentioned in other rows).

    `attention`: what it lacks or what is odd about it, for a person to look at. Keys of references are source ids, or `=` and a stream id.
    """

    kind: Kind
    id: str
    name: str
    table: str
    row: int
    attributes: dict[str, str] = field(default_factory=dict)
    attention: tuple[str, ...] = ()


@dataclass(slots=True)
class AccountRecord(Record):
    """A company."""

    industry: str | None = None
    country: str | None = None
    domain: str | None = None
    parent: str | None = None
    owner: str | None = None
    created_at: datetime | None = None


@dataclass(slots=True)
class ProductRecord(Record):
    """Something that is sold. `price` in `currency`, None when the source tells none."""

    code: str | None = None
    family: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    unit: str | None = None
    active: bool = True


@dataclass(slots=True)
class TeamRecord(Record):
    """A team or regional office. `parent`: the team above it."""

    parent: str | None = None


@dataclass(slots=True)
class UserRecord(Record):
    """Someone who works there. No sign-in comes with an import."""

    email: str | None = None
    manager: str | None = None
    team: str | None = None
    active: bool = True


@dataclass(slots=True)
class ContactRecord(Record):
    """Someone who works at a customer. `opted_out`: the source says that they want no e-mail."""

    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    title: str | None = None
    account: str | None = None
    created_at: datetime | None = None
    opted_out: bool = False


@dataclass(slots=True)
class DisputeRecord(Record):
    """A claim about a line of an invoice: `net` and `tax` of it are disputed, of `total`; amounts in `currency`."""

    document: str = ""
    line: str = "1"
    reason: str | None = None
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    total: Decimal | None = None
    currency: str | None = None
    opened_at: datetime | None = None
    due_on: date | None = None
    discount_on: date | None = None
    account: str | None = None
    owner: str | None = None


@dataclass(slots=True)
class GoneRecord(Record):
    """A thing that the source marks as deleted. Whether that means anything depends on what is here."""


@dataclass(slots=True)
class PastRecord(Record):
    """What histories, lines and associations say of a deal whose own row is in none of the files.

    `rows`: where that stands; `stages`: instant, stage as the source names it, table and row.
    """

    rows: list[tuple[Kind, str, int]] = field(default_factory=list)
    stages: list[tuple[datetime, str, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class LineRecord:
    """One line of a deal: `discount` in percent."""

    product: str | None
    label: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)


@dataclass(slots=True)
class StageAt:
    """A stage that the deal was in, by its label here, and since when (None: not told)."""

    label: str
    since: datetime | None


@dataclass(slots=True)
class DealRecord(Record):
    """An opportunity. `stages`: the ones it went through, in order of time, the last being today's. `closed_on`: won or lost that day."""

    account: str | None = None
    owner: str | None = None
    pipeline: str = ""
    stages: list[StageAt] = field(default_factory=list)
    amount: Decimal | None = None
    currency: str | None = None
    lines: tuple[LineRecord, ...] = ()
    close_date: date | None = None
    closed_at: datetime | None = None
    won: bool | None = None
    next_step: str | None = None
    lost_reason: str | None = None


Values = dict[str, Any]
"""The cells of one row that are filled, by field, as read."""
