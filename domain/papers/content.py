"""What stands on a paper: every word and figure already written out, so that whoever prints it decides and computes nothing.

The canonical JSON of a content is kept beside the paper; with it, the same bytes can be printed again at any time.
"""

from __future__ import annotations

import json
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import Field, StringConstraints

from domain.values import Key, Name, Prose, Text


class PaperKind(StrEnum):
    """What a paper is."""

    QUOTE = "quote"
    PROPOSAL = "proposal"
    CONTRACT = "contract"
    AMENDMENT = "amendment"
    DISPUTE_LETTER = "dispute_letter"

    @property
    def label(self) -> str:
        """As it stands on the paper."""
        return self.value.replace("_", " ").capitalize()


Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400, pattern=r"^[^\x00]*$")]
"""A short text that may be empty."""
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$"), Field(examples=["#1f4e5f"])]
Paragraphs = Annotated[tuple[Prose, ...], Field(max_length=200)]
MOST_LINES = 2_000


class Party(Text):
    """Who a paper is from or to; `lines` below the name: address, country, registration."""

    name: Name
    lines: Annotated[tuple[Word, ...], Field(max_length=12)] = ()


class Entry(Text):
    """A labelled value, such as a number, a day or a reference."""

    label: Name
    value: Word


class Item(Text):
    """A line of the table. Amounts are written out with their currency's own decimals."""

    label: Name
    detail: Word = ""
    quantity: Word = ""
    unit_price: Word = ""
    discount: Word = ""
    total: Word = ""


class Sum(Text):
    """A total below the table; the `strong` one is what is to be paid."""

    label: Name
    amount: Word
    strong: bool = False


class Clause(Text):
    """A clause as it is worded on this paper, and the version that it was taken from."""

    key: Key
    version: Annotated[int, Field(ge=1)]
    title: Name
    paragraphs: Paragraphs


class Slot(Text):
    """Where a party signs."""

    party: Name
    name: Word = ""


class PaperContent(Text):
    """A whole paper. `footer`: lines at the foot of the first page, such as bank and register."""

    kind: PaperKind
    title: Name
    number: Name
    sender: Party
    recipient: Party
    facts: Annotated[tuple[Entry, ...], Field(max_length=12)] = ()
    intro: Paragraphs = ()
    items: Annotated[tuple[Item, ...], Field(max_length=MOST_LINES)] = ()
    sums: Annotated[tuple[Sum, ...], Field(max_length=12)] = ()
    clauses: Annotated[tuple[Clause, ...], Field(max_length=200)] = ()
    closing: Paragraphs = ()
    slots: Annotated[tuple[Slot, ...], Field(max_length=20)] = ()
    footer: Annotated[tuple[Word, ...], Field(max_length=6)] = ()
    accent: Colour = "#1f4e5f"

    def canonical(self) -> bytes:
        """The content as JSON, the same bytes for the same content in every process."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON."""
        return sha256(self.canonical()).hexdigest()
