"""Moves that need consent: they wait for it in the log, are carried on by it, and silence decides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from domain.approvals import (
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalStepApproved,
    ApprovalStepAsked,
    ApprovalWithdrawn,
    Approve,
    Reject,
    WithdrawApproval,
    approval_id,
    approvals,
)
from domain.authority import Delegate
from domain.deals import DealMoveRefused, DealMoveWithdrawn, Line, OpenDeal, WithdrawMove, deals
from domain.kernel import Actor, Role, natural_id
from domain.members import AddMember, SetManager, members
from domain.notifications import NotificationRaised
from domain.pipelines import DefinePipeline, pipelines
from domain.stages import Chain
from domain.values import Money
from infra.event_store import Store
from infra.ids import uuid7
from tests.workflows.office import ACME, ADMIN, ANNA, PIPELINE, SELLER, STAGES, Office
from workflows.messages import APPROVAL_WORKFLOW
from workflows.moves import carry_out
from workflows.reconcile import reconcile

MONA, DORA, DESK = (natural_id("test", name) for name in ("mona", "dora", "desk"))
MANAGER = Actor(MONA, frozenset({Role.SALES_MANAGER}))
DIRECTOR = Actor(DORA, frozenset({Role.SALES_DIRECTOR}))
DEAL_DESK = Actor(DESK, frozenset({Role.DEAL_DESK}))
GATED = (STAGES[0].model_copy(update={"approvals": tuple(Chain)}), *STAGES[1:])


async def furnish(desk: Office) -> None:
    """A gate that asks for consent, and people to give it; Anna reports to the manager, who reports to the director."""
    await desk.do(pipelines, PIPELINE, DefinePipeline(name="Short", stages=GATED), ADMIN)
    await desk.do(members, DORA, AddMember(name="Dora", email="dora@example.org", roles=(Role.SALES_DIRECTOR,)), ADMIN)
    await desk.do(members, MONA, AddMember(name="Mona", email="mona@example.org", roles=(Role.SALES_MANAGER,), manager=DORA), ADMIN)
    await desk.do(members, DESK, AddMember(name="Desk", roles=(Role.DEAL_DESK,)), ADMIN)
    await desk.do(members, ANNA, SetManager(manager=MONA), ADMIN)


async def discounted(desk: Office, percent: str = "15") -> UUID:
    """A deal of one line, with that discount."""
    id = uuid7()
    line = Line(label="Saw", unit_price=Money(amount=Decimal(1000), currency="EUR"), discount=Decimal(percent))
    close_date = (desk.clock() + timedelta(days=60)).date()
    await desk.do(deals, id, OpenDeal(title="Saws", account=ACME, pipeline=PIPELINE, lines=(line,), close_date=close_date, owner=ANNA))
    return id


async def waits(desk: Office, deal: UUID) -> UUID:
    """The stream of the deal's approvals, once its move waits for them."""

    async def held() -> bool:
        return bool((await desk.deal(deal)).approvals)

    await desk.until(held)
    return approval_id("deal", deal)


async def told(desk: Office, kind: str, count: int = 1) -> list[NotificationRaised]:
    """What members were told of a kind, once there are so many."""

    async def found() -> list[NotificationRaised]:
        events = [r.event for r in await desk.log(NotificationRaised)]
        return [e for e in events if isinstance(e, NotificationRaised) and e.kind == kind]

    async def enough() -> bool:
        return len(await found()) >= count

    await desk.until(enough)
    return await found()


async def test_a_move_waits_for_consent_and_goes_on_by_itself(desk: Office):
    await furnish(desk)
    deal = await discounted(desk)
    async with desk.worker(), desk.trigger():
        await desk.ask(deal, "second")
        approval = await waits(desk, deal)
        (asked,) = await told(desk, "approval_asked")
        assert (asked.member, asked.title) == (MONA, "Saws needs your commercial approval")
        assert await desk.stage(deal) == "first"
        await desk.do(approvals, approval, Approve(), MANAGER)
        assert (await desk.settled(deal)).stage == "second"
        assert [n.member for n in await told(desk, "approval_granted")] == [ANNA]
        await desk.handle(approval, APPROVAL_WORKFLOW).result()
        # the same terms are asked about once: back and forward again needs nobody
        await desk.ask(deal, "first")
        await desk.settled(deal)
        await desk.ask(deal, "second")
        assert (await desk.settled(deal)).stage == "second"
    assert len(await desk.log(ApprovalStepAsked)) == 1
    assert len(await desk.log(ApprovalRequested)) == 1


async def test_terms_within_the_policy_pass_at_once_and_leave_what_was_decided_by_which_version(desk: Office):
    await furnish(desk)
    deal = await discounted(desk, "5")
    async with desk.worker(), desk.trigger():
        await desk.ask(deal, "second")
        assert (await desk.settled(deal)).stage == "second"
    (asked,) = await desk.log(ApprovalRequested)
    assert isinstance(asked.event, ApprovalRequested)
    assert (asked.event.policy_version, {p.plan for p in asked.event.chains}) == (0, {"not_needed"})
    assert asked.on_behalf_of == ANNA


async def test_a_no_ends_the_move_with_its_comment(desk: Office):
    await furnish(desk)
    deal = await discounted(desk)
    async with desk.worker(), desk.trigger():
        await desk.ask(deal, "second")
        approval = await waits(desk, deal)
        await desk.do(approvals, approval, Reject(comment="Not under 10 %"), MANAGER)
        assert (await desk.settled(deal)).stage == "first"
        (notice,) = await told(desk, "approval_rejected")
        assert "Not under 10 %" in notice.body
    (refused,) = await desk.log(DealMoveRefused)
    assert isinstance(refused.event, DealMoveRefused)
    assert (refused.event.rule, refused.event.detail) == ("ApprovalRejected", "The approvers said no: Not under 10 %")
    assert (await desk.deal(deal)).approvals == ()


async def test_taken_back_on_either_side_it_ends_on_both(desk: Office):
    await furnish(desk)
    one, other = await discounted(desk), await discounted(desk)
    async with desk.worker(), desk.trigger():
        for deal in (one, other):
            await desk.ask(deal, "second")
            await waits(desk, deal)
        await desk.do(deals, one, WithdrawMove(note="Too early"))
        await desk.do(approvals, approval_id("deal", other), WithdrawApproval(comment="Wrong deal"), SELLER)
        assert (await desk.settled(one)).stage == (await desk.settled(other)).stage == "first"
    assert len(await desk.log(ApprovalWithdrawn)) == 2
    assert [r.originator_id for r in await desk.log(DealMoveWithdrawn)] == [one]
    (refused,) = await desk.log(DealMoveRefused)
    assert getattr(refused.event, "rule", None) == "ApprovalWithdrawn"


async def test_a_move_that_nobody_can_agree_to_is_refused_with_whom_it_lacks(desk: Office):
    await desk.do(pipelines, PIPELINE, DefinePipeline(name="Short", stages=GATED), ADMIN)
    deal = await discounted(desk)
    async with desk.worker(), desk.trigger():
        await desk.ask(deal, "second")
        assert (await desk.settled(deal)).stage == "first"
    (refused,) = await desk.log(DealMoveRefused)
    assert getattr(refused.event, "rule", None) == "NobodyToAsk"


async def test_a_stand_in_is_told_and_decides(desk: Office):
    await furnish(desk)
    today = desk.clock().date()
    await desk.do(members, MONA, Delegate(to=DESK, first_day=today, last_day=today + timedelta(days=2)), ADMIN)
    deal = await discounted(desk)
    async with desk.worker(), desk.trigger():
        await desk.ask(deal, "second")
        approval = await waits(desk, deal)
        assert {n.member for n in await told(desk, "approval_asked", 2)} == {MONA, DESK}
        await desk.do(approvals, approval, Approve(), DEAL_DESK)
        assert (await desk.settled(deal)).stage == "second"
    (agreed,) = await desk.log(ApprovalStepApproved)
    assert isinstance(agreed.event, ApprovalStepApproved)
    assert (agreed.event.approver, agreed.event.by) == (MONA, DESK)


@pytest.mark.usefixtures("patient")
async def test_without_any_workflow_left_the_log_says_who_has_to_be_told(desk: Office):
    await furnish(desk)
    deal = await discounted(desk)
    await desk.ask(deal, "second")
    pending = (await desk.deal(deal)).pending
    assert pending is not None
    await carry_out(desk.database, desk.store, desk.tenant, deal, pending)
    async with desk.worker():
        assert (await reconcile(desk.database, desk.store, desk.client, desk.tenant)).approvals == 1
        assert [n.member for n in await told(desk, "approval_asked")] == [MONA]


async def test_silence_reminds_then_asks_the_manager_and_never_approves(desk: Office):
    await furnish(desk)
    deal = await discounted(desk)
    async with desk.worker(), desk.trigger():
        await desk.ask(deal, "second")
        approval = await waits(desk, deal)
        await told(desk, "approval_asked")
        skipper = TimeSkipper(desk.client, config=TimeSkippingConfig(enabled=False))
        handle = desk.handle(approval, APPROVAL_WORKFLOW)

        async def move_on(to: datetime) -> None:
            """Both clocks: the one that decides, and Temporal's, whose timers wake the workflow."""
            ahead = to - desk.clock() + timedelta(seconds=1)
            desk.clock.ahead += ahead
            await skipper.fast_forward(handle, ahead)

        (_, _, step), *_ = (await desk.store.load(desk.tenant, approvals, approval)).state.pending
        await move_on(step.asked_at + (step.due_at - step.asked_at) / 2)
        assert {n.member for n in await told(desk, "approval_reminder")} == {MONA}
        assert await desk.log(ApprovalEscalated) == []
        await move_on(step.due_at)
        assert (await told(desk, "approval_escalated"))[0].member == DORA
        assert await desk.stage(deal) == "first"
        await desk.do(approvals, approval, Approve(), DIRECTOR)
        assert (await desk.settled(deal)).stage == "second"
    (escalated, *_) = await desk.log(ApprovalEscalated)
    assert isinstance(escalated.event, ApprovalEscalated)
    assert (escalated.event.silent, escalated.event.to) == (MONA, DORA)


async def test_a_pipeline_that_another_process_gave_gates_meanwhile_is_looked_up_again(desk: Office):
    other = Store(desk.database, desk.store.codec, desk.clock)
    try:
        await other.load(desk.tenant, pipelines, PIPELINE)  # as it was before
        await furnish(desk)
        deal = await discounted(desk)
        await desk.ask(deal, "second")
        pending = (await desk.deal(deal)).pending
        assert pending is not None
        await carry_out(desk.database, other, desk.tenant, deal, pending)
    finally:
        await other.close()
    assert (await desk.deal(deal)).approvals == ("commercial",)
    assert await desk.log(DealMoveRefused) == []
