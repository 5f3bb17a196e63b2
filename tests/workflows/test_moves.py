"""Moves: asked for in the log, carried out by the deal's workflow, once, whatever happens on the way."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from domain.deals import (
    AdvanceDeal,
    DealMoveRefused,
    DealMoveWithdrawn,
    DealStageEntered,
    DealStageRequested,
    Evidence,
    ReopenDeal,
    RetractEvidence,
    WithdrawMove,
    deals,
)
from domain.kernel import SYSTEM
from domain.pipelines import Criterion, DefinePipeline, EvidenceKind, pipelines
from infra.event_store.envelope import event_id
from tests.workflows.office import ADMIN, ANNA, PIPELINE, STAGES, Office, moves
from workflows.moves import carry_out


async def test_a_move_is_carried_into_the_stage_asked_for(desk: Office):
    deal = await desk.open_deal()
    async with desk.worker(), desk.trigger():
        asked = await desk.ask(deal, "second")
        assert (await desk.settled(deal)).stage == "second"
    request, entered = (await desk.log(DealStageRequested, DealStageEntered))[-2:]
    assert entered.position > (asked.last or 0)
    assert entered.correlation_id == request.correlation_id  # whoever asked finds the end by it
    assert entered.causation_id == event_id(deal, request.originator_version)
    assert (entered.actor, entered.on_behalf_of) == (SYSTEM.id, ANNA)


async def test_one_move_after_another_is_carried_by_the_same_workflow(desk: Office):
    deal = await desk.open_deal()
    async with desk.worker(), desk.trigger():
        runs = set()
        for to in ("second", "third", "first", "won"):
            await desk.do(deals, deal, AdvanceDeal(to=to, reason="wrong_stage", order_reference="PO-7"))
            await desk.settled(deal)
            runs.add((await desk.handle(deal).describe()).run_id)
        assert await desk.stage(deal) == "won"
    assert len(runs) == 1


async def test_a_move_whose_gate_closed_meanwhile_is_refused_in_the_log_with_what_is_missing(desk: Office):
    criterion = Criterion(key="need_stated", label="The buyer stated the need", evidence=EvidenceKind.NOTE)
    gated = (STAGES[0].model_copy(update={"exit_criteria": (criterion,)}), *STAGES[1:])
    await desk.do(pipelines, PIPELINE, DefinePipeline(name="Short", stages=gated), ADMIN)
    deal = await desk.open_deal()
    await desk.do(deals, deal, AdvanceDeal(to="second", evidence=(Evidence(criterion="need_stated", note="They did"),)))
    await desk.do(deals, deal, RetractEvidence(criterion="need_stated", reason="They did not"))
    async with desk.worker(), desk.trigger():
        assert (await desk.settled(deal)).stage == "first"
    (refused,) = await desk.log(DealMoveRefused)
    assert isinstance(refused.event, DealMoveRefused)
    assert refused.event.rule == "GateNotMet"
    assert [u.criterion for u in refused.event.unmet] == ["need_stated"]


async def test_a_withdrawn_move_is_not_carried_out(desk: Office):
    deal, other = await desk.open_deals(2)
    await desk.ask(deal, "second")
    await desk.do(deals, deal, WithdrawMove())
    await desk.ask(other, "second")
    async with desk.worker(), desk.trigger():
        await desk.settled(other)
    assert len(await desk.log(DealMoveWithdrawn)) == 1
    assert await desk.stage(deal) == "first"
    assert not await desk.running(deal)


async def test_the_workflow_ends_with_the_deal_and_begins_again_when_it_is_reopened(desk: Office):
    deal = await desk.open_deal()
    async with desk.worker(), desk.trigger():
        await desk.ask(deal, "lost")
        assert (await desk.settled(deal)).stage == "lost"
        await desk.handle(deal).result()
        await desk.do(deals, deal, ReopenDeal(reason="They called back"))
        await desk.until(lambda: desk.running(deal))
        await desk.ask(deal, "second")
        assert (await desk.settled(deal)).stage == "second"


async def test_a_step_that_is_repeated_after_any_loss_acts_once(desk: Office):
    deal = await desk.open_deal()
    await desk.ask(deal, "second")
    pending = (await desk.deal(deal)).pending
    assert pending is not None
    for _ in range(3):
        await carry_out(desk.database, desk.store, desk.tenant, deal, pending)
    assert len(await desk.log(DealStageEntered)) == 1


async def test_a_workflow_that_is_woken_for_nothing_does_nothing(desk: Office):
    deal = await desk.open_deal()
    async with desk.worker(), desk.trigger():
        await desk.ask(deal, "second")
        await desk.settled(deal)
        before = await desk.store.head(desk.tenant)
        for _ in range(5):
            await desk.handle(deal).signal("requested", uuid4())
        await asyncio.sleep(0.5)
        assert await desk.store.head(desk.tenant) == before


async def test_moves_asked_for_forty_times_a_second_are_each_carried_once(desk: Office):
    ids = await desk.open_deals(120)
    async with desk.worker(), desk.trigger():
        loop = asyncio.get_running_loop()
        begun = loop.time()

        async def move(number: int) -> None:
            await asyncio.sleep(max(0.0, begun + number / 40 - loop.time()))
            await desk.ask(ids[number], "second")
            await desk.settled(ids[number])

        await asyncio.gather(*(move(n) for n in range(len(ids))))
    asked, done = moves(await desk.log())
    assert sorted(asked) == sorted(done)
