"""Amounts, evidence and lines as people write them at the command line, as the API takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from api.cli.client import Client
from api.cli.formats import minor_digits
from api.cli.outcomes import Ended, Exit
from api.cli.references import CONTACT, PRODUCT, the_id

# a sign groups thousands only where three digits follow it each time: in 1,5 it would begin the cents, elsewhere
_NUMBER = r"-?([0-9]+|[0-9]{1,3}(?P<sign>[,_' ])[0-9]{3}((?P=sign)[0-9]{3})*)([.](?P<cents>[0-9]{1,6}))?"
_MONEY = re.compile(rf"(?P<before>[A-Za-z]{{3}})?\s*(?P<number>{_NUMBER})\s*(?P<after>[A-Za-z]{{3}})?")
_PINNED = re.compile(r"(?P<name>.+)#(?P<digest>[0-9a-fA-F]{64})")


def money(written: str, currency: str | None = None, *, price: bool = False) -> dict[str, str]:
    """`12500 EUR`, `12,500.00EUR`, `EUR 12500`, or a number with `currency` given. Raises Ended.

    Only the `price` of one unit may have more decimals than its currency: what is paid is rounded when it is multiplied.
    """
    match = _MONEY.fullmatch(written.strip())
    code = (match["before"] or match["after"] or currency) if match else None
    if match is None or code is None or (match["before"] and match["after"]):
        raise Ended(
            f"{written!r} is no amount: write 12500 EUR or 12,500.00 EUR (a comma groups thousands, a point begins the cents).", Exit.USAGE
        )
    code, digits = code.upper(), len((match["cents"] or "").rstrip("0"))
    if not price and digits > (most := minor_digits(code)):
        allowed = f"at most {most} decimals" if most else "no decimals"
        raise Ended(f"{written!r} is finer than {code} can be paid: write it with {allowed}.", Exit.USAGE)
    number = re.sub(r"[,_' ]", "", match["number"])
    return {"amount": f"{Decimal(number):f}", "currency": code}


def money_of_case(written: str, currency: str) -> str:
    """How much, of a case in `currency`, which may be written beside the number. Raises Ended for another one: nothing is converted."""
    found = money(written, currency)
    if found["currency"] != currency:
        raise Ended(f"{written!r} is not in {currency}, as the case is: write it in {currency}, or open a case of its own.", Exit.USAGE)
    return found["amount"]


def a_day(written: str, option: str) -> str:
    """A day in ISO 8601. Raises Ended."""
    try:
        return date.fromisoformat(written.strip()).isoformat()
    except ValueError:
        raise Ended(f"{option}: {written!r} is no day; write it like 2027-03-31.", Exit.USAGE) from None


def evidence(client: Client, written: Iterable[str], version: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each `criterion=value`, read as the kind of artefact that the criterion asks for in this version of the pipeline."""
    kinds = {c["key"]: c["evidence"] for s in version.get("stages", ()) for c in s["exit_criteria"]}
    found = []
    for one in written:
        key, equals, value = one.partition("=")
        if not equals or not value.strip():
            raise Ended(f"--evidence {one!r}: write CRITERION=VALUE, like need_stated='They said so in the meeting'.", Exit.USAGE)
        found.append(proof(client, key.strip(), value.strip(), kinds.get(key.strip(), "note"), version))
    return found


def proof(client: Client, criterion: str, value: str, kind: str, version: Mapping[str, Any]) -> dict[str, Any]:
    """The artefact for one criterion. A document is a file, whose bytes are pinned by their SHA-256, or a name with that."""
    known = {c["key"] for s in version.get("stages", ()) for c in s["exit_criteria"]}
    if known and criterion not in known:
        raise Ended(f"This pipeline has no exit criterion {criterion!r}; it has {', '.join(sorted(known))}.", Exit.NOT_FOUND)
    match kind:
        case "date":
            return {"criterion": criterion, "on": a_day(value, criterion)}
        case "amount":
            return {"criterion": criterion, "amount": money(value)}
        case "contact":
            return {"criterion": criterion, "contact": the_id(client, CONTACT, value)}
        case "document":
            return {"criterion": criterion, **document(criterion, value)}
        case _:
            return {"criterion": criterion, "note": value}


def document(criterion: str, value: str) -> dict[str, str]:
    """`offer.pdf` or `@offer.pdf`, a file here; or `offer.pdf#SHA256`, one that lies elsewhere. Raises Ended."""
    if pinned := _PINNED.fullmatch(value):
        return {"document": pinned["name"].strip(), "sha256": pinned["digest"].lower()}
    path = Path(value.removeprefix("@")).expanduser()
    if not path.is_file():
        raise Ended(
            f"{criterion}: there is no file {path} here. It is proven by a document: name the file, or write NAME#SHA256 of one that "
            "lies elsewhere.",
            Exit.USAGE,
        )
    import hashlib

    with path.open("rb") as file:
        return {"document": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def lines(client: Client, written: Iterable[str]) -> list[dict[str, Any]]:
    """Each `PRODUCT, QUANTITY, UNIT PRICE[, DISCOUNT %]`. Raises Ended."""
    found = []
    for one in written:
        parts = [part.strip() for part in one.split(",")]
        if len(parts) not in {3, 4} or not re.fullmatch(r"[0-9]+([.][0-9]+)?", parts[1]):
            raise Ended(
                f"--line {one!r}: write 'PRODUCT, QUANTITY, UNIT PRICE' like 'GTX Pro, 2, 4821.00 EUR', and perhaps ', 5%' off.", Exit.USAGE
            )
        line = {"product": the_id(client, PRODUCT, parts[0]), "quantity": parts[1], "unit_price": money(parts[2], price=True)}
        if len(parts) == 4:
            line["discount"] = parts[3].rstrip("% ")
        found.append(line)
    return found
