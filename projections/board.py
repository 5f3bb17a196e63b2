"""The board of a pipeline: its stages as columns, each with count and sums, and the open deals as cards."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from pydantic import BaseModel

from domain.values import minor_digits
from projections.as_of import Basis
from projections.deal_list import OWN, DealCard, add_asked, filters_at, named
from projections.deals import DEALS
from projections.paging import contains
from projections.pipelines import PIPELINES, STAGES
from projections.reading import EVERYTHING, Reading, Scope


class Sum(BaseModel):
    """What deals in one currency add up to; `weighted` by probability, rounded once, to the minor unit."""

    currency: str
    deals: int
    amount: Decimal
    weighted: Decimal


class BoardColumn(BaseModel):
    """A stage. `count` is of all its deals, also of those without an amount and those beyond the cards shown."""

    stage: str
    name: str
    probability: int | None
    max_days: int | None
    count: int
    sums: list[Sum]
    cards: list[DealCard]


class Board(BaseModel):
    """A pipeline's open deals. `position`: the answer holds the log up to there."""

    pipeline: UUID
    name: str | None
    columns: list[BoardColumn]
    position: int


async def board(reading: Reading, pipeline: UUID, *, scope: Scope = EVERYTHING, cards: int = 100, **filters: Any) -> Board:
    """The open deals of a pipeline, `cards` of each stage, those that close first on top; filters as in `deal_list`."""
    known = filters_at(reading)
    given = {name: value for name, value in filters.items() if value is not None}
    wheres = ["pipeline = %(pipeline)s", "kind = 'open'", scope.sql, *(known[name] for name in given)]
    params: dict[str, Any] = {**scope.params, **given, "pipeline": pipeline, "cards": cards, **reading.as_of.params}
    if "text" in given:
        params["text"] = contains(given["text"])
    query = (
        "WITH held AS MATERIALIZED (SELECT r.*, row_number() OVER (PARTITION BY stage ORDER BY close_date NULLS LAST, id) AS place "
        f"FROM {reading.as_of.of(DEALS, *OWN, 'words')} AS r WHERE {' AND '.join(wheres)}), "
        "shown AS (SELECT * FROM held WHERE place <= %(cards)s), "
        "sums AS (SELECT stage AS sum_stage, currency AS sum_currency, count(*) AS deals, sum(amount) AS total, "
        "sum(amount * probability) / 100 AS weighted, min(stage_name) AS sum_name FROM held GROUP BY stage, currency) "
        f"SELECT * FROM sums FULL JOIN ({named(reading, 'shown', 'place')}) AS c ON false ORDER BY stage, place, sum_stage, sum_currency"
    )
    async with reading.cursor.connection.cursor(binary=True, row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), params)
        found = await cursor.fetchall()
    columns = await _columns(reading, pipeline)
    for row in found:
        if row["deals"] is not None:
            _add(columns, row)
    fields = [name for name in DealCard.model_fields if name != "asked"]
    for row in found:
        if row["deals"] is None:
            columns[row["stage"]].cards.append(DealCard.model_construct(**{name: row[name] for name in fields}))
    await add_asked(reading, (card for column in columns.values() for card in column.cards))
    return Board(pipeline=pipeline, name=await _name(reading, pipeline), columns=list(columns.values()), position=reading.position)


async def _name(reading: Reading, pipeline: UUID) -> str | None:
    """Its name at the moment; where it was defined only later, in what happened the first that it had."""
    found = await reading.rows(f"SELECT name FROM {reading.as_of.of(PIPELINES, 'id', 'name')} AS p WHERE id = %(id)s", {"id": pipeline})
    if not found and reading.as_of.basis is Basis.HAPPENED:
        found = await reading.rows(
            f"SELECT name, version FROM {PIPELINES.name} WHERE id = %(id)s UNION ALL "
            f"SELECT name, version FROM {PIPELINES.past} WHERE id = %(id)s ORDER BY version LIMIT 1",
            {"id": pipeline},
        )
    return str(found[0][0]) if found else None


async def _columns(reading: Reading, pipeline: UUID) -> dict[str, BoardColumn]:
    """The open stages of the latest version, in order; deals in a stage that it no longer has get a column behind them."""
    found = await reading.rows(
        f"SELECT DISTINCT ON (s.key) s.key, s.name, s.probability, s.max_days, s.place FROM {reading.as_of.of(STAGES)} AS s "
        f"JOIN {reading.as_of.of(PIPELINES, 'id', 'version')} AS p ON p.id = s.pipeline AND p.version = s.version "
        "WHERE s.pipeline = %(pipeline)s AND s.kind = 'open'",
        {"pipeline": pipeline},
    )
    if not found and reading.as_of.basis is Basis.HAPPENED:
        # imported deals may be older than their pipeline's definition: its first version is the nearest to what held then
        found = await reading.rows(
            f"SELECT key, name, probability, max_days, place FROM {STAGES.name} WHERE pipeline = %(pipeline)s AND kind = 'open' "
            f"AND version = (SELECT min(version) FROM {STAGES.name} WHERE pipeline = %(pipeline)s)",
            {"pipeline": pipeline},
        )
    return {
        key: BoardColumn(stage=key, name=name, probability=probability, max_days=max_days, count=0, sums=[], cards=[])
        for key, name, probability, max_days, _ in sorted(found, key=lambda row: row[4])
    }


def _add(columns: dict[str, BoardColumn], row: dict[str, Any]) -> None:
    stage = row["sum_stage"]
    if stage not in columns:
        columns[stage] = BoardColumn(stage=stage, name=row["sum_name"], probability=None, max_days=None, count=0, sums=[], cards=[])
    column = columns[stage]
    column.count += row["deals"]
    if row["sum_currency"] is not None:
        minor = Decimal(1).scaleb(-minor_digits(row["sum_currency"]))
        column.sums.append(
            Sum(currency=row["sum_currency"], deals=row["deals"], amount=row["total"], weighted=row["weighted"].quantize(minor))
        )
