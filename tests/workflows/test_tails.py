"""What follows the log, and the read models, each remember how far they have come in a row of their own."""

from __future__ import annotations

from projections.catalogue import read_models
from workflows import approval_trigger, contract_trigger, dispute_trigger, outbox, paper_trigger, take_up, trigger


def test_no_tail_shares_its_position_with_a_read_model_or_another_tail():
    tails = [t.NAME for t in (approval_trigger, contract_trigger, dispute_trigger, outbox, paper_trigger, take_up, trigger)]
    assert len(set(tails)) == len(tails)
    assert {model.name for model in read_models()}.isdisjoint(tails)
