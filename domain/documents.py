"""Documents: uploaded or produced bytes, known by their SHA-256, and the things they are attached to.

The bytes lie in `infra/documents/`; here is what is decided about them. A document is seen by who uploaded it and by who sees
a thing that it is attached to. Another noun attaches documents in its own unit of work:

    command:  documents: DocumentHashes = ()                            # what a caller names: hashes only
    reads:    yield from document_reads(command.documents)
    decide:   refs, events = attach(ctx, "dispute", command.documents)  # refused where one was never uploaded
              return (DisputeEvidenceAdded(documents=refs), *events)    # the event stores DocumentRefs

Its door checks first that the caller may see what is named (`api.documents.check_documents`), and its `Noun` says
`seen_by=Action.DISPUTE_READ`, so that who sees the thing may download what is attached to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.kernel import Command, Context, Decider, Event, NotFound, On, Read, natural_id
from domain.values import Name, Text

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(examples=["0" * 64])]
"""The SHA-256 of a document's bytes, 64 lower-case hexadecimal digits: its address and its proof."""
DocumentHashes = Annotated[tuple[Sha256, ...], Field(max_length=50)]
"""Documents as a command names them."""
MediaType = Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,100}$")]


class DocumentRef(Text):
    """A document as events refer to it. `size` in bytes."""

    sha256: Sha256
    name: Name
    media_type: MediaType
    size: Annotated[int, Field(ge=0)]


class DocumentStored(Event, topic="document.stored"):
    """The bytes are kept; `uploader` brought them, or None: Concord made them."""

    document: DocumentRef
    uploader: UUID | None


class DocumentAttached(Event, topic="document.attached"):
    """From now on it belongs to a thing: the noun's name, as `dispute`, and the id."""

    noun: str
    id: UUID


class StoreDocument(Command):
    """Say that the bytes are kept. Quiet where the same member said so before."""

    document: DocumentRef
    uploader: UUID | None


class UploadUnknown(NotFound):
    """No document with this SHA-256 was uploaded here; upload it first."""


class Subject(NamedTuple):
    """A thing that has documents or papers: the noun's name and the id."""

    noun: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Document:
    """What is known of a document; `ref` names it as it was uploaded last."""

    ref: DocumentRef
    uploads: frozenset[tuple[UUID | None, str]]
    """(who, under which name)."""
    subjects: frozenset[Subject] = frozenset()

    def uploaded_by(self, member: UUID) -> bool:
        """Whether this member brought it."""
        return any(who == member for who, _ in self.uploads)


def document_id(sha256: str) -> UUID:
    """The stream of a document: the same bytes are the same document."""
    return natural_id("document", sha256)


def document_read(sha256: str) -> Read:
    return Read("document", document_id(sha256))


def document_reads(hashes: Iterable[str]) -> Iterator[Read]:
    """What `attach` looks at."""
    return (document_read(sha256) for sha256 in hashes)


def attach(ctx: Context, noun: str, hashes: Iterable[str]) -> tuple[tuple[DocumentRef, ...], tuple[On, ...]]:
    """(the documents as they were uploaded, the events that attach them to the deciding stream). Raises UploadUnknown."""
    refs: dict[str, DocumentRef] = {}
    events: list[On] = []
    for sha256 in hashes:
        known: Document | None = ctx.fact(document_read(sha256))
        if known is None:
            raise UploadUnknown("No such document was uploaded here; upload it first, then name it by its SHA-256.", sha256=sha256)
        if sha256 not in refs and Subject(noun, ctx.own_id) not in known.subjects:
            events.append(On(document_read(sha256), DocumentAttached(noun=noun, id=ctx.own_id)))
        refs[sha256] = known.ref
    return tuple(refs.values()), tuple(events)


def decide(document: Document | None, command: Any, _ctx: Context) -> tuple[Event, ...]:
    match command:
        case StoreDocument(document=ref, uploader=uploader):
            if document is not None and (uploader, ref.name) in document.uploads:
                return ()
            return (DocumentStored(document=ref, uploader=uploader),)
        case _:
            raise TypeError(f"a document knows no {type(command).__name__}")


def evolve(document: Document | None, event: Event) -> Document | None:
    match event:
        case DocumentStored(document=ref, uploader=uploader):
            upload = (uploader, ref.name)
            return (
                Document(ref, frozenset((upload,))) if document is None else replace(document, ref=ref, uploads=document.uploads | {upload})
            )
        case DocumentAttached(noun=noun, id=id) if document is not None:
            return replace(document, subjects=document.subjects | {Subject(noun, id)})
        case _:
            return document


documents: Decider[Document | None] = Decider("document", initial=None, decide=decide, evolve=evolve)
