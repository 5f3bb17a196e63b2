"""The board of a pipeline: its stages as columns, each with count and sums, and the open deals as cards."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from pydantic import BaseModel

from domain.values import in_full, minor_digits
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
    """A pipeline's open deals. `position`: the answer holds the log up to there.

    `totals`: one per currency over all columns, rounded once, as the forecast's; so that the columns' weighted sums, each rounded by
    itself, may add up to a minor unit more or less.
    """

    pipeline: UUID
    name: str | None
    columns: list[BoardColumn]
    totals: list[Sum]
    position: int


async def pipelines_in_use(reading: Reading, *, scope: Scope = EVERYTHING, **filters: Any) -> list[UUID]:
    """The pipelines with such open deals, those with most of them first; filters as in `deal_list`."""
    wheres, params = _narrowed(reading, scope, filters)
    found = await reading.rows(
        f"SELECT pipeline FROM {reading.as_of.of(DEALS, *OWN, 'words')} AS r WHERE {' AND '.join(wheres)} "
        "GROUP BY pipeline ORDER BY count(*) DESC, pipeline",
        params,
    )
    return [row[0] for row in found]


def _narrowed(reading: Reading, scope: Scope, filters: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The conditions for open deals within the scope and the filters, and their parameters."""
    known = filters_at(reading)
    given = {name: value for name, value in filters.items() if value is not None}
    params = {**scope.params, **given, **reading.as_of.params}
    if "text" in given:
        params["text"] = contains(given["text"])
    return ["kind = 'open'", scope.sql, *(known[name] for name in given)], params


async def board(reading: Reading, pipeline: UUID, *, scope: Scope = EVERYTHING, cards: int = 100, **filters: Any) -> Board:
    """The open deals of a pipeline, `cards` of each stage, those that close first on top; filters as in `deal_list`."""
    wheres, params = _narrowed(reading, scope, filters)
    wheres.insert(0, "pipeline = %(pipeline)s")
    params |= {"pipeline": pipeline, "cards": cards}
    query = (
        "WITH held AS MATERIALIZED (SELECT r.*, row_number() OVER (PARTITION BY stage ORDER BY close_date NULLS LAST, id) AS place "
        f"FROM {reading.as_of.of(DEALS, *OWN, 'words')} AS r WHERE {' AND '.join(wheres)}), "
        "shown AS (SELECT * FROM held WHERE place <= %(cards)s), "
        "sums AS (SELECT stage AS sum_stage, currency AS sum_currency, count(*) AS deals, sum(amount) AS total, "
        "sum(amount * probability) AS weighted, min(stage_name) AS sum_name FROM held GROUP BY stage, currency) "
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
    return Board(
        pipeline=pipeline,
        name=await _name(reading, pipeline),
        columns=list(columns.values()),
        totals=_totals(row for row in found if row["deals"] is not None),
        position=reading.position,
    )


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
        column.sums.append(_sum(row["sum_currency"], row["deals"], row["total"], row["weighted"]))


def _sum(currency: str, deals: int, amount: Decimal, percents: Decimal) -> Sum:
    """`percents`: the exact sum of amount times probability in percent."""
    minor = Decimal(1).scaleb(-minor_digits(currency))
    return Sum(currency=currency, deals=deals, amount=in_full(amount, currency), weighted=(percents / 100).quantize(minor))


def _totals(rows: Iterable[dict[str, Any]]) -> list[Sum]:
    exact: dict[str, tuple[int, Decimal, Decimal]] = {}
    for row in rows:
        if (currency := row["sum_currency"]) is not None:
            deals, amount, percents = exact.get(currency, (0, Decimal(0), Decimal(0)))
            exact[currency] = (deals + row["deals"], amount + row["total"], percents + row["weighted"])
    return [_sum(currency, *exact[currency]) for currency in sorted(exact)]
