"""Files of a case: bytes that were uploaded here belong to the case from then on, so that who sees it may have them.

What is named by a reference alone, or by the SHA-256 of bytes that lie elsewhere, stays as it was named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from domain.disputes import events as e
from domain.documents import Document, DocumentAttached, Subject, document_read, document_reads
from domain.kernel import Context, On, Read

NOUN = "dispute"


def file_reads(command: Any) -> Iterator[Read]:
    """The documents that a command names by their bytes."""
    evidence = getattr(command, "evidence", ())
    pieces = evidence if isinstance(evidence, tuple) else (evidence,)
    hashes = [getattr(piece, "sha256", None) for piece in pieces]
    return document_reads(sha256 for sha256 in (*hashes, getattr(command, "sha256", None)) if sha256 is not None)


def filed(outcome: Iterable[Any], ctx: Context) -> tuple[On, ...]:
    """What makes the files that an outcome names belong to the case; quiet for those that do, or that nobody uploaded."""
    found: dict[str, On] = {}
    for event in outcome:
        sha256 = _named(event)
        if sha256 is None:
            continue
        read = document_read(sha256)
        known: Document | None = ctx.facts.get(read.id)
        if known is not None and Subject(NOUN, ctx.own_id) not in known.subjects:
            found[sha256] = On(read, DocumentAttached(noun=NOUN, id=ctx.own_id))
    return tuple(found.values())


def _named(event: Any) -> str | None:
    match event:
        case e.DisputeEvidenceAttached(piece=piece):
            return piece.evidence.sha256
        case e.DisputeDocumentRecorded(sha256=sha256):
            return sha256
        case _:
            return None
