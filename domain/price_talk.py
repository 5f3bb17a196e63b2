"""What both sides of the talk about a renewal should know of the term that ends: what was not done, what it cost, how the supplier scored.

A value that a contract and the deal for its renewal are both told; the rule that makes it is in `domain/contracts/price_talk.py`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.kernel import Event
from domain.values import Money, Text


class TermClaim(Text):
    """The dispute in which a breach is claimed, gross: claimed = credited + paid + written off + withdrawn + open."""

    dispute: UUID
    claimed: Money
    credited: Money
    paid: Money
    written_off: Money
    withdrawn: Money
    open: Money


class TermBreach(Text):
    """One time that something owed was not done by its due day. `ours`: we owed it. `chain`: the correlation id of what came of it."""

    obligation: UUID
    occurrence: date
    title: str
    ours: bool
    due_on: date
    chain: UUID
    claim: TermClaim | None = None


class PriceTalk(Text):
    """The breaches of a term, earliest first. `credited`: all that was credited for what they owed, by currency.

    `score_before`: how the supplier stood before the first claim of the term, `score` how it stands now; None: no score.
    """

    term_start: date
    term_end: date
    breaches: tuple[TermBreach, ...] = ()
    credited: tuple[Money, ...] = ()
    score_before: Decimal | None = None
    score: Decimal | None = None
    band: str | None = None


class ContractPriceTalkPrepared(Event, topic="contract.price_talk_prepared"):
    """What happened in the term whose renewal is prepared, as far as it is known. Told anew, it replaces what was told before."""

    talk: PriceTalk


class DealPriceTalkPrepared(Event, topic="deal.price_talk_prepared"):
    """What happened in the term of the contract that this deal is to renew, for the talk about its price."""

    contract: UUID
    talk: PriceTalk
