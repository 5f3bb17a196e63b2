"""What happened in the term whose renewal is prepared, for the talk about its price: told from the cases and the supplier's score."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from domain.contracts import commands as c
from domain.contracts.chain import Breach, breaches_of_term, dispute_of
from domain.contracts.drafting import deal_read
from domain.contracts.state import Contract
from domain.contracts.terms import Party, Side
from domain.deals.state import Deal
from domain.disputes.state import Dispute
from domain.kernel import Context, On, Outcome, Read
from domain.price_talk import ContractPriceTalkPrepared, DealPriceTalkPrepared, PriceTalk, TermBreach, TermClaim
from domain.suppliers.counting import supplier_read
from domain.suppliers.state import Supplier
from domain.values import Money


def in_talk(contract: Contract) -> bool:
    """Whether the renewal is being prepared after a term in which something was not done, or was told of before."""
    days = contract.dates
    prepared = contract.in_force and days is not None and days.term_end in contract.renewals_started
    return prepared and bool(contract.price_talk or breaches_of_term(contract))


def case_read(id: UUID) -> Read:
    return Read("dispute", id)


def talk_reads(contract: Contract, deal: UUID | None) -> Iterator[Read]:
    """The cases of the term's breaches, the supplier's score, and the deal for the renewal."""
    if not in_talk(contract):
        return
    yield from (case_read(held.dispute) for _, _, held in breaches_of_term(contract) if held.dispute is not None)
    if contract.side is Side.BUY:
        yield supplier_read(contract.party)
    if deal is not None:
        yield deal_read(deal)


def record_price_talk(contract: Contract, command: c.RecordPriceTalk, ctx: Context) -> Outcome:
    """What there is to tell, if it is not what was told last. A score that has moved by itself since is no news of the term."""
    if not in_talk(contract):
        return ()
    talk, last = _talk(contract, ctx), contract.price_talk
    if last is not None and (last.term_end, last.breaches) == (talk.term_end, talk.breaches):
        return ()
    told = ContractPriceTalkPrepared(talk=talk)
    deal: Deal | None = None if command.deal is None else ctx.fact(deal_read(command.deal))
    if command.deal is None or deal is None or deal.withdrawn or not deal.open:
        return (told,)
    return (told, On(deal_read(command.deal), DealPriceTalkPrepared(contract=ctx.own_id, talk=talk)))


def _talk(contract: Contract, ctx: Context) -> PriceTalk:
    days, found = contract.dates, breaches_of_term(contract)
    assert days is not None
    assert days.term_end is not None
    breaches = tuple(_told(contract, breach, ctx) for breach in found)
    credited: dict[str, Decimal] = {}
    for breach in breaches:
        if breach.claim is not None and not breach.ours and breach.claim.credited.amount:
            money = breach.claim.credited
            credited[money.currency] = credited.get(money.currency, Decimal(0)) + money.amount
    supplier: Supplier | None = ctx.fact(supplier_read(contract.party)) if contract.side is Side.BUY else None
    scored = supplier.scored if supplier is not None else None
    return PriceTalk(
        term_start=days.term_start,
        term_end=days.term_end,
        breaches=breaches,
        credited=tuple(Money(amount=amount, currency=currency) for currency, amount in sorted(credited.items())),
        score_before=_before(supplier, found),
        score=scored.score if scored is not None else None,
        band=scored.band_name if scored is not None else None,
    )


def _before(supplier: Supplier | None, found: tuple[Breach, ...]) -> Decimal | None:
    """The score before the first of the term's claims counted."""
    known = {} if supplier is None else supplier.cases
    cases = [known[held.dispute] for _, _, held in found if held.dispute is not None and held.dispute in known]
    return min(cases, key=lambda case: case.at).stood if cases else None


def _told(contract: Contract, breach: Breach, ctx: Context) -> TermBreach:
    obligation, nominal, held = breach
    known = contract.obligations[obligation]
    case: Dispute | None = None if held.dispute is None else ctx.fact(case_read(held.dispute))
    return TermBreach(
        obligation=obligation,
        occurrence=nominal,
        title=known.title,
        ours=known.by is Party.US,
        due_on=held.due_on,
        chain=dispute_of(ctx.own_id, obligation, nominal),
        claim=None if case is None or held.dispute is None else _claim(held.dispute, case),
    )


def _claim(id: UUID, case: Dispute) -> TermClaim:
    gross = case.ledger.gross

    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=case.currency)

    return TermClaim(
        dispute=id,
        claimed=money(gross.original),
        credited=money(gross.credited),
        paid=money(gross.paid),
        written_off=money(gross.written_off),
        withdrawn=money(gross.withdrawn),
        open=money(gross.open),
    )
