"""Seeing to a paper that is out: letters with links, answers of a provider, the seal, the end of its time. Safe to repeat."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from temporalio import activity

from domain.documents import StoreDocument, document_id, documents
from domain.kernel import SYSTEM, Actor, Command, Refused, natural_id
from domain.papers import DeclinePaper, ExpirePaper, Paper, RecordLink, Signatory, SigningChannel, SignPaper, papers
from domain.papers.terms import OUT
from infra.database import Tenant
from infra.documents import Documents
from infra.event_store import Store
from infra.mail import Letter, Mail, MailRefused, MailUnavailable
from infra.papers.sealer import Sealer
from infra.signing_links import SigningLinks
from infra.signing_provider import ProviderUnavailable, SigningProvider, SigningRequest
from workflows.activities import discreetly
from workflows.messages import ATTEND_PAPER, PaperRun, Standing
from workflows.signed_papers import settle

ASK_PROVIDER = timedelta(minutes=1)
"""Between looks for a provider's answers."""
TRY_MAIL = timedelta(minutes=1)
"""Between tries of a letter that could not be sent."""

_log = logging.getLogger("concord.workflows")


@dataclass(frozen=True, slots=True)
class PaperActivities:
    """The paper activity of one worker process. `reached_at`: what links begin with; `clock` is the store's own in tests that move time."""

    store: Store
    documents: Documents
    sealer: Sealer
    links: SigningLinks
    mail: Mail
    provider: SigningProvider
    reached_at: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @activity.defn(name=ATTEND_PAPER)
    async def attend(self, run: PaperRun) -> Standing:
        """Do what is left to do for the paper, and say when to look again."""
        with discreetly(run.tenant, f"paper {run.paper}"):
            return await self._attend(Tenant(run.tenant), run.paper)

    async def _attend(self, tenant: Tenant, id: UUID) -> Standing:
        paper = await self._paper(tenant, id)
        if paper is None:
            return Standing(open=False)
        if paper.status in OUT:
            standing = await self._see_to(tenant, id, paper)
            if standing.open:
                return standing
            paper = await self._paper(tenant, id)
            assert paper is not None, "a paper does not vanish"
        await settle(self.store, tenant, id, paper, self.clock())
        return Standing(open=False)

    async def _see_to(self, tenant: Tenant, id: UUID, paper: Paper) -> Standing:
        if paper.channel is SigningChannel.PROVIDER:
            paper = await self._ask_provider(tenant, id, paper)
        if paper.status in OUT and paper.signed_by_all:
            await self._seal(tenant, id, paper)
            return Standing(open=False)
        assert paper.expires_at is not None, "what is out has an end"
        if paper.status not in OUT:
            return Standing(open=False)
        if self.clock() >= paper.expires_at:
            await self._do(tenant, id, ExpirePaper(), "expire")
            return Standing(open=False)
        due = [paper.expires_at]
        if paper.channel is SigningChannel.PROVIDER:
            due.append(self.clock() + ASK_PROVIDER)
        elif not await self._send_links(tenant, id, paper):
            due.append(self.clock() + TRY_MAIL)
        return Standing(open=True, next_due=min(due))

    async def _send_links(self, tenant: Tenant, id: UUID, paper: Paper) -> bool:
        """Mail a link to each signatory who has none. Returns whether nobody waits for one."""
        done = True
        for signatory, who in paper.signatories.items():
            if who.linked or who.signed:
                continue
            assert paper.expires_at is not None, "what is out has an end"
            token = await self.links.issue(tenant, id, signatory, paper.expires_at)
            letter = _letter(tenant, id, paper, signatory, who, f"{self.reached_at}/sign/{token}", self.clock())
            try:
                await asyncio.to_thread(self.mail.send, letter)
            except (MailRefused, MailUnavailable) as error:
                # the sender can hand the link over; the log says who has one
                _log.warning("a link to a paper of tenant %s could not be sent: %s", tenant.slug, type(error).__name__)
                done = done and isinstance(error, MailRefused) and error.lasting
                continue
            await self._do(tenant, id, RecordLink(signatory=signatory, mailed=True), f"link {signatory}")
        return done

    async def _ask_provider(self, tenant: Tenant, id: UUID, paper: Paper) -> Paper:
        """Hand it over and hear what was answered; the paper as it stands then."""
        assert paper.expires_at is not None, "what is out has an end"
        request = SigningRequest(tenant.slug, id, paper.number, paper.title, paper.document.sha256, paper.signatories, paper.expires_at)
        try:
            if not all(who.linked for who in paper.signatories.values()):
                file = await self.documents.get(tenant, paper.document.sha256)
                assert file is not None, "what was sent is kept"
                await asyncio.to_thread(self.provider.offer, request, file)
                for signatory in paper.signatories:
                    await self._do(tenant, id, RecordLink(signatory=signatory, mailed=False), f"offer {signatory}")
            answers = await asyncio.to_thread(self.provider.answers, request)
        except ProviderUnavailable as error:
            _log.warning("the provider of signatures does not answer: %s", error)
            answers = ()
        for answer in answers:
            command: Command
            if answer.action == "declined":
                command = DeclinePaper(signatory=answer.signatory, reason=answer.reason or "No reason was given.")
            else:
                known = paper.signatories.get(answer.signatory)
                name = answer.typed_name or (known.name if known else "unknown")
                source = f"provider {self.provider.name}"
                command = SignPaper(signatory=answer.signatory, document=answer.document, typed_name=name, consent=True, source=source)
            try:
                await self._do(tenant, id, command, f"{answer.action} {answer.signatory}", by=Actor(id=answer.signatory))
            except Refused as refused:
                _log.warning("an answer of the provider for paper %s was refused: %s", id, refused.rule)
        after = await self._paper(tenant, id)
        assert after is not None, "a paper does not vanish"
        return after

    async def _seal(self, tenant: Tenant, id: UUID, paper: Paper) -> None:
        command, ref = await self.sealer.sealed(tenant, paper, await self.store.history(tenant, id))
        stored = StoreDocument(document=ref, uploader=None)
        await self.store.execute(tenant, documents, document_id(ref.sha256), stored, by=SYSTEM)
        # each sealing is another file: only the first one is recorded, whoever comes second
        await self._do(tenant, id, command, "seal")

    async def _do(self, tenant: Tenant, id: UUID, command: Command, step: str, by: Actor = SYSTEM) -> None:
        await self.store.execute(tenant, papers, id, command, by=by, command_id=natural_id("paper step", str(id), step))

    async def _paper(self, tenant: Tenant, id: UUID) -> Paper | None:
        found: Paper | None = (await self.store.load(tenant, papers, id)).state
        return found


def _letter(tenant: Tenant, id: UUID, paper: Paper, signatory: UUID, who: Signatory, url: str, at: datetime) -> Letter:
    assert paper.expires_at is not None, "what is out has an end"
    last = paper.expires_at - timedelta(seconds=1)
    body = (
        f"Dear {who.name},\n\n"
        f"you are asked to sign for {who.party}:\n\n  {paper.title} ({paper.number})\n\n"
        f"Read it, and sign or decline it, here:\n\n  {url}\n\n"
        f"The link is for you alone, so please do not pass it on. It works without a password until {last:%Y-%m-%d}.\n"
    )
    return Letter(uuid5(id, f"link {signatory}"), tenant.slug, who.email, f"Please sign: {paper.title}", body, at)
