"""Uploading and downloading documents. What is uploaded is inert: known by its bytes, and only ever given back as a file (S10)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.callers import Caller, DocumentReader, DocumentUploader
from api.conventions import reply
from api.execution import absent
from api.problems import documented
from api.subjects import sees_subject
from domain.documents import Document, DocumentRef, Sha256, StoreDocument, document_id, documents
from domain.kernel import Invalid, NotFound, Refused
from infra.documents import DocumentGone
from infra.documents.sniffing import DocumentTypeUnsupported, DocumentUnpacksTooLarge, described

router = APIRouter(prefix="/v1/documents", tags=["documents"])
LIMIT = 25 << 20
"""Bytes of one document."""

HashParameter = Annotated[Sha256, Path(description="Its SHA-256.", examples=["0" * 64])]
FileName = Annotated[
    str, Query(min_length=1, max_length=300, description="What the file is called; made safe where it is kept.", examples=["offer.pdf"])
]
_BYTES = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}


class DocumentTooLarge(Refused):
    """The file is larger than a document may be."""

    status = 413


class Uploaded(DocumentRef):
    """The document as it is kept; name it by its `sha256`."""

    position: int | None = Field(description="The log position of its last event; null where it was uploaded before.")


class DocumentView(BaseModel):
    """What is known of a document."""

    document: DocumentRef
    attached_to: list[dict[str, str]] = Field(description="The things it belongs to that the caller may see: noun and id.")


async def keep(caller: Caller, content: bytes, name: str) -> tuple[DocumentRef, int | None]:
    """Keep uploaded bytes, and (the document, the position of what this recorded). The same upload again changes nothing."""
    ref = await asyncio.to_thread(described, content, name, "0" * 64)
    ref = ref.model_copy(update={"sha256": await caller.doors.documents.put(caller.tenant, content)})
    command = StoreDocument(document=ref, uploader=caller.standing.member)
    done = await caller.doors.store.execute(caller.tenant, documents, document_id(ref.sha256), command, by=caller.actor)
    return ref, done.last


async def sees_document(caller: Caller, sha256: str) -> Document:
    """The document, if the caller uploaded it or sees something it is attached to. Raises NotFound."""
    state: Document | None = (await caller.doors.store.load(caller.tenant, documents, document_id(sha256))).state
    if state is not None:
        if state.uploaded_by(caller.standing.member):
            return state
        for subject in sorted(state.subjects):
            if await sees_subject(caller, subject):
                return state
    raise absent()


async def check_documents(caller: Caller, hashes: Iterable[str]) -> None:
    """Refuse to attach what the caller may not see: knowing a hash is no right to the bytes. Raises NotFound."""
    for sha256 in dict.fromkeys(hashes):
        await sees_document(caller, sha256)


async def received(request: Request) -> bytes:
    """The body, at most `LIMIT` bytes of it. Raises DocumentTooLarge."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > LIMIT:
            raise DocumentTooLarge(f"Send at most {LIMIT >> 20} MiB as one document.", limit=LIMIT)
    return bytes(content)


@router.post(
    "",
    status_code=201,
    response_model=Uploaded,
    operation_id="upload_document",
    responses=documented(Invalid, DocumentTooLarge, DocumentTypeUnsupported, DocumentUnpacksTooLarge),
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": _BYTES}}},
)
async def upload_document(request: Request, caller: DocumentUploader, name: FileName) -> Response:
    """Upload a file: its bytes are the body. It is known by its SHA-256 from then on, so sending it twice keeps it once.

    Its type is judged by the bytes. Until it is attached to something, only you see it.
    """
    async with caller.doors.uploads:
        ref, position = await keep(caller, await received(request), name)
    location = {"Location": f"/v1/documents/{ref.sha256}"} | ({} if position is None else {"Concord-Position": str(position)})
    return reply({**ref.model_dump(), "position": position}, status=201, headers=location)


@router.get(
    "/{sha256}",
    operation_id="download_document",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": _BYTES}, "description": "The file."},
        **documented(NotFound, DocumentGone),
    },
)
async def download_document(sha256: HashParameter, caller: DocumentReader) -> Response:
    """A document's bytes, always as a file to save. Seen by who uploaded it and by who sees what it is attached to."""
    found = await sees_document(caller, sha256)
    return await given(caller, found.ref)


async def given(caller: Caller, ref: DocumentRef) -> Response:
    """The bytes as a download. Raises NotFound, DocumentGone."""
    content = await caller.doors.documents.get(caller.tenant, ref.sha256)
    if content is None:
        raise NotFound("The document's bytes are not kept here; ask for it to be uploaded again.")
    return Response(content, headers=download_headers(ref), media_type=None)


def download_headers(ref: DocumentRef) -> dict[str, str]:
    """Headers that make a browser save the file, whatever it is, and never show or run it."""
    plain = ref.name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    return {
        "Content-Type": ref.media_type,
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(ref.name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "ETag": f'"{ref.sha256}"',
    }


@router.get("/{sha256}/about", response_model=DocumentView, operation_id="read_document", responses=documented(NotFound))
async def read_document(sha256: HashParameter, caller: DocumentReader) -> Response:
    """Name, type and size of a document, and what it is attached to."""
    found = await sees_document(caller, sha256)
    belongs = [{"noun": s.noun, "id": str(s.id)} for s in sorted(found.subjects) if await sees_subject(caller, s)]
    return reply({"document": found.ref.model_dump(), "attached_to": belongs})
