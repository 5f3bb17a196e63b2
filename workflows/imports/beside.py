"""What other tables say of deals: lines, stages of the past, accounts, merges. Read whole, since they are found by deal and not in order.

Each of their rows is used by its deal or accounted for: unreadable, left out with the deal, or about a deal that is in none of the files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from workflows.imports.cells import RowValues, read_rows
from workflows.imports.conversion import LONGEST_NAME, Skipped
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.records import LineRecord, PastRecord
from workflows.imports.settled import FoundTable, Settled

_REQUIRED = ("deal_id", "account_id", "kept_id", "merged_id", "owner_id", "team_id")


@dataclass(slots=True)
class Beside:
    """What other tables say of deals, by the deal's id in the source."""

    lines: dict[str, list[LineRecord]] = field(default_factory=lambda: defaultdict(list))
    stages: dict[str, list[tuple[datetime, str, str, int]]] = field(default_factory=lambda: defaultdict(list))
    """When, which stage, and the table and row that say so."""
    accounts: dict[str, str] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[tuple[Kind, str, int]]] = field(default_factory=lambda: defaultdict(list))
    """Where deals are spoken of that were not converted yet. What is left at the end speaks of deals that are not imported."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a deal whose row is in the files is not imported."""
    faults: list[Fault] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def remaining(self) -> Iterator[PastRecord | Skipped]:
        """Rows that no imported deal took up: its own row was left out, or is in none of the files."""
        for deal, rows in self.rows.items():
            if (reason := self.left_out.get(deal)) is not None:
                yield from (Skipped(kind, deal, table, row, f"its deal is not imported: {reason}") for kind, table, row in rows)
            else:
                first = rows[0]
                yield PastRecord(first[0], deal, deal, first[1], first[2], rows=rows, stages=self.stages.get(deal, []))


def read_beside(settled: Settled) -> Beside:
    """Lines, histories, associations and merges, read whole: they are found by deal, not in the order of deals."""
    beside = Beside()
    for table in settled.of(Kind.MERGES):
        for read in _sound(table, settled, beside):
            beside.merged[read.values["merged_id"]] = read.values["kept_id"]
    for table in settled.of(Kind.DEAL_ACCOUNTS):
        for read in _sound(table, settled, beside):
            deal, account = read.values["deal_id"], read.values["account_id"]
            if beside.accounts.setdefault(deal, account) == account:
                beside.rows[deal].append((table.kind, table.name, read.number))
            else:
                reason = f"its deal belongs to {beside.accounts[deal]} by an earlier row; a deal has one account"
                beside.skipped.append(Skipped(table.kind, deal, table.name, read.number, reason))
    for table in settled.of(Kind.LINES):
        for read in _sound(table, settled, beside):
            _line(table, read, settled, beside)
    for table in settled.of(Kind.TEAMS):
        for read in _sound(table, settled, beside):
            if (owner := read.values["owner_id"]) not in settled.ids["user"]:
                reason = f"user {owner!r} is in none of the files"
                beside.skipped.append(Skipped(table.kind, owner, table.name, read.number, reason))
    for table in settled.of(Kind.HISTORY):
        for read in _sound(table, settled, beside):
            _stage(table, read, settled, beside)
    return beside


def _sound(table: FoundTable, settled: Settled, beside: Beside) -> Iterator[RowValues]:
    """Rows without faults and with all that is required; the others are noted."""
    required = [c.target for c in table.mapping.columns if c.target in _REQUIRED]
    for read in read_rows(table, settled):
        if read.faults:
            beside.faults.append(read.faults[0])
        elif missing := next((k for k in required if k not in read.values), None):
            beside.faults.append(Fault(table.name, read.number, missing, "", f"the row does not say which {missing.replace('_', ' ')}"))
        else:
            yield read


def _line(table: FoundTable, read: RowValues, settled: Settled, beside: Beside) -> None:
    values = read.values
    deal = values["deal_id"]
    if values.get("deleted", (False,))[0] and settled.overrides.deleted == "skip":
        beside.skipped.append(Skipped(Kind.LINES, values.get("id", ""), table.name, read.number, "deleted at the source"))
        return
    by_name = values.get("product")
    product = values.get("product_id") or (by_name[0] if isinstance(by_name, tuple) else None)
    quantity = values.get("quantity", (Decimal(1), None))[0]
    price = values.get("unit_price")
    if price is None and "total" in values and quantity:
        price = (values["total"][0] / quantity).quantize(Decimal("0.000001")), None
    if price is None or quantity <= 0 or price[0] < 0:
        reason = "a line needs a quantity above 0 and a price of 0 or more"
        beside.faults.append(Fault(table.name, read.number, "quantity" if quantity <= 0 else "unit price", str(quantity), reason))
        return
    # a product that nothing lists stays as the line's label; the discount of the source is in its unit price already
    known = product if product and settled.knows("product", product) else None
    label = settled.label("product", product) if product else by_name if isinstance(by_name, str) else ""
    label = label or "line"
    beside.lines[deal].append(LineRecord(known, label[:LONGEST_NAME], quantity, price[0]))
    beside.rows[deal].append((Kind.LINES, table.name, read.number))


def _stage(table: FoundTable, read: RowValues, settled: Settled, beside: Beside) -> None:
    values = read.values
    if table.mapping.column_of("stage") is not None:
        stage = values.get("stage")
    else:
        stage = values.get("value") if values.get("field") in settled.history_fields.get(table.name, ()) else None
    if stage is None:
        beside.skipped.append(Skipped(Kind.HISTORY, values["deal_id"], table.name, read.number, "says nothing about the stage"))
    elif "at" not in values:
        beside.faults.append(Fault(table.name, read.number, "at", "", "the row does not say when the stage was entered"))
    else:
        beside.stages[values["deal_id"]].append((values["at"], stage, table.name, read.number))
        beside.rows[values["deal_id"]].append((Kind.HISTORY, table.name, read.number))
