"""What moved a supplier's score along a causal chain, measure by measure: a number alone tells a breach's claim as its own effect.

The score is of all that the supplier did in the months looked at, so that the one before a chain may be of other months: what moved in
between is told by measure, and whose months those were.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pydantic import BaseModel

from domain.suppliers.events import SupplierScored
from domain.suppliers.terms import Figure
from projections.telling_suppliers import MEASURES


class ScoreMove(BaseModel):
    """One measure whose value moved, with the points for it; null: there was nothing to measure then. `percent`: its weight."""

    measure: str
    before: Decimal | None
    after: Decimal | None
    points_before: Decimal | None
    points_after: Decimal | None
    percent: int
    told: str


class ScoreMoves(BaseModel):
    """The months that the two scores are of (`2026-04 to 2026-09`), and what moved between them; `told`: the same in sentences."""

    months_before: str
    months_after: str
    moves: list[ScoreMove]
    told: str


def score_moves(before: SupplierScored, after: SupplierScored) -> ScoreMoves:
    """What moved from one score to a later one. Total."""
    then, now = _by_measure(before.figures), _by_measure(after.figures)
    moves = [
        _move(then.get(measure), now.get(measure))
        for measure in MEASURES
        if (then.get(measure), now.get(measure)) != (None, None) and _value(then.get(measure)) != _value(now.get(measure))
    ]
    months = _months(before), _months(after)
    return ScoreMoves(months_before=months[0], months_after=months[1], moves=moves, told=_told(before, after, moves))


def _by_measure(figures: Sequence[Figure]) -> dict[str, Figure]:
    return {figure.measure: figure for figure in figures}


def _value(figure: Figure | None) -> Decimal | None:
    return None if figure is None else figure.value


def _months(scored: SupplierScored) -> str:
    return f"{scored.since} to {scored.month}"


def _move(before: Figure | None, after: Figure | None) -> ScoreMove:
    known = after or before
    assert known is not None, "a measure that moved was measured once at least"
    name = MEASURES[known.measure]
    if before is None:
        told = f"{name} {known.value:f} gives {known.points:f} points, and there was nothing to measure before"
    elif after is None:
        told = f"{name} gave {known.points:f} points, and there is nothing to measure any more"
    else:
        told = f"{name} went from {before.value:f} to {after.value:f} ({before.points:f} to {after.points:f} points)"
    return ScoreMove(
        measure=known.measure,
        before=_value(before),
        after=_value(after),
        points_before=None if before is None else before.points,
        points_after=None if after is None else after.points,
        percent=known.percent,
        told=told,
    )


def _told(before: SupplierScored, after: SupplierScored, moves: Sequence[ScoreMove]) -> str:
    what = "; ".join(move.told for move in moves) or "no measure moved"
    whole = "The score is of all that the supplier did in its months, not of this chain alone."
    same = f"Both are of {_months(after)}" if _months(before) == _months(after) else f"Before: {_months(before)}, after: {_months(after)}"
    weights = "" if before.scorecard == after.scorecard else " The scorecard was changed in between."
    return f"{what[0].upper()}{what[1:]}. {same}. {whole}{weights}"
