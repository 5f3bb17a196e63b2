"""P22: a backup and the archive of the log bring everything back to a second; what is not whole is refused by name."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from domain.kernel import ERASED
from infra.backup.archive import kept_in, segment_of, ship, until
from infra.backup.archiver import SLOT, Archiver, stop_archiving
from infra.backup.care import prune, verify
from infra.backup.keeping import make_one
from infra.backup.keys_copy import copy_keys
from infra.backup.manifest import BASE, backups, name_of
from infra.backup.place import refuse_cut_off
from infra.backup.refusals import (
    ArchiveIncomplete,
    BackupDamaged,
    BackupPlaceUnusable,
    HomeInUse,
    KeysDoNotBelong,
    NoBackup,
    NotOurServer,
    RestoreCutOff,
    RestoredDiffers,
)
from infra.backup.restore import restore
from infra.backup.shelves import shelf_at
from infra.keys import KeysUnavailable
from infra.log_roots import log_roots
from infra.opening import open_keys
from infra.proofs.follower import memory_of
from infra.proofs.published import Published
from infra.proofs.signer import memory_file
from infra.settings import Settings
from tests.infra.backup_town import ACME, Town, names_in

CHECKOUT = Path(__file__).parents[2]
LONG = "Ana Anastasopoulou"
"""Three letters alone would be found in megabytes of compressed bytes by chance."""


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Backed up, written to, noted, written to again, and archived."""
    town = Town(tmp_path_factory.mktemp("with a space"))
    town.first = town.write(LONG, "Ben")
    with Archiver(town.server, town.shelf, town.settings.home / "wal", town.settings.logs / "wal.log") as archiver:
        archiver.once()
        town.backup = make_one(town.settings, town.shelf)
        town.write("Cem", "Dua")
        town.instant, town.then = town.note()
        town.write("Eve")
        with psycopg.connect(town.server.superuser_url(), autocommit=True) as connection:
            connection.execute("SELECT pg_switch_wal()")
        archiver.once()
        town.write("Fay")
        town.archived = archiver.once()
    town.now = town.note()[1]
    copy_keys(town.settings, town.keys)
    yield town
    town.postgres.stop()


@pytest.fixture
def elsewhere(tmp_path):
    """A home of another machine."""
    return Settings(home=tmp_path / "another home")


@pytest.fixture
def copied(town, tmp_path):
    """The shelf, to be damaged."""
    shutil.copytree(town.shelf.folder, tmp_path / "copied")
    return shelf_at(str(tmp_path / "copied"))


def test_everything_is_restored_to_an_instant_and_nothing_after_it_with_other_passwords_and_goes_on(town, elsewhere):
    made_ready = []

    def ready(settings):
        with psycopg.connect(settings.migrator_url) as connection:
            made_ready.extend(log_roots(connection, ACME))

    done = restore(elsewhere, town.shelf, to=town.instant, keys=town.keys, make_ready=ready)
    (log,) = done.logs
    assert (log.events, log.recorded_at, log.root) == (town.then.head, town.then.recorded_at, town.then.root.hex())
    assert made_ready == [town.then]
    assert log.witnesses == (2,), "the backup's manifest"
    assert (done.backup, done.kept) == (town.backup.id, ())
    assert names_in(elsewhere) == [LONG, "Ben", "Cem", "Dua"]
    passwords = [json.loads((home / "postgres" / "cluster.json").read_text()) for home in (town.settings.home, elsewhere.home)]
    assert passwords[0]["superuser_password"] != passwords[1]["superuser_password"]
    assert not list(elsewhere.home.glob("postgres.*"))
    assert (elsewhere.home / "temporal" / "begun-anew").exists(), "the workflows are started anew from the log"

    with pytest.raises(HomeInUse, match="--replace"):
        restore(elsewhere, town.shelf)
    cut_off = []

    def kill(words):
        cut_off.append(words)
        if "Replaying" in words:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(elsewhere, town.shelf, replacing=True, step=kill)
    assert names_in(elsewhere) == [LONG, "Ben", "Cem", "Dua"], "as it was before"
    done = restore(elsewhere, town.shelf, position=("acme", 5), replacing=True)
    assert (done.logs[0].events, len(done.kept)) == (5, 2)
    assert names_in(elsewhere)[-1] == "Eve"


def test_what_was_published_beyond_the_instant_is_put_aside_and_remembered_so_that_nobody_signs_its_name_again(town, tmp_path):
    home = Settings(home=tmp_path / "with proofs", proofs_folder=tmp_path / "served")
    note = f"concord.example/proofs/acme\n{town.then.head + 1}\n{b64encode(bytes(32)).decode()}\n\n— signed\n"
    Published(home.proofs_folder / "acme").publish(town.then.head + 1, note)
    done = restore(home, town.shelf, to=town.instant, keys=town.keys)
    assert done.logs[0].published_beyond == town.then.head + 1
    assert [Path(kept).parent for kept in done.kept] == [home.proofs_folder]
    assert memory_file(memory_of(home, "acme"), "concord.example/proofs/acme").read_text() == note


def test_all_that_was_archived_is_restored_where_no_instant_is_named_and_a_swap_that_was_cut_off_is_completed(town, elsewhere, monkeypatch):
    class Killed(BaseException):
        pass

    def rename(self, target):
        raise Killed if Path(target).name == "postgres" else AssertionError(target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        with pytest.raises(Killed):
            restore(elsewhere, town.shelf, without_keys=True)
    with pytest.raises(RestoreCutOff, match="concord restore"):
        refuse_cut_off(elsewhere.home)
    with pytest.raises(HomeInUse):
        restore(elsewhere, town.shelf)
    refuse_cut_off(elsewhere.home)
    assert names_in(elsewhere) == [ERASED] * 6, "the keys are not in the backup"


def test_neither_the_keys_nor_the_passwords_are_in_a_backup(town):
    root = (town.settings.home / "root.key").read_bytes()
    files = [path.read_bytes() for path in town.shelf.folder.rglob("*") if path.is_file()]
    assert not any(root in content or LONG.encode() in content for content in files)
    assert not any("keys.db" in name or "root.key" in name for name in town.shelf.sizes(""))
    assert all(path.stat().st_mode & 0o077 == 0 for path in town.shelf.folder.rglob("*"))


@pytest.mark.parametrize("which", ["data", "wal"])
def test_a_damaged_file_is_named_and_nothing_is_restored_from_it(town, copied, elsewhere, which):
    name = [name for name in copied.sizes(f"{BASE}{town.backup.id}/data" if which == "data" else "wal/0") if "partial" not in name][-1]
    content = bytearray(copied.get(name))
    content[len(content) // 2] ^= 1
    copied.put(name, bytes(content))
    for attempt in (lambda: verify(copied, town.backup), lambda: restore(elsewhere, copied, without_keys=True)):
        with pytest.raises(BackupDamaged, match=name.rpartition("/")[2]):
            attempt()
    assert not (elsewhere.home / "postgres").exists()


def test_a_missing_file_of_the_archive_is_named(town, copied):
    assert verify(copied, town.backup).restorable_to == until(copied).until
    behind = [kept for kept in kept_in(copied) if "partial" not in kept.wal][-1]
    copied.remove(behind.name)
    with pytest.raises(ArchiveIncomplete, match=behind.wal):
        verify(copied, town.backup)


def test_a_backup_that_is_not_what_its_manifest_states_is_not_opened(town, copied, elsewhere):
    said = json.loads(copied.get(name_of(town.backup.id)))
    said["tenants"][0]["root"] = "00" * 32
    copied.put(name_of(town.backup.id), json.dumps(said).encode())
    with pytest.raises(RestoredDiffers, match="acme") as refused:
        restore(elsewhere, copied, without_keys=True)
    assert refused.value.data == {"tenant": "acme", "position": 2}
    assert not (elsewhere.home / "postgres").exists()


def test_instants_that_no_backup_reaches_are_refused_with_those_that_can_be_had(town, elsewhere):
    with pytest.raises(NoBackup, match="the oldest ended at"):
        restore(elsewhere, town.shelf, to=town.backup.finished_at - timedelta(seconds=1))
    with pytest.raises(ArchiveIncomplete) as refused:
        restore(elsewhere, town.shelf, to=town.archived.until + timedelta(microseconds=1))
    assert refused.value.data["until"] == town.archived.until.isoformat()
    with pytest.raises(NoBackup, match="ahead"):
        restore(elsewhere, town.shelf, to=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(NoBackup, match="nowhere"):
        restore(elsewhere, town.shelf, backup="nowhere")
    with pytest.raises(NotOurServer, match="its own tools"):
        restore(town.reached, town.shelf)
    with pytest.raises(HomeInUse, match="concord down"):
        restore(town.settings, town.shelf, replacing=True)


def test_keys_that_do_not_open_the_backup_are_refused(town, elsewhere, tmp_path):
    with pytest.raises(KeysDoNotBelong, match="--without-keys"):
        restore(elsewhere, town.shelf)
    open_keys(elsewhere).close()
    with pytest.raises(KeysDoNotBelong, match="not those of this backup"):
        restore(elsewhere, town.shelf)
    mixed = tmp_path / "mixed"
    shutil.copytree(town.keys, mixed)
    (mixed / "root.key").write_bytes(b"x" * 32)
    with pytest.raises(KeysUnavailable, match="another root"):
        restore(Settings(home=tmp_path / "third"), town.shelf, keys=mixed)
    (mixed / "root.key").unlink()
    with pytest.raises(BackupDamaged, match=r"lacks root\.key"):
        restore(Settings(home=tmp_path / "fourth"), town.shelf, keys=mixed)
    with pytest.raises(HomeInUse, match="another root key"):
        copy_keys(elsewhere, town.keys)


def test_old_backups_are_removed_with_their_archive_but_never_the_last_good_one(town, copied):
    def made(days, name):
        at = datetime.now(UTC) - timedelta(days=days)
        part = town.backup.parts[0].model_copy(update={"name": f"{BASE}{name}/data-000001"})
        copied.put(part.name, copied.get(town.backup.parts[0].name))
        update = {"id": name, "started_at": at, "finished_at": at, "parts": (part,), "start_lsn": "0/1000028"}
        copied.put(name_of(name), town.backup.model_copy(update=update).model_dump_json().encode())

    made(40, "20200101T000000000Z")
    made(36, "20200102T000000000Z")
    copied.put(f"{BASE}20200103T000000000Z/data-000001", b"cut off")
    needed = segment_of(town.backup.start_lsn)
    older = [kept.name for kept in kept_in(copied) if kept.segment < needed]
    gone = prune(copied, keep=timedelta(days=35), now=datetime.now(UTC))
    assert gone == (("20200101T000000000Z", "20200102T000000000Z"), len(older), 1)
    assert [manifest.id for manifest in backups(copied)] == [town.backup.id]
    assert older
    assert not copied.sizes("").keys() & set(older)
    verify(copied, town.backup)

    assert prune(copied, keep=timedelta(0), now=datetime.now(UTC)).backups == (), "the last one"
    made(1, "20200104T000000000Z")
    copied.remove(backups(copied)[0].parts[0].name)
    assert prune(copied, keep=timedelta(0), now=datetime.now(UTC)).backups == ("20200104T000000000Z",), "the last good one stays"


def test_another_database_or_a_second_server_does_not_mix_with_what_is_there(town, copied):
    said = json.loads(copied.get(name_of(town.backup.id)))
    said["system"] = "1"
    copied.put(name_of(town.backup.id), json.dumps(said).encode())
    with pytest.raises(BackupPlaceUnusable, match="another database"):
        make_one(town.settings, copied)
    whole = next(kept for kept in kept_in(copied) if "partial" not in kept.wal)
    with pytest.raises(BackupDamaged, match="a second Concord"):
        ship(copied, whole.wal, b"another log", known=kept_in(copied, whole.wal))


def test_a_server_keeps_its_log_for_the_archive_until_it_is_told_to_forget_it(town):
    with psycopg.connect(town.server.superuser_url(), autocommit=True) as connection:
        slots = "SELECT slot_name, wal_status FROM pg_replication_slots"
        assert connection.execute(slots).fetchall() == [(SLOT, "reserved")]
        stop_archiving(town.server)
        assert connection.execute(slots).fetchall() == []
        stop_archiving(town.server)


def test_a_bucket_holds_backups_like_a_folder(town, bucket_url, elsewhere, copied):
    bucket = shelf_at(bucket_url)
    for name in copied.sizes(""):
        bucket.put(name, copied.get(name))
    assert bucket.sizes("") == copied.sizes("")
    assert bucket.sizes("base/").keys() < bucket.sizes("").keys()
    assert "secret" not in bucket.place
    assert verify(bucket, town.backup).segments
    done = restore(elsewhere, bucket, to=town.instant, keys=town.keys)
    assert done.logs[0].root == town.then.root.hex()
    for name in bucket.sizes("wal/"):
        bucket.remove(name)
    assert not bucket.sizes("wal/")
    with pytest.raises(BackupDamaged, match=r"until\.json is missing"):
        bucket.get("wal/until.json")
    with pytest.raises(BackupPlaceUnusable, match="404"):
        shelf_at(bucket_url.replace("/papers", "/absent")).put("x", b"")
    bucket.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_an_ordinary_user_backs_up_and_restores_too(town):
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="concord-ordinary-"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    # Python itself may lie below root's home: become nobody after everything is imported
    script = f"""
import concurrent.futures.thread, encodings.idna, gzip, importlib.readers, importlib.metadata, os, sys, psycopg
from pathlib import Path
from tests.infra.test_backup import Town, restore, make_one, Archiver, Settings
os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})
folder = Path(sys.argv[1])
town = Town(folder / "a b")
town.write("Ana")
try:
    with Archiver(town.server, town.shelf, town.settings.home / "wal", town.settings.logs / "wal.log") as archiver:
        make_one(town.settings, town.shelf)
        town.write("Ben")
        archiver.once()
finally:
    town.postgres.stop()
done = restore(Settings(home=folder / "other"), town.shelf, without_keys=True)
print(done.logs[0].events)
"""
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, str(folder)], cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.stdout.strip().splitlines()[-1:] == ["2"], done.stderr
    finally:
        shutil.rmtree(folder)
