"""How contracts and disputes are told on paper: for contracts, amendments and letters about them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from domain.contract_dates import NoticeBefore, NoticeRule, Renewal, RenewalKind
from domain.contracts.consent import content_of, to_be
from domain.contracts.state import Contract
from domain.contracts.terms import Side, TermChanges, Terms, ValuePer
from domain.deals.state import Deal
from domain.disputes.state import Dispute
from domain.disputes.terms import Side as DisputeSide
from domain.kernel import Read
from domain.papers.composing import PARTS, Facts, Matter, count, items_of, matter_of, paid, paid_clause, priced, product_reads, written
from domain.papers.content import Entry, Item, PaperKind, Sum
from domain.papers.refusals import NothingDisputed, PartUnknown
from domain.values import Money


def _sold_reads(contract: Contract, facts: Facts) -> Iterator[Read]:
    """The deal that it came from, and the products of that one's lines."""
    if contract.deal is not None:
        yield Read("deal", contract.deal)
        deal: Deal | None = facts.get(contract.deal)
        yield from product_reads(deal, facts) if deal is not None else ()


@matter_of("contract", PaperKind.CONTRACT, PaperKind.AMENDMENT, reads=_sold_reads)
def contract_matter(contract: Contract, facts: Facts) -> Matter:
    """A contract: what was sold with the deal that it came from, its term, its value, how it is paid, and how it goes on and ends,
    as it was drafted or signed. The lines of a won deal stay as they were won.
    """
    terms = contract.terms
    deal: Deal | None = facts.get(contract.deal) if contract.deal is not None else None
    sold = deal if deal is not None and deal.lines and not deal.withdrawn else None
    return Matter(
        account=contract.party,
        title=contract.title,
        reference=contract.number or contract.title,
        owner=contract.owner,
        buying=contract.side is Side.BUY,
        items=items_of(sold, facts) if sold else (),
        # the lines over their own terms come to something else than a value per year, or one that was agreed on otherwise
        sums=(*_summed(sold, terms.value), *_value(terms.value, terms.value_per)),
        facts=(*_days(terms.start, terms.end), *paid(terms.payment_days)),
        clauses=tuple(_worded(terms)),
        total=terms.value,
        content=content_of(contract, None),
    )


def amendment_matter(contract: Contract, amendment: UUID) -> Matter:
    """An amendment: from when on, and what is otherwise then, nothing else. Raises PartUnknown."""
    held = contract.amendments.get(amendment)
    if held is None or held.settled:
        waiting = [one.title for one in contract.amendments.values() if not one.settled]
        raise PartUnknown("There is no such amendment that waits; propose it first.", amendments=waiting)
    changes, after = held.changes, to_be(contract, amendment)
    facts = [Entry(label="In force from", value=written(held.effective_on))]
    if changes.end is not None:
        facts.append(Entry(label="Ends", value=written(changes.end)))
    return Matter(
        account=contract.party,
        title=f"{contract.title}: {held.title}"[:200],
        reference=contract.number or contract.title,
        owner=contract.owner,
        buying=contract.side is Side.BUY,
        sums=_value(changes.value and after.value, after.value_per),
        facts=(*facts, *paid(changes.payment_days)),
        clauses=(
            *_worded(changes),
            *((key, "This clause no longer applies.") for key in changes.dropped_clauses),
        ),
        total=changes.value and after.value,
        content=content_of(contract, amendment),
    )


PARTS["contract"] = amendment_matter


def _summed(sold: Deal | None, value: Money | None) -> tuple[Sum, ...]:
    if sold is None or sold.amount is None or sold.amount == value:
        return ()
    return (Sum(label="Sum of the items", amount=priced(sold.amount)),)


def _value(value: Money | None, per: ValuePer) -> tuple[Sum, ...]:
    label = "for the term" if per is ValuePer.TERM else f"per {per.value}"
    return () if value is None else (Sum(label=f"Value {label}, without VAT", amount=priced(value), strong=True),)


def _days(start: date, end: date | None) -> Iterator[Entry]:
    yield Entry(label="Begins", value=written(start))
    if end is not None:
        yield Entry(label="Ends", value=written(end))


def _worded(terms: Terms | TermChanges) -> Iterator[tuple[str, str]]:
    """How it goes on and is ended, and when it is paid, as clauses: what terms say, or what changes of it; then their own clauses."""
    own = {clause.key: clause.text for clause in terms.clauses}
    ways = (terms.renewal and _renewing(terms.renewal), terms.notice and _notice(terms.notice))
    if any(ways):
        yield "renewal_and_notice", " ".join(way for way in ways if way)
    if "payment" not in own:
        yield from paid_clause(terms.payment_days)
    yield from own.items()


def _renewing(renewal: Renewal) -> str:
    match renewal.kind:
        case RenewalKind.FIXED:
            return "The agreement ends with its term."
        case RenewalKind.AUTO_RENEW:
            return f"The agreement is renewed by {count(renewal.months or 0, 'month')} at the end of each term, unless notice is given."
        case RenewalKind.EVERGREEN:
            return "The agreement goes on until notice is given."


def _notice(rule: NoticeRule) -> str:
    unit = rule.unit.value.replace("_", " ").removesuffix("s")
    before = "a period" if rule.before is NoticeBefore.PERIOD_END else "the term"
    return f"Notice is given {count(rule.count, unit)} before the end of {before} at the latest; what counts is the day on which it is {rule.counts.value}."


@matter_of("dispute", PaperKind.DISPUTE_LETTER)
def dispute_matter(case: Dispute, _facts: Facts) -> Matter:
    """A dispute: what of each line is disputed and still open. Raises NothingDisputed."""
    items = []
    total = Money.zero(case.currency)
    for line in case.lines.values():
        still = Money(amount=line.account.open.gross, currency=case.currency)
        if not still.amount:
            continue  # settled by now: what is not listed is not disputed
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
    if case.over or not items:
        state = case.status.value.replace("_", " ")
        raise NothingDisputed(
            f"This case is {state}: nothing of it is disputed or held back any more, so there is no letter to write about it.",
            status=case.status.value,
        )
    return Matter(
        account=case.account,
        title=case.title,
        reference=case.title,
        owner=case.owner,
        buying=case.side is DisputeSide.BUY,
        items=tuple(items),
        sums=(Sum(label="Disputed and held back", amount=priced(total), strong=True),),
        total=total,
    )
