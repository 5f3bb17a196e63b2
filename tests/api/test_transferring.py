"""A tenant taken out whole and brought in elsewhere has the same positions, times, proofs and read models; or it is refused by line."""

import asyncio
import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from api.operators import OPERATOR_MEMBER, found_tenant, operator_key
from api.provisioning import make_tenant, migrate_all
from api.transferring import bring_in_whole
from domain.kernel import ERASED, SYSTEM
from domain.members import AddMember, ChangeMember, members
from domain.proof_keys import PROOF_KEYS, ProofKeyAdded
from infra.backup.keys_copy import copy_keys
from infra.database import Tenant
from infra.documents.kept import DocumentGone
from infra.identity import Identity
from infra.migrations import importing, list_tenants
from infra.opening import open_keys, opened
from infra.proofs.checkpoints import opened as checkpoint_in
from infra.proofs.follower import Follower, published_of
from infra.proofs.keeping import PrivateKeys
from infra.proofs.merkle import over, root, verify_consistency
from infra.proofs.notes import VerifierKey
from infra.root_key import KeysUnavailable
from infra.settings import Settings
from infra.transfer.exporting import FolderInUse, LogAltered, export
from infra.transfer.shapes import ExportDamaged, OtherKeysHere, PassphraseWrong
from projections.catalogue import read_models
from projections.rebuild import digest, rebuild

ACME, COPY = Tenant("acme"), Tenant("copy")
PASSPHRASE = "correct horse battery"
PAPER = b"%PDF-1.7 the terms"


@pytest.fixture(scope="module")
def place(server, tmp_path_factory):
    """Makes a Concord without processes: a migrated database, and keys of its own."""
    made = []

    def make():
        name = f"transfer_{uuid4().hex[:12]}"
        parts = conninfo_to_dict(server)
        address = f"{parts.get('host')}:{parts.get('port')}/{name}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        made.append(name)
        superuser = f"postgresql://{parts['user']}:{parts['password']}@{address}"
        settings = Settings(home=tmp_path_factory.mktemp("home"), database_url=superuser, migrator_url=superuser)
        migrate_all(replace(settings, database_url=f"postgresql://concord_app@{address}"))
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("ALTER ROLE concord_app PASSWORD 'test'")
        return replace(settings, database_url=f"postgresql://concord_app:test@{address}")

    yield make
    with psycopg.connect(server, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def origin(place):
    """A tenant with people, of whom one was erased, a document, and commands; its read models are up to date."""
    settings = place()
    make_tenant(settings, "acme")

    async def fill():
        async with opened(settings) as process:
            await found_tenant(process.store, ACME, "Acme")
            await operator_key(process.store, Identity(process.database), ACME)
            gone = uuid4()
            for id, name in ((uuid4(), "Ana Souza"), (gone, "Ben Okafor")):
                await process.store.execute(ACME, members, id, AddMember(name=name, email=f"{id}@acme.example"), by=SYSTEM)
            document = await process.documents.put(ACME, PAPER)
            process.keys.forget("acme", [gone], "C-7")
            await rebuild(settings.migrator_url, process.store, ACME, read_models())
            return document

    return settings, asyncio.run(fill())


@pytest.fixture(scope="module")
def exported(origin, tmp_path_factory):
    settings, _ = origin
    folder = tmp_path_factory.mktemp("exported") / "acme"
    with closing(open_keys(settings)) as keys:
        return folder, export(settings, ACME, keys, folder, passphrase=PASSPHRASE)


def rows_of(settings, tenant, table="events", order="position"):
    with psycopg.connect(settings.migrator_url) as connection:
        names = sql.Identifier(tenant.schema), sql.Identifier(table), sql.Identifier(order)
        return connection.execute(sql.SQL("SELECT * FROM {}.{} ORDER BY {}").format(*names)).fetchall()


async def digests(settings, tenant):
    async with opened(settings) as process, process.database.tenant(tenant, read_only=True) as cursor:
        return {model.name: await digest(cursor, model) for model in read_models()}


async def names_of(settings, tenant):
    async with opened(settings) as process:
        events = await process.store.read(tenant, 0, 1000)
        return [e.event.name for e in events if type(e.event).topic == "member.joined"]


async def kept_document(settings, tenant, sha256):
    async with opened(settings) as process:
        return await process.documents.get(tenant, sha256)


async def keep_document(settings, tenant):
    async with opened(settings) as process:
        return await process.documents.put(tenant, PAPER)


def rewritten(folder, name, change):
    """Change a file and state its new hash, as somebody would who wants to be believed."""
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    change(lines)
    (folder / name).write_bytes(b"".join(lines))
    said = json.loads((folder / "export.json").read_text())
    said["files"][name] = {"lines": len(lines), "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    (folder / "export.json").write_text(json.dumps(said))


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


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("events.jsonl", lambda lines: lines.__setitem__(3, lines[3].replace(b'"position":"4"', b'"position":"9"')), "line 4"),
        ("events.jsonl", lambda lines: lines.__setitem__(2, b'{"specversion":"1.0"}\n'), "line 3: it cannot be read"),
        ("events.jsonl", lambda lines: lines.__delitem__(1), "line 2: position 2"),
        ("events.jsonl", lambda lines: lines.pop(), "Merkle root"),
        ("documents.jsonl", lambda lines: lines.__setitem__(0, b"{}\n"), "line 1"),
        ("commands.jsonl", lambda lines: lines.append(lines[0]), "twice"),
    ],
    ids=["altered", "unreadable", "left out", "cut short", "document", "repeated"],
)  # fmt: skip
def test_what_was_altered_is_named_and_nothing_of_it_is_to_be_seen(origin, exported, tmp_path, file, change, said):
    settings, _ = origin
    folder = tmp_path / "altered"
    shutil.copytree(exported[0], folder)
    rewritten(folder, file, change)
    with pytest.raises(ExportDamaged, match=said) as refused:
        bring_in_whole(settings, folder, named="copy")
    assert refused.value.data["file"] == file
    assert [tenant.slug for tenant in list_tenants(settings.database_url)] == ["acme"]
    with psycopg.connect(settings.migrator_url) as connection:
        assert connection.execute("SELECT to_regnamespace('t_copy'), count(*) FROM concord.imported_logs").fetchone() == (None, 0)


def test_every_line_that_was_altered_is_named_and_no_line_that_holds(origin, exported, tmp_path):
    settings, _ = origin
    folder = tmp_path / "altered"
    shutil.copytree(exported[0], folder)

    def change(lines):
        for line in (2, 3, 6):
            lines[line - 1] = lines[line - 1].replace(b'"time":"2', b'"time":"1')
        lines[3] = b"{}\n"
        lines[7:9] = [lines[8], lines[7]]

    rewritten(folder, "events.jsonl", change)
    with pytest.raises(ExportDamaged, match=r"events\.jsonl, lines 2-4, 6 and 8-9 do not hold; line 2: it was altered") as refused:
        bring_in_whole(settings, folder, named="copy")
    assert (refused.value.data["line"], refused.value.data["lines"]) == (2, [(2, 4), (6, 6), (8, 9)])
    shutil.copytree(exported[0], folder, dirs_exist_ok=True)
    rewritten(folder, "documents.jsonl", lambda lines: lines.__setitem__(slice(None), [b"{}\n", b"[]\n"]))
    with pytest.raises(ExportDamaged, match=r"documents\.jsonl, lines 1-2 do not hold; line 1: it cannot be read"):
        bring_in_whole(settings, folder, named="copy")


async def sign(settings):
    async with opened(settings) as process:
        await Follower(process.database, process.store, PrivateKeys(process.keys, settings.proofs_keys), settings).step(ACME)


def test_a_log_that_is_not_the_one_that_was_signed_is_exported_only_as_it_is_and_says_so(place, tmp_path):
    settings = place()
    make_tenant(settings, "acme")

    async def fill():
        async with opened(settings) as process:
            await found_tenant(process.store, ACME, "Acme")
            for number in range(8):
                await process.store.execute(ACME, members, uuid4(), AddMember(name=f"Member {number}"), by=SYSTEM)

    asyncio.run(fill())
    asyncio.run(sign(settings))
    with closing(open_keys(settings)) as keys:
        as_signed = export(settings, ACME, keys, tmp_path / "as signed")
        assert as_signed.unmatched is None
        assert as_signed.checkpoint is not None
        with psycopg.connect(settings.migrator_url) as connection:
            connection.execute("UPDATE t_acme.events SET state = '{}' WHERE position IN (2, 4, 5)")
            connection.execute("DELETE FROM t_acme.events WHERE position = 7")
        folder = tmp_path / "altered"
        with pytest.raises(LogAltered, match=r"positions 2, 4-5 and 7 differ.*--as-it-is") as refused:
            export(settings, ACME, keys, folder)
        assert refused.value.data["positions"] == ((2, 2), (4, 5), (7, 7))
        assert not folder.exists()
        stated = export(settings, ACME, keys, folder, as_it_is=True)
    assert stated.unmatched.why == "positions 2, 4-5 and 7 differ"
    assert json.loads((folder / "export.json").read_text())["unmatched"]["positions"] == [[2, 2], [4, 5], [7, 7]]
    with pytest.raises(ExportDamaged, match="not the log that was signed: positions 2, 4-5 and 7 differ"):
        bring_in_whole(settings, folder, named="copy")


def test_files_that_are_not_those_that_were_written_are_refused(origin, exported, tmp_path):
    settings, _ = origin
    folder = tmp_path / "altered"
    shutil.copytree(exported[0], folder)
    with pytest.raises(PassphraseWrong, match="another"):
        bring_in_whole(settings, folder, named="copy", passphrase="wrong horse battery")
    (folder / "commands.jsonl").write_bytes(b"")
    with pytest.raises(ExportDamaged, match=r"commands\.jsonl has 0 lines"):
        bring_in_whole(settings, folder, named="copy")
    (folder / "export.json").unlink()
    with pytest.raises(ExportDamaged, match="no finished export"):
        bring_in_whole(settings, folder, named="copy")
    with closing(open_keys(settings)) as keys, pytest.raises(FolderInUse):
        export(settings, ACME, keys, folder)


def test_an_import_that_was_killed_is_unseen_and_begins_anew(origin, exported):
    settings, _ = origin

    class Killed(BaseException):
        pass

    def kill(_):
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("api.transferring.build_read_models", lambda *_: kill(0))
        with pytest.raises(Killed):
            bring_in_whole(settings, exported[0], named="copy")
    assert [tenant.slug for tenant in list_tenants(settings.database_url)] == ["acme"]
    bring_in_whole(settings, exported[0], named="copy")
    assert rows_of(settings, COPY) == rows_of(settings, ACME)


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
    """(the verifier keys of the log with who added each, the last checkpoint), after everything is signed."""
    async with opened(settings) as process:
        private = PrivateKeys(process.keys, settings.proofs_keys)
        await Follower(process.database, process.store, private, settings).step(tenant)
        added = [e for e in await process.store.history(tenant, PROOF_KEYS) if isinstance(e.event, ProofKeyAdded)]
        return [(VerifierKey.parse(e.event.vkey), e.actor) for e in added], published_of(settings, tenant)


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


def test_an_import_whose_process_is_killed_once_its_keys_are_here_leaves_nothing_and_begins_anew_with_or_without_keys(
    origin, exported, place
):
    elsewhere = place()
    killed = (
        "import os, signal, sys; from pathlib import Path; from infra.settings import Settings; from infra.transfer.importing import bring_in\n"
        "home, app, url, folder, passphrase = sys.argv[1:]\n"
        "settings = Settings(home=Path(home), database_url=app, migrator_url=url)\n"
        "bring_in(settings, Path(folder), named='copy', passphrase=passphrase, make_ready=lambda _: os.kill(os.getpid(), signal.SIGKILL))"
    )
    places = str(elsewhere.home), elsewhere.database_url, elsewhere.migrator_url, str(exported[0])
    done = subprocess.run([sys.executable, "-c", killed, *places, PASSPHRASE], check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL
    assert list_tenants(elsewhere.database_url) == []
    # another tenant may take the name
    make_tenant(elsewhere, "copy")
    third = place()
    places = str(third.home), third.database_url, third.migrator_url, str(exported[0])
    assert subprocess.run([sys.executable, "-c", killed, *places, PASSPHRASE], check=False, timeout=300).returncode == -signal.SIGKILL
    bring_in_whole(third, exported[0], named="copy", passphrase=PASSPHRASE)
    assert asyncio.run(names_of(third, COPY)) == ["Operator", "Ana Souza", ERASED]
    with pytest.raises(ValueError, match=r"came in whole already.*tenant create copy"):
        bring_in_whole(third, exported[0], named="copy", passphrase=PASSPHRASE)


def test_two_imports_under_one_name_do_not_meet(exported, place, monkeypatch):
    elsewhere = place()
    monkeypatch.setattr("infra.migrations._GONE", 0)
    with importing(elsewhere.migrator_url, COPY):
        for begin in (lambda: bring_in_whole(elsewhere, exported[0], named="copy"), lambda: make_tenant(elsewhere, "copy")):
            with pytest.raises(ValueError, match="being imported at this moment"):
                begin()
    bring_in_whole(elsewhere, exported[0], named="copy")


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


def test_keys_are_not_asked_of_an_export_without_any(origin, place, tmp_path):
    settings, _ = origin
    with closing(open_keys(settings)) as keys:
        export(settings, ACME, keys, tmp_path / "bare")
    with pytest.raises(ValueError, match="without --with-keys"):
        bring_in_whole(place(), tmp_path / "bare", named="copy", passphrase=PASSPHRASE)


def test_the_application_cannot_write_a_log_the_way_an_import_does(origin):
    settings, _ = origin
    with psycopg.connect(settings.database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("COPY t_acme.events FROM STDIN")
    with psycopg.connect(settings.database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM concord.imported_logs")
