"""Papers over time: letters with links, the seal when all have signed, the end of their time, a provider in a folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from domain.papers import PaperStatus, SigningChannel
from domain.papers.events import PaperCompleted, PaperExpired, PaperLinkIssued
from infra.papers.certificates import pem
from infra.papers.sealer import Sealer
from infra.papers.verifying import verified
from infra.temporal import connect
from tests.workflows.office import SANDBOX, Office
from tests.workflows.writing import Writing
from workflows.messages import PAPER_WORKFLOW, workflow_id
from workflows.reconcile import reconcile
from workflows.starting import Starter
from workflows.worker import worker_of

STILL = TimeSkippingConfig(enabled=False)


@pytest.fixture
async def writing(desk: Office) -> AsyncIterator[Writing]:
    made = Writing.at(desk)
    yield made
    made.keys.close()


async def test_each_signatory_gets_a_letter_and_what_all_have_signed_is_sealed_once(writing: Writing):
    desk = writing.desk
    async with writing.worker():
        id = await writing.sent()
        await writing.linked(id)
        letters = writing.letters()
        assert [to for to, _ in letters] == ["anna@example.org", "bo@them.example"]
        for to, token in letters:
            link = await writing.links.find(token)
            assert link is not None
            assert (await writing.paper(id)).signatories[link.signatory].email == to
        for signatory in (await writing.paper(id)).signatories:
            await writing.sign(id, signatory)
        paper = await writing.until(id, PaperStatus.COMPLETED)
        await desk.handle(id, PAPER_WORKFLOW).result()
    assert paper.sealed is not None
    file = await writing.documents.get(desk.tenant, paper.sealed.sha256)
    assert file is not None
    seal = await Sealer(writing.documents, writing.keys).seal(desk.tenant, "unused")
    verdict = await asyncio.to_thread(verified, file, [pem(seal.authority).encode()])
    assert verdict.trusted
    assert verdict.first_revision == paper.document.sha256
    assert len(await desk.log(PaperCompleted)) == 1
    assert len(await desk.log(PaperLinkIssued)) == 2


async def test_a_paper_that_not_all_sign_in_time_expires_and_is_never_sealed(writing: Writing):
    desk = writing.desk
    skipper = TimeSkipper(desk.client, config=STILL)
    async with writing.worker():
        id = await writing.sent(days=5)
        await writing.linked(id)
        handle = skipper.client.get_workflow_handle(workflow_id(desk.tenant.slug, PAPER_WORKFLOW, id))
        await writing.sign(id, next(iter((await writing.paper(id)).signatories)))
        await writing.until(id, PaperStatus.PARTLY_SIGNED)
        for days, status in ((4, PaperStatus.PARTLY_SIGNED), (3, PaperStatus.EXPIRED)):
            desk.clock.ahead += timedelta(days=days)
            await skipper.fast_forward(handle, timedelta(days=days))
            assert (await writing.until(id, status)).sealed is None
    assert len(await desk.log(PaperExpired)) == 1


@pytest.mark.usefixtures("patient")
async def test_a_paper_that_temporal_forgot_is_taken_up_again(writing: Writing):
    desk = writing.desk
    id = await writing.sent()
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    async with worker_of(client, desk.activities(), SANDBOX, papers=writing.activities()):
        assert (await reconcile(desk.database, desk.store, desk.client, desk.tenant)).papers == 1
        await writing.linked(id)
        for signatory in (await writing.paper(id)).signatories:
            await writing.sign(id, signatory)
        await Starter(desk.client).ask(desk.tenant, PAPER_WORKFLOW, id, id)
        await writing.until(id, PaperStatus.COMPLETED)
    assert (await reconcile(desk.database, desk.store, desk.client, desk.tenant)).papers == 0


async def test_a_provider_in_a_folder_gets_the_paper_and_its_answers_count_once(writing: Writing):
    desk = writing.desk
    skipper = TimeSkipper(desk.client, config=STILL)
    async with writing.worker():
        id = await writing.sent(channel=SigningChannel.PROVIDER)
        await writing.linked(id)
        place = writing.folder / "outbox" / desk.tenant.slug / str(id)
        asked = json.loads((place / "request.json").read_text())
        paper = await writing.paper(id)
        assert (place / "paper.pdf").read_bytes() == await writing.documents.get(desk.tenant, paper.document.sha256)
        assert {one["email"] for one in asked["signatories"]} == {"anna@example.org", "bo@them.example"}
        inbox = writing.folder / "inbox" / desk.tenant.slug / str(id)
        inbox.mkdir(parents=True)
        (inbox / "0.json").write_text("no JSON")
        (inbox / "1.json").write_text(json.dumps({"signatory": str(uuid4()), "action": "declined", "document": paper.document.sha256}))
        for number, one in enumerate(asked["signatories"], 2):
            answer = {"signatory": one["id"], "action": "signed", "document": asked["document"], "typed_name": one["name"]}
            (inbox / f"{number}.json").write_text(json.dumps(answer))
        desk.clock.ahead += timedelta(minutes=2)
        await skipper.fast_forward(
            skipper.client.get_workflow_handle(workflow_id(desk.tenant.slug, PAPER_WORKFLOW, id)), timedelta(minutes=2)
        )
        assert (await writing.until(id, PaperStatus.COMPLETED)).sealed is not None
    assert writing.letters() == []
    assert (inbox / "0.unreadable").exists()
