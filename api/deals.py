"""Deals: open, move, change, close. A move is asked for here and carried out by the deal's workflow."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.accounts import check_account, look_at_account
from api.callers import Caller
from api.conventions import Write, written
from api.execution import Facts, Sight
from api.nouns import Noun
from api.problems import correlation_of, problem
from domain.attributes import AttributeRefused
from domain.deals import commands as c
from domain.deals import deals
from domain.deals import events as e
from domain.deals import refusals as r
from domain.deals.state import Deal
from domain.kernel import Recorded, Refused
from infra.access import Action, Object

_ID = "01936e4c-0000-7000-8000-000000000005"
_LINE = {"product": _ID, "quantity": "2", "unit_price": {"amount": "4821.00", "currency": "EUR"}, "discount": "5"}
LOOK_SECONDS = 0.25
"""How long to sleep between looks, should a wake be lost."""


class MoveRefused(Refused):
    """The requested move was not carried out; `by` names the rule and `unmet` lists what is missing."""


class MoveGone(Refused):
    """The requested move was withdrawn before it was carried out."""


def _deal_object(deal: Deal, _facts: object) -> Object:
    return Object.of(deal.owner, deal.team)


SIGHT = Sight(_deal_object)
"""What an access decision sees of a deal."""


def settled(history: list[Recorded], correlation_id: UUID) -> Recorded | None:
    """The event that settled the move asked for under this correlation, or that says whom it waits for, once it is in the log."""
    for recorded in reversed(history):
        if recorded.correlation_id == correlation_id and isinstance(
            recorded.event, e.DealStageEntered | e.DealMoveRefused | e.DealMoveWithdrawn | e.DealApprovalRequested
        ):
            return recorded
    return None


async def _settle(request: Request, caller: Caller, write: Write, executed: Any) -> Response:
    """202 at once, or with `Prefer: wait=N` what became of the move as soon as it is known."""
    store, slug = caller.doors.store, caller.tenant.slug
    deadline = monotonic() + write.wait
    found: Recorded | None = None
    while executed.last is not None and write.wait:
        mark = store.wakes.mark(slug)
        found = settled(await store.history(caller.tenant, executed.stream), write.command_id)
        left = deadline - monotonic()
        if found is not None or left <= 0:
            break
        await store.wakes.wait(slug, min(left, LOOK_SECONDS), since=mark)
        # under load every commit wakes us: look at most a hundred times a second
        await asyncio.sleep(min(left, 0.01))
    match found:
        case None:
            waiting = "nothing" if executed.last is None else "workflow"
            answer = written(
                executed, status=200 if executed.last is None else 202, waiting_for=waiting, link=f"/v1/deals/{executed.stream}"
            )
        case Recorded(event=e.DealApprovalRequested(approval=approval)):
            # people answer in hours: whoever waits is told whom to wait for
            link = f"/v1/approvals/{approval}"
            answer = written(executed, status=202, waiting_for="approval", link=link, settled_at=found.position)
        case Recorded(event=e.DealStageEntered(stage=stage)):
            answer = written(executed, waiting_for="nothing", stage=stage, settled_at=found.position)
        case Recorded(event=e.DealMoveRefused() as refused):
            data = {k: v for k, v in refused.model_dump(mode="json").items() if k != "detail"}
            detail = getattr(refused, "detail", None) or "The move was not carried out."
            return problem(MoveRefused(detail, **{("by" if k == "rule" else k): v for k, v in data.items()}), correlation_of(request))
        case _:
            return problem(MoveGone("The move was withdrawn; ask for it again if it is still wanted."), correlation_of(request))
    if write.wait:
        answer.headers["Preference-Applied"] = f"wait={write.wait}"
    return answer


def _about(command: c.OpenDeal) -> Object:
    return Object.of(command.owner, command.team)


def _look(caller: Caller, command: c.OpenDeal, facts: Facts) -> None:
    look_at_account(caller, facts[command.account])


async def _check_account(caller: Caller, _id: UUID, command: Any) -> None:
    await check_account(caller, command.account)


noun = Noun("deal", "deals", deals, sight=SIGHT, seen_by=Action.DEAL_READ)
router = noun.router
noun.opens(
    c.OpenDeal,
    Action.DEAL_OPEN,
    operation="open_deal",
    summary="Open a deal",
    example={"title": "GTX for the new line", "account": _ID, "owner": _ID, "close_date": "2027-03-31", "lines": [_LINE]},
    about=_about,
    look=_look,
    raises=(
        r.AccountUnavailable,
        r.PipelineUnavailable,
        r.AmountMissing,
        r.CurrencyMixed,
        r.CloseDateInPast,
        r.CloseDateTooFar,
        AttributeRefused,
    ),
)
noun.changes(
    "/advance",
    c.AdvanceDeal,
    Action.DEAL_CHANGE,
    operation="advance_deal",
    summary="Ask for a move to another stage",
    example={"to": "discover", "evidence": [{"criterion": "need_confirmed", "note": "Said so in the meeting"}]},
    raises=(
        r.GateNotMet,
        r.DealClosed,
        r.MovePending,
        r.TransitionNotAllowed,
        r.StageUnknown,
        r.ReasonNeeded,
        r.NoteNeeded,
        MoveRefused,
        MoveGone,
    ),
    status=202,
    settle=_settle,
)
noun.changes(
    "/account",
    c.SetAccount,
    Action.DEAL_CHANGE,
    operation="set_deal_account",
    summary="Say which account the deal is with",
    example={"account": _ID},
    raises=(r.AccountUnavailable,),
    before=_check_account,
)
_OPEN = (r.DealClosed, r.ApprovalPending)
for path, command, action, operation, summary, example, raises in (
    ("/move/withdraw", c.WithdrawMove, Action.DEAL_CHANGE, "withdraw_move", "Take back the pending move", {}, ()),
    (
        "/reopen",
        c.ReopenDeal,
        Action.DEAL_CHANGE,
        "reopen_deal",
        "Open a lost deal again",
        {"reason": "Budget found", "close_date": "2027-06-30"},
        (r.WinNeedsReversal,),
    ),
    (
        "/win/reverse",
        c.ReverseWin,
        Action.DEAL_REVERSE_WIN,
        "reverse_win",
        "Take a win back",
        {"reason": "Order cancelled", "close_date": "2027-06-30"},
        (r.DealNotWon, r.ReversalNeedsFinance),
    ),
    (
        "/pipeline",
        c.MigratePipeline,
        Action.DEAL_CHANGE,
        "migrate_pipeline",
        "Take the deal into another pipeline or version",
        {"pipeline": _ID},
        (r.PipelineUnavailable, r.StageNotOpen),
    ),
    (
        "/evidence",
        c.RecordEvidence,
        Action.DEAL_CHANGE,
        "record_evidence",
        "Record what proves an exit criterion",
        {"evidence": {"criterion": "need_confirmed", "note": "By mail of 2 March"}},
        (r.CriterionUnknown, r.EvidenceMismatch),
    ),
    (
        "/evidence/retract",
        c.RetractEvidence,
        Action.DEAL_CHANGE,
        "retract_evidence",
        "Take back a proof",
        {"criterion": "need_confirmed", "reason": "Wrong deal"},
        (),
    ),
    (
        "/amount",
        c.ChangeAmount,
        Action.DEAL_CHANGE,
        "change_amount",
        "Set the worth of a deal without lines",
        {"amount": {"amount": "12500.00", "currency": "EUR"}},
        (r.AmountFromLines, r.AmountNegative),
    ),
    (
        "/lines",
        c.ChangeLines,
        Action.DEAL_CHANGE,
        "change_lines",
        "Replace the lines",
        {"lines": [_LINE]},
        (r.ProductUnknown, r.CurrencyMixed),
    ),
    (
        "/close-date",
        c.MoveCloseDate,
        Action.DEAL_CHANGE,
        "move_close_date",
        "Expect the deal to close on another day",
        {"close_date": "2027-06-30", "reason": "Budget round"},
        (r.CloseDateInPast, r.CloseDateTooFar, r.CloseDateReasonNeeded),
    ),
    ("/owner", c.AssignOwner, Action.DEAL_ASSIGN, "assign_owner", "Make another member responsible", {"owner": _ID}, ()),
    (
        "/next-step",
        c.SetNextStep,
        Action.DEAL_CHANGE,
        "set_next_step",
        "Say what comes next and when",
        {"next_step": "Send the quote", "next_step_on": "2027-03-09"},
        (),
    ),
    (
        "/people",
        c.SetPeople,
        Action.DEAL_CHANGE,
        "set_people",
        "Say who at the buyer matters",
        {"people": [{"contact": _ID, "role": "champion"}]},
        (r.ContactUnknown,),
    ),
    (
        "/payment-terms",
        c.SetPaymentTerms,
        Action.DEAL_CHANGE,
        "set_payment_terms",
        "Say within how many days the buyer pays",
        {"payment_days": 45},
        (),
    ),
    ("/title", c.RenameDeal, Action.DEAL_CHANGE, "rename_deal", "Call the deal something else", {"title": "GTX for both lines"}, ()),
    (
        "/attributes",
        c.SetDealAttributes,
        Action.DEAL_CHANGE,
        "set_deal_attributes",
        "Fill the tenant's own fields",
        {"attributes": {"renewal_risk": "low"}},
        (AttributeRefused,),
    ),
    (
        "/probability",
        c.OverrideProbability,
        Action.DEAL_CHANGE,
        "override_probability",
        "Fix the probability",
        {"probability": 40, "reason": "Sponsor left"},
        (),
    ),
    ("/probability/clear", c.ClearProbability, Action.DEAL_CHANGE, "clear_probability", "Let the stage's probability count again", {}, ()),
    (
        "/category",
        c.SetCategory,
        Action.DEAL_CHANGE,
        "set_category",
        "Call the forecast category",
        {"category": "commit"},
        (r.CommitNotMet,),
    ),
    ("/category/clear", c.ClearCategory, Action.DEAL_CHANGE, "clear_category", "Let the stage's category count again", {}, ()),
):
    noun.changes(path, command, action, operation=operation, summary=summary, example=example, raises=_OPEN + raises)
