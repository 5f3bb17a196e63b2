"""The press: reads what a paper is about, puts it together, prints it, and keeps the file and its data. The log is told by the caller.

Printing takes 30 ms and more of a processor: it runs in a thread, a few at once.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, time
from typing import Any, NamedTuple
from uuid import UUID

from domain.accounts import Account, account_read
from domain.clauses import UNLISTED, Clause, ClauseWording, clause_read
from domain.contacts import Contact, contact_read
from domain.countries import country_name
from domain.documents import DocumentRef
from domain.kernel import DECIDERS, NotFound, Read
from domain.members import Member
from domain.papers import DraftPaper, Paper, PreparePaper, RevisePaper, matters
from domain.papers.composing import MATTERS, PARTS, Matter, Telling, check_fits, compose, number_of, part_of, telling_of
from domain.papers.content import PaperContent, PaperKind, Party
from domain.papers.refusals import PartUnknown, TemplateUnknown
from domain.papers.terms import ClauseUsed
from domain.settings import SETTINGS_READ
from domain.standing import member_read
from domain.templates import ClauseUnknown, Template, TemplateText, template_read
from domain.tenants import TENANT_ID, TenantIdentity
from domain.values import zone
from infra.database import Tenant
from infra.documents import Documents
from infra.documents.sniffing import safe_name
from infra.event_store import Store
from infra.papers.printable import check_printable, places_of
from infra.papers.printing import print_paper

_PDF, _JSON = "application/pdf", "application/json"
_AT_ONCE = 2
assert matters.contract_matter is MATTERS["contract"].tell, "what papers can be about is known before the first is asked for"


class Printed(NamedTuple):
    """The command that records a paper, and the documents that have to be stored (`StoreDocument`) before it is carried out."""

    draft: DraftPaper
    documents: tuple[DocumentRef, DocumentRef]


class Press:
    """One per process."""

    def __init__(self, store: Store, documents: Documents) -> None:
        self._store = store
        self._documents = documents
        self._limit = asyncio.Semaphore(_AT_ONCE)

    async def prepared(self, tenant: Tenant, id: UUID, asked: PreparePaper, now: datetime) -> Printed:
        """The paper that was asked for, as of `now`.

        Raises NoPaperFor, NothingDisputed, NotPrintable, PartUnknown, TemplateUnknown, ClauseUnknown, NotFound.
        """
        as_of = await self._store.head(tenant)
        telling = telling_of(asked.subject.noun)
        state = await self._state(tenant, Read(asked.subject.noun, asked.subject.id))
        if state is None:
            raise NotFound(
                "There is no such thing to prepare a paper about; choose one that exists.", **asked.subject.model_dump(mode="json")
            )
        version, text = await self._template(tenant, asked.template)
        part = asked.subject.part
        check_fits(asked.template, text.kind, asked.subject.noun, part=part is not None)
        if part is not None:
            about = part_of(asked.subject.noun, state, part)
        elif text.kind is PaperKind.AMENDMENT and asked.subject.noun in PARTS:
            raise PartUnknown("An amendment is printed for itself: name which one of the contract's.", amendments=[])
        else:
            about = await self._told(tenant, telling, state)
        keys = text.clauses if asked.clauses is None else asked.clauses
        chosen = [await self._clause(tenant, key, listed=bool(about.items)) for key in keys]
        here = now.astimezone(zone(getattr(await self._state(tenant, SETTINGS_READ), "zone", "UTC")))
        owner: Member | None = None if about.owner is None else await self._state(tenant, member_read(about.owner))
        us: TenantIdentity | None = await self._state(tenant, Read("tenant", TENANT_ID))
        content = compose(
            text,
            chosen,
            about,
            sender=us.name if us else tenant.slug,
            recipient=await self._recipient(tenant, about.account, asked.attention),
            contact=owner.name if owner else None,
            number=number_of(text.kind, here.date(), id),
            day=here.date(),
            title=asked.title,
            note=asked.note,
        )
        await asyncio.to_thread(check_printable, places_of(content, asked.note))
        document, data = await self._kept(tenant, content, here)
        draft = DraftPaper(
            kind=text.kind,
            subject=asked.subject,
            account=about.account,
            title=content.title,
            number=content.number,
            template=asked.template,
            template_version=version,
            clauses=tuple(ClauseUsed(key=name, version=number) for name, number, _ in chosen),
            review=text.review,
            total=about.total,
            data_sha256=data.sha256,
            document=document,
            as_of=as_of,
            content=about.content,
        )
        return Printed(draft, (document, data))

    async def revised(self, tenant: Tenant, id: UUID, paper: Paper, asked: RevisePaper, now: datetime) -> Printed:
        """The paper again, of today's data, in today's wording. Raises as `prepared` does."""
        again = PreparePaper(
            subject=paper.subject,
            template=paper.template,
            title=asked.title or paper.title,
            attention=asked.attention,
            note=asked.note,
            clauses=asked.clauses,
        )
        return await self.prepared(tenant, id, again, now)

    async def _kept(self, tenant: Tenant, content: PaperContent, now: datetime) -> tuple[DocumentRef, DocumentRef]:
        """(the PDF, the JSON that it was printed from), both kept as documents."""
        # dated to the day that it bears, so that the same data give the same file all day long
        async with self._limit:
            pdf = await asyncio.to_thread(print_paper, content, datetime.combine(now.date(), time(), now.tzinfo))
        return (
            await self._keep(tenant, pdf, _PDF, safe_name(f"{content.number} {content.recipient.name}.pdf", _PDF)),
            await self._keep(tenant, content.canonical(), _JSON, f"{content.number}.json"),
        )

    async def _keep(self, tenant: Tenant, file: bytes, media_type: str, name: str) -> DocumentRef:
        sha256 = await self._documents.put(tenant, file)
        return DocumentRef(sha256=sha256, name=name, media_type=media_type, size=len(file))

    async def _state(self, tenant: Tenant, read: Read) -> Any:
        return (await self._store.load(tenant, DECIDERS[read.decider], read.id)).state

    async def _template(self, tenant: Tenant, key: str) -> tuple[int, TemplateText]:
        found: Template | None = await self._state(tenant, template_read(key))
        if found is None or found.retired:
            raise TemplateUnknown(f"There is no template {key!r} in use; list the templates to choose one.", template=key)
        return found.number, found.text

    async def _told(self, tenant: Tenant, telling: Telling, state: Any) -> Matter:
        facts: dict[UUID, Any] = {}
        for read in telling.reads(state, facts):
            facts[read.id] = await self._state(tenant, read)
        return telling.tell(state, facts)

    async def _clause(self, tenant: Tenant, key: str, *, listed: bool) -> tuple[str, int, ClauseWording]:
        """Key, version and wording; on a paper that lists nothing, of the clause for such papers where there is one."""
        if not listed:
            instead: Clause | None = await self._state(tenant, clause_read(key + UNLISTED))
            if instead is not None and not instead.retired:
                return key + UNLISTED, instead.number, instead.wording
        found: Clause | None = await self._state(tenant, clause_read(key))
        if found is None or found.retired:
            raise ClauseUnknown(f"There is no clause {key!r} in use; list the clauses to choose one.", clause=key)
        return key, found.number, found.wording

    async def _recipient(self, tenant: Tenant, account: UUID | None, attention: UUID | None) -> Party:
        found: Account | None = None if account is None else await self._state(tenant, account_read(account))
        if account is None or found is None:
            raise NotFound("This belongs to no account, so there is nobody to address a paper to; set its account first.")
        lines = []
        if attention is not None:
            contact: Contact | None = await self._state(tenant, contact_read(attention))
            if contact is None or contact.withdrawn or contact.erased or account not in contact.positions:
                raise NotFound("There is no such contact at this account; choose one of its contacts.", contact=str(attention))
            lines.append(f"Attn. {contact.name}")
        if found.registration is not None:
            lines.append(f"{found.registration.registry} {found.registration.number}, {country_name(found.registration.country)}")
        elif found.country is not None:
            lines.append(country_name(found.country))
        return Party(name=found.legal_name or "Unnamed account", lines=tuple(lines))
