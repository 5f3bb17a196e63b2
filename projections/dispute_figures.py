"""What disputes cost: how long they took, what was recovered, and what leaked away; by supplier, reason, owner, cause or month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any

from psycopg.rows import dict_row
from pydantic import BaseModel, Field

from domain.values import in_full
from projections.accounts import ACCOUNTS
from projections.dispute_tables import DISPUTES, LIVE
from projections.members import MEMBERS
from projections.reading import EVERYTHING, Reading, Scope


class Split(StrEnum):
    """By what figures are told apart. `month`: in which a case was raised, in UTC."""

    ACCOUNT = "account"
    REASON = "reason"
    OWNER = "owner"
    ROOT_CAUSE = "root_cause"
    SEVERITY = "severity"
    MONTH = "month"


class Figures(BaseModel):
    """Cases raised in a time, in one currency. Days are calendar days from the raising to the settlement, to two decimals.

    recovered: credited. leakage: what was claimed and lost, conceded or written off; `leakage_share` in percent of what was
    decided, that is credited, paid, written off or withdrawn. Without a settled case there are no days, and without a decision
    no share.
    """

    keys: dict[str, str | None]
    names: dict[str, str | None]
    currency: str
    cases: int
    live: int
    settled: int
    escalated: int
    late: int = Field(description="Of which a clock ran out.")
    days_median: Decimal | None
    days_p90: Decimal | None
    days_mean: Decimal | None
    claimed: Decimal
    held: Decimal
    recovered: Decimal
    conceded: Decimal
    written_off: Decimal
    withdrawn: Decimal
    leakage: Decimal
    leakage_share: Decimal | None


class FiguresFound(BaseModel):
    """All rows, those with most at stake first. `position`: the answer holds the log up to there."""

    rows: list[Figures]
    position: int


_KEYS = {**{split: split.value for split in Split}, Split.MONTH: "to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM')"}
_DAYS = "extract(epoch FROM settled_at - opened_at) / 86400"
_CENT = Decimal("0.01")


async def dispute_figures(
    reading: Reading,
    *,
    by: Sequence[Split] = (),
    scope: Scope = EVERYTHING,
    opened_from: datetime | None = None,
    opened_before: datetime | None = None,
    **filters: Any,
) -> FiguresFound:
    """Figures of the cases raised from an instant until before another. `filters`: account, owner, side, reason, currency."""
    of = reading.as_of.of
    wheres = [
        "opened_at IS NOT NULL",
        "status <> 'voided'",
        scope.sql,
        *(f"{name} = %({name})s" for name, v in filters.items() if v is not None),
    ]
    if opened_from is not None:
        wheres.append("opened_at >= %(opened_from)s")
    if opened_before is not None:
        wheres.append("opened_at < %(opened_before)s")
    keys = [f"({_KEYS[split]})::text AS key_{split}" for split in by]
    columns = (
        "account", "owner", "team", "side", "reason", "root_cause", "severity", "currency", "status", "opened_at", "settled_at", "escalation",
        "late", "original", "open", "credited", "paid", "conceded", "written_off", "withdrawn", "id",
    )  # fmt: skip
    query = (
        f"SELECT {''.join(f'{key}, ' for key in keys)}currency, count(*) AS cases, count(*) FILTER (WHERE {LIVE}) AS live, "
        "count(settled_at) AS settled, count(*) FILTER (WHERE escalation > 0) AS escalated, count(*) FILTER (WHERE late IS NOT NULL) AS late, "
        f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {_DAYS}) FILTER (WHERE settled_at IS NOT NULL) AS days_median, "
        f"percentile_cont(0.9) WITHIN GROUP (ORDER BY {_DAYS}) FILTER (WHERE settled_at IS NOT NULL) AS days_p90, "
        f"avg({_DAYS}) FILTER (WHERE settled_at IS NOT NULL) AS days_mean, "
        f"sum(original) AS claimed, coalesce(sum(open) FILTER (WHERE {LIVE}), 0) AS held, sum(credited) AS recovered, "
        "sum(conceded) AS conceded, sum(written_off) AS written_off, sum(withdrawn) AS withdrawn, sum(paid) AS paid "
        f"FROM {of(DISPUTES, *columns)} AS r WHERE {' AND '.join(wheres)} "
        f"GROUP BY {''.join(f'key_{split}, ' for split in by)}currency ORDER BY claimed DESC, {''.join(f'key_{split}, ' for split in by)}currency"
    )
    params = {**scope.params, **filters, "opened_from": opened_from, "opened_before": opened_before, **reading.as_of.params}
    async with reading.cursor.connection.cursor(binary=True, row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), params)
        found = await cursor.fetchall()
    names = await _names(reading, by, found)
    return FiguresFound(rows=[_row(row, by, names) for row in found], position=reading.position)


def _row(row: dict[str, Any], by: Sequence[Split], names: dict[str, str]) -> Figures:
    keys = {split.value: row.pop(f"key_{split}") for split in by}
    row["held"] = in_full(row["held"], row["currency"])
    leakage = row["conceded"] + row["written_off"]
    decided = row["recovered"] + row.pop("paid") + row["written_off"] + row["withdrawn"]
    for name in ("days_median", "days_p90", "days_mean"):
        row[name] = None if row[name] is None else Decimal(row[name]).quantize(_CENT, ROUND_HALF_EVEN)
    share = (100 * leakage / decided).quantize(_CENT, ROUND_HALF_EVEN) if decided else None
    named = {split: names.get(key or "") if split in {"account", "owner"} else key for split, key in keys.items()}
    return Figures(keys=keys, names=named, leakage=leakage, leakage_share=share, **row)


async def _names(reading: Reading, by: Sequence[Split], found: Sequence[dict[str, Any]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for split, table, column in ((Split.ACCOUNT, ACCOUNTS, "legal_name"), (Split.OWNER, MEMBERS, "name")):
        if split in by and (ids := [row[f"key_{split}"] for row in found if row[f"key_{split}"]]):
            relation = reading.as_of.of(table, "id", column)
            rows = await reading.rows(f"SELECT id::text, {column} FROM {relation} AS n WHERE id = ANY (%(ids)s::uuid[])", {"ids": ids})
            names.update(rows)
    return names
