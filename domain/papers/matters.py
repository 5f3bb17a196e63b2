"""How contracts and disputes are told on paper: for contracts, amendments and letters about them."""

from __future__ import annotations

from domain.contracts.state import Contract
from domain.contracts.terms import ValuePer
from domain.disputes.state import Dispute
from domain.papers.composing import Facts, Matter, matter_of, priced, written
from domain.papers.content import Entry, Item, Sum
from domain.values import Money


@matter_of("contract")
def contract_matter(contract: Contract, _facts: Facts) -> Matter:
    """A contract: its term, its value and how it is paid, as it was drafted or signed."""
    terms = contract.terms
    facts = [Entry(label="Begins", value=written(terms.start))]
    if terms.end is not None:
        facts.append(Entry(label="Ends", value=written(terms.end)))
    if terms.payment_days is not None:
        facts.append(Entry(label="Payment", value=f"{terms.payment_days} days"))
    per = "for the term" if terms.value_per is ValuePer.TERM else f"per {terms.value_per.value}"
    sums = () if terms.value is None else (Sum(label=f"Value {per}, without VAT", amount=priced(terms.value), strong=True),)
    return Matter(
        account=contract.party,
        title=contract.title,
        reference=contract.number or contract.title,
        owner=contract.owner,
        sums=sums,
        facts=tuple(facts),
        total=terms.value,
    )


@matter_of("dispute")
def dispute_matter(case: Dispute, _facts: Facts) -> Matter:
    """A dispute: what of each line is disputed and still open."""
    items = []
    total = Money.zero(case.currency)
    for line in case.lines.values():
        still = Money(amount=line.account.open.gross, currency=case.currency)
        total += still
        items.append(
            Item(
                label=f"{line.reference.kind.value.replace('_', ' ').capitalize()} {line.reference.document}, line {line.reference.line}"[
                    :200
                ],
                detail=case.reason.value.replace("_", " "),
                total=priced(still),
            )
        )
    return Matter(
        account=case.account,
        title=case.title,
        reference=case.title,
        owner=case.owner,
        items=tuple(items),
        sums=(Sum(label="Disputed and held back", amount=priced(total), strong=True),),
        total=total,
    )
