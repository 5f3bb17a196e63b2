"""What of a list differs between two moments: rows that were added, removed and changed, with the columns that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from projections.accounts import ACCOUNTS
from projections.approvals import APPROVALS
from projections.as_of import AsOf, Basis
from projections.contacts import CONTACTS
from projections.contract_tables import CONTRACTS
from projections.deals import DEALS
from projections.dispute_tables import DISPUTES
from projections.interactions import INTERACTIONS
from projections.log_index import LOG_INDEX
from projections.members import MEMBERS
from projections.papers import PAPERS
from projections.pipelines import PRODUCTS
from projections.reading import Reading
from projections.suppliers import SUPPLIERS
from projections.tables import Table

LISTS: Mapping[str, tuple[Table, str]] = {
    "account": (ACCOUNTS, "legal_name"),
    "approval": (APPROVALS, "title"),
    "contact": (CONTACTS, "name"),
    "contract": (CONTRACTS, "title"),
    "deal": (DEALS, "title"),
    "dispute": (DISPUTES, "title"),
    "interaction": (INTERACTIONS, "kind"),
    "member": (MEMBERS, "name"),
    "paper": (PAPERS, "title"),
    "product": (PRODUCTS, "name"),
    "supplier": (SUPPLIERS, "account"),
}
"""Nouns with a list, and the column that a row is called by."""
_UNTOLD = frozenset({"words", "version"})
"""Columns that only serve the list itself."""


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that differs: `added`, `removed` or `changed`, and each column that does with both its values. `currency`: of its amounts."""

    id: UUID
    name: str | None
    what: str
    columns: dict[str, tuple[Any, Any]]
    currency: str | None = None


def either(now: AsOf, earlier: AsOf, table: Table, columns: Sequence[str]) -> str:
    """SQL of the versions that stood at either moment; `before` and `later` tell at which. One that stood at both is in it once."""
    time, kind = ("known", "bigint") if earlier.basis is Basis.KNOWN else ("true", "timestamptz")
    then, at = f"%(then_as_of)s::{kind}", f"%(as_of)s::{kind}"
    begun, lasted, nodes = f"{time}_from <= {then}", f"{time}_to > {then}", "%(then_as_of_nodes)s::bigint[]"
    if now.now:
        current, past, later = "true", f"{begun} AND {lasted}", "false"
    else:
        current, later = f"{time}_from <= {at}", f"{time}_to > {at}"
        past, nodes = f"{lasted} AND {current} AND ({begun} OR {later})", f"({nodes} || %(as_of_nodes)s::bigint[])"
    names = ", ".join(columns)
    return (
        f"(SELECT {names}, {begun} AS before, true AS later FROM {table.name} WHERE {current} UNION ALL "
        f"SELECT {names}, {begun}, {later} FROM {table.past} WHERE {time}_node = ANY ({nodes}) AND {past})"
    )


def then_params(as_of: AsOf) -> dict[str, Any]:
    """The earlier moment's parameters of `either`."""
    return {f"then_{name}": value for name, value in as_of.params.items()}


async def list_difference(
    reading: Reading, noun: str, earlier: AsOf, *, limit: int, after: UUID | None = None
) -> tuple[list[RowDifference], dict[str, int]]:
    """Up to `limit` rows that differ between an earlier moment and the reading's, by id, and how many there are of each kind."""
    table, name = LISTS[noun]
    columns = tuple(c for c in table.columns if c not in _UNTOLD)
    # JSON's numbers would be read as binary fractions
    told = ", ".join(f"{c}::text AS {c}" if table.types[c] == "numeric" else c for c in columns if c != "id")
    told = f"SELECT id, (SELECT to_jsonb(r) FROM (SELECT {told}) AS r) AS row"
    now, before = (f"({told} FROM v WHERE {end})" for end in ("later", "before"))
    differing = (
        f"WITH v AS NOT MATERIALIZED (SELECT * FROM {either(reading.as_of, earlier, table, columns)} AS e WHERE NOT (before AND later)), "
        "differing AS MATERIALIZED (SELECT id, b.row AS old, n.row AS new, CASE WHEN b.row IS NULL THEN 'added' "
        f"WHEN n.row IS NULL THEN 'removed' ELSE 'changed' END AS what FROM {now} AS n FULL JOIN {before} AS b USING (id) "
        "WHERE n.row IS DISTINCT FROM b.row) "
    )
    params = {**then_params(earlier), "after": after, "limit": limit}
    found = await reading.rows(
        f"{differing} (SELECT NULL::uuid, NULL, what, count(*), NULL::jsonb, NULL::jsonb FROM differing GROUP BY what) UNION ALL "
        f"(SELECT id, coalesce(new, old) ->> '{name}', what, 1, old, new FROM differing "
        "WHERE %(after)s::uuid IS NULL OR id > %(after)s::uuid ORDER BY id LIMIT %(limit)s)",
        params,
    )
    counts = {"added": 0, "removed": 0, "changed": 0}
    rows: list[RowDifference] = []
    for id, called, what, count, old, new in found:
        if id is None:
            counts[what] = int(count)
        else:
            was, now_is = old or {}, new or {}
            differs = {c: (was.get(c), now_is.get(c)) for c in columns if was.get(c) != now_is.get(c)}
            rows.append(RowDifference(id, called, what, differs, (new or old).get("currency")))
    return sorted(rows, key=lambda row: row.id), counts


def ids_in(noun: str, rows: Sequence[RowDifference]) -> set[UUID]:
    """All ids that stand in columns of these rows, before or after."""
    table, _ = LISTS[noun]
    kinds = {column: kind for column, kind in table.types.items() if kind.startswith("uuid")}
    values = [value for row in rows for column in kinds.keys() & row.columns.keys() for value in row.columns[column] if value]
    return {UUID(one) for value in values for one in (value if isinstance(value, list) else [value])}


async def changes_between(reading: Reading, earlier: AsOf, rows: Sequence[UUID], *, most: int) -> dict[UUID, tuple[list[int], int]]:
    """By row, the positions of the latest `most` events of its own stream between the two moments, oldest first, and how many there are."""
    later = reading.as_of
    if earlier.basis is Basis.KNOWN:
        between = "position > %(then_as_of)s AND position <= %(last)s"
    else:
        between = f"true_from > %(then_as_of)s AND position <= %(last)s{'' if later.now else ' AND true_from <= %(as_of)s'}"
    last = reading.position if later.position is None or later.basis is not Basis.KNOWN else min(later.position, reading.position)
    query = (
        "SELECT stream, position, many FROM (SELECT stream, position, count(*) OVER (PARTITION BY stream) AS many, "
        f"row_number() OVER (PARTITION BY stream ORDER BY position DESC) AS nth FROM {LOG_INDEX.name} "
        f"WHERE stream = ANY (%(rows)s) AND {between}) AS e WHERE nth <= %(most)s ORDER BY position"
    )
    found: dict[UUID, tuple[list[int], int]] = {}
    for stream, position, many in await reading.rows(query, {**then_params(earlier), "rows": list(rows), "last": last, "most": most}):
        found.setdefault(stream, ([], int(many)))[0].append(position)
    return found
