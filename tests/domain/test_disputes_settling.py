"""Offers, agreements and the documents that carry them out, to the cent; write-offs by authority."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from domain.authority import LimitKind, SetApprovalLimit
from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes import refusals as r
from domain.disputes.ledger import Balance
from domain.disputes.terms import LineAmount, Party, Status
from domain.disputes.terms import SettlementKind as Kind
from domain.disputes.timing import settle_due
from domain.kernel import SYSTEM, Actor, Forbidden, Role
from domain.members import members
from domain.rates import NoRate
from domain.settings import Settings
from tests.domain.dispute_world import (
    ACME,
    BEA,
    BUYER,
    CHIEF,
    CLEO,
    CLERK,
    HEAD,
    LEAD,
    NOBODY,
    SUPPLIER,
    Desk,
    agreed,
    claim,
    credit_note,
    investigating,
    kinds,
    line,
    money,
    offer,
    opened,
    selling,
    settle,
)
from tests.spec import NOW


def balance(**amounts: str) -> Balance:
    return Balance(**{name: Decimal(amount) for name, amount in amounts.items()})


def on_table(desk: Desk) -> UUID:
    table = desk.case().offer
    assert table is not None
    return table.id


def test_an_offer_is_about_all_that_is_open():
    desk = investigating()
    refusal = desk.refused(r.OfferUnbalanced, c.ProposeSettlement(terms=offer(credit="100")))
    assert refusal.data["open"] == "119.00"
    assert "adds up to 100.00 EUR, but 119.00 EUR is open" in refusal.detail, "amounts of one sentence look alike"
    desk.do(c.ProposeSettlement(terms=offer(credit="100.00", pay="19.00")))
    assert desk.case().status is Status.PROPOSED
    desk.quiet(c.ProposeSettlement(terms=offer(credit="100.00", pay="19.00")))


def test_offers_go_to_and_fro_until_one_is_accepted():
    desk = investigating()
    desk.do(c.ProposeSettlement(terms=offer(credit="119.00")))
    desk.do(c.ProposeSettlement(terms=offer(credit="50.00", pay="69.00")), by=SUPPLIER)
    assert desk.case().status is Status.COUNTERED
    desk.do(c.ProposeSettlement(terms=offer(credit="80.00", pay="39.00")))
    assert desk.case().status is Status.PROPOSED
    desk.do(c.AcceptSettlement(offer=on_table(desk)), by=SUPPLIER)
    case = desk.case()
    assert (case.status, case.agreed.terms.credit if case.agreed else None) == (Status.ACCEPTED, Decimal("80.00"))


def test_nobody_answers_their_own_offer_or_one_that_is_not_on_the_table():
    desk = investigating()
    desk.refused(r.DisputeNotThere, c.AcceptSettlement(offer=NOBODY))
    desk.do(c.ProposeSettlement(terms=offer(credit="119.00")))
    desk.refused(r.OwnOffer, c.AcceptSettlement(offer=on_table(desk)))
    desk.refused(r.OwnOffer, c.ProposeSettlement(terms=offer(pay="119.00")))
    desk.refused(r.OwnOffer, c.RejectSettlement(offer=on_table(desk)))
    desk.refused(r.OfferNotOpen, c.AcceptSettlement(offer=NOBODY), by=SUPPLIER)
    desk.do(c.AcceptSettlement(offer=on_table(desk), by=Party.THEM))
    accepted = desk.last(e.DisputeAccepted)
    desk.quiet(c.AcceptSettlement(offer=accepted.offer, by=Party.THEM))


def test_an_offer_that_is_turned_down_leads_back_to_investigating():
    desk = investigating()
    desk.do(c.ProposeSettlement(terms=offer(credit="119.00")))
    desk.do(c.RejectSettlement(offer=on_table(desk), note="No."), by=SUPPLIER)
    assert (desk.case().status, desk.case().offer) == (Status.INVESTIGATING, None)


def test_the_suppliers_offer_answers_the_claim_wherever_it_stands():
    desk = opened()
    events = desk.do(c.ProposeSettlement(terms=offer(credit="119.00")), by=SUPPLIER)
    assert kinds(events) == ["acknowledged", "investigation_started", "proposed", "clocks_set"]
    opened().refused(r.DisputeNotThere, c.ProposeSettlement(terms=offer(credit="119.00")))


def test_nothing_is_settled_by_a_day_that_is_over():
    desk = investigating()
    past = NOW.date() - timedelta(days=1)
    desk.refused(r.SettleByPast, c.ProposeSettlement(terms=offer(credit="119.00", settle_by=past)))
    desk.do(c.ProposeSettlement(terms=offer(credit="119.00", settle_by=NOW.date())))


def test_nothing_is_settled_by_a_day_that_nobody_means_and_an_older_agreement_on_one_stops_no_clock():
    far = offer(credit="119.00", settle_by=date(9999, 12, 31))
    investigating().refused(r.SettleByTooFar, c.ProposeSettlement(terms=far))
    case = agreed(offer(credit="119.00")).case()
    assert case.agreed is not None
    due = settle_due(replace(case, agreed=replace(case.agreed, terms=far)), Settings())
    assert due is not None
    assert due.year == 9000


def test_what_was_agreed_is_carried_out_to_the_cent():
    desk = agreed(offer(credit="80.00", pay="29.00", write_off="10.00"), line(10, "66.67", "12.67"), line(20, "33.33", "6.33"))
    assert kinds(desk.do(credit_note("30.01", "CN-1")))[:2] == ["settlement_started", "document_recorded"]
    desk.do(credit_note("49.99", "CN-2"))
    desk.do(settle(Kind.RELEASE, "29.00", None))
    events = desk.do(settle(Kind.WRITE_OFF, "10.00", None), by=CLERK)
    assert kinds(events) == ["document_recorded", "settled", "clocks_set"]
    ledger = desk.case().ledger
    assert ledger.gross == balance(original="119.00", open="0", credited="80.00", paid="29.00", written_off="10.00")
    assert ledger.tax.original == Decimal("19.00")
    assert ledger.balanced


def test_tax_follows_its_line():
    desk = investigating(line(10, "100.00", "19.00"), line(20, "200.00", "14.00"))
    tens, _ = desk.line_ids()
    desk.do(credit_note("11.90", lines=(LineAmount(line=tens, amount=Decimal("11.90")),), by=Party.THEM))
    recorded = desk.last(e.DisputeDocumentRecorded)
    assert recorded.tax == money("1.90")
    assert [m.line for m in recorded.movements] == [tens]


def test_no_more_is_settled_than_was_agreed_or_is_open():
    desk = agreed(offer(credit="80.00", pay="39.00"))
    assert desk.refused(r.NotAgreed, credit_note("80.01")).data["left"] == "80.00"
    desk.refused(r.NotAgreed, settle(Kind.WRITE_OFF, "1.00", None), by=CHIEF)
    desk.refused(r.MoreThanOpen, credit_note("119.01"))
    desk.refused(r.TooPrecise, credit_note("1.001"))
    desk.do(credit_note("80.00"))
    assert desk.refused(r.NotAgreed, credit_note("0.01", "CN-2")).data["left"] == "0.00"


def test_a_document_has_its_number_once_and_a_day_that_has_come():
    desk = agreed(offer(credit="119.00"))
    desk.refused(r.NumberNeeded, settle(Kind.CREDIT_NOTE, "1.00", None))
    desk.refused(r.DatedAhead, credit_note("1.00", on=NOW.date() + timedelta(days=2)))
    desk.do(credit_note("1.00", "CN 7"))
    desk.refused(r.DocumentTwice, credit_note("2.00", "cn7"))
    desk.do(settle(Kind.DEBIT_MEMO, "2.00", "CN 7"))  # another kind has numbers of its own


def test_a_credit_note_by_the_other_side_is_no_older_than_the_claim_but_for_a_day_that_ends_later_elsewhere():
    desk = agreed(offer(credit="119.00"))
    long_ago = credit_note("1.00", on=date(2020, 1, 1))
    refusal = desk.refused(r.DatedBeforeClaim, long_ago, by=SUPPLIER)
    assert refusal.data["claimed_on"] == NOW.date().isoformat()
    desk.refused(r.DatedBeforeClaim, credit_note("1.00", on=NOW.date() - timedelta(days=2)), by=SUPPLIER)
    desk.refused(r.DatedAhead, credit_note("1.00", on=NOW.date() + timedelta(days=2)), by=SUPPLIER)
    desk.do(credit_note("1.00", on=NOW.date() - timedelta(days=1)), by=SUPPLIER)
    desk.do(credit_note("1.00", "CN-2", on=date(2020, 1, 1)))  # we record one that crossed the claim as it is


def test_the_lines_of_a_document_add_up_to_it():
    desk = agreed(offer(credit="238.00"), line(10), line(20))
    first, second = desk.line_ids()
    halves = (LineAmount(line=first, amount=Decimal("10.00")), LineAmount(line=second, amount=Decimal("9.00")))
    desk.refused(r.OfferUnbalanced, credit_note("20.00", lines=halves))
    desk.refused(r.LineTwice, credit_note("20.00", lines=(halves[0], halves[0])))
    desk.refused(r.LineUnknown, credit_note("20.00", lines=(LineAmount(line=NOBODY),)))
    desk.refused(r.MoreThanOpen, credit_note("120.00", lines=(LineAmount(line=first, amount=Decimal("120.00")),)))
    desk.do(credit_note("19.00", lines=halves))


def test_a_document_that_was_wrong_is_taken_back():
    desk = agreed(offer(credit="119.00"))
    desk.do(credit_note("19.00"))
    document = desk.last(e.DisputeDocumentRecorded).document
    desk.refused(r.DocumentUnknown, c.ReverseSettlement(document=NOBODY, reason="?"))
    desk.do(c.ReverseSettlement(document=document, reason="Of another case."))
    assert desk.case().open_gross == Decimal("119.00")
    desk.do(credit_note("119.00"))
    assert desk.case().status is Status.SETTLED
    desk.refused(r.DisputeNotThere, c.ReverseSettlement(document=document, reason="Late."))


def test_a_document_from_before_the_agreement_stays():
    desk = investigating()
    desk.do(credit_note("19.00"))
    document = desk.last(e.DisputeDocumentRecorded).document
    desk.do(c.ProposeSettlement(terms=offer(credit="100.00")), by=SUPPLIER)
    desk.do(c.AcceptSettlement(offer=on_table(desk)))
    desk.refused(r.DocumentUnknown, c.ReverseSettlement(document=document, reason="?"))


def test_either_side_may_yield_a_part_before_anything_is_agreed():
    desk = opened()
    desk.do(credit_note("19.00"), by=SUPPLIER)
    assert (desk.case().status, desk.case().open_gross) == (Status.INVESTIGATING, Decimal("100.00"))
    desk.do(settle(Kind.RELEASE, "40.00", None))
    desk.refused(r.DisputeNotThere, settle(Kind.DEBIT_MEMO, "10.00", "DM-1"))
    desk.refused(r.DisputeNotThere, settle(Kind.WRITE_OFF, "10.00", None), by=CHIEF)
    desk.refused(r.ForOthers, settle(Kind.RELEASE, "10.00", None), by=SUPPLIER)
    desk.refused(r.ForOthers, credit_note("10.00", "CN-9", by=Party.US))


def test_who_yields_all_that_is_open_settles_the_case_at_once():
    desk = opened()
    events = desk.do(credit_note("119.00"), by=SUPPLIER)
    told = ["acknowledged", "investigation_started", "proposed", "accepted", "settlement_started", "document_recorded", "settled"]
    assert kinds(events) == [*told, "clocks_set"]
    conceded = investigating()
    conceded.do(settle(Kind.CONCESSION, "119.00", None))
    assert conceded.case().ledger.gross == balance(original="119.00", open="0", paid="119.00")


def test_of_a_customers_claim_we_give_the_credit_note():
    desk = Desk()
    desk.do(selling())
    desk.refused(r.ForOthers, credit_note("119.00", by=Party.THEM))
    desk.do(credit_note("119.00"))
    assert desk.case().status is Status.SETTLED


def test_a_write_off_needs_authority_over_its_amount():
    desk = investigating(line(net="100.01", tax="0"))
    refusal = desk.refused(r.AuthorityMissing, c.WriteOffDispute(reason="uneconomic"), by=CLERK)
    assert (refusal.data["limit"], refusal.data["roles"]) == ("100.00 EUR", ["category_lead", "procurement_head", "finance_chief"])
    desk.refused(r.AuthorityMissing, c.WriteOffDispute(reason="uneconomic"), by=SYSTEM)
    desk.do(c.WriteOffDispute(reason="uneconomic"), by=LEAD)
    assert desk.case().status is Status.WRITTEN_OFF
    authority = desk.last(e.DisputeWrittenOff).authority
    assert (authority.role, authority.limit, authority.amount) == ("category_lead", money("2000"), money("100.01"))
    desk.quiet(c.WriteOffDispute(reason="uneconomic"), by=LEAD)


def test_authority_ends_at_each_limit():
    for amount, actor, may in (
        ("100.00", CLERK, True),
        ("2000.00", LEAD, True),
        ("2000.01", LEAD, False),
        ("20000.00", HEAD, True),
        ("20000.01", HEAD, False),
        ("900000.00", CHIEF, True),
    ):
        desk = investigating(line(net=amount, tax="0"))
        if may:
            desk.do(c.WriteOffDispute(reason="uneconomic"), by=actor)
        else:
            desk.refused(r.AuthorityMissing, c.WriteOffDispute(reason="uneconomic"), by=actor)


def test_the_amount_counts_in_the_reporting_currency_at_the_rate_of_the_day():
    desk = investigating(line(net="150.00", tax="0"), currency="USD")
    desk.refused(NoRate, c.WriteOffDispute(reason="uneconomic"), by=CLERK)
    desk.rate("USD", "1.5")
    desk.do(c.WriteOffDispute(reason="uneconomic"), by=CLERK)
    authority = desk.last(e.DisputeWrittenOff).authority
    assert (authority.amount, authority.rate_day) == (money("100.00"), NOW.date())


def test_a_members_own_limit_counts_besides_the_roles():
    desk = investigating(line(net="500.00", tax="0"))
    admin = Actor(BEA, frozenset({Role.ADMIN}))
    desk.world.do(members, CLEO, SetApprovalLimit(kind=LimitKind.WRITE_OFF, limit=money("500")), admin)
    desk.refused(r.AuthorityMissing, c.WriteOffDispute(reason="uneconomic"), by=CLERK)
    desk.refused(Forbidden, c.WriteOffDispute(reason="uneconomic", member=CLEO), by=BUYER)
    desk.do(c.WriteOffDispute(reason="uneconomic", member=CLEO), by=CLERK)
    assert desk.last(e.DisputeWrittenOff).authority.role == "own_limit"
    promised = investigating(line(net="500.00", tax="0"))
    promised.world.do(members, CLEO, SetApprovalLimit(kind=LimitKind.WRITE_OFF, limit=money("500")), admin)
    promised.do(c.ProposeSettlement(terms=offer(write_off="500.00"), member=CLEO), by=CLERK)


def test_nobody_promises_a_write_off_beyond_their_authority():
    desk = investigating(line(net="500.00", tax="0"))
    desk.refused(r.AuthorityMissing, c.ProposeSettlement(terms=offer(write_off="500.00")))
    desk.do(c.ProposeSettlement(terms=offer(write_off="500.00")), by=SUPPLIER)
    desk.refused(r.AuthorityMissing, c.AcceptSettlement(offer=on_table(desk)))
    desk.do(c.AcceptSettlement(offer=on_table(desk)), by=LEAD)
    assert desk.last(e.DisputeAccepted).authority is not None
    desk.refused(r.AuthorityMissing, settle(Kind.WRITE_OFF, "500.00", None))
    desk.do(settle(Kind.WRITE_OFF, "500.00", None), by=LEAD)


def test_a_write_off_names_its_reason():
    desk = investigating()
    desk.refused(r.CodeUnknown, c.WriteOffDispute(reason="whim"), by=CHIEF)
    desk.refused(r.NoteNeeded, c.WriteOffDispute(reason="other"), by=CHIEF)
    desk.do(c.WriteOffDispute(reason="other", note="They are gone."), by=CHIEF)


def test_a_new_supplier_is_known_from_its_first_case():
    desk = Desk()
    assert desk.supplier() is None
    desk.do(claim())
    supplier = desk.supplier()
    assert supplier is not None
    assert (supplier.account, len(supplier.cases)) == (ACME, 1)
