"""The way of a case until an offer is made, who may do what on it, and what has to be there at the beginning."""

from __future__ import annotations

import copy
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.accounts import CloseAccount, accounts
from domain.backdating import BackdatingNotAllowed
from domain.dispute_rules import EvidenceKind, Reason
from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes import refusals as r
from domain.disputes.locks import lock_read, locks
from domain.disputes.terms import Evidence, Party, Severity, Side, Status, Visibility
from domain.imports import ChangedSinceImport, UndoImport
from domain.kernel import SYSTEM, AlreadyExists, NotFound, natural_id
from domain.standing import MemberInactive
from tests.domain.dispute_world import (
    ACME,
    BEA,
    CARL,
    CASE,
    CHIEF,
    CHILD,
    CUSTOMER,
    GLOBEX,
    NOBODY,
    ORDER,
    SUPPLIER,
    Desk,
    claim,
    investigating,
    kinds,
    line,
    opened,
    selling,
)

PHOTO = Evidence(kind=EvidenceKind.PHOTO, document="IMG-1.jpg")


def test_a_claim_is_raised_in_one_step():
    desk = Desk()
    events = desk.do(claim(line(10), line(20)))
    assert kinds(events) == ["drafted", "evidence_attached", "opened", "clocks_set"]
    case = desk.case()
    assert (case.status, case.open_gross, case.owner) == (Status.OPENED, Decimal("238.00"), BEA)


def test_a_draft_holds_nothing_until_it_is_submitted():
    desk = Desk()
    said = claim().model_dump()
    desk.do(c.DraftDispute(**said))
    reference = line().reference
    assert desk.world.state(locks, lock_read(ACME, reference).id).holders == frozenset()
    assert desk.case().readings == ()
    desk.do(c.SubmitDispute())
    assert desk.world.state(locks, lock_read(ACME, reference).id).holders == {CASE}
    desk.quiet(c.SubmitDispute())


def test_a_case_is_begun_once():
    opened().refused(AlreadyExists, claim())


def test_a_claim_needs_a_line_an_account_an_owner():
    desk = Desk()
    desk.do(c.DraftDispute(**claim(evidence=(ORDER,)).model_dump() | {"lines": ()}))
    desk.refused(r.NothingDisputed, c.SubmitDispute())
    other = Desk()
    other.refused(r.AccountUnavailable, claim(account=NOBODY))
    other.refused(NotFound, claim(owner=NOBODY))
    other.world.do(accounts, ACME, CloseAccount(reason="Gone"))
    other.refused(r.AccountUnavailable, claim())


@pytest.mark.parametrize(
    ("reason", "missing", "enough"),
    [
        (Reason.PRICE_VARIANCE, [["order", "contract", "price_list"]], ("price_list",)),
        (Reason.QUANTITY_SHORT, [["delivery_note"]], ("delivery_note",)),
        (Reason.DAMAGED, [["photo"], ["delivery_note"]], ("photo", "delivery_note")),
        (Reason.QUALITY, [["inspection"]], ("inspection",)),
        (Reason.LATE_DELIVERY, [["order", "contract"], ["delivery_note"]], ("order", "delivery_note")),
        (Reason.DUPLICATE_INVOICE, [["invoice"]], ("invoice",)),
        (Reason.SLA_CREDIT, [["contract"], ["measurement"]], ("contract", "measurement")),
    ],
)
def test_the_reason_decides_which_evidence_has_to_be_there(reason, missing, enough):
    refusal = Desk().refused(r.EvidenceMissing, claim(reason=reason, evidence=()))
    assert refusal.data["missing"] == missing
    Desk().do(claim(reason=reason, evidence=tuple(Evidence(kind=k, document="D") for k in enough)))


def test_a_contract_that_the_case_names_is_evidence_of_itself():
    contract, obligation = natural_id("test", "contract"), natural_id("test", "obligation")
    desk = Desk()
    desk.refused(r.EvidenceMissing, claim(reason=Reason.UNMET_OBLIGATION, evidence=()))
    desk.do(claim(reason=Reason.UNMET_OBLIGATION, evidence=(), contract=contract, obligation=obligation))
    assert (desk.case().contract, desk.case().obligation) == (contract, obligation)


def test_reason_other_needs_words():
    desk = Desk()
    desk.refused(r.ReasonTextNeeded, claim(reason=Reason.OTHER, evidence=()))
    desk.do(claim(reason=Reason.OTHER, reason_text="They billed for a gift.", evidence=()))
    assert desk.case().reason_text == "They billed for a gift."


def test_lines_are_named_once_and_in_whole_minor_units():
    desk = Desk()
    desk.refused(r.LineTwice, claim(line(10), line(10)))
    desk.refused(r.TooPrecise, claim(line(net="1.001")))
    desk.refused(r.TooPrecise, claim(line(net="1.50", tax="0"), currency="JPY"))
    desk.do(claim(line(net="1.001", tax="0.100"), currency="KWD"))


def test_a_line_that_is_in_another_open_case_is_refused_and_names_it():
    desk = opened()
    refusal = desk.refused(r.LineInOtherCase, claim(line(document=" re-1 ")), case=CHILD)
    assert refusal.data["case"] == str(CASE)
    desk.do(claim(account=GLOBEX), case=CHILD)  # another supplier's invoice of the same number
    third = natural_id("test", "third")
    desk.do(claim(line(11)), case=third)


def test_a_line_is_free_again_when_its_case_is_over():
    desk = opened()
    desk.do(c.WithdrawDispute(reason="Found the credit."))
    desk.do(claim(), case=CHILD)
    assert desk.case(CHILD).status is Status.OPENED


def test_the_supplier_acknowledges_and_we_may_record_that_it_did():
    desk = opened()
    desk.do(c.AcknowledgeDispute(), by=SUPPLIER)
    assert desk.case().status is Status.ACKNOWLEDGED
    desk.quiet(c.AcknowledgeDispute(), by=SUPPLIER)
    other = opened()
    other.refused(r.RespondentOnly, c.AcknowledgeDispute(by=Party.US))
    other.do(c.AcknowledgeDispute(by=Party.THEM))
    investigating().refused(r.DisputeNotThere, c.AcknowledgeDispute())


def test_what_is_not_acknowledged_in_time_is_looked_into_without():
    desk = opened()
    desk.refused(r.DisputeNotThere, c.InvestigateDispute())
    desk.wait(days=2)
    (started, *_) = desk.do(c.RecordDue())
    assert isinstance(started, e.DisputeInvestigationStarted)
    assert started.why is e.Investigating.NOT_ACKNOWLEDGED
    other = opened().wait(days=2)
    other.do(c.InvestigateDispute())
    assert other.case().status is Status.INVESTIGATING


def test_a_public_word_of_the_supplier_acknowledges_and_ends_the_wait():
    desk = opened()
    assert kinds(desk.do(c.Comment(text="We look."), by=SUPPLIER)) == ["commented", "acknowledged", "clocks_set"]
    desk.all(c.InvestigateDispute(), c.AwaitSupplier(question="And?"))
    desk.quiet(c.AwaitSupplier())
    assert kinds(desk.do(c.AttachEvidence(evidence=PHOTO), by=SUPPLIER)) == ["evidence_attached", "investigation_started", "clocks_set"]
    assert desk.case().status is Status.INVESTIGATING


def test_our_own_word_moves_nothing():
    desk = opened()
    assert kinds(desk.do(c.Comment(text="Please look."))) == ["commented"]
    assert desk.case().status is Status.OPENED


def test_internal_notes_are_ours_alone():
    desk = opened()
    desk.do(c.Comment(text="Careful.", visibility=Visibility.INTERNAL))
    desk.refused(r.ForOthers, c.Comment(text="Hm.", visibility=Visibility.INTERNAL), by=SUPPLIER)
    desk.refused(r.ForOthers, c.Comment(text="Hm.", visibility=Visibility.INTERNAL, by=Party.THEM))
    internal = PHOTO.model_copy(update={"visibility": Visibility.INTERNAL})
    desk.refused(r.ForOthers, c.AttachEvidence(evidence=internal), by=SUPPLIER)
    desk.do(c.AttachEvidence(evidence=internal))


def test_who_comes_from_outside_speaks_for_their_own_side_only():
    desk = opened()
    desk.refused(r.ForOthers, c.Comment(text="We agree.", by=Party.US), by=SUPPLIER)
    for command in (c.VoidDispute(reason="No."), c.AssignDispute(owner=BEA), c.EscalateDispute(level=1, note="!"), c.RecordDue()):
        desk.refused(r.ForOthers, command, by=SUPPLIER)
    desk.refused(r.ClaimantOnly, c.WithdrawDispute(reason="No."), by=SUPPLIER)
    desk.refused(r.ForOthers, claim(), by=SUPPLIER, case=CHILD)


def test_a_customer_raises_and_withdraws_a_claim_against_us():
    desk = Desk()
    desk.do(selling(), by=CUSTOMER)
    case = desk.case()
    assert (case.side, case.claimant, case.respondent) == (Side.SELL, Party.THEM, Party.US)
    desk.do(c.AcknowledgeDispute())
    desk.do(c.WithdrawDispute(reason="It was ours."), by=CUSTOMER)
    assert desk.case().status is Status.WITHDRAWN
    assert desk.supplier(GLOBEX) is None


def test_evidence_is_taken_back_by_who_brought_it():
    desk = opened()
    desk.do(c.AttachEvidence(evidence=PHOTO), by=SUPPLIER)
    ours, theirs = desk.case().evidence
    desk.refused(r.ForOthers, c.RetractEvidence(evidence=ours, reason="No."), by=SUPPLIER)
    desk.do(c.RetractEvidence(evidence=theirs, reason="The wrong one."), by=SUPPLIER)
    desk.quiet(c.RetractEvidence(evidence=theirs, reason="The wrong one."), by=SUPPLIER)
    desk.quiet(c.AttachEvidence(evidence=ORDER))


def test_only_finance_dates_a_fact_back_and_never_before_the_claim():
    desk = opened().wait(days=3)
    desk.refused(BackdatingNotAllowed, c.AcknowledgeDispute(), at=desk.now - timedelta(days=1))
    desk.refused(r.FactOutOfOrder, c.AcknowledgeDispute(), by=CHIEF, at=desk.now - timedelta(days=9))
    desk.do(c.AcknowledgeDispute(), by=CHIEF, at=desk.now - timedelta(days=2))
    assert desk.last(e.DisputeAcknowledged).at == desk.now - timedelta(days=2)


def test_a_case_is_renamed_and_classed_anew():
    desk = opened()
    desk.do(c.ChangeDispute(title="Twice dearer", severity=Severity.CRITICAL, commodity="steel"))
    assert (desk.case().title, desk.case().severity, desk.case().commodity) == ("Twice dearer", Severity.CRITICAL, "steel")
    desk.quiet(c.ChangeDispute(title="Twice dearer"))
    desk.refused(r.EvidenceMissing, c.ChangeDispute(reason=Reason.DAMAGED))
    desk.refused(r.ReasonTextNeeded, c.ChangeDispute(reason=Reason.OTHER))


def test_another_member_is_made_responsible():
    desk = opened()
    desk.do(c.AssignDispute(owner=CARL))
    assert desk.case().owner == CARL
    desk.quiet(c.AssignDispute(owner=CARL))
    desk.refused(NotFound, c.AssignDispute(owner=NOBODY))
    from domain.members import DeactivateMember, members

    desk.world.do(members, BEA, DeactivateMember())
    desk.refused(MemberInactive, c.AssignDispute(owner=BEA))


def test_documents_with_their_payment_dates_are_stated_beside_the_hold():
    desk = opened()
    document = {"kind": "invoice", "number": "RE-1", "total": {"amount": "500.00", "currency": "EUR"}, "discount_on": "2026-03-10"}
    desk.do(c.SetPaymentTerms(documents=(document,)))
    desk.quiet(c.SetPaymentTerms(documents=(document,)))
    desk.refused(r.LineTwice, c.SetPaymentTerms(documents=(document, document)))
    dollars = document | {"total": {"amount": "500.00", "currency": "USD"}}
    desk.refused(r.CurrencyMixed, c.SetPaymentTerms(documents=(dollars,)))


def test_what_a_source_tells_is_taken_without_its_evidence_and_once():
    desk, run = Desk(), natural_id("run", "1")
    told = c.ImportDispute(**claim(evidence=()).model_dump(), source="old", source_id="7", run=run)
    long_ago = desk.now - timedelta(days=12)
    desk.do(told, by=SYSTEM, at=long_ago)
    assert (desk.case().opened_at, desk.case().source) == (long_ago, ("old", "7"))
    desk.quiet(told, by=SYSTEM)
    desk.quiet(UndoImport(run=natural_id("run", "2")), by=SYSTEM)
    desk.do(UndoImport(run=run), by=SYSTEM)
    assert desk.case().status is Status.VOIDED
    desk.quiet(UndoImport(run=run), by=SYSTEM)


def test_a_case_whose_import_was_undone_comes_again_with_a_later_run():
    desk, first, second = Desk(), natural_id("run", "1"), natural_id("run", "2")
    said = claim(evidence=()).model_dump()
    desk.do(c.ImportDispute(**said, source="old", source_id="7", run=first), by=SYSTEM)
    desk.do(UndoImport(run=first), by=SYSTEM)
    desk.quiet(c.ImportDispute(**said, source="old", source_id="7", run=first), by=SYSTEM)
    desk.do(c.ImportDispute(**said, source="old", source_id="7", run=second), by=SYSTEM)
    case = desk.case()
    assert (case.status, case.open_gross, case.version) == (Status.OPENED, Decimal("119.00"), len(desk.world.histories[CASE]))
    assert desk.world.state(locks, lock_read(ACME, line().reference).id).holders == {CASE}


def test_an_imported_case_that_was_worked_on_stays():
    desk, run = Desk(), natural_id("run", "1")
    desk.do(c.ImportDispute(**claim(evidence=()).model_dump(), source="old", source_id="7", run=run), by=SYSTEM)
    desk.do(c.AcknowledgeDispute())
    desk.refused(ChangedSinceImport, UndoImport(run=run), by=SYSTEM)


def test_what_time_brought_to_an_imported_case_does_not_keep_it_and_what_somebody_said_does():
    desk, run = Desk(), natural_id("run", "1")
    told = c.ImportDispute(**claim(evidence=()).model_dump(), source="old", source_id="7", run=run)
    desk.do(told, by=SYSTEM, at=desk.now - timedelta(days=200))
    desk.do(c.RecordDue(), by=SYSTEM)
    assert (desk.case().status, desk.case().level) == (Status.INVESTIGATING, 3)
    commented = copy.deepcopy(desk)
    commented.do(c.Comment(text="Which of the two deliveries?"))
    refusal = commented.refused(ChangedSinceImport, UndoImport(run=run), by=SYSTEM)
    assert "Somebody has worked on this case since" in refusal.detail
    desk.do(UndoImport(run=run), by=SYSTEM)
    assert desk.case().status is Status.VOIDED
    assert not desk.world.state(locks, lock_read(ACME, line().reference).id).holders
