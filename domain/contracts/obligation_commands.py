"""What can be asked of a contract's obligations."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.contracts.terms import Party, Proof
from domain.kernel import Command
from domain.obligation_dates import DueRule, Recurrence
from domain.stages import EvidenceKind
from domain.values import Key, Money, Name, Prose


class AddObligation(Command):
    """Say what a party owes by the contract, and by when. Without `owner`, the contract's owner sees to it.

    Occurrences due before `since`, which is today if it is left away, are not followed; nor are those before the contract was signed
    or began, whichever was first.
    """

    title: Name
    by: Party
    clause: Key | None = None
    owner: UUID | None = None
    due: DueRule
    recurrence: Recurrence | None = None
    lead_days: Annotated[int, Field(ge=0, le=365)] = 14
    grace_days: Annotated[int, Field(ge=0, le=365)] = 0
    proof: EvidenceKind = EvidenceKind.NOTE
    penalty: Money | None = None
    penalty_text: Prose | None = None
    since: date | None = None


class EndObligation(Command):
    """No further occurrence; those that have fallen due stay."""

    obligation: UUID
    reason: Prose


class ReassignObligation(Command):
    """Have another active member see to it."""

    obligation: UUID
    owner: UUID


class MeetObligation(Command):
    """Say that it was done, with the proof that it asks for.

    Without `occurrence`, the earliest one that waits to be done is met, or the next to come if none does; never one with a proof
    that was given for another already, nor the next where the latest was breached.
    """

    obligation: UUID
    occurrence: date | None = None
    met_on: date
    proof: Proof


class WaiveObligation(Command):
    """Let an occurrence go."""

    obligation: UUID
    occurrence: date
    reason: Prose


class DisputeBreach(Command):
    """Claim a breach: its case is opened at once, under the correlation id of the breach. Quiet when that was done, refused when
    it was claimed for another amount; once that case is void, claimed anew in another.

    `claim`: what is asked for, above zero; without it the penalty of the contract.
    """

    obligation: UUID
    occurrence: date
    claim: Money | None = None
    note: Prose | None = None


class RecordObligations(Command):
    """Record what the clock brings about for all obligations: the next occurrences, those that fall due, and those breached."""
