"""Stored events are read without their rules: to the same events, in the same shapes, and whatever was allowed when they were written."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from domain.deals.events import DealLinesChanged
from domain.nouns import register_all
from infra.stored import reader
from tests.golden.samples import build, stored_events

register_all()
LINES = {
    "lines": [{"label": "Machine", "quantity": "2", "unit_price": {"amount": "10.50", "currency": "EUR"}}],
    "amount": {"amount": "21.00", "currency": "EUR"},
    "annual": {"amount": "0", "currency": "EUR"},
}


def read(raw: object) -> DealLinesChanged:
    return reader(DealLinesChanged).validate_json(json.dumps(raw))


@pytest.mark.parametrize("event", stored_events(), ids=lambda event: event.topic)
def test_every_event_is_read_to_what_was_written(event) -> None:
    written = build(event)
    found = reader(event).validate_json(written.model_dump_json())
    assert type(found) is event
    assert found == written
    assert found.model_fields_set == written.model_fields_set


def test_what_a_stricter_rule_would_refuse_today_still_loads() -> None:
    raw = {**LINES, "lines": [{**LINES["lines"][0], "label": None, "unit_price": {"amount": "-1.1234567", "currency": "DEM"}}]}
    with pytest.raises(ValidationError):
        DealLinesChanged.model_validate_json(json.dumps(raw))
    (line,) = read(raw).lines
    assert (line.label, line.unit_price.amount, line.unit_price.currency) == (None, Decimal("-1.1234567"), "DEM")


@pytest.mark.parametrize(
    "damage",
    [{"amount": {"amount": "much", "currency": "EUR"}}, {"lines": "none"}, {"lines": [{}]}, {"colour": "red"}, {"amount": {"amount": "1"}}],
)
def test_what_has_not_its_events_shape_is_refused(damage) -> None:
    assert read(LINES).amount.amount == 21
    with pytest.raises(ValidationError):
        read({**LINES, **damage})
