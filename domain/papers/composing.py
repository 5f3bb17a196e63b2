"""Putting a paper together: what its subject is about, in the words of a template and its clauses, every figure written out.

How a noun's state is told on paper is its *matter*. A noun adds its own with `matter_of`:

    @matter_of("dispute")
    def dispute_matter(case: Dispute, facts: Mapping[UUID, Any]) -> Matter: ...

With `reads=` it names the streams whose states it needs in `facts`, such as the products of a deal's lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from domain.clauses import ClauseWording
from domain.deals.amounts import line_total
from domain.deals.approving import terms_of
from domain.deals.state import Deal
from domain.deals.terms import Line, Period
from domain.kernel import Read
from domain.papers.content import Clause, Entry, Item, PaperContent, PaperKind, Party, Slot, Sum
from domain.papers.refusals import NoPaperFor
from domain.papers.wording import paragraphs, worded
from domain.products import Product, product_read
from domain.templates import TemplateText
from domain.values import Money, minor_digits

_LETTERS = {
    PaperKind.QUOTE: "Q",
    PaperKind.PROPOSAL: "P",
    PaperKind.CONTRACT: "C",
    PaperKind.AMENDMENT: "A",
    PaperKind.DISPUTE_LETTER: "D",
}
_DIGITS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_PERIODS = {Period.MONTH: "month", Period.QUARTER: "quarter", Period.YEAR: "year"}


@dataclass(frozen=True, slots=True)
class Matter:
    """What a subject has to say on a paper. `account`: whom it is with; `reference`: what the subject is called; `owner`: our contact."""

    account: UUID | None
    title: str
    reference: str
    owner: UUID | None = None
    buying: bool = False
    """Whether we are the buyer."""
    items: tuple[Item, ...] = ()
    sums: tuple[Sum, ...] = ()
    facts: tuple[Entry, ...] = ()
    total: Money | None = None
    clauses: tuple[tuple[str, str], ...] = ()
    """Key and text of what it words itself; such a clause takes the place of the template's of that key."""
    content: str | None = None
    """The hash of what is agreed, where the paper is to be signed as exactly that."""
    values: Mapping[str, str] = field(default_factory=dict)


Facts = Mapping[UUID, Any]


class Telling(NamedTuple):
    """How a noun's state is told on paper, and which other states that takes."""

    tell: Callable[[Any, Facts], Matter]
    kinds: tuple[PaperKind, ...]
    """What is prepared about it as a whole."""
    reads: Callable[[Any, Facts], Iterable[Read]]
    """Asked lazily: what was read of the ones before lies in the facts when it names the next."""


MATTERS: dict[str, Telling] = {}
"""How each noun's state is told on paper."""
PARTS: dict[str, Callable[[Any, UUID], Matter]] = {}
"""How a part of a noun's state, such as an amendment, is told on paper."""


def _alone(_state: Any, _facts: Facts) -> Iterable[Read]:
    return ()


def matter_of(
    noun: str, *kinds: PaperKind, reads: Callable[[Any, Facts], Iterable[Read]] = _alone
) -> Callable[[Callable[[Any, Facts], Matter]], Callable[[Any, Facts], Matter]]:
    """Register how a noun is told on papers of some kinds. Raises TypeError where it is told already."""

    def register(function: Callable[[Any, Facts], Matter]) -> Callable[[Any, Facts], Matter]:
        if MATTERS.setdefault(noun, Telling(function, kinds, reads)).tell is not function:
            raise TypeError(f"{noun} is told on paper twice")
        return function

    return register


def telling_of(noun: str) -> Telling:
    """How a noun is told on paper. Raises NoPaperFor."""
    if noun not in MATTERS:
        raise NoPaperFor(f"Papers cannot be prepared about a {noun}; choose one of {', '.join(sorted(MATTERS))}.", nouns=sorted(MATTERS))
    return MATTERS[noun]


def check_fits(template: str, kind: PaperKind, noun: str, *, part: bool) -> None:
    """Refuse a template that says of this noun, or of a part of it, what is not so. Raises NoPaperFor."""
    known = (PaperKind.AMENDMENT,) if part else telling_of(noun).kinds
    if kind not in known:
        of = f"an amendment of a {noun}" if part else f"a {noun}"
        fit = [one.value for one in known]
        *most, last = fit
        listed = f"{', '.join(most)} or {last}" if most else last
        raise NoPaperFor(
            f"The template {template!r} is not for {of}; for that there is {listed}.",
            template=template,
            noun=noun,
            kinds=fit,
        )


def part_of(noun: str, state: Any, part: UUID) -> Matter:
    """What a part of a noun's state has to say on a paper. Raises NoPaperFor."""
    if noun not in PARTS:
        raise NoPaperFor(f"Papers cannot be prepared about a part of a {noun}; name the {noun} alone.", nouns=sorted(PARTS))
    return PARTS[noun](state, part)


def number_of(kind: PaperKind, day: date, id: UUID) -> str:
    """The number of a new paper, such as Q-2026-7F3KQ2: year and six characters of the random end of its id."""
    rest, characters = id.int & ((1 << 40) - 1), ""
    for _ in range(6):
        rest, digit = divmod(rest, len(_DIGITS))
        characters += _DIGITS[digit]
    return f"{_LETTERS[kind]}-{day.year}-{characters}"


def written(day: date) -> str:
    """A day as it stands on paper: 2 March 2026."""
    return f"{day.day} {day:%B} {day.year}"


def figure(amount: Decimal, digits: int) -> str:
    """An amount with at least `digits` decimals, and those that it has beyond."""
    exponent = amount.normalize().as_tuple().exponent
    return f"{amount:,.{max(digits, -exponent if isinstance(exponent, int) else 0)}f}"


def titled(key: str) -> str:
    """A clause's key as its title: `data_protection` is Data protection."""
    return key.replace("_", " ").capitalize()


def priced(money: Money) -> str:
    """An amount with its currency, to the minor unit: 1,234.567 KWD."""
    return str(money)


def count(number: int, what: str) -> str:
    """`1 day`, `30 days`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def paid(payment_days: int | None) -> tuple[Entry, ...]:
    """Within how many days is paid, at the head of a paper; nothing where the usual ones hold."""
    return () if payment_days is None else (Entry(label="Payment", value=f"within {count(payment_days, 'day')}"),)


def paid_clause(payment_days: int | None) -> tuple[tuple[str, str], ...]:
    """The same as the clause of payment, key and text."""
    if payment_days is None:
        return ()
    return (("payment", f"Invoices are due within {count(payment_days, 'day')} of their date, without deduction."),)


def product_reads(deal: Deal, _facts: Facts) -> Iterable[Read]:
    """The products of a deal's lines."""
    return (product_read(line.product) for line in deal.lines if line.product is not None)


@matter_of("deal", PaperKind.QUOTE, PaperKind.PROPOSAL, PaperKind.CONTRACT, reads=product_reads)
def deal_matter(deal: Deal, facts: Facts) -> Matter:
    """A deal: its lines, what they cost once, per year and in all, and when it is paid where that was agreed."""
    currency = deal.amount.currency if deal.amount else ""
    recurring = [line for line in deal.lines if line.period is not None]
    sums: list[Sum] = []
    if recurring and deal.annual is not None and deal.amount is not None:
        once = sum((line_total(line) for line in deal.lines if line.period is None), Decimal(0))
        if once:
            sums.append(Sum(label="One-off", amount=priced(Money(amount=once, currency=currency))))
        sums.append(Sum(label="Per year", amount=priced(deal.annual)))
    if deal.amount is not None:
        label = "Total over the term" if recurring else "Total"
        sums.append(Sum(label=label, amount=priced(deal.amount), strong=True))
    return Matter(
        account=deal.account,
        title=deal.title,
        reference=deal.title,
        owner=deal.owner,
        items=items_of(deal, facts),
        sums=tuple(sums),
        facts=paid(deal.payment_days),
        clauses=paid_clause(deal.payment_days),
        total=deal.amount,
        content=terms_of(deal).content_hash,
    )


def items_of(deal: Deal, facts: Facts) -> tuple[Item, ...]:
    """A deal's lines as they stand on paper. `facts`: their products."""
    return tuple(_item(line, facts) for line in deal.lines)


def _item(line: Line, facts: Facts) -> Item:
    currency = line.unit_price.currency
    product: Product | None = facts.get(line.product) if line.product is not None else None
    detail = ""
    if line.period is not None and line.months is not None:
        detail = f"per {_PERIODS[line.period]}, for {line.months} month{'' if line.months == 1 else 's'}"
    return Item(
        label=line.label or (product.name if product else "Product"),
        detail=detail,
        quantity=figure(line.quantity, 0),
        unit_price=figure(line.unit_price.amount, minor_digits(currency)),
        discount=f"{figure(line.discount, 0)} %" if line.discount else "",
        total=priced(Money(amount=line_total(line), currency=currency)),
    )


def compose(
    template: TemplateText,
    clauses: Sequence[tuple[str, int, ClauseWording]],
    about: Matter,
    *,
    sender: str,
    recipient: Party,
    contact: str | None,
    number: str,
    day: date,
    title: str | None = None,
    note: str | None = None,
) -> PaperContent:
    """The paper. `clauses`: key, version and wording, in order; `contact`: who answers for us; `day`: the date it bears."""
    valid_until = day + timedelta(days=template.valid_days) if template.valid_days else None
    seller, buyer = (recipient.name, sender) if about.buying else (sender, recipient.name)
    values = {
        **about.values,
        "seller_name": seller,
        "buyer_name": buyer,
        "our_name": sender,
        "their_name": recipient.name,
        "title": title or about.title,
        "number": number,
        "date": written(day),
        "valid_until": written(valid_until) if valid_until else "",
        "total": priced(about.total) if about.total else "",
        "reference": about.reference,
        "contact": contact or "",
    }
    own = {key for key, _ in about.clauses}
    facts = [Entry(label="Number", value=number), Entry(label="Date", value=written(day))]
    if valid_until:
        facts.append(Entry(label="Valid until", value=written(valid_until)))
    if contact:
        facts.append(Entry(label="Your contact", value=contact))
    return PaperContent(
        kind=template.kind,
        title=worded(template.title, values)[:200],
        number=number,
        sender=Party(name=sender, lines=template.letterhead),
        recipient=recipient,
        facts=(*facts, *about.facts),
        intro=(*paragraphs(template.intro, values), *paragraphs(note, {})),
        items=about.items,
        sums=about.sums,
        clauses=(
            *(Clause(key=key, version=1, title=titled(key), paragraphs=paragraphs(text, {})) for key, text in about.clauses),
            *(
                Clause(key=key, version=version, title=worded(wording.title, values)[:200], paragraphs=paragraphs(wording.text, values))
                for key, version, wording in clauses
                if key not in own
            ),
        ),
        closing=paragraphs(template.closing, values),
        slots=(Slot(party=sender), Slot(party=recipient.name)) if template.signed else (),
        footer=template.footer,
        accent=template.accent,
    )
