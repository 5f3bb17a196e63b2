"""An office that sends papers: templates, a deal to write about, and a worker with everything that signing takes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

from domain.clauses import clause_id, clauses
from domain.default_papers import default_clauses, default_templates
from domain.documents import StoreDocument, document_id, documents
from domain.kernel import SYSTEM, Actor
from domain.papers import Invited, Paper, PaperStatus, PaperSubject, PreparePaper, SendPaper, SigningChannel, SignPaper, papers
from domain.templates import template_id, templates
from infra.documents import Documents, TableBlobs
from infra.ids import uuid7
from infra.keys import Keys
from infra.papers.press import Press
from infra.papers.sealer import Sealer
from infra.signing_links import SigningLinks
from infra.signing_provider import FolderProvider
from infra.temporal import connect
from tests.workflows.office import SANDBOX, Office, at_work
from workflows.attending_papers import PaperActivities
from workflows.paper_trigger import PaperTrigger
from workflows.starting import Starter
from workflows.worker import worker_of


@dataclass
class Writing:
    """The office's papers."""

    desk: Office
    keys: Keys
    documents: Documents
    links: SigningLinks
    folder: Path

    @classmethod
    def at(cls, desk: Office) -> Writing:
        keys = Keys.open(desk.keys_file, desk.keys_file.with_name("root.key"))
        return cls(desk, keys, Documents(TableBlobs(desk.database), keys), SigningLinks(desk.database), desk.keys_file.parent / "signing")

    def activities(self) -> PaperActivities:
        desk = self.desk
        return PaperActivities(
            desk.store, self.documents, Sealer(self.documents, self.keys), self.links, desk.mail, FolderProvider(self.folder),
            "https://concord.example", desk.clock,
        )  # fmt: skip

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        desk = self.desk
        client = await connect(desk.address, desk.client.namespace, lazy=False)
        trigger = PaperTrigger(desk.database, desk.store, Starter(desk.client))
        async with worker_of(client, desk.activities(), SANDBOX, papers=self.activities()), at_work(trigger.tail.run()):
            yield

    async def sent(self, *, channel: SigningChannel = SigningChannel.LINKS, days: int = 10) -> UUID:
        """A quote about a deal, prepared and sent to two people."""
        desk, id = self.desk, uuid7()
        for one in default_clauses():
            await desk.do(clauses, clause_id(one.key), one, SYSTEM)
        for one in default_templates():
            await desk.do(templates, template_id(one.key), one, SYSTEM)
        asked = PreparePaper(subject=PaperSubject(noun="deal", id=await desk.open_deal()), template="quote")
        printed = await Press(desk.store, self.documents).prepared(desk.tenant, id, asked, desk.clock())
        for ref in printed.documents:
            await desk.do(documents, document_id(ref.sha256), StoreDocument(document=ref, uploader=None), SYSTEM)
        await desk.do(papers, id, printed.draft)
        people = (Invited(name="Anna Ant", email="anna@example.org", party="Us"), Invited(name="Bo", email="bo@them.example", party="Them"))
        last = (desk.clock() + timedelta(days=days)).date()
        await desk.do(papers, id, SendPaper(signatories=people, expires_on=last, channel=channel))
        return id

    async def paper(self, id: UUID) -> Paper:
        found: Paper = (await self.desk.store.load(self.desk.tenant, papers, id)).state
        return found

    async def sign(self, id: UUID, signatory: UUID) -> None:
        paper = await self.paper(id)
        sign = SignPaper(signatory=signatory, document=paper.document.sha256, typed_name="Bo", consent=True, source="192.0.2.7")
        await self.desk.do(papers, id, sign, Actor(signatory))

    async def until(self, id: UUID, status: PaperStatus) -> Paper:
        async def there() -> bool:
            return (await self.paper(id)).status is status

        await self.desk.until(there)
        return await self.paper(id)

    async def linked(self, id: UUID) -> None:
        async def there() -> bool:
            return all(who.linked for who in (await self.paper(id)).signatories.values())

        await self.desk.until(there)

    def letters(self) -> list[tuple[str, str]]:
        """(to, the link's token) of each letter that went out."""
        folder = self.desk.keys_file.parent / "mail" / self.desk.tenant.slug
        found = []
        for file in folder.glob("*.eml"):
            letter = message_from_bytes(file.read_bytes(), policy=policy.SMTP)
            token = re.search(r"https://concord\.example/sign/(\S+)", letter.get_content())
            assert token is not None
            found.append((str(letter["To"]), token[1]))
        return sorted(found)
