"""A tenant taken out whole and brought in elsewhere has the same positions, times, proofs and read models."""

import asyncio
import json
import re
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from api.operators import OPERATOR_MEMBER, found_tenant, operator_key
from api.provisioning import make_tenant
from api.transferring import bring_in_whole
from domain.kernel import ERASED, SYSTEM
from domain.members import AddMember, ChangeMember, members
from domain.proof_keys import PROOF_KEYS, ProofKeyAdded
from infra.backup.keys_copy import copy_keys
from infra.database import Tenant
from infra.documents.kept import DocumentGone
from infra.identity import Identity
from infra.migrations import list_tenants
from infra.opening import open_keys, opened
from infra.proofs.checkpoints import opened as checkpoint_in
from infra.proofs.keeping import PrivateKeys
from infra.proofs.merkle import over, root, verify_consistency
from infra.proofs.notes import VerifierKey
from infra.root_key import KeysUnavailable
from infra.transfer.exporting import export
from infra.transfer.shapes import OtherKeysHere
from projections.catalogue import read_models
from projections.rebuild import digest
from tests.api.transfers import ACME, COPY, PAPER, PASSPHRASE, names_of, rows_of, sign


async def digests(settings, tenant):
    async with opened(settings) as process, process.database.tenant(tenant, read_only=True) as cursor:
        return {model.name: await digest(cursor, model) for model in read_models()}


async def kept_document(settings, tenant, sha256):
    async with opened(settings) as process:
        return await process.documents.get(tenant, sha256)


def test_an_exported_tenant_is_the_same_elsewhere_under_another_name_and_goes_on(origin, exported, place):
    settings, document = origin
    folder, stated = exported
    elsewhere = place()
    tenant, _, signed_as = bring_in_whole(elsewhere, folder, named="copy", passphrase=PASSPHRASE)
    assert signed_as is None, "nobody had signed it"
    assert tenant == COPY
    assert rows_of(elsewhere, COPY) == rows_of(settings, ACME)
    assert rows_of(elsewhere, COPY, "commands", "id") == rows_of(settings, ACME, "commands", "id")
    assert asyncio.run(digests(elsewhere, COPY)) == asyncio.run(digests(settings, ACME))
    assert asyncio.run(names_of(elsewhere, COPY)) == ["Operator", "Ana Souza", ERASED]
    assert asyncio.run(kept_document(elsewhere, COPY, document)) == PAPER
    with psycopg.connect(elsewhere.migrator_url) as connection:
        noted = connection.execute("SELECT slug, origin, head, root, admitted_at IS NOT NULL FROM concord.imported_logs").fetchall()
    assert noted == [("copy", "acme", stated.head, bytes.fromhex(stated.root), True)]

    async def goes_on():
        async with opened(elsewhere) as process:
            await process.store.execute(COPY, members, id := uuid4(), AddMember(name="Cem Kaya"), by=SYSTEM)
            assert await process.store.head(COPY) == stated.head + 1
            return (await process.store.history(COPY, id))[0].event.name

    assert asyncio.run(goes_on()) == "Cem Kaya"
    with pytest.raises(ValueError, match="--as"):
        bring_in_whole(elsewhere, folder, named="copy")

    again = folder.with_name("again")
    with closing(open_keys(elsewhere)) as keys:
        assert export(elsewhere, COPY, keys, again).origin == "acme"
    third = place()
    bring_in_whole(third, again, named="acme")
    assert set(asyncio.run(names_of(third, ACME))) == {ERASED}, "without keys"
    assert rows_of(third, ACME) == rows_of(elsewhere, COPY)


def test_events_are_cloud_events_whose_leaves_give_the_stated_root(exported):
    folder, stated = exported
    events = [json.loads(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]
    for event in events:
        assert {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"} <= event.keys()
        assert event["specversion"] == "1.0"
        assert all(name.isalnum() and name.islower() for name in event if name != "data")
        assert all(isinstance(value, str) for name, value in event.items() if name != "data")
    leaves = [bytes.fromhex(event["leaf"]) for event in events]
    assert root(len(leaves), over(leaves)).hex() == stated.root
    assert b"Ana" not in (folder / "keys.sealed").read_bytes()
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


async def keep_document(settings, tenant):
    async with opened(settings) as process:
        return await process.documents.put(tenant, PAPER)


async def written_about_again(settings, tenant, name):
    """A person's names as their events tell them, once they were given another one and every key was rotated."""
    async with opened(settings) as process:
        events = await process.store.read(tenant, 0, 1000)
        _operator, person, _gone = (e.originator_id for e in events if type(e.event).topic == "member.joined")
        await process.store.execute(tenant, members, person, ChangeMember(name=name), by=SYSTEM)
        process.keys.rotate_tenant(tenant.slug)
        process.keys.rotate_root()
    async with opened(settings) as process:
        return [e.event.name for e in await process.store.history(tenant, person)]


def test_without_keys_what_was_sealed_before_reads_as_erased_and_what_is_written_since_is_read(exported, origin, place, tmp_path):
    """Whoever is written about again gets a key, and it is not the one under which their events of before were sealed."""
    elsewhere, third = place(), place()
    bring_in_whole(elsewhere, exported[0], named="copy")
    with pytest.raises(DocumentGone, match="was erased"):
        asyncio.run(kept_document(elsewhere, COPY, origin[1]))
    with pytest.raises(DocumentGone, match="without its key"):
        asyncio.run(keep_document(elsewhere, COPY))
    assert asyncio.run(written_about_again(elsewhere, COPY, "Ana Lima")) == [ERASED, "Ana Lima"]
    assert set(asyncio.run(names_of(elsewhere, COPY))) == {ERASED}
    # that keys are missing goes along with the keys there are
    with closing(open_keys(elsewhere)) as keys:
        export(elsewhere, COPY, keys, tmp_path / "again", passphrase=PASSPHRASE)
    bring_in_whole(third, tmp_path / "again", named="third", passphrase=PASSPHRASE)
    assert asyncio.run(written_about_again(third, Tenant("third"), "Ana Costa")) == [ERASED, "Ana Lima", "Ana Costa"]


async def signed_log(settings, tenant):
    """(the verifier keys of the log with who added each, what is published of it), after everything is signed."""
    published = await sign(settings, tenant)
    async with opened(settings) as process:
        added = [e for e in await process.store.history(tenant, PROOF_KEYS) if isinstance(e.event, ProofKeyAdded)]
        return [(VerifierKey.parse(e.event.vkey), e.actor) for e in added], published


def test_a_log_from_elsewhere_is_signed_by_a_key_of_its_own_and_its_checkpoints_of_before_still_verify(place, tmp_path):
    settings, elsewhere = place(), place()
    make_tenant(settings, "acme")

    async def fill():
        async with opened(settings) as process:
            await found_tenant(process.store, ACME, "Acme")
            await operator_key(process.store, Identity(process.database), ACME)

    asyncio.run(fill())
    _, there = asyncio.run(signed_log(settings, ACME))
    kept = there.checkpoint()
    with closing(open_keys(settings)) as keys:
        stated = export(settings, ACME, keys, tmp_path / "acme", passphrase=PASSPHRASE)
    done = bring_in_whole(elsewhere, tmp_path / "acme", named="copy", passphrase=PASSPHRASE)
    assert done.signed_as == "concord.local/proofs/copy"
    assert rows_of(elsewhere, COPY)[: stated.head] == rows_of(settings, ACME)
    with closing(open_keys(elsewhere)) as keys, pytest.raises(KeysUnavailable, match="not in the key store"):
        PrivateKeys(keys).find("copy", 1, str(asyncio.run(signed_log(settings, ACME))[0][0][0]))
    [(old, _), (new, who)], here = asyncio.run(signed_log(elsewhere, COPY))
    assert who == OPERATOR_MEMBER
    before, now = checkpoint_in(kept, [old, new]), checkpoint_in(here.checkpoint(), [old, new])
    assert (before.origin, now.origin) == ("concord.local/proofs/acme", "concord.local/proofs/copy")
    assert verify_consistency(before.size, now.size, before.root, now.root, here.tree.consistency(before.size, now.size))
    # back under its own name where it came from, it is not taken for the log that went on there
    again = bring_in_whole(place(), tmp_path / "acme")
    assert re.fullmatch(r"concord\.local/proofs/acme/[0-9a-f]{8}", again.signed_as or "")


def test_keys_that_lie_apart_come_along_and_keys_of_another_tenant_of_that_name_are_not_mixed_with_them(exported, place, tmp_path):
    elsewhere = place()
    apart = replace(elsewhere, keys_url=f"sqlite:///{elsewhere.home}/keys.db?root={tmp_path}/root.key")
    bring_in_whole(apart, exported[0], named="copy", passphrase=PASSPHRASE)
    with closing(open_keys(apart)) as keys:
        keys.rotate_tenant("copy")
        keys.rotate_root()
        export(apart, COPY, keys, tmp_path / "again", passphrase=PASSPHRASE)
    assert asyncio.run(names_of(apart, COPY)) == ["Operator", "Ana Souza", ERASED]
    assert not (elsewhere.home / "root.key").exists()
    # and are copied with the root key that opens them
    copy_keys(apart, tmp_path / "safe")
    assert (tmp_path / "safe" / "root.key").read_bytes() == (tmp_path / "root.key").read_bytes()
    third = place()
    with closing(open_keys(third)) as keys:
        keys.obtain("third", [OPERATOR_MEMBER])
    with pytest.raises(OtherKeysHere, match="--as"):
        bring_in_whole(third, tmp_path / "again", named="third", passphrase=PASSPHRASE)
    assert list_tenants(third.database_url) == []
    bring_in_whole(third, tmp_path / "again", named="fourth", passphrase=PASSPHRASE)
