"""A row of a list of disputes as the claim that it tells of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.dispute_rules import Reason
from domain.disputes.commands import ImportDispute
from domain.disputes.terms import DisputedDocument, DisputedLine, DocumentKind, LineReference
from domain.values import Money, minor_digits
from workflows.imports.records import DisputeRecord

_LONGEST = 200
_KNOWN = {reason.value: reason for reason in Reason}
_ALIKE = {
    "price": Reason.PRICE_VARIANCE,
    "pricing": Reason.PRICE_VARIANCE,
    "price_difference": Reason.PRICE_VARIANCE,
    "short": Reason.QUANTITY_SHORT,
    "short_delivery": Reason.QUANTITY_SHORT,
    "shortage": Reason.QUANTITY_SHORT,
    "quantity": Reason.QUANTITY_SHORT,
    "over_delivery": Reason.QUANTITY_OVER,
    "duplicate": Reason.DUPLICATE_INVOICE,
    "double_invoice": Reason.DUPLICATE_INVOICE,
    "damage": Reason.DAMAGED,
    "defect": Reason.QUALITY,
    "defective": Reason.QUALITY,
    "late": Reason.LATE_DELIVERY,
    "delay": Reason.LATE_DELIVERY,
    "tax": Reason.TAX_FREIGHT,
    "freight": Reason.TAX_FREIGHT,
    "no_order": Reason.MISSING_ORDER,
    "missing_po": Reason.MISSING_ORDER,
}


def reason_of(written: str | None) -> tuple[Reason, str | None]:
    """The code that a source's word stands for; any other word is kept as the text of the reason `other`."""
    key = "_".join((written or "").casefold().replace("-", " ").split())
    found = _KNOWN.get(key) or _ALIKE.get(key)
    if found is not None and found is not Reason.OTHER:
        return found, None
    return Reason.OTHER, (written or "The source gives no reason.")[:2000]


def claim_of(record: DisputeRecord, id_of: Callable[[str, str | None], UUID | None], told: Mapping[str, Any]) -> ImportDispute:
    """The command. Raises pydantic's ValidationError where a value is not what the domain takes."""
    currency = record.currency or ""
    unit = Decimal(1).scaleb(-minor_digits(currency))
    reason, words = reason_of(record.reason)
    reference = LineReference(kind=DocumentKind.INVOICE, document=record.document[:_LONGEST], line=record.line[:_LONGEST])
    total = None if record.total is None else Money(amount=record.total.quantize(unit), currency=currency)
    document = DisputedDocument(
        kind=DocumentKind.INVOICE,
        number=record.document[:_LONGEST],
        total=total,
        due_on=record.due_on,
        discount_on=record.discount_on,
    )
    return ImportDispute.model_validate(
        {
            "account": id_of("account", record.account),
            "title": record.name,
            "reason": reason,
            "reason_text": words,
            "currency": currency,
            "lines": (DisputedLine(reference=reference, net=record.net.quantize(unit), tax=record.tax.quantize(unit)),),
            "documents": (document,),
            "owner": id_of("member", record.owner),
            **told,
        }
    )
