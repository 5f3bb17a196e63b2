"""Sealing what all have signed: the record of signatures is read from the log, printed, and put under the tenant's seal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.documents import DocumentRef
from domain.kernel import Recorded
from domain.papers import Paper, SealPaper
from domain.papers.composing import written
from domain.papers.content import PaperContent
from domain.papers.events import PaperSigned
from domain.papers.terms import CONSENT
from infra.database import Tenant
from infra.documents import Documents
from infra.documents.sniffing import safe_name
from infra.keys import Keys
from infra.papers.certificates import Seal, seal_of
from infra.papers.printing import print_signatures
from infra.papers.sealing import sealed

_PDF = "application/pdf"


class Sealer:
    """One per process."""

    def __init__(self, documents: Documents, keys: Keys) -> None:
        self._documents = documents
        self._keys = keys

    async def seal(self, tenant: Tenant, business: str) -> Seal:
        """The tenant's seal, made in the name of `business` when it is first asked for."""
        return await asyncio.to_thread(seal_of, self._keys, tenant.slug, business)

    async def sealed(self, tenant: Tenant, paper: Paper, history: Iterable[Recorded]) -> tuple[SealPaper, DocumentRef]:
        """(the command that records it, the sealed file as a kept document). `history`: the paper's events."""
        file = await self._documents.get(tenant, paper.document.sha256)
        data = await self._documents.get(tenant, paper.data_sha256)
        if file is None or data is None:
            raise LookupError(f"the document of the paper {paper.number} is not kept")
        content = PaperContent.model_validate_json(data)
        signatures = [one for one in history if isinstance(one.event, PaperSigned)]
        seal = await self.seal(tenant, content.sender.name)
        whole = await asyncio.to_thread(_made, paper, content, file, signatures, seal)
        digest = await self._documents.put(tenant, whole)
        ref = DocumentRef(
            sha256=digest, name=safe_name(f"{paper.number} {content.recipient.name} signed.pdf", _PDF), media_type=_PDF, size=len(whole)
        )
        last, fingerprint = signatures[-1].recorded_at.date(), sha256(seal.certificate).hexdigest()
        return SealPaper(document=ref, holder=seal.holder, fingerprint=fingerprint, signed_on=last), ref


def _made(paper: Paper, content: PaperContent, file: bytes, signatures: list[Recorded], seal: Seal) -> bytes:
    record = {
        "title": paper.title,
        "number": paper.number,
        "sha256": paper.document.sha256,
        "accent": content.accent,
        "consent": CONSENT,
        "sealer": seal.holder,
        "signatures": [_signature(paper, one) for one in signatures],
    }
    page = print_signatures(record, signatures[-1].recorded_at)
    return sealed(file, page, seal, reason="Signed by all parties")


def _signature(paper: Paper, recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    assert isinstance(event, PaperSigned)
    id: UUID = event.signatory
    who = paper.signatories[id]
    at = recorded.recorded_at
    return {
        "typed": event.typed_name,
        "party": who.party,
        "name": who.name,
        "email": who.email,
        "signed_at": f"{written(at.date())}, {at:%H:%M:%S} UTC",
        "source": event.source,
    }
