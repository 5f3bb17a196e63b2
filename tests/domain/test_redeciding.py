"""Commands told back from their events, and decided again by the same rules and by others."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.deals import (
    AdvanceDeal,
    ChangeAmount,
    DealStageRequested,
    EnterStage,
    MoveCloseDate,
    RenameDeal,
    SetNextStep,
    deals,
)
from domain.kernel import Command, Context
from domain.pipelines import DEFAULT_PIPELINE, Pipeline
from domain.redeciding import decide_again, differences, told_back
from infra.event_store.envelope import event_id
from tests.domain.deal_world import ALL_PROVEN, DEAL, FACTS, PIPELINE, SELLER, TODAY, VERSION, eur, opened, requested
from tests.spec import NOW, counting_ids

STATE = deals.fold([opened(), *ALL_PROVEN])
REQUEST = requested("discover")
PENDING = deals.fold([REQUEST], STATE)


def _context(**changes: object) -> Context:
    return Context(now=NOW, actor=SELLER, facts=defaultdict(type(None), FACTS), new_id=counting_ids(), stream=DEAL)._replace(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "command",
    [
        RenameDeal(title="Another"),
        SetNextStep(next_step="Call", next_step_on=TODAY + timedelta(days=3)),
        ChangeAmount(amount=eur("12.50"), reason="Less"),
        MoveCloseDate(close_date=TODAY + timedelta(days=200), reason="Later"),
        AdvanceDeal(to="discover"),
        AdvanceDeal(to="lost", reason="price", note="Too dear"),
    ],
    ids=lambda command: type(command).__name__ + getattr(command, "to", ""),
)
def test_a_command_is_told_back_from_its_events_and_decides_the_same(command: Command):
    events = [event for event in deals.decide(STATE, command, _context()) if not isinstance(event, tuple)]
    recorded = [(DEAL, event) for event in events]
    later = _context(now=NOW + timedelta(seconds=2))
    for told in told_back(deals, STATE, events):
        outcome, same = decide_again(deals, STATE, told, later)
        if not differences(outcome, recorded, same):
            assert told == command
            return
    raise AssertionError("no command was told back")


def test_a_gate_of_another_version_refuses_what_was_let_through():
    bare = deals.fold([opened()])
    free = replace(VERSION, number=2, stages=tuple(s.model_copy(update={"exit_criteria": ()}) for s in VERSION.stages))
    versions = Pipeline("Both", (VERSION, free))
    facts = defaultdict(type(None), {**FACTS, DEFAULT_PIPELINE: versions})
    command, lenient = AdvanceDeal(to="discover"), replace(bare, pipeline_version=2)
    events = deals.decide(lenient, command, _context(facts=facts))
    assert isinstance(events[0], DealStageRequested)
    recorded = [(DEAL, events[0])]
    again, same = decide_again(deals, lenient, command, _context(facts=facts))
    assert differences(again, recorded, same) == []
    strict, same = decide_again(deals, bare, command, _context(facts=facts))
    [why] = differences(strict, recorded, same)
    assert "GateNotMet" in why


def test_another_amount_is_told_field_by_field():
    recorded = [(DEAL, event) for event in deals.decide(STATE, ChangeAmount(amount=eur("5")), _context())]
    outcome, same = decide_again(deals, STATE, ChangeAmount(amount=eur("6")), _context())
    assert any("amount of deal.amount_changed would be" in why for why in differences(outcome, recorded, same))


def test_what_a_workflow_carried_out_is_told_back_too():
    asked = EnterStage(to="discover", request=event_id(DEAL, PENDING.pending.version))
    events = list(deals.decide(PENDING, asked, _context()))
    assert asked in list(told_back(deals, PENDING, events))
    assert PIPELINE.latest == VERSION
