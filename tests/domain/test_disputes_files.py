"""Files of a case: what was uploaded belongs to it once it is attached; what lies elsewhere stays a reference."""

from __future__ import annotations

from domain.disputes import commands as c
from domain.disputes.terms import Evidence, Party, Visibility
from domain.documents import DocumentAttached, DocumentRef, StoreDocument, document_id, documents
from domain.kernel import On
from tests.domain.dispute_world import BEA, CASE, SHA, Desk, claim, investigating, settle

FILE = Evidence(kind="photo", sha256=SHA)


def _uploaded(desk: Desk) -> Desk:
    ref = DocumentRef(sha256=SHA, name="photo.png", media_type="image/png", size=3)
    desk.world.do(documents, document_id(SHA), StoreDocument(document=ref, uploader=BEA))
    return desk


def _attached(outcome) -> list[DocumentAttached]:
    assert isinstance(outcome, tuple)
    return [item.event for item in outcome if isinstance(item, On) and isinstance(item.event, DocumentAttached)]


def test_an_uploaded_file_belongs_to_the_case_it_is_evidence_in():
    desk = _uploaded(investigating())
    assert _attached(desk.run(c.AttachEvidence(evidence=FILE))) == [DocumentAttached(noun="dispute", id=CASE)]
    again = Evidence(kind="other", sha256=SHA, visibility=Visibility.INTERNAL)
    assert _attached(desk.run(c.AttachEvidence(evidence=again))) == [], "once is enough"


def test_a_file_comes_with_the_claim_and_with_a_settling_document():
    desk = _uploaded(Desk())
    assert _attached(desk.run(claim(evidence=(*claim().evidence, FILE))))
    desk = _uploaded(investigating())
    assert _attached(desk.run(settle("credit_note", "19.00", sha256=SHA, by=Party.THEM)))


def test_bytes_that_lie_elsewhere_are_a_reference():
    assert _attached(investigating().run(c.AttachEvidence(evidence=FILE))) == []
