"""What happens to amendments of a contract: proposed, approved or dropped, signed. Each event is complete in itself."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.contracts.terms import SignedPaper, TermChanges, Terms
from domain.kernel import Event


class ContractAmendmentProposed(Event, topic="contract.amendment_proposed"):
    """A change of what is in force from `effective_on`, to be approved and signed."""

    amendment: UUID
    title: str
    effective_on: date
    changes: TermChanges
    by: UUID
    reason: str | None = None


class ContractAmendmentApproved(Event, topic="contract.amendment_approved"):
    amendment: UUID
    approval: UUID | None = None
    note: str | None = None


class ContractAmendmentDropped(Event, topic="contract.amendment_dropped"):
    amendment: UUID
    reason: str


class ContractAmended(Event, topic="contract.amended"):
    """An amendment was signed. `terms`: what is in force from `effective_on`, all amendments signed by now counted in."""

    amendment: UUID
    title: str
    effective_on: date
    changes: TermChanges
    terms: Terms
    signed_on: date
    paper: SignedPaper
