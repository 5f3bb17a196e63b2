"""What stands in a case's events: its lines, the movements of their amounts, its evidence, the authority behind a write-off."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.disputes.ledger import Bucket
from domain.disputes.terms import Evidence, LineReference, Party
from domain.values import Money, Text


class CaseLine(Text):
    """A disputed line in a case, by its own id; `tax` is part of `gross`."""

    id: UUID
    reference: LineReference
    gross: Decimal
    tax: Decimal
    label: str | None = None
    quantity: Decimal | None = None


class Movement(Text):
    """A gross amount of a line, and the tax in it, that went from one bucket into another; without `target` it left the case."""

    line: UUID
    source: Bucket
    target: Bucket | None
    gross: Decimal
    tax: Decimal


class CaseEvidence(Text):
    """A piece of evidence in a case, by its own id, and who brought it."""

    id: UUID
    evidence: Evidence
    party: Party


class Authority(Text):
    """By what right something was written off: of `role`, or of the member's own limit. `amount` is in the reporting currency,
    at `rate` of `rate_day`; `limit` None: none; `rules`: the version of the tenant's rules for disputes.
    """

    role: str
    limit: Money | None
    amount: Money
    rate: Decimal
    rate_day: date
    rules: int
