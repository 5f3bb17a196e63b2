"""What a gate asks for, and which option of the command line provides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_THE_DEAL = {
    "account": "concord deals account DEAL ACCOUNT",
    "close_date": "concord deals close-date DEAL 2027-03-31",
    "amount": "concord deals amount DEAL 12500 EUR",
    "owner": "concord deals owner DEAL MEMBER",
    "next_step": 'concord deals next-step DEAL "Send the quote" --on 2027-03-09',
    "economic_buyer": "concord deals people DEAL CONTACT=economic_buyer",
    "signature_or_order": "--order-reference PO-4711, or --signed-on 2027-03-31",
}
_EXAMPLES = {
    "note": '"what the buyer said"',
    "date": "2027-03-31",
    "document": "FILE",
    "contact": "CONTACT",
    "amount": "12500EUR",
}


def how_to_provide(missing: Mapping[str, Any]) -> str:
    """The option or command that supplies it."""
    criterion = str(missing["criterion"])
    if missing.get("stage") is None:
        return _OF_THE_DEAL.get(criterion, "It is decided elsewhere; wait for it.")
    kind = str(missing.get("evidence"))
    said = f"--evidence {criterion}={_EXAMPLES.get(kind, 'NOTE')}"
    return f"{said}  (the document on this machine: its name and SHA-256 are kept)" if kind == "document" else said
