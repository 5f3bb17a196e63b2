"""How a case ends and is taken up again, and what moves its original: lines added, reversed, split."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from domain.dispute_rules import EvidenceKind
from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes import refusals as r
from domain.disputes.ledger import Balance
from domain.disputes.locks import Lock, lock_read, locks
from domain.disputes.terms import Evidence, LineAmount, Party, Status
from domain.disputes.terms import SettlementKind as Kind
from tests.domain.dispute_world import (
    ACME,
    CASE,
    CHIEF,
    CHILD,
    NOBODY,
    ORDER,
    SUPPLIER,
    THIRD,
    Desk,
    claim,
    closed,
    credit_note,
    investigating,
    kinds,
    line,
    offer,
    opened,
    settle,
    settled,
)

NEW = Evidence(kind=EvidenceKind.INSPECTION, document="Report 2")


def holders(desk: Desk, number: int = 10) -> frozenset[UUID]:
    found: Lock = desk.world.state(locks, lock_read(ACME, line(number).reference).id)
    return found.holders


def test_a_claim_that_is_withdrawn_lets_everything_go():
    desk = opened()
    events = desk.do(c.WithdrawDispute(reason="Found it."))
    assert kinds(events) == ["withdrawn", "clocks_set"]
    assert desk.case().ledger.gross == Balance(original=Decimal("119.00"), withdrawn=Decimal("119.00"))
    assert holders(desk) == frozenset()
    supplier = desk.supplier()
    assert supplier is not None
    assert not supplier.cases
    desk.quiet(c.WithdrawDispute(reason="Found it."))
    settled().refused(r.DisputeNotThere, c.WithdrawDispute(reason="Late."))


def test_a_case_that_should_never_have_been_is_voided():
    desk = opened()
    desk.do(c.VoidDispute(reason="Entered twice."))
    assert desk.case().ledger.gross == Balance()
    assert holders(desk) == frozenset()
    desk.quiet(c.VoidDispute(reason="Entered twice."))
    investigating().refused(r.DisputeNotThere, c.VoidDispute(reason="Late."))


def test_a_case_is_closed_with_its_root_cause():
    desk = settled()
    refusal = desk.refused(r.RootCauseMissing, c.CloseDispute())
    assert "supplier_pricing" in refusal.data["codes"]
    desk.refused(r.CodeUnknown, c.CloseDispute(root_cause="weather"))
    desk.refused(r.NoteNeeded, c.CloseDispute(root_cause="other"))
    desk.do(c.FindRootCause(root_cause="supplier_pricing"))
    desk.quiet(c.FindRootCause(root_cause="supplier_pricing"))
    assert holders(desk) == {CASE}
    desk.do(c.CloseDispute())
    assert (desk.case().status, desk.case().root_cause, holders(desk)) == (Status.CLOSED, "supplier_pricing", frozenset())
    desk.quiet(c.CloseDispute())
    investigating().refused(r.DisputeNotThere, c.CloseDispute(root_cause="carrier"))


def test_what_was_written_off_is_closed_too():
    desk = investigating()
    desk.do(c.WriteOffDispute(reason="uneconomic"), by=CHIEF)
    desk.do(c.CloseDispute(root_cause="carrier"))
    assert desk.case().ledger.gross.written_off == Decimal("119.00")


def test_a_closed_case_is_taken_up_on_new_evidence_within_thirty_days():
    desk = investigating()
    desk.do(settle(Kind.CONCESSION, "119.00", None))
    desk.do(c.CloseDispute(root_cause="our_order"))
    desk.refused(r.EvidenceNotNew, c.ReopenDispute(reason="Look.", evidence=(ORDER.model_copy(update={"note": "Again"}),)))
    desk.wait(days=30)
    assert kinds(desk.do(c.ReopenDispute(reason="Look.", evidence=(ORDER, NEW)))) == ["reopened", "evidence_attached", "clocks_set"]
    assert (desk.case().status, desk.case().open_gross, holders(desk)) == (Status.REOPENED, Decimal("119.00"), {CASE})
    desk.do(c.InvestigateDispute())
    assert desk.last(e.DisputeInvestigationStarted).why is e.Investigating.REOPENED
    desk.refused(r.DisputeNotThere, c.ReopenDispute(reason="Look.", evidence=(NEW,)))


def test_after_thirty_days_a_case_rests():
    desk = closed().wait(days=30, seconds=1)
    desk.refused(r.ReopeningTooLate, c.ReopenDispute(reason="Look.", evidence=(NEW,)))


def test_a_part_of_what_was_paid_or_written_off_is_open_again():
    desk = investigating(line(10), line(20))
    desk.do(c.WriteOffDispute(reason="uneconomic"), by=CHIEF)
    desk.do(c.CloseDispute(root_cause="carrier"))
    first, second = desk.line_ids()
    too_much = (LineAmount(line=first, amount=Decimal("119.01")),)
    desk.refused(r.MoreThanOpen, c.ReopenDispute(reason="Look.", evidence=(NEW,), lines=too_much))
    desk.refused(r.LineUnknown, c.ReopenDispute(reason="Look.", evidence=(NEW,), lines=(LineAmount(line=NOBODY),)))
    parts = (LineAmount(line=first, amount=Decimal("11.90")), LineAmount(line=second))
    desk.do(c.ReopenDispute(reason="Look.", evidence=(NEW,), lines=parts))
    ledger = desk.case().ledger
    assert (ledger.gross.open, ledger.tax.open, ledger.gross.written_off) == (Decimal("130.90"), Decimal("20.90"), Decimal("107.10"))


def test_a_line_that_is_claimed_elsewhere_meanwhile_keeps_a_case_closed():
    desk = closed()
    desk.do(claim(), case=CHILD)
    refusal = desk.refused(r.LineInOtherCase, c.ReopenDispute(reason="Look.", evidence=(NEW,)))
    assert refusal.data["case"] == str(CHILD)


def parted(amount: str | None) -> Desk:
    """A case of two lines, of whose second so much (None: all) was split off; the case itself is closed, the split-off open."""
    desk = opened(line(10), line(20))
    _, second = desk.line_ids()
    part = LineAmount(line=second, amount=None if amount is None else Decimal(amount))
    desk.do(c.SplitDispute(child=CHILD, lines=(part,), reason="Apart."))
    desk.all(c.AcknowledgeDispute(by=None), c.InvestigateDispute(), settle(Kind.CONCESSION, str(desk.case().open_gross), None))
    desk.do(c.CloseDispute(root_cause="our_order"))
    return desk


def test_a_case_is_taken_up_again_while_what_was_split_from_it_is_open():
    desk = parted(None)
    assert (holders(desk, 10), holders(desk, 20)) == (frozenset(), {CHILD})
    desk.do(c.ReopenDispute(reason="Look.", evidence=(NEW,)))
    assert (desk.case().open_gross, holders(desk, 10), holders(desk, 20)) == (Decimal("119.00"), {CASE}, {CHILD})


def test_both_parts_of_a_line_are_taken_up_again_each_by_its_case_and_by_nobody_else():
    desk = parted("19.00")
    assert holders(desk, 20) == {CHILD}
    desk.refused(r.LineInOtherCase, claim(line(20)), case=THIRD)
    desk.do(c.ReopenDispute(reason="Look.", evidence=(NEW,)))
    assert (desk.case().open_gross, holders(desk, 20)) == (Decimal("219.00"), {CASE, CHILD})
    desk.do(c.WithdrawDispute(reason="Enough."), case=CHILD)
    desk.refused(r.LineInOtherCase, claim(line(20)), case=THIRD)


def test_a_line_that_was_reversed_before_a_case_was_closed_is_not_taken_up_with_it():
    desk = opened(line(10), line(20))
    _, second = desk.line_ids()
    desk.do(c.ReverseDisputeLine(line=second, reason="Ours."))
    desk.all(c.AcknowledgeDispute(by=None), c.InvestigateDispute(), settle(Kind.CONCESSION, "119.00", None))
    desk.do(c.CloseDispute(root_cause="our_order"))
    desk.do(claim(line(20)), case=THIRD)
    desk.do(c.ReopenDispute(reason="Look.", evidence=(NEW,)))
    assert (holders(desk, 10), holders(desk, 20)) == ({CASE}, {THIRD})


def test_what_was_credited_stays_credited_when_a_case_is_reopened():
    desk = closed()
    desk.do(c.ReopenDispute(reason="They billed again.", evidence=(NEW,)))
    assert desk.case().open_gross == 0
    desk.do(c.AddDisputeLines(lines=(line(30),)))
    desk.do(c.InvestigateDispute())
    desk.do(credit_note("119.00", "CN-2"), by=SUPPLIER)
    assert desk.case().status is Status.SETTLED
    assert desk.case().ledger.gross.credited == Decimal("238.00")


def test_lines_are_added_and_locked():
    desk = opened()
    desk.do(c.AddDisputeLines(lines=(line(20),)))
    assert (desk.case().ledger.gross.original, holders(desk, 20)) == (Decimal("238.00"), {CASE})
    desk.refused(r.LineTwice, c.AddDisputeLines(lines=(line(20),)))
    desk.do(claim(line(30)), case=CHILD)
    desk.refused(r.LineInOtherCase, c.AddDisputeLines(lines=(line(30),)))
    desk.do(c.ProposeSettlement(terms=offer(credit="238.00")), by=SUPPLIER)
    desk.refused(r.DisputeNotThere, c.AddDisputeLines(lines=(line(40),)))


def test_a_line_that_is_reversed_lowers_original_and_open():
    desk = opened(line(10), line(20))
    first, second = desk.line_ids()
    desk.do(c.ReverseDisputeLine(line=first, reason="Ours."))
    assert desk.case().ledger.gross == Balance(original=Decimal("119.00"), open=Decimal("119.00"))
    assert holders(desk) == frozenset()
    desk.refused(r.NothingOpen, c.ReverseDisputeLine(line=first, reason="Ours."))
    desk.refused(r.StillOpen, c.ReverseDisputeLine(line=second, reason="Ours."))
    desk.refused(r.LineUnknown, c.ReverseDisputeLine(line=NOBODY, reason="Ours."))


def test_what_was_settled_of_a_reversed_line_stays():
    desk = investigating(line(10), line(20))
    first, _ = desk.line_ids()
    desk.do(credit_note("19.00", lines=(LineAmount(line=first, amount=Decimal("19.00")),), by=Party.THEM))
    desk.do(c.ReverseDisputeLine(line=first, reason="The rest was right."))
    assert desk.case().ledger.gross == Balance(original=Decimal("138.00"), open=Decimal("119.00"), credited=Decimal("19.00"))
    assert holders(desk) == {CASE}


def test_a_split_makes_a_child_and_lowers_the_parent():
    desk = opened(line(10), line(20))
    desk.do(c.AcknowledgeDispute(by=Party.THEM))
    first, second = desk.line_ids()
    parts = (LineAmount(line=first), LineAmount(line=second, amount=Decimal("11.90")))
    desk.do(c.SplitDispute(child=CHILD, lines=parts, reason="They admit these."))
    parent, child = desk.case(), desk.case(CHILD)
    assert (parent.ledger.gross.original, parent.open_gross) == (Decimal("107.10"), Decimal("107.10"))
    assert (child.ledger.gross.original, child.ledger.tax.original) == (Decimal("130.90"), Decimal("20.90"))
    assert (child.parent, child.status, child.opened_at, child.readings) == (CASE, Status.ACKNOWLEDGED, parent.opened_at, parent.readings)
    assert (holders(desk, 10), holders(desk, 20)) == ({CHILD}, {CASE, CHILD})
    assert list(child.evidence) == list(parent.evidence)
    desk.quiet(c.SplitDispute(child=CHILD, lines=parts, reason="They admit these."))


def test_a_split_leaves_something_in_both_cases():
    desk = opened()
    (only,) = desk.line_ids()
    desk.refused(r.NothingToSplit, c.SplitDispute(child=CHILD, lines=(LineAmount(line=only),), reason="?"))
    desk.refused(r.MoreThanOpen, c.SplitDispute(child=CHILD, lines=(LineAmount(line=only, amount=Decimal(120)),), reason="?"))
    desk.do(claim(line(50)), case=THIRD)
    half = (LineAmount(line=only, amount=Decimal(19)),)
    desk.refused(r.CaseIdTaken, c.SplitDispute(child=THIRD, lines=half, reason="?"))
    desk.refused(r.CaseIdTaken, c.SplitDispute(child=CASE, lines=half, reason="?"))


def test_a_shared_line_is_free_only_when_neither_holds_it():
    desk = opened()
    (only,) = desk.line_ids()
    desk.do(c.SplitDispute(child=CHILD, lines=(LineAmount(line=only, amount=Decimal(19)),), reason="Apart."))
    desk.do(c.WithdrawDispute(reason="Enough."))
    desk.refused(r.LineInOtherCase, claim(), case=THIRD)
    desk.do(c.WithdrawDispute(reason="Enough."), case=CHILD)
    desk.do(claim(), case=THIRD)
