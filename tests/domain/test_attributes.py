from __future__ import annotations

import pytest

from domain.attributes import (
    AttributeChanged,
    AttributeDefined,
    AttributeRefused,
    AttributeRetired,
    AttributeType,
    ChangeAttribute,
    DefineAttribute,
    RetireAttribute,
    attributes,
    attributes_id,
    validated,
)
from domain.kernel import AlreadyExists, Invalid, NotFound
from tests.spec import Spec

fields = Spec(attributes).on(attributes_id("account"))
tier = AttributeDefined(noun="account", key="tier", label="Tier", type=AttributeType.CHOICE, options=("gold", "silver"))
seats = AttributeDefined(noun="account", key="seats", label="Seats", type=AttributeType.NUMBER, required=True)


def define(event: AttributeDefined) -> DefineAttribute:
    return DefineAttribute(**event.model_dump())


def test_a_field_is_defined():
    fields.when(define(tier)).then(tier)


def test_a_field_is_defined_once():
    fields.given(tier).when(define(tier.model_copy(update={"label": "Rank"}))).refused(AlreadyExists, key="tier")


def test_defining_the_same_again_is_quiet():
    fields.given(tier).when(define(tier)).nothing()


def test_a_retired_field_can_be_defined_again_with_the_same_type_only():
    retired = fields.given(tier, AttributeRetired(key="tier"))
    retired.when(define(tier)).then(tier)
    text = tier.model_copy(update={"type": AttributeType.TEXT, "options": ()})
    retired.when(define(text)).refused(AlreadyExists)


@pytest.mark.parametrize("change", [{"options": ()}, {"options": ("a", "a")}, {"type": AttributeType.TEXT}])
def test_options_belong_to_choices(change: dict[str, object]):
    fields.when(DefineAttribute(**{**tier.model_dump(), **change})).refused(Invalid)


def test_fields_of_one_noun_are_not_defined_in_the_stream_of_another():
    fields.on(attributes_id("deal")).when(define(tier)).refused(Invalid)


def test_options_can_be_added_later_and_the_version_rises():
    wider = AttributeChanged(key="tier", label="Tier", options=("gold", "silver", "bronze"))
    fields.given(tier).when(ChangeAttribute(key="tier", label="Tier", options=wider.options)).then(wider)
    fields.given(tier, wider).when(ChangeAttribute(key="tier", label="Tier", options=wider.options)).nothing()
    assert fields.given(tier, wider).state.version == 2
    fields.when(ChangeAttribute(key="tier", label="Tier")).refused(NotFound)


def test_a_field_is_retired_once():
    fields.given(tier).when(RetireAttribute(key="tier")).then(AttributeRetired(key="tier"))
    fields.given(tier, AttributeRetired(key="tier")).when(RetireAttribute(key="tier")).nothing()
    fields.when(RetireAttribute(key="tier")).refused(NotFound)


SCHEMA = fields.given(
    tier,
    seats,
    AttributeDefined(noun="account", key="since", label="Since", type=AttributeType.DATE),
    AttributeDefined(noun="account", key="vip", label="VIP", type=AttributeType.BOOLEAN),
    AttributeDefined(noun="account", key="tags", label="Tags", type=AttributeType.CHOICES, options=("a", "b")),
    AttributeDefined(noun="account", key="memo", label="Memo", type=AttributeType.TEXT),
).state


@pytest.mark.parametrize(
    ("key", "given", "kept"),
    [
        ("seats", "0012.500", "12.5"),
        ("seats", "-0", "0"),
        ("seats", "1E3", "1000"),
        ("since", "20260301", "2026-03-01"),
        ("vip", True, True),
        ("tags", ("b", "a", "b"), ("a", "b")),
        ("tier", "gold", "gold"),
        ("memo", " x ", "x"),
    ],
)
def test_values_are_kept_in_canonical_form(key: str, given: object, kept: object):
    assert validated(SCHEMA, {key: given}, {"seats": "1"})[key] == kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seats", "many"),
        ("seats", "NaN"),
        ("seats", "1.0000001"),
        ("seats", "1e15"),
        ("since", "1.3.2026"),
        ("vip", "true"),
        ("tags", ("c",)),
        ("tags", "a"),
        ("tier", "bronze"),
        ("memo", " "),
        ("unknown", "x"),
        ("seats", None),
    ],
)
def test_values_that_do_not_fit_are_refused_and_named(key: str, value: object):
    with pytest.raises(AttributeRefused) as refusal:
        validated(SCHEMA, {key: value}, {"seats": "1"})
    assert list(refusal.value.data["fields"]) == [key]


def test_required_fields_must_be_there_at_the_beginning():
    with pytest.raises(AttributeRefused):
        validated(SCHEMA, {"tier": "gold"}, {}, complete=True)
    assert validated(SCHEMA, {"seats": "3"}, {}, complete=True) == {"seats": "3"}


def test_an_imported_column_may_stay_or_go_but_not_change():
    current = {"Annual Revenue": "1100.04", "seats": "1"}
    assert validated(SCHEMA, {"Annual Revenue": "1100.04"}, current) == current
    assert validated(SCHEMA, {"Annual Revenue": None}, current) == {"seats": "1"}
    with pytest.raises(AttributeRefused):
        validated(SCHEMA, {"Annual Revenue": "2"}, current)
