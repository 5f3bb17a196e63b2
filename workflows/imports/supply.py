"""What those who buy may bring in: suppliers, and what is disputed of their invoices. Nothing that sales keeps is touched.

Ids are derived from the source's name; a name of its own keeps such an import off whatever came in under the same name from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.kernel import Forbidden
from workflows.imports.fields import Kind
from workflows.imports.settled import FoundTable, Settled

KINDS = frozenset({Kind.ACCOUNTS, Kind.DISPUTES, Kind.IGNORED})
_PREFIX = "supply-"
_LONGEST = 64


class NotOfSuppliers(Forbidden):
    """The files hold what those who buy do not bring in; `tables` names which they are."""


def supply_source(source: str) -> str:
    """The source's name among those of suppliers; the same for one that is such a name already."""
    return source if source.startswith(_PREFIX) else f"{_PREFIX}{source}"[:_LONGEST]


def check_supply(tables: Iterable[FoundTable]) -> None:
    """Raises NotOfSuppliers."""
    others = [table for table in tables if table.kind not in KINDS]
    if others:
        named = ", ".join(f"{table.name} ({table.kind.replace('_', ' ')})" for table in others[:5])
        raise NotOfSuppliers(
            f"Procurement brings in suppliers and what is disputed of their invoices, and not {named}: leave that out, "
            "or ask a sales chief or an administrator to import it.",
            tables=[table.name for table in others],
        )


def narrow(settled: Settled) -> None:
    """People whom nobody here knows stay out: whoever imports is responsible in their place."""
    users = settled.names.get("user")
    if users is None or not users.mentioned:
        return
    unknown = set(users.mentioned.values())
    settled.notes.append(f"nobody here has the name {', '.join(map(repr, sorted(unknown)[:5]))}: whoever imports it is responsible")
    users.keys.update({name: None for name, key in users.keys.items() if key in unknown})
    users.mentioned.clear()
