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
    """A row that differs: `added`, `removed` or `changed`, and each column that does with both its values."""

    id: UUID
    name: str | None
    what: str
    columns: dict[str, tuple[Any, Any]]


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
            rows.append(RowDifference(id, called, what, {c: (was.get(c), now_is.get(c)) for c in columns if was.get(c) != now_is.get(c)}))
    return sorted(rows, key=lambda row: row.id), counts
