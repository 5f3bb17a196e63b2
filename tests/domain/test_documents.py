"""Documents: stored once, attached by other nouns in their own unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from domain.documents import (
    DocumentAttached,
    DocumentRef,
    DocumentStored,
    StoreDocument,
    Subject,
    UploadUnknown,
    attach,
    document_id,
    document_read,
    document_reads,
    documents,
)
from domain.kernel import Context, On, natural_id
from tests.spec import NOW, OWN, Spec

MIRA, JON = natural_id("test", "mira"), natural_id("test", "jon")
REF = DocumentRef(sha256="a" * 64, name="offer.pdf", media_type="application/pdf", size=12)
document = Spec(documents)


def test_a_document_is_stored():
    document.when(StoreDocument(document=REF, uploader=MIRA)).then(DocumentStored(document=REF, uploader=MIRA))


def test_the_same_upload_again_is_quiet_and_another_members_is_not():
    stored = document.given(DocumentStored(document=REF, uploader=MIRA))
    stored.when(StoreDocument(document=REF, uploader=MIRA)).nothing()
    stored.when(StoreDocument(document=REF, uploader=JON)).then(DocumentStored(document=REF, uploader=JON))


def test_who_uploaded_it_is_known():
    state = document.given(DocumentStored(document=REF, uploader=MIRA)).state
    assert state is not None
    assert state.uploaded_by(MIRA)
    assert not state.uploaded_by(JON)


def _attached(facts: Mapping[UUID, Any], *hashes: str) -> tuple[tuple[DocumentRef, ...], tuple[On, ...]]:
    return attach(Context(now=NOW, facts=facts, stream=OWN), "dispute", hashes)


def test_attaching_gives_the_document_as_it_was_uploaded_and_records_where_it_belongs():
    known = document.given(DocumentStored(document=REF, uploader=MIRA)).state
    refs, events = _attached({document_id(REF.sha256): known}, REF.sha256, REF.sha256)
    assert refs == (REF,)
    assert events == (On(document_read(REF.sha256), DocumentAttached(noun="dispute", id=OWN)),)


def test_attaching_it_to_the_same_thing_again_is_quiet():
    known = document.given(DocumentStored(document=REF, uploader=MIRA), DocumentAttached(noun="dispute", id=OWN)).state
    assert known is not None
    assert known.subjects == {Subject("dispute", OWN)}
    assert _attached({document_id(REF.sha256): known}, REF.sha256) == ((REF,), ())


def test_what_was_never_uploaded_cannot_be_attached():
    facts = {read.id: None for read in document_reads(["b" * 64])}
    with pytest.raises(UploadUnknown) as refused:
        _attached(facts, "b" * 64)
    assert refused.value.data["sha256"] == "b" * 64
