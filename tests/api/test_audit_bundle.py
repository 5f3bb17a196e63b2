"""Taking evidence away: what is in a bundle, that it is verified without us, who gets it, and what is refused."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pypdfium2
from httpx2 import AsyncClient

from domain.accounts import SetAccountRoles, accounts
from domain.contacts import AddContact, contacts
from domain.deals import RenameDeal, SetNextStep, deals
from domain.kernel import SYSTEM, Actor, Role
from domain.tenants import TENANT_ID
from infra.proofs.published import Published
from infra.proofs.timestamps import Timestamps
from infra.proofs.verify_bundle import Asked, Vkey, verify
from projections.catalogue import read_models
from projections.runner import Runner
from tests.api.conftest import Place, World, refused
from tests.infra.alone import run_alone
from tests.infra.authority import Served, Stamper
from tests.infra.evidence import Witnessed, witness

MARKER = "Zyxwvut"


async def _publish(world: World, place: Place | None = None, sizes: tuple[int, ...] = ()) -> Witnessed:
    """Sign the log as it is now, as the projector does."""
    tenant = (place or world.acme).tenant
    folder = world.settings.proofs_folder / tenant.slug
    rows = await world.doors.store.rows(tenant, 0, 10_000)
    found = witness(rows, folder, sizes)
    published = Published(folder)
    for size, note in found.notes.items():
        published.publish(size, note.decode())
    published.list_keys([found.key.verifier])
    return found


async def _bundle(client: AsyncClient, **asked: Any) -> bytes:
    async with asyncio.timeout(120):
        while (response := await client.get("/v1/audit/bundle", params=asked)).status_code == 503:
            assert response.json()["rule"] == "ProjectionBehind", "the read models are on their way"
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/zip"
    return response.content


def _lines(bundle: bytes, name: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return [json.loads(line) for line in archive.read(name).splitlines()]


def _report(bundle: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        document = pypdfium2.PdfDocument(archive.read("report.pdf"))
    try:
        return " ".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", " ")
    finally:
        document.close()


async def _tell(world: World) -> None:
    acme, store = world.acme, world.doors.store
    seller = Actor(id=acme.members[Role.ACCOUNT_MANAGER])
    await store.execute(acme.tenant, deals, acme.deal, RenameDeal(title="Castings *for* #the line"), by=seller)
    await store.execute(acme.tenant, accounts, acme.account, SetAccountRoles(roles=("customer", "partner")), by=SYSTEM)
    await store.execute(acme.tenant, deals, acme.deal, SetNextStep(next_step="Bring samples"), by=seller)
    contact = AddContact(name=f"{MARKER} Weber", account=acme.account, email=f"{MARKER}@x.example")
    await store.execute(acme.tenant, contacts, uuid4(), contact, by=SYSTEM)


async def test_the_evidence_about_a_deal_is_verified_where_concord_never_was(reading: World, tmp_path: Path):
    """P12: with Python's standard library and `cryptography` alone, and without a network."""
    await _tell(reading)
    log = await _publish(reading, sizes=(5,))
    async with reading.client(Role.AUDITOR) as client:
        bundle = await _bundle(client, noun="deal", id=str(reading.acme.deal), kept=5)
    folder = tmp_path / "bundle"
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        archive.extractall(folder)
    (tmp_path / "kept.txt").write_bytes(log.notes[5])
    known = ("--key", str(log.key.verifier), "--checkpoint", str(tmp_path / "kept.txt"))
    done = run_alone(tmp_path, folder / "verify.py", *known)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "3 events are byte for byte what concord.example/proofs/acme recorded there" in done.stdout
    assert f"The tree of 5 events is the one of {tmp_path / 'kept.txt'}" in done.stdout
    assert done.stdout.endswith("Verified.\n")

    events = folder / "events.jsonl"
    position = json.loads(events.read_bytes().splitlines()[1])["position"]
    events.write_bytes(events.read_bytes().replace(b'"version":2', b'"version":9'))
    done = run_alone(tmp_path, folder / "verify.py", *known)
    assert done.returncode == 1
    assert f"Position {position}: not what was recorded there" in done.stdout
    assert "2 events are byte for byte" in done.stdout
    assert "without what is wrong" in done.stdout
    assert "are unaltered" not in done.stdout, "the tree is; an event is not"


async def test_a_bundle_tells_people_what_it_proves_in_sentences_and_in_print(reading: World):
    await _tell(reading)
    await _publish(reading)
    async with reading.client(Role.AUDITOR) as client:
        bundle = await _bundle(client, noun="deal", id=str(reading.acme.deal))
        everything = await _bundle(client)
    told = _lines(bundle, "told.jsonl")
    assert [(one["topic"], one["who"]) for one in told][1:] == [
        ("deal.renamed", "account_manager"),
        ("deal.next_step_set", "account_manager"),
    ]
    assert "Bring samples" in told[2]["sentence"]
    assert told[2]["data"]["next_step"] == "Bring samples"
    report = _report(bundle)
    assert "Castings *for* #the line" in report
    assert "concord.example/proofs/acme" in report
    assert "over the first" in report
    # who may read the log reads what is personal in it; what is proven is the sealed form
    assert any(MARKER in json.dumps(one) for one in _lines(everything, "told.jsonl"))
    with zipfile.ZipFile(io.BytesIO(everything)) as archive:
        assert MARKER.encode() not in archive.read("events.jsonl")


async def test_equal_contents_are_equal_bytes(reading: World):
    await _tell(reading)
    await _publish(reading)
    async with reading.client(Role.AUDITOR) as auditor, reading.client(Role.ADMIN) as admin:
        first = await _bundle(auditor, first=3, last=9)
        await _tell(reading)
        assert await _bundle(admin, first=3, last=9) == first


async def test_every_way_to_choose_gives_a_bundle_that_is_verified(reading: World):
    await _tell(reading)
    log = await _publish(reading)
    known = Asked([Vkey.parse(str(log.key.verifier))], [("kept", log.notes[log.size])])
    deal, account = str(reading.acme.deal), str(reading.acme.account)
    async with reading.client(Role.AUDITOR) as client:
        for asked, count, whole in (
            ({}, log.size, f"Nothing is missing of positions 1 to {log.size}."),
            ({"first": 4, "last": 8}, 5, "Nothing is missing of positions 4 to 8."),
            ({"first": log.size}, 1, f"Nothing is missing of position {log.size}."),
            ({"position": [2, 7]}, 2, None),
            ({"stream": [deal, account]}, 5, "Nothing is missing of 2 streams, from their first to their last event in the bundle."),
            ({"noun": "account", "id": account}, 6, None),
            ({"noun": "deal", "id": deal}, 3, None),
        ):
            bundle = await _bundle(client, **asked)
            verdict = verify(bundle, known)
            assert (verdict.code, len(_lines(bundle, "events.jsonl"))) == (0, count), (asked, verdict)
            assert whole is None or whole in verdict.proven, (asked, verdict)


async def test_the_timestamp_that_covers_the_events_comes_with_them(reading: World):
    await _tell(reading)
    log = await _publish(reading, sizes=(6, 9))
    stamper = Stamper()
    with Served(stamper) as served:
        from infra.proofs.timestamps import Authority, ask

        stamps = Timestamps(reading.settings.proofs_folder / "acme")
        for size in (6, 9):
            stamps.keep(log.stamped(size, await ask(Authority(served.url), log.notes[size])))
    async with reading.client(Role.AUDITOR) as client:
        for last, covered in ((5, 6), (7, 9), (12, 9)):
            bundle = await _bundle(client, first=2, last=last)
            verdict = verify(bundle, Asked(authorities=[stamper.root]))
            assert verdict.code == 0, verdict
            assert any(f"The first {covered} events were there at" in one for one in verdict.proven)
        assert "the first 9 events were there on" in _report(bundle)


def _runner(world: World) -> Runner:
    return Runner(world.doors.database, world.doors.store, world.doors.store.wakes, read_models(), retry_after=0.01)


async def _renamed(world: World) -> int:
    """Where the deal was renamed."""
    history = await world.doors.store.history(world.acme.tenant, world.acme.deal)
    (at,) = [recorded.position for recorded in history if recorded.event.topic == "deal.renamed"]
    return at


def _tamper(database_url: str, at: int) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE t_acme.events SET state = '\\xff' WHERE position = %s", (at,))


async def test_evidence_of_a_log_that_was_tampered_with_after_it_was_read_tells_on_it(world: World, database_url: str):
    await _tell(world)
    await _publish(world)
    at = await _renamed(world)
    await _runner(world).catch_up(world.acme.tenant)
    _tamper(database_url, at)
    async with world.client(Role.AUDITOR) as client:
        bundle = await _bundle(client, noun="deal", id=str(world.acme.deal))
    assert verify(bundle, Asked()).positions == [(at, at)]
    report = _report(bundle)
    assert "This event cannot be read" in report
    assert "as of position" not in report


async def test_read_models_that_are_parked_at_what_was_altered_do_not_hold_back_the_evidence_of_it(world: World, database_url: str):
    await _tell(world)
    await _publish(world)
    at = await _renamed(world)
    _tamper(database_url, at)
    async with world.client(Role.AUDITOR) as client:
        # they are merely behind: whoever waits gets more
        refused(await client.get("/v1/audit/bundle"), "ProjectionBehind", 503)
        await _runner(world).catch_up(world.acme.tenant)
        bundle = await _bundle(client, noun="deal", id=str(world.acme.deal))
    assert verify(bundle, Asked()).positions == [(at, at)]
    report = _report(bundle)
    assert "This event cannot be read" in report
    assert f"names, and what belongs to what, as of position {at - 1}" in report


async def test_evidence_is_given_when_the_name_of_the_business_cannot_be_read_any_more(world: World, database_url: str):
    await _publish(world)
    await _runner(world).catch_up(world.acme.tenant)
    founded, *_ = await world.doors.store.history(world.acme.tenant, TENANT_ID)
    _tamper(database_url, founded.position)
    async with world.client(Role.AUDITOR) as client:
        bundle = await _bundle(client, first=1, last=founded.position)
    assert verify(bundle, Asked()).positions == [(founded.position, founded.position)]


async def test_what_cannot_be_given_is_refused_by_name(reading: World):
    async with reading.client(Role.AUDITOR) as client:

        async def asked(**params: Any) -> Any:
            return await client.get("/v1/audit/bundle", params=params)

        refused(await asked(), "NothingSigned", 409)
        log = await _publish(reading)
        refused(await asked(size=log.size + 1), "NotFound", 404)
        refused(await asked(noun="deal", id=str(uuid4())), "NotFound", 404)
        refused(await asked(noun="deal", id=str(reading.other.deal)), "NotFound", 404)
        refused(await asked(stream=str(uuid4())), "NotFound", 404)
        refused(await asked(position=log.size + 1), "NotFound", 404)
        refused(await asked(first=log.size + 1), "Invalid", 422)
        refused(await asked(noun="deal"), "Invalid", 422)
        refused(await asked(first=1, position=3), "Invalid", 422)
        (reading.settings.proofs_folder / "acme" / "tile").rename(reading.settings.proofs_folder / "acme" / "gone")
        refused(await asked(first=1), "ProofsDamaged", 409)


async def test_who_took_a_bundle_is_in_the_access_log_and_others_get_none(reading: World):
    await _publish(reading)
    async with reading.client(Role.AUDITOR) as client:
        await _bundle(client, first=1, last=2)
    async with reading.client(Role.FINANCE) as client:
        refused(await client.get("/v1/audit/bundle"), "RoleMissing", 403)
    async with reading.client() as client:
        refused(await client.get("/v1/audit/bundle"), "NotSignedIn", 401)
    await reading.doors.access_log.close()
    async with reading.doors.database.tenant(reading.acme.tenant) as cursor:
        await cursor.execute("SELECT kind, member, status FROM access_log WHERE operation = 'export_bundle' ORDER BY status")
        found = await cursor.fetchall()
    assert found == [("export", reading.acme.members[Role.AUDITOR], 200), ("denied", reading.acme.members[Role.FINANCE], 403)]
