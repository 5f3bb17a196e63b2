"""Templates and clauses: versions, blanks, and papers put together from them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.clauses import Clause, ClauseRetired, ClauseVersionDefined, ClauseWording, DefineClause, RetireClause, clause_id, clauses
from domain.countries import country_name
from domain.deals.terms import Line, Period
from domain.default_papers import default_clauses, default_templates
from domain.kernel import AlreadyExists, NotFound, natural_id
from domain.papers.composing import Matter, compose, deal_matter, figure, number_of, telling_of
from domain.papers.content import PaperKind, Party, Sum
from domain.papers.refusals import NoPaperFor
from domain.papers.wording import BlankUnknown, check_wording, paragraphs, worded
from domain.products import Product
from domain.templates import (
    ClauseUnknown,
    DefineTemplate,
    RetireTemplate,
    TemplateRetired,
    TemplateText,
    TemplateVersionDefined,
    template_id,
    templates,
)
from domain.values import COUNTRIES, Money
from tests.spec import Spec

clause = Spec(clauses).on(clause_id("payment"))
template = Spec(templates).on(template_id("quote"))
SOON, LATER = ClauseWording(title="Payment", text="Within 14 days."), ClauseWording(title="Payment", text="Within 30 days, {their_name}.")
TEXT = TemplateText(kind=PaperKind.QUOTE, name="Quote", clauses=("payment",))
IN_USE = {clause_id("payment"): Clause("payment", (SOON,))}


def test_each_wording_is_a_version_and_the_same_one_is_quiet():
    first = ClauseVersionDefined(key="payment", number=1, wording=SOON)
    clause.when(DefineClause(key="payment", wording=SOON)).then(first)
    clause.given(first).when(DefineClause(key="payment", wording=SOON)).nothing()
    clause.given(first).when(DefineClause(key="payment", wording=LATER)).then(ClauseVersionDefined(key="payment", number=2, wording=LATER))


def test_a_clause_is_retired_once_and_comes_back_by_being_defined():
    first = clause.given(ClauseVersionDefined(key="payment", number=1, wording=SOON))
    first.when(RetireClause()).then(ClauseRetired())
    first.given(ClauseRetired()).when(RetireClause()).nothing()
    first.given(ClauseRetired()).when(DefineClause(key="payment", wording=SOON)).then(
        ClauseVersionDefined(key="payment", number=2, wording=SOON)
    )
    clause.when(RetireClause()).refused(NotFound)


def test_a_key_stays_with_its_clause_and_its_template():
    clause.when(DefineClause(key="other", wording=SOON)).refused(AlreadyExists)
    template.when(DefineTemplate(key="other", text=TEXT)).refused(AlreadyExists)


def test_a_template_is_defined_in_versions_and_retired():
    known = template.knowing(IN_USE)
    first = TemplateVersionDefined(key="quote", number=1, text=TEXT)
    known.when(DefineTemplate(key="quote", text=TEXT)).then(first)
    known.given(first).when(DefineTemplate(key="quote", text=TEXT)).nothing()
    known.given(first).when(RetireTemplate()).then(TemplateRetired())
    known.given(first, TemplateRetired()).when(RetireTemplate()).nothing()


def test_a_template_names_clauses_that_are_in_use():
    template.when(DefineTemplate(key="quote", text=TEXT)).refused(ClauseUnknown, clause="payment")
    gone = {clause_id("payment"): Clause("payment", (SOON,), retired=True)}
    template.knowing(gone).when(DefineTemplate(key="quote", text=TEXT)).refused(ClauseUnknown)


def test_blanks_that_nothing_fills_are_refused_by_name():
    refusal = clause.when(DefineClause(key="payment", wording=ClauseWording(title="x", text="{salary}"))).refused(BlankUnknown)
    assert refusal.data["unknown"] == ["salary"]
    with pytest.raises(BlankUnknown):
        check_wording("fine", "{nobody}")


def test_wording_fills_blanks_and_knows_nothing_else():
    assert worded("{our_name} and {their_name}", {"our_name": "{their_name}", "their_name": "Δ"}) == "{their_name} and Δ"
    assert worded("{0} {a.b} {{x}} %s ${HOME}", {}) == "{0} {a.b} {…} %s ${HOME}"
    assert paragraphs("one\nline\n\n\n two {date}", {"date": "today"}) == ("one line", "two today")


def test_every_tenant_starts_with_one_template_for_each_kind_whose_clauses_there_are():
    keys = {one.key for one in default_clauses()}
    given = default_templates()
    assert {one.text.kind for one in given} == set(PaperKind)
    assert {name for one in given for name in one.text.clauses} <= keys
    for one in default_clauses():
        Spec(clauses).on(clause_id(one.key)).when(one).then(ClauseVersionDefined(key=one.key, number=1, wording=one.wording))


def test_every_country_has_a_name_for_addresses():
    assert (country_name("DE"), country_name("AU"), country_name("ZW")) == ("Germany", "Australia", "Zimbabwe")
    assert not [code for code in COUNTRIES if country_name(code) == code]


def test_papers_are_numbered_by_kind_year_and_their_own_id():
    number = number_of(PaperKind.QUOTE, date(2026, 3, 2), natural_id("test", "paper"))
    assert number == number_of(PaperKind.QUOTE, date(2026, 9, 9), natural_id("test", "paper"))
    assert number.startswith("Q-2026-")
    assert number != number_of(PaperKind.QUOTE, date(2026, 3, 2), natural_id("test", "paper 2"))


@pytest.mark.parametrize(
    ("amount", "digits", "shown"),
    [("1234.5", 2, "1,234.50"), ("0.123456", 2, "0.123456"), ("1200", 0, "1,200"), ("1234.567", 3, "1,234.567"), ("1E+3", 2, "1,000.00")],
)
def test_figures_have_their_currencys_decimals_and_lose_none(amount: str, digits: int, shown: str):
    assert figure(Decimal(amount), digits) == shown


def test_things_that_papers_know_nothing_about_are_refused():
    with pytest.raises(NoPaperFor) as refused:
        telling_of("pipeline")
    assert "deal" in refused.value.data["nouns"]


def test_a_paper_says_what_the_template_and_the_matter_say():
    about = Matter(
        None,
        "GTX sensors",
        "GTX sensors",
        total=Money(amount=Decimal("1.5"), currency="KWD"),
        sums=(Sum(label="Total", amount="1.500 KWD"),),
    )
    content = compose(
        TEXT.model_copy(update={"intro": "Until {valid_until}: {total}.", "valid_days": 10}), [("payment", 2, LATER)], about,
        sender="Nordlicht", recipient=Party(name="Ναυπηγεία"), contact="Юлия", number="Q-1", day=date(2026, 2, 24), note="As {agreed}.",
    )  # fmt: skip
    assert content.intro == ("Until 6 March 2026: 1.500 KWD.", "As ….")
    assert content.clauses[0].paragraphs == ("Within 30 days, Ναυπηγεία.",)
    assert (content.clauses[0].version, content.title) == (2, "GTX sensors")
    assert [entry.label for entry in content.facts] == ["Number", "Date", "Valid until", "Your contact"]
    assert content.sha256 == type(content).model_validate_json(content.canonical()).sha256


def test_a_deals_lines_are_told_with_their_products_names_and_exact_amounts():
    from domain.deals.state import Deal

    product = natural_id("test", "product")
    yen = Money(amount=Decimal(1200), currency="JPY")
    lines = (
        Line(product=product, quantity=Decimal("2.5"), unit_price=yen, discount=Decimal("12.5")),
        Line(label="Service", unit_price=yen, period=Period.MONTH, months=24),
    )
    deal = Deal.__new__(Deal)
    for name, value in {"title": "T", "account": None, "owner": None, "payment_days": None, "lines": lines, "amount": Money(amount=Decimal(31425), currency="JPY"),
                        "annual": Money(amount=Decimal(14400), currency="JPY")}.items():  # fmt: skip
        object.__setattr__(deal, name, value)
    told = deal_matter(deal, {product: Product("GTX 500")})
    assert [item.label for item in told.items] == ["GTX 500", "Service"]
    assert (told.items[0].quantity, told.items[0].discount, told.items[0].total) == ("2.5", "12.5 %", "2,625 JPY")
    assert told.items[1].detail == "per month, for 24 months"
    assert [(s.label, s.amount) for s in told.sums] == [
        ("One-off", "2,625 JPY"), ("Per year", "14,400 JPY"), ("Total over the term", "31,425 JPY"),
    ]  # fmt: skip
