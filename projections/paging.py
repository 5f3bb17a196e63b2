"""Lists page by page: allow-listed filters and sorts, keyset cursors, and never a count of everything."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from psycopg.rows import dict_row
from pydantic import BaseModel

from domain.kernel import Invalid
from projections.reading import Reading, Scope

LARGEST_PAGE = 200
NEAR = 2000
"""Rows of a sort order that are looked through for a page before all that match are found: they take 2 ms."""
T = TypeVar("T", bound=BaseModel)


class Page(BaseModel, Generic[T]):
    """One page. `next` goes into `cursor` for the page after it; None: that was all. `position`: the answer holds the log up to there."""

    items: list[T]
    next: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort order: an SQL expression that is never NULL, so that an index on (expression, id) serves every page, and its type."""

    expression: str
    type: str


async def page_of(
    reading: Reading,
    card: type[T],
    relation: str,
    *,
    conditions: Iterable[str],
    known: Mapping[str, str],
    filters: Mapping[str, Any],
    scope: Scope,
    sorts: Mapping[str, Sort],
    sort: str,
    descending: bool,
    limit: int,
    cursor: str | None,
    shown: str,
    more: Mapping[str, Any] | None = None,
) -> Page[T]:
    """Up to `limit` rows of `relation` that satisfy `conditions`, `filters` (those of `known` that are not None) and `scope`.

    `shown` selects what a card has, and `p.sort_key`, from the relation `page AS p`; it is joined to at most a page of rows.
    `more`: parameters of `conditions`. Raises Invalid.
    """
    if sort not in sorts:
        raise Invalid(f"This list cannot be sorted by {sort}; choose one of the sorts.", sort=sort, sorts=sorted(sorts))
    if unknown := filters.keys() - known.keys():
        raise Invalid("This list has no such filter; choose one of the filters.", unknown=sorted(unknown), filters=sorted(known))
    given = {name: value for name, value in filters.items() if value is not None}
    narrow = [sql for sql in (*conditions, scope.sql, *(known[name] for name in given)) if sql != "true"]
    params: dict[str, Any] = {**(more or {}), **scope.params, **given, "page_size": min(max(limit, 1), LARGEST_PAGE) + 1}
    if "text" in given:
        params["text"] = contains(given["text"])
    key, beyond = sorts[sort].expression, "true"
    if cursor is not None:
        value, id = _opened(cursor, sort, descending)
        params |= {"after": value, "after_id": id}
        beyond = f"({key}, id) {'<' if descending else '>'} (%(after)s::{sorts[sort].type}, %(after_id)s::uuid)"
    way = "DESC" if descending else "ASC"
    last = f"ORDER BY sort_key {way}, id {way}"
    condition = " AND ".join((beyond, *narrow))
    walk = f"SELECT r.*, {key} AS sort_key FROM {relation} WHERE {beyond} ORDER BY {key} {way}, id {way}"
    near = (
        f"page AS MATERIALIZED (SELECT * FROM ({walk} LIMIT {NEAR}) AS r WHERE {' AND '.join(narrow)} {last} LIMIT %(page_size)s)"
        if narrow
        else f"page AS MATERIALIZED ({walk} LIMIT %(page_size)s)"
    )
    everywhere = (
        f"matches AS MATERIALIZED (SELECT r.id, {key} AS sort_key FROM {relation} WHERE {condition}), "
        f"top AS MATERIALIZED (SELECT * FROM matches {last} LIMIT %(page_size)s), "
        f"page AS MATERIALIZED (SELECT p.*, top.sort_key FROM top CROSS JOIN LATERAL (SELECT * FROM {relation} WHERE r.id = top.id LIMIT 1) AS p)"
    )
    # how many match, and where in the order, nobody can estimate: whoever walks the order until a page is full may walk it all,
    # so only its next part is tried. The past has no order to walk, and one thing needs none
    tried = [near, everywhere] if narrow else [near]
    found: list[dict[str, Any]] = []
    for page in tried if reading.as_of.now and "id" not in given else [everywhere]:
        found = await _rows(reading, f"WITH {page} SELECT s.* FROM ({shown}) AS s {last}", params)
        if len(found) == params["page_size"]:
            break
    full = len(found) == params["page_size"]
    found = found[: params["page_size"] - 1]
    following = _closed(found[-1], sort, descending) if full and found else None
    for row in found:
        del row["sort_key"]
    return Page(items=[card.model_construct(**row) for row in found], next=following, position=reading.position)


PART_OF_ID = "(id::text LIKE %(id_part)s || '%%' OR id::text LIKE '%%' || %(id_part)s)"
"""The filter by the beginning or end of an id, lower case, as people copy it from a table."""


def contains(text: str) -> str:
    """The pattern for LIKE that finds `text` anywhere in a searchable column, whatever signs it has."""
    return "%" + text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


async def _rows(reading: Reading, query: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    async with reading.cursor.connection.cursor(binary=True, row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), {**params, **reading.as_of.params})
        return await cursor.fetchall()


def _closed(row: Mapping[str, Any], sort: str, descending: bool) -> str:
    place = [sort, descending, str(row["sort_key"]), str(row["id"])]
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def _opened(cursor: str, sort: str, descending: bool) -> tuple[str, UUID]:
    try:
        of_sort, of_descending, value, id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = str(value), UUID(id)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise Invalid("This cursor is not one that a page answered with; begin again without it.") from None
    if (of_sort, of_descending) != (sort, descending):
        raise Invalid("This cursor belongs to another order; begin again without it.")
    return place
