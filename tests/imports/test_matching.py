"""Dirty values are read as known ones with a stated confidence, or left to be asked about."""

from __future__ import annotations

import pytest

from workflows.imports.matching import ACCEPT, Vocabulary
from workflows.imports.vocabularies import country_words, industry_words


@pytest.fixture
def products() -> Vocabulary:
    words = Vocabulary()
    words.add(["GTX Basic", "GTX Pro", "MG Special", "GTX Plus Pro", "GTX Plus Basic", "GTK 500"])
    return words


@pytest.mark.parametrize(
    ("value", "means", "confidence"),
    [("GTX Pro", "GTX Pro", 1.0), ("gtx pro", "GTX Pro", 0.99), ("GTXPro", "GTX Pro", 0.97), ("GTX-Plus_Pro", "GTX Plus Pro", 0.97)],
)
def test_a_spelling_is_read_with_its_confidence(products, value, means, confidence):
    match = products.match(value)
    assert (match.to, match.confidence, match.taken) == (means, confidence, True)


def test_a_near_value_is_taken_and_a_doubtful_one_is_not(products):
    assert products.match("GTX Plus Bsic").taken
    doubtful = products.match("GTX Plus")
    assert doubtful.to == "GTX Plus Pro"
    assert doubtful.confidence < ACCEPT
    assert [name for name, _ in doubtful.others][:1] == ["GTX Plus Basic"]


def test_other_digits_are_another_thing(products):
    assert products.match("GTK 600").to is None


def test_two_things_of_one_name_are_never_chosen_between():
    words = Vocabulary()
    words.add({"Acme": "1"})
    words.add({"Acme": "2"})
    match = words.match("Acme")
    assert match.to is None
    assert dict(match.others) == {"1": 1.0, "2": 1.0}


def test_a_legal_form_makes_no_other_company():
    words = Vocabulary()
    words.add(["Müller & Söhne", "Globex Corporation"])
    assert words.match("Muller & Sohne GmbH").to == "Müller & Söhne"
    assert words.match("Globex Inc.").confidence == 0.95


def test_the_words_of_the_world():
    assert country_words().match("Philipines").to == "PH"
    assert country_words().match("USA").to == "US"
    assert not country_words().match("Atlantis").taken
    assert industry_words().match("technolgy").to == "technology"
