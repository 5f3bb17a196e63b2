"""Evidence: each exit criterion is shown by its own kind of artefact."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from domain.deals import (
    ContactUnknown,
    CriterionUnknown,
    DealClosed,
    DealEvidenceRetracted,
    Evidence,
    EvidenceMismatch,
    RecordEvidence,
    RetractEvidence,
)
from tests.domain.deal_world import FORGOTTEN, LOST, NOBODY, PROOFS, SHA, deal, eur, opened, proven


@pytest.mark.parametrize("criterion", PROOFS)
def test_evidence_of_the_right_kind_is_recorded_once(criterion):
    command = RecordEvidence(evidence=PROOFS[criterion])
    deal.given(opened()).when(command).then(*proven(criterion))
    deal.given(opened(), *proven(criterion)).when(command).nothing()


def test_a_note_may_accompany_any_artefact():
    noted = PROOFS["budget_named"].model_copy(update={"note": "Said on the phone"})
    (event,) = deal.given(opened(), *proven("budget_named")).when(RecordEvidence(evidence=noted)).events
    assert event.model_dump()["note"] == "Said on the phone"


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(criterion="need_stated"),
        Evidence(criterion="budget_named", note="About a hundred"),
        Evidence(criterion="need_stated", amount=eur("1")),
        Evidence(criterion="proposal_received", document="P-1"),
        Evidence(criterion="proposal_received", sha256=SHA),
        Evidence(criterion="budget_named", amount=eur("1"), document="P-1", sha256=SHA),
    ],
)
def test_evidence_of_another_kind_is_refused(evidence):
    deal.given(opened()).when(RecordEvidence(evidence=evidence)).refused(EvidenceMismatch)


def test_a_hash_is_64_hexadecimal_digits():
    with pytest.raises(ValidationError):
        Evidence(criterion="proposal_received", document="P-1", sha256="abc")


@pytest.mark.parametrize("contact", [NOBODY, FORGOTTEN])
def test_a_contact_given_as_evidence_must_be_known(contact):
    evidence = Evidence(criterion="economic_buyer_met", contact=contact)
    deal.given(opened()).when(RecordEvidence(evidence=evidence)).refused(ContactUnknown)


def test_evidence_for_what_no_stage_asks_is_refused_with_what_they_ask():
    refusal = deal.given(opened()).when(RecordEvidence(evidence=Evidence(criterion="mood", note="Good"))).refused(CriterionUnknown)
    assert "need_stated" in refusal.data["criteria"]


def test_evidence_is_retracted_once():
    retracted = DealEvidenceRetracted(criterion="need_stated", reason="Other company")
    spec = deal.given(opened(), *proven("need_stated"))
    spec.when(RetractEvidence(criterion="need_stated", reason="Other company")).then(retracted)
    spec.given(retracted).when(RetractEvidence(criterion="need_stated", reason="Other company")).nothing()


def test_a_closed_deal_takes_no_evidence():
    deal.given(opened(), LOST).when(RecordEvidence(evidence=PROOFS["need_stated"])).refused(DealClosed)
    deal.given(opened(), LOST).when(RetractEvidence(criterion="need_stated", reason="x")).refused(DealClosed)
