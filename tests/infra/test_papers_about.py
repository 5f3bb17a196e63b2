"""Papers about contracts, amendments and disputes, printed with real states: what they say, in any alphabet and currency."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest

from domain.clauses import UNLISTED
from domain.contracts.commands import ProposeAmendment
from domain.contracts.consent import content_of
from domain.contracts.terms import Clause, Side, TermChanges, ValuePer
from domain.deals import DealPaymentTermsSet
from domain.default_papers import default_clauses, default_templates
from domain.kernel import Read
from domain.papers.composing import MATTERS, Matter, check_fits, compose, deal_matter, figure, part_of, priced
from domain.papers.content import Item, PaperContent, PaperKind, Party, Sum
from domain.papers.matters import contract_matter, dispute_matter
from domain.papers.refusals import NoPaperFor, NothingDisputed, PartUnknown
from domain.values import Money, minor_digits
from infra.papers.printing import print_paper
from tests.domain.contract_world import BEFORE_PERIOD, EVERGREEN, carried, contract, drafting, signed, terms
from tests.domain.deal_world import ACME, DEAL, deal, eur
from tests.domain.deal_world import line as line_of_deal
from tests.domain.deal_world import opened as opened_deal
from tests.domain.dispute_world import closed, line, opened, settled

WORDINGS = {one.key: one.wording for one in default_clauses()}
TEMPLATES = {one.key: one.text for one in default_templates()}
AT = datetime(2026, 3, 2, tzinfo=UTC)
LATIN, GREEK, CYRILLIC = "Łódzkie Zakłady Çelik & Søn", "Ελληνικά Εργαλεία", "Северное сияние"


def composed(template: str, about: Matter, recipient: str = LATIN) -> PaperContent:
    text = TEMPLATES[template]
    keys = text.clauses if about.items else [key + UNLISTED if key + UNLISTED in WORDINGS else key for key in text.clauses]
    chosen = [(key, 1, WORDINGS[key]) for key in keys]
    party = Party(name=recipient)
    return compose(text, chosen, about, sender="Nordlicht GmbH", recipient=party, contact="Zoë", number="C-2026-7F3KQ2", day=AT.date())


def pages(content: PaperContent) -> list[str]:
    """The text of each page; line breaks of the page do not matter."""
    printed = print_paper(content, AT)
    assert printed == print_paper(content, AT), "the same data give the same bytes"
    document = pypdfium2.PdfDocument(printed)
    return [" ".join(document[n].get_textpage().get_text_range().split()) for n in range(len(document))]


def test_a_contract_says_what_it_is_signed_as():
    clauses = (Clause(key="data_protection", text="Yours stay yours.\n\nOurs stay ours."), Clause(key="law", text="The law of the sea."))
    spec = carried(contract, drafting(title="Saws for years", terms=terms(clauses=clauses, payment_days=45)))
    about = contract_matter(spec.state, {})
    text = " ".join(pages(composed("contract", about, GREEK)))
    for said in ("Saws for years", GREEK, "1 January 2026", "31 December 2026", "120,000.00 EUR", "within 45 days", "Ours stay ours."):
        assert said in text
    assert "renewed by 12 months" in text
    assert "3 months before the end of the term" in text
    assert "The law of the sea." in text
    assert "United Nations" not in text, "its own clause takes the template's place"
    assert "within 30 days" not in text
    assert about.content == content_of(spec.state, None)


def test_a_contract_lists_what_was_sold_with_the_deal_that_it_came_from():
    won = deal.given(opened_deal(lines=(line_of_deal("1012", label="Commissioning", quantity=Decimal(40)),), amount=eur("40480"))).state
    assert won is not None
    spec = carried(contract, drafting(title="Eyes", terms=terms(value=eur("40480"), value_per=ValuePer.TERM)))
    came = replace(spec.state, deal=DEAL)
    assert next(iter(MATTERS["contract"].reads(came, {DEAL: won}))) == Read("deal", DEAL)
    text = " ".join(pages(composed("contract", contract_matter(came, {DEAL: won}))))
    assert "Commissioning" in text
    assert "1,012.00" in text
    assert "What is not listed here is not part of it" in text
    assert "Sum of the items" not in text, "it is the value"
    otherwise = replace(came, terms=terms(value=eur("36000")))
    assert "Sum of the items 40,480.00 EUR" in " ".join(pages(composed("contract", contract_matter(otherwise, {DEAL: won}))))


def test_a_contract_without_a_deal_speaks_of_no_listed_items():
    spec = carried(contract, drafting(title="Cleaning", terms=terms()))
    text = " ".join(pages(composed("contract", contract_matter(spec.state, {}))))
    assert "listed" not in text
    assert "lists no single deliveries" in text


def test_a_paper_is_prepared_only_of_what_its_template_is_for():
    for noun, kind in (("deal", "dispute_letter"), ("dispute", "contract"), ("contract", "quote"), ("deal", "amendment")):
        with pytest.raises(NoPaperFor, match=f"'{kind}' is not for a {noun}; for that there is ") as refused:
            check_fits(kind, PaperKind(kind), noun, part=False)
        assert kind not in refused.value.data["kinds"]
    with pytest.raises(NoPaperFor, match="an amendment of a contract; for that there is amendment"):
        check_fits("contract", PaperKind.CONTRACT, "contract", part=True)
    check_fits("ours", PaperKind.CONTRACT, "deal", part=False)
    check_fits("amendment", PaperKind.AMENDMENT, "contract", part=True)


def test_no_letter_disputes_what_is_settled_or_over():
    for desk in (settled(), closed()):
        with pytest.raises(NothingDisputed, match="nothing of it is disputed or held back any more"):
            dispute_matter(desk.case(), {})


def test_nobody_signs_a_page_with_nothing_else_on_it():
    for count in range(1, 40):
        about = Matter(None, "Cleaning", "Cleaning", clauses=tuple((f"rule_{n}", "Works are done on site. " * 4) for n in range(count)))
        said = pages(composed("contract", about))
        if len(said) > 1 and "Name, date, signature" in said[-1]:
            assert "Law and jurisdiction" in said[-1], count


def test_a_quote_says_within_how_many_days_its_deal_is_paid_and_the_usual_ones_where_none_were_agreed():
    begun = opened_deal(lines=(line_of_deal("1000"),), amount=eur("1000"))
    usual = deal.given(begun)
    agreed = usual.given(DealPaymentTermsSet(payment_days=60, previous=None))
    assert "Invoices are due within 30 days" in " ".join(pages(composed("quote", deal_matter(usual.state, {}))))
    for template in ("quote", "contract"):
        text = " ".join(pages(composed(template, deal_matter(agreed.state, {}))))
        assert "Invoices are due within 60 days" in text
        assert "within 30 days" not in text, "one clause of payment, that of the deal"


@pytest.mark.parametrize(("side", "delivered"), [(Side.SELL, "by Nordlicht GmbH to Them Ltd"), (Side.BUY, "by Them Ltd to Nordlicht GmbH")])
def test_a_contract_is_worded_for_the_side_that_we_are_on_and_begins_on_one_day(side: Side, delivered: str):
    spec = carried(contract, drafting(title="Cleaning", side=side, terms=terms()))
    text = " ".join(pages(composed("contract", contract_matter(spec.state, {}), "Them Ltd")))
    assert f"Goods are delivered {delivered}" in text
    assert "named above, carriage paid" not in text
    assert "The agreement begins when both parties" not in text
    assert "begins on the day that is named above" in text


def test_a_contract_without_an_end_in_dinars_and_cyrillic():
    worth = Money(amount=Decimal("1234567.891"), currency="KWD")
    spec = carried(contract, drafting(title="Поставка", terms=terms(value=worth, end=None, renewal=EVERGREEN, notice=BEFORE_PERIOD)))
    text = " ".join(pages(composed("contract", contract_matter(spec.state, {}), CYRILLIC)))
    assert "1,234,567.891 KWD" in text
    assert CYRILLIC in text
    assert "goes on until notice is given" in text
    assert "Ends" not in text


def test_an_amendment_says_what_changes_and_from_when_and_nothing_else():
    held = signed(terms=terms(payment_days=30, clauses=(Clause(key="old_rule", text="Long gone."),)))
    changes = TermChanges(
        value=eur("150000"), clauses=(Clause(key="on_site", text="Works are done on site."),), dropped_clauses=("old_rule",)
    )
    spec = carried(held, ProposeAmendment(title="Two lines more", effective_on=date(2026, 7, 1), changes=changes))
    assert spec.state is not None
    (id,) = spec.state.amendments
    text = " ".join(pages(composed("amendment", part_of("contract", spec.state, id))))
    for said in ("Saws: Two lines more", "1 July 2026", "150,000.00 EUR", "on site", "Old rule", "no longer applies", "stay as they are"):
        assert said in text
    assert "Payment" not in text
    with pytest.raises(PartUnknown):
        part_of("contract", spec.state, ACME)
    with pytest.raises(NoPaperFor):
        part_of("deal", None, id)


def test_a_dispute_letter_lists_what_is_still_disputed():
    desk: Any = opened(line(10, "1000.00", "190.00"), line(20, "7.00", "1.33"))
    text = " ".join(pages(composed("dispute_letter", dispute_matter(desk.case(), {}), CYRILLIC)))
    for said in (CYRILLIC, "line 10", "1,190.00 EUR", "line 20", "8.33 EUR", "1,198.33 EUR"):
        assert said in text


@pytest.mark.parametrize(("currency", "price"), [("EUR", "99.99"), ("JPY", "123456"), ("KWD", "1234.567")])
def test_two_hundred_lines_go_over_pages_each_once_under_a_repeated_head(currency: str, price: str):
    items, total = [], Money.zero(currency)
    for number in range(1, 201):
        worth = Money(amount=Decimal(price) * number, currency=currency)
        total += worth
        unit = figure(Decimal(price), minor_digits(currency))
        items.append(Item(label=f"Εξάρτημα no.{number}.", quantity=str(number), unit_price=unit, total=priced(worth)))
    sums = (Sum(label="Total", amount=priced(total), strong=True),)
    about = Matter(account=None, title="Ersatzteile", reference="Ersatzteile", items=tuple(items), sums=sums, total=total)
    found = pages(composed("quote", about))
    assert len(found) > 4
    text = " ".join(found)
    assert all(text.count(f"no.{number}.") == 1 for number in range(1, 201))
    listing = [page for page in found if "no." in page]
    assert all("Unit price" in page for page in listing)
    assert priced(total) in listing[-1], "the total stands on a page with lines"
