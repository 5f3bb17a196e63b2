"""Lists of disputes, and of open invoices with what is disputed of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workflows.imports.cells import instant_of, read_rows
from workflows.imports.conversion import LONGEST_NAME, Converted, Seen, Skipped, key_of, known_reference, left_out
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.records import DisputeRecord, Values
from workflows.imports.settled import FoundTable, Settled

OVER = {"closed", "settled", "resolved", "withdrawn", "cancelled", "canceled", "written off", "rejected", "paid", "done"}
"""What a source calls a case that nobody works on any more."""


def convert_disputes(table: FoundTable, settled: Settled, seen: Seen) -> Iterator[Converted]:
    """One claim for each row of which something is disputed. What is over at the source is left out: only what is open is taken over."""
    for read in read_rows(table, settled):
        values = read.values
        if read.faults:
            yield read.faults[0]
            continue
        document, line = str(values.get("document") or ""), str(values.get("line") or "1")
        id_ = str(values.get("id") or f"{document} {line}").strip()
        if not document:
            yield Fault(table.name, read.number, None, "", "the row names no invoice; a dispute is about one")
            continue
        if rejection := left_out(table, read, settled, seen, id_):
            yield rejection
            continue
        if (reason := _senseless(values)) is not None:
            yield Fault(table.name, read.number, None, "", reason)
            continue
        disputed, status = values.get("disputed"), str(values.get("status") or "").casefold()
        if disputed is None or not disputed[0]:
            yield Skipped(
                Kind.DISPUTES,
                id_,
                table.name,
                read.number,
                "nothing of it is disputed: it is paid where you pay invoices; only claims are taken over",
            )
            continue
        if status in OVER:
            yield Skipped(Kind.DISPUTES, id_, table.name, read.number, f"it is {status} at the source")
            continue
        record = DisputeRecord(Kind.DISPUTES, id_, "", table.name, read.number, read.attributes)
        record.document, record.line = document, line
        record.account = known_reference(settled, "account", key_of(values, "account_id", "account_name"), record.attributes, "account")
        owner = key_of(values, "owner_id", "owner_name")
        record.owner = known_reference(settled, "user", owner, record.attributes, "owner")
        if owner is None and settled.importer is not None:
            record.owner, record.attention = f"={settled.importer}", ("names no owner: whoever imports it is responsible",)
        if (missing := _missing(record)) is not None:
            yield Fault(table.name, read.number, None, "", missing)
            continue
        tax, total = values.get("tax"), values.get("total")
        record.net, record.tax = disputed[0], tax[0] if tax else Decimal(0)
        record.total = total[0] if total else None
        record.currency = values.get("currency") or disputed[1] or settled.currency
        record.reason = values.get("reason")
        record.opened_at = instant_of(values.get("opened_on"), settled)
        record.due_on, record.discount_on = values.get("due_on"), values.get("discount_on")
        record.name = str(values.get("title") or f"Invoice {document}")[:LONGEST_NAME].rstrip()
        yield record


def _senseless(values: Values) -> str | None:
    """Why the amounts of a row cannot be; None: they can."""
    disputed, tax, total = (amounts[0] if (amounts := values.get(name)) else None for name in ("disputed", "tax", "total"))
    if disputed is None:
        return None
    if disputed < 0:
        return f"{disputed} is disputed; no less than nothing can be"
    if tax is not None and tax < 0:
        return f"the disputed tax is {tax}; it cannot be less than nothing"
    if total is not None and disputed + (tax or 0) > total:
        return f"{disputed + (tax or 0)} is disputed of an invoice over {total}; no more than all of it can be"
    return None


def _missing(record: DisputeRecord) -> str | None:
    if record.account is None:
        return "its supplier is neither here nor in the files; import or open the account first"
    if record.owner is None:
        return "it names nobody here who is responsible; add a column `owner` with a member's name"
    return None
