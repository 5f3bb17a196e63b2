"""Moves: asked for, pending while the deal's workflow sees to approvals and signatures, then carried out or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from domain.deals.approving import chains_of, waiting_for
from domain.deals.approving import unmet as approval_unmet
from domain.deals.commands import AdvanceDeal, EnterStage, RefuseMove, WithdrawMove
from domain.deals.events import DealMoveRefused, DealMoveWithdrawn, DealStageEntered, DealStageRequested
from domain.deals.evidence import proven
from domain.deals.forecasting import standing, today
from domain.deals.references import signed_paper, stage_in, version_of
from domain.deals.refusals import DealClosed, GateNotMet, MovePending, NoteNeeded, ReasonNeeded, TransitionNotAllowed, WonInFuture
from domain.deals.rules import rules_of
from domain.deals.state import Deal
from domain.deals.terms import Direction
from domain.kernel import Context, Event, Invalid, Refused
from domain.stages import Chain, EvidenceKind, PipelineVersion, Stage, StageKind, Unmet

_ASKED_FOR = {
    "account": Unmet(criterion="account", label="The account that the deal is with"),
    "close_date": Unmet(criterion="close_date", label="The day it is expected to close", evidence=EvidenceKind.DATE),
    "amount": Unmet(criterion="amount", label="What it is worth", evidence=EvidenceKind.AMOUNT),
    "owner": Unmet(criterion="owner", label="The member responsible for it"),
}
_PROOF_OF_WIN = Unmet(
    criterion="signature_or_order", label="A completed signature or a purchase order reference", evidence=EvidenceKind.DOCUMENT
)


def check_open(deal: Deal) -> None:
    """Refuse to change a deal that is won or lost."""
    if not deal.open:
        way = "finance reverses the win" if deal.kind is StageKind.WON else "reopen it"
        raise DealClosed(f"This deal is {deal.stage_name}; only open deals change. First {way}.", stage=deal.stage, kind=deal.kind.value)


def check_no_move(deal: Deal) -> None:
    """Refuse while a move is under way."""
    if deal.pending is not None:
        asked = deal.pending.asked
        raise MovePending(
            f"A move to {asked.to_name} is under way; wait until it settles, or withdraw it.",
            to=asked.to,
            requested_at=asked.requested_at.isoformat(),
        )


def advance(deal: Deal, command: AdvanceDeal, ctx: Context) -> tuple[Event, ...]:
    """Raises DealClosed, MovePending, StageUnknown, TransitionNotAllowed, ReasonNeeded, NoteNeeded, WonInFuture, GateNotMet."""
    if command.to == deal.stage and not deal.open:
        return ()
    check_open(deal)
    version = version_of(deal, ctx)
    to = stage_in(version, command.to)
    proofs = proven(deal, version, command.evidence, ctx)
    if to.key == deal.stage and deal.pending is None:
        return proofs
    check_no_move(deal)
    direction = direction_of(stage_in(version, deal.stage), to)
    rules = _check_reason(direction, command, ctx)
    if command.paper is not None and direction is Direction.WON:
        signature, signed_on = signed_paper(command.paper, ctx)
        command = command.model_copy(update={"signature": signature, "signed_on": command.signed_on or signed_on})
    asked = DealStageRequested(
        from_stage=deal.stage,
        to=to.key,
        to_name=to.name,
        kind=to.kind,
        direction=direction,
        requested_at=ctx.at,
        reason=command.reason,
        note=command.note,
        competitor=command.competitor,
        won_on=_won_on(deal, command, ctx) if direction is Direction.WON else None,
        signature=command.signature,
        order_reference=command.order_reference,
        rules=rules,
    )
    check_gate(deal, version, asked, {*deal.evidence, *(p.criterion for p in proofs)})
    return (*proofs, asked)


def direction_of(here: Stage, to: Stage) -> Direction:
    """What a move between two stages is."""
    if to.kind is not StageKind.OPEN:
        return Direction.WON if to.kind is StageKind.WON else Direction.LOST
    return Direction.FORWARD if to.order > here.order else Direction.BACK


def _check_reason(direction: Direction, command: AdvanceDeal, ctx: Context) -> int:
    """The version of the rules that the reason was checked by; 0 where none is needed."""
    if direction in {Direction.FORWARD, Direction.WON}:
        return 0
    rules = rules_of(ctx)
    reasons = rules.back_reasons if direction is Direction.BACK else rules.lost_reasons
    if command.reason not in reasons:
        what = "Going back" if direction is Direction.BACK else "Losing a deal"
        raise ReasonNeeded(f"{what} needs a reason; choose one of {', '.join(reasons)}.", reasons=list(reasons), given=command.reason)
    if direction is Direction.LOST and command.reason == "other" and command.note is None:
        raise NoteNeeded('The reason "other" needs a note; say what happened.')
    return rules.version


def _won_on(deal: Deal, command: AdvanceDeal, ctx: Context) -> date | None:
    """The day a win books on: of the signature, else of the order, which was today if no day is told; None without either."""
    if command.signed_on is None and command.order_reference is None:
        return None
    now = today(deal, ctx)
    won_on = command.signed_on or command.ordered_on or now
    if won_on > now:
        raise WonInFuture(f"{won_on} has not come yet; give the day of the signature or order.", won_on=won_on.isoformat())
    return won_on


def check_gate(deal: Deal, version: PipelineVersion, asked: DealStageRequested, held: set[str]) -> None:
    """Refuse a move that no transition declares, or whose gate lacks something. Raises TransitionNotAllowed, GateNotMet."""
    here, to = stage_in(version, deal.stage), stage_in(version, asked.to)
    if not version.allows(here, to):
        allowed = version.ways(here)
        raise TransitionNotAllowed(
            f"No way leads from {here.name} to {to.name}; move to one of {', '.join(allowed)}.", allowed=list(allowed)
        )
    if unmet := gate_unmet(deal, version, here, to, asked, held):
        missing = "; ".join(u.label for u in unmet)
        raise GateNotMet(f"{to.name} needs what is missing: {missing}. Supply it, then move the deal.", to=to.key, unmet=unmet)


def gate_unmet(
    deal: Deal, version: PipelineVersion, here: Stage, to: Stage, asked: DealStageRequested | None, held: set[str]
) -> tuple[Unmet, ...]:
    """What is missing for the move: nothing on the way back or to lost; else the exit criteria of every stage left, the
    fields that an imported deal may lack, the open approvals and, for won, a signature or an order.
    """
    if direction_of(here, to) in {Direction.BACK, Direction.LOST}:
        return ()
    unmet = version.unmet(here, to, held)
    unmet += tuple(_ASKED_FOR[name] for name in deal.needs_attention)
    unmet += approval_unmet(deal.approvals)
    if to.kind is StageKind.WON and (asked is None or asked.won_on is None):
        unmet += (_PROOF_OF_WIN,)
    return unmet


def enter(deal: Deal, command: EnterStage, ctx: Context) -> tuple[Event, ...]:
    """Check the gate again, then enter, or record why not. Raises Invalid when the request was for another stage."""
    pending = deal.pending
    if pending is None or pending.request(ctx.own_id) != command.request:
        return ()
    asked = pending.asked
    if asked.to != command.to:
        raise Invalid(f"That request was for {asked.to_name}; carry out what was asked for.", to=asked.to)
    version = version_of(deal, ctx)
    try:
        if chains := chains_for(deal, version, asked):
            # whoever was asked when the move was: what counts is who has agreed to the terms of this moment
            deal = replace(deal, approvals=waiting_for(deal, chains, command.approval, ctx))
        check_gate(deal, version, asked, set(deal.evidence))
    except Refused as refusal:
        return (
            DealMoveRefused(
                request=command.request, to=asked.to, rule=refusal.rule, detail=refusal.detail, unmet=refusal.data.get("unmet", ())
            ),
        )
    facts: dict[str, Any] = standing(deal, deal.pipeline, version, stage_in(version, asked.to), ctx.at, ctx)
    return (
        DealStageEntered(
            **facts,
            previous=deal.stage,
            direction=direction_of(stage_in(version, deal.stage), stage_in(version, asked.to)),
            request=command.request,
            reason=asked.reason,
            note=asked.note,
            competitor=asked.competitor,
            won_on=asked.won_on,
            signature=asked.signature,
            order_reference=asked.order_reference,
        ),
    )


def refuse(deal: Deal, command: RefuseMove, ctx: Context) -> tuple[Event, ...]:
    pending = deal.pending
    if pending is None or pending.request(ctx.own_id) != command.request:
        return ()
    return (DealMoveRefused(request=command.request, to=pending.asked.to, rule=command.rule, detail=command.detail, unmet=command.unmet),)


def withdraw(deal: Deal, command: WithdrawMove, ctx: Context) -> tuple[Event, ...]:
    pending = deal.pending
    if pending is None:
        return ()
    return (DealMoveWithdrawn(request=pending.request(ctx.own_id), to=pending.asked.to, note=command.note),)


def chains_for(deal: Deal, version: PipelineVersion, asked: DealStageRequested) -> tuple[Chain, ...]:
    """The chains that must have agreed before a requested move is carried out; none where its stages are no longer there."""
    here, to = version.stage(deal.stage), version.stage(asked.to)
    return chains_of(version, here, to) if here and to and direction_of(here, to) in {Direction.FORWARD, Direction.WON} else ()
