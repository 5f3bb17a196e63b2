"""Corrective action (8D): demanded when a case repeats others, kept to its dates, closed only when it had its effect."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from domain.dispute_rules import OPERATOR_ERROR, DisputeRules
from domain.disputes import commands as c
from domain.disputes.corrective_events import (
    CorrectiveActionCancelled,
    CorrectiveActionChecked,
    CorrectiveActionClosed,
    CorrectiveActionDemanded,
    CorrectiveStepDone,
)
from domain.disputes.guards import check_status, moment, rules_of, speaker
from domain.disputes.refusals import CodeUnknown, CorrectiveActionNotOpen, OperatorErrorAlone, StepOutOfOrder
from domain.disputes.state import CorrectiveAction, Dispute
from domain.disputes.terms import EightD, Status
from domain.kernel import Context, Outcome

_ORDER = tuple(EightD)
_DEMANDABLE = frozenset(Status) - {Status.DRAFT, Status.VOIDED, Status.WITHDRAWN}


def demanded(
    action: CorrectiveAction | None, at: datetime, rules: DisputeRules, repeats: tuple[UUID, ...], note: str | None
) -> CorrectiveActionDemanded:
    """The next round of a case's corrective action, with its dates."""
    return CorrectiveActionDemanded(
        round=1 if action is None else action.round + 1,
        repeats=repeats,
        at=at,
        d3_due=at + timedelta(hours=rules.d3_hours),
        d4_due=at + timedelta(days=rules.d4_days),
        d5_due=at + timedelta(days=rules.d5_days),
        note=note,
        rules=rules.version,
    )


def demand(case: Dispute, command: c.DemandCorrectiveAction, ctx: Context) -> Outcome:
    if case.corrective is not None and case.corrective.open:
        return ()
    check_status(case, _DEMANDABLE, "followed by a corrective action")
    return (demanded(case.corrective, moment(case, ctx), rules_of(ctx), (), command.note),)


def _open(case: Dispute) -> CorrectiveAction:
    action = case.corrective
    if action is None or not action.open:
        raise CorrectiveActionNotOpen("No corrective action is open in this case; demand one first.")
    return action


def record_step(case: Dispute, command: c.RecordCorrectiveStep, ctx: Context) -> Outcome:
    """Raises StepOutOfOrder, CodeUnknown, OperatorErrorAlone."""
    action = _open(case)
    if command.step in action.done:
        return ()
    if missing := [step.value for step in _ORDER[: _ORDER.index(command.step)] if step not in action.done]:
        raise StepOutOfOrder(
            f"{command.step.upper()} comes after {', '.join(step.upper() for step in missing)}; record that first.", missing=missing
        )
    causes = tuple(dict.fromkeys(command.causes))
    if command.step is EightD.D4:
        _check_causes(causes, rules_of(ctx))
    return (
        CorrectiveStepDone(
            round=action.round,
            step=command.step,
            party=speaker(ctx, command.by, case.respondent),
            text=command.text,
            causes=causes,
            at=moment(case, ctx),
        ),
    )


def _check_causes(causes: tuple[str, ...], rules: DisputeRules) -> None:
    unknown = [code for code in causes if code not in rules.root_causes]
    if unknown or not causes:
        given = f"There is no root cause {unknown[0]!r}" if unknown else "D4 names the root causes"
        raise CodeUnknown(f"{given}; choose from {', '.join(rules.root_causes)}.", codes=list(rules.root_causes))
    if set(causes) == {OPERATOR_ERROR}:
        raise OperatorErrorAlone(
            "Operator error alone explains nothing; name what let it happen and what let it pass, too.",
            codes=[code for code in rules.root_causes if code != OPERATOR_ERROR],
        )


def check(case: Dispute, command: c.CheckCorrectiveAction, ctx: Context) -> Outcome:
    """Raises StepOutOfOrder while measures are not carried out. Without effect, the next round begins."""
    action, at = _open(case), moment(case, ctx)
    if missing := [step.value for step in _ORDER if step not in action.done]:
        raise StepOutOfOrder(
            f"The effect is checked after {', '.join(step.upper() for step in missing)}; record that first.", missing=missing
        )
    checked = CorrectiveActionChecked(round=action.round, effective=command.effective, note=command.note, at=at)
    if command.effective:
        return (checked, CorrectiveActionClosed(round=action.round, at=at))
    return (checked, demanded(action, at, rules_of(ctx), (), command.note))


def cancel(case: Dispute, command: c.CancelCorrectiveAction, ctx: Context) -> Outcome:
    action = case.corrective
    if action is None or not action.open:
        return ()
    return (CorrectiveActionCancelled(round=action.round, reason=command.reason, at=moment(case, ctx)),)
