"""Days and instants in bodies: ISO texts only, whatever the command, while stored events are read as ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from api.conventions import Body
from api.openapi import stated
from api.written_days import validator_of
from domain.deals import events as e
from domain.deals.commands import MoveCloseDate
from domain.settings import DefineCalendar

NO_DAYS = (1798761600, 1.5, "1798761600", "2027-01-01T00:00:00Z", "2027-1-1", "20270101", "2027-02-30", "soon", True)


def _kept(command: type, **body: Any) -> Any:
    return validator_of(command).validate_json(json.dumps(body))


def test_a_day_is_an_iso_text():
    assert _kept(MoveCloseDate, close_date="2027-01-01").close_date == date(2027, 1, 1)


@pytest.mark.parametrize("written", NO_DAYS)
def test_a_day_is_nothing_else(written: Any):
    with pytest.raises(ValidationError) as told:
        _kept(MoveCloseDate, close_date=written)
    assert [error["loc"] for error in told.value.errors()] == [("close_date",)]


def test_days_of_models_inside_a_command_are_held_to_it_too():
    calendar = {"key": "DE-BE", "zone": "Europe/Berlin", "holidays": [{"day": "2027-01-01", "name": "New Year"}]}
    assert _kept(DefineCalendar, **calendar).holidays[0].day == date(2027, 1, 1)
    for written in NO_DAYS:
        calendar["holidays"] = [{"day": written, "name": "New Year"}]
        with pytest.raises(ValidationError):
            _kept(DefineCalendar, **calendar)


def test_every_body_with_a_day_has_the_strict_reader(world_document: list[Any]):
    bodies = {d.model: d for route, _, _ in world_document for d in stated(route) if isinstance(d, Body)}
    dated = {model for model in bodies if '"format": "date"' in json.dumps(model.model_json_schema())}
    assert MoveCloseDate in dated
    for model in dated:
        assert set(_plain_days(validator_of(model), model)) == set(), model


def _plain_days(validator: Any, model: type[Any]) -> Iterator[str]:
    """Fields of the command that take the number of a day."""
    for name, field in model.__pydantic_fields__.items():
        if "date" in str(field.annotation) and "datetime.date" in str(field.annotation):
            try:
                validator.validate_json(json.dumps({name: 1798761600}))
            except ValidationError as told:
                if any(error["loc"][:1] == (name,) for error in told.errors()):
                    continue
            yield name


def test_stored_events_are_read_as_ever():
    assert e.DealCloseDateMoved.model_validate_json(
        '{"close_date": 1798761600, "previous": null, "pushed": false, "pushes": 0}'
    ).close_date == date(2027, 1, 1)
