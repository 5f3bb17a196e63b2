"""How a person is looked for in texts: every way in which they are written, and nobody else; and how words are cut out."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.contacts.events import ContactAdded, ContactDetailsChanged
from domain.kernel import ERASED, Event, Recorded
from domain.privacy import PersonKind
from infra.masks import Span, cut, texts
from infra.privacy.mentions import Mention, wording_of
from infra.privacy.persons import Kept

JO, AT = UUID(int=7), datetime(2026, 3, 2, tzinfo=UTC)


def _kept(*events: Event) -> Kept:
    log = [Recorded(JO, n, n, event, AT, AT, JO, None, JO, JO, None) for n, event in enumerate(events, 1)]
    return Kept(JO, PersonKind.CONTACT, [JO], events=log)


KNOWN = _kept(
    ContactAdded(name="Jo Weber", email="jo@acme.example", phone="+49 (30) 1234-5678"),
    ContactDetailsChanged(name="Jo  Müller", mobile="12"),
)


@pytest.mark.parametrize(
    "text",
    [
        "Jo Weber",
        "call JO\nWEBER's office",
        "ask Weber, Jo.",
        "since Jo müller married",
        "mail to JO@acme.example.",
        "<jo@acme.example>",
        "Tel.030/123 456 78, ext. 4",
        "0049301234567 8",
        "Mr. Weber",
        "the GmbH of Kim",
    ],
)
def test_every_way_of_naming_a_person_is_found(text: str):
    wording = wording_of(KNOWN, also=("Mr. Weber", "kim"))
    assert wording is not None
    assert wording.pattern.search(text)


@pytest.mark.parametrize(
    "text",
    ["Jo Weberstein", "Jo", "Weber", "amajo@acme.example", "jo@acme.example.com", "12", "912345678.00", "1,12345678", "123456789", "kim"],
)
def test_nobody_else_is_found(text: str):
    wording = wording_of(KNOWN, also=("kim",))
    assert wording is not None
    assert not wording.pattern.search(text)


def test_who_is_named_in_no_way_is_not_looked_for():
    assert wording_of(_kept(ContactAdded(name=ERASED, email=ERASED, phone="0301"))) is None
    assert wording_of(_kept(ContactAdded(name="Jo Weber"))) is not None


def test_the_sentence_with_the_words_in_it_is_shown():
    def said(text: str, word: str) -> str:
        start = text.index(word)
        return Mention(1, JO, 1, "deal.opened", AT, b"", Span("/title", start, start + len(word)), text).sentence

    assert said("They came. Then Jo Weber left! It rained.", "Jo Weber") == "Then Jo Weber left!"
    assert said("Jo Weber", "Jo Weber") == "Jo Weber"
    assert len(said("x " * 300 + "Jo Weber" + " y" * 300, "Jo Weber")) < 300


def test_words_are_cut_out_of_the_texts_where_they_stand_and_the_rest_stays():
    raw = {"a~b": [{"c/d": "Jo and Jo"}, "Jo"], "n": 1, "whole": ERASED}
    found = dict(texts(raw))
    assert found == {"/a~0b/0/c~1d": "Jo and Jo", "/a~0b/1": "Jo", "/whole": ERASED}
    spans = [Span("/a~0b/0/c~1d", 0, 2), Span("/a~0b/0/c~1d", 7, 9), Span("/whole", 0, 2)]
    assert cut(raw, spans) == ["Jo", "Jo"]
    assert raw == {"a~b": [{"c/d": "[erased] and [erased]"}, "Jo"], "n": 1, "whole": ERASED}
