"""What lists say of an approval is what its own state says, now and after each event of its past."""

from __future__ import annotations

from datetime import timedelta

from domain.approvals import Approve, Escalate, Reject, WithdrawApproval, approvals
from domain.stages import Chain
from projections.approval_list import approval_list, rounds_between
from projections.approvals import Approvals
from projections.as_of import NOW, AsOf, Basis
from projections.members import Members
from projections.reading import Reader
from tests.domain.approval_world import ANNA, CARL, DESK, DORA, MONA, MONDAY, STREAM, asked, asking, does, terms
from tests.projections.world import Fact, instant, world


def _history():
    """Escalated, refused, asked again with other terms, agreed to; then worse terms, and taken back."""
    spec = asked(asking(terms("25", payment_days=45)))
    late = spec.at(MONDAY + timedelta(days=2))
    spec = spec.given(*late.when(Escalate(chain=Chain.COMMERCIAL, step=0, to=(DORA,))).events)
    spec = does(does(spec, DESK, Approve(comment="Fine")), DORA, Reject(comment="Too much"))
    spec = asked(asking(terms("18", payment_days=45), cause=ANNA), spec)
    spec = does(spec, MONA, Approve())
    spec = asked(asking(terms("35", payment_days=45), cause=CARL), spec)
    return does(spec, ANNA, WithdrawApproval(comment="Later")).events


async def test_every_past_moment_of_an_approval_is_what_its_state_was_then(database_url: str):
    events = _history()
    async with world(database_url, Approvals(), Members()) as made:
        tenant = made.tenant("t")
        made.write(tenant, [Fact(STREAM, event) for event in events])
        await made.runner.catch_up(tenant)
        reader = Reader(made.database, made.store)
        for position in range(1, len(events) + 1):
            moments = [AsOf(Basis.KNOWN, position), AsOf(Basis.HAPPENED, None, instant(position))]
            state = approvals.fold(events[:position])
            assert state is not None
            for moment in [*moments, *([NOW] if position == len(events) else [])]:
                async with reader.read(tenant, Approvals, Members, as_of=moment) as reading:
                    (card,) = (await approval_list(reading)).items
                    mine = (await approval_list(reading, mine=[MONA], me=[MONA])).items
                assert (card.round, card.status, card.content_hash) == (state.round, state.status, state.content_hash), position
                assert (card.agreed_amount, card.agreed_currency) == (state.terms.amount.amount, state.terms.amount.currency), position
                turns = {(Chain(t.chain), t.number): tuple(t.asked) for t in card.steps if t.state == "asked"}
                assert turns == {(chain, n): step.asked for chain, n, step in state.pending}, position
                assert bool(mine) == (MONA in state.asked), position
        await reader.close()


async def test_each_round_is_kept_with_the_values_that_were_tested_and_how_it_ended(database_url: str):
    async with world(database_url, Approvals(), Members()) as made:
        tenant = made.tenant("t")
        made.write(tenant, [Fact(STREAM, event) for event in _history()])
        await made.runner.catch_up(tenant)
        reader = Reader(made.database, made.store)
        async with reader.read(tenant, Approvals, Members) as reading:
            found = await rounds_between(reading, MONDAY - timedelta(days=1), MONDAY + timedelta(days=30))
            before = await rounds_between(reading, MONDAY - timedelta(days=9), MONDAY)
        await reader.close()
    assert [(status, str(event.measures.worst_line)) for _, status, _, event in found] == [
        ("rejected", "25"),
        ("approved", "18"),
        ("withdrawn", "35"),
    ]
    assert before == []
