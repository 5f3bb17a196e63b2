from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.company_names import near_equal, normalised_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Corporation", "ACME Corp."),
        ("Müller & Söhne GmbH", "Mueller & Sohne"),
        ("Straße AG", "Strasse"),
        ("Codehow", "Codehow Inc."),
        ("dambase", "Dam Base"),
        ("Société Générale S.A.", "Societe Generale"),
        ("Kan-code", "Kan code"),
    ],
)
def test_near_equal_names_are_seen(one: str, other: str):
    assert near_equal(one, other)


@pytest.mark.parametrize(("one", "other"), [("Acme", "Globex"), ("Inc", "Ltd"), ("Sumace", "Betasoloin"), ("Alpha Bank", "Alpine Bakery")])
def test_different_names_are_left_alone(one: str, other: str):
    assert not near_equal(one, other)


def test_a_name_of_nothing_but_a_legal_form_keeps_it():
    assert normalised_name("Limited Company") == "limited"


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing_more(name: str):
    assert normalised_name(normalised_name(name)) == normalised_name(name)


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_mutual_and_a_name_is_like_itself(one: str, other: str):
    assert near_equal(one, one)
    if normalised_name(one) == normalised_name(other):
        assert near_equal(one, other) == near_equal(other, one)
