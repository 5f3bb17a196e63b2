"""Keys of persons: durable before use, private, wrapped, and gone for good once forgotten."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.erased_list import ErasedList
from infra.keys import Keys, KeysUnavailable
from infra.root_key import RootKey


def test_a_key_is_the_same_for_every_process_that_asks(tmp_path):
    person = uuid4()
    first, second = (Keys.open(tmp_path / "keys.db", tmp_path / "root.key") for _ in range(2))
    first.obtain("acme", [person])
    assert second.get("acme", person) == first.get("acme", person)
    assert second.get("other", person) is None


def test_processes_that_start_at_once_agree_on_one_root(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Keys.open(tmp_path / "keys.db", tmp_path / "root.key"), range(8)))
    person = uuid4()
    opened[0].obtain("acme", [person])
    assert len({keys.get("acme", person) for keys in opened}) == 1


def test_keys_without_their_root_are_refused(tmp_path):
    Keys.open(tmp_path / "keys.db", tmp_path / "root.key").close()
    (tmp_path / "root.key").unlink()
    with pytest.raises(KeysUnavailable, match="restore it"):
        Keys.open(tmp_path / "keys.db", tmp_path / "root.key")


def test_keys_under_another_root_are_refused(tmp_path):
    person = uuid4()
    Keys.open(tmp_path / "keys.db", tmp_path / "root.key").obtain("acme", [person])
    (tmp_path / "root.key").write_bytes(b"x" * 32)
    with pytest.raises(KeysUnavailable, match="another root"):
        Keys.open(tmp_path / "keys.db", tmp_path / "root.key").get("acme", person)


def test_only_the_owner_may_read_keys(tmp_path):
    Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    for name in ("keys.db", "root.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_forgotten_key_is_gone_for_every_process_and_is_never_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.keys.LOOK", 0)
    eve, adam = uuid4(), uuid4()
    first, second = _opened(tmp_path), _opened(tmp_path)
    first.obtain("acme", [eve, adam])
    kept = second.get("acme", adam)
    assert second.get("acme", eve)
    heard = []
    second.on_forgotten(lambda: heard.append(1))
    assert first.forget("acme", [eve], "C-1") == 1
    assert [keys.get("acme", eve) for keys in (first, second)] == [None, None]
    assert second.get("acme", adam) == kept
    assert heard == [1]
    second.obtain("acme", [eve])
    assert second.cached("acme", eve) is None
    assert first.forget("acme", [eve], "C-1") == 0
    assert [(entry.subject, entry.case) for entry in first.forgotten("acme")] == [(eve, "C-1")]


def test_a_key_that_was_never_made_can_be_forgotten_before_it_is(tmp_path):
    eve = uuid4()
    keys = _opened(tmp_path)
    assert keys.forget("acme", [eve], "C-1") == 0
    keys.obtain("acme", [eve])
    assert keys.get("acme", eve) is None


def test_an_older_copy_of_the_store_forgets_again_what_the_list_beside_it_says(tmp_path):
    eve, adam = uuid4(), uuid4()
    keys = _opened(tmp_path)
    keys.obtain("acme", [eve, adam])
    keys.close()
    older = (tmp_path / "keys.db").read_bytes()
    keys = _opened(tmp_path)
    keys.forget("acme", [eve], "C-1")
    keys.close()
    with (tmp_path / "erased.list").open("ab") as cut_off:
        cut_off.write(b'{"tenant": "ac')
    for file in tmp_path.glob("keys.db*"):
        file.unlink()
    (tmp_path / "keys.db").write_bytes(older)
    keys = _opened(tmp_path)
    assert keys.get("acme", eve) is None
    assert keys.get("acme", adam)
    keys.forget("acme", [adam], "C-2")
    assert [entry.case for entry in ErasedList(tmp_path / "erased.list").read()] == ["C-1", "C-2"]


def test_wrapped_keys_are_gone_from_the_files_once_forgotten(tmp_path):
    eve = uuid4()
    keys = _opened(tmp_path)
    keys.obtain("acme", [eve])
    [wrapped] = keys._reader.execute("SELECT wrapped FROM keys").fetchone()
    assert any(wrapped in file.read_bytes() for file in tmp_path.glob("keys.db*"))
    keys.forget("acme", [eve], "C-1")
    assert not any(wrapped in file.read_bytes() for file in tmp_path.glob("keys.db*"))


def test_rotations_change_what_is_stored_and_nothing_that_is_read(tmp_path):
    people = [uuid4() for _ in range(20)]
    keys, running = _opened(tmp_path), _opened(tmp_path)
    keys.obtain("acme", people)
    keys.obtain("other", people[:3])
    secret = keys.secret("acme", "seal", lambda: b"private")
    first_half = [running.get("acme", person) for person in people[:10]]
    before = _stored(keys)
    assert keys.rotate_tenant("acme") == len(people) + 1
    between = _stored(keys)
    assert before["acme"].isdisjoint(between["acme"])
    assert before["other"] == between["other"]
    root = (tmp_path / "root.key").read_bytes()
    assert keys.rotate_root() == 2
    assert (tmp_path / "root.key").read_bytes() != root
    assert between == _stored(keys)
    # a process that was there before goes on, for what it has met and for what it has not
    running.obtain("acme", [late := uuid4()])
    for seen in (running, _opened(tmp_path)):
        assert [seen.get("acme", person) for person in people[:10]] == first_half
        assert [seen.get("acme", person) for person in people] == [keys.get("acme", person) for person in people]
        assert seen.get("acme", late) == keys.get("acme", late)
        assert seen.secret("acme", "seal", bytes) == secret


def test_a_rotation_that_is_killed_anywhere_leaves_every_key_readable(tmp_path):
    people = [uuid4() for _ in range(300)]
    keys = _opened(tmp_path)
    keys.obtain("acme", people)
    known = {person: keys.get("acme", person) for person in people}
    keys.close()
    rotating = (
        "import sys; from pathlib import Path; from infra.keys import Keys\n"
        "home = Path(sys.argv[1]); keys = Keys.open(home / 'keys.db', home / 'root.key'); print('begun', flush=True)\n"
        "while True: keys.rotate_root(); keys.rotate_tenant('acme')"
    )
    for kill in range(8):
        process = subprocess.Popen([sys.executable, "-c", rotating, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(kill * 0.004)
        process.kill()
        process.communicate()
        keys = _opened(tmp_path)
        assert {person: keys.get("acme", person) for person in people} == known
        keys.close()


@pytest.mark.parametrize("left", ["prepared", "written"])
def test_a_rotation_of_the_root_that_was_cut_off_is_settled_by_whoever_opens_next(tmp_path, left, monkeypatch):
    eve = uuid4()
    keys = _opened(tmp_path)
    keys.obtain("acme", [eve])
    key, root = keys.get("acme", eve), (tmp_path / "root.key").read_bytes()

    def cut_off(*_):
        raise OSError

    if left == "prepared":
        RootKey(tmp_path / "root.key").prepare()
    else:
        running = _opened(tmp_path)
        settle, calls = RootKey.settle, []
        monkeypatch.setattr(RootKey, "settle", lambda self, id: cut_off() if calls else (calls.append(1), settle(self, id)))
        with pytest.raises(OSError):
            keys.rotate_root()
        monkeypatch.undo()
        assert running.get("acme", eve) == key
    (tmp_path / "root.key.backup").write_bytes(root)
    assert _opened(tmp_path).get("acme", eve) == key
    assert ((tmp_path / "root.key").read_bytes() == root) is (left == "prepared")
    assert {file.name for file in tmp_path.glob("root.key*")} == {"root.key", "root.key.backup"}


def test_a_store_of_two_levels_becomes_one_of_three(tmp_path):
    eve, gone = uuid4(), uuid4()
    root, key = AESGCM.generate_key(256), AESGCM.generate_key(256)
    (tmp_path / "root.key").write_bytes(root)
    with sqlite3.connect(tmp_path / "keys.db") as old:
        for table in (
            "keys (tenant TEXT NOT NULL, subject BLOB NOT NULL, wrapped BLOB, forgotten_at TEXT, PRIMARY KEY (tenant, subject))",
            "secrets (tenant TEXT NOT NULL, name TEXT NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (tenant, name))",
        ):
            old.execute(f"CREATE TABLE {table} WITHOUT ROWID")
        old.execute("INSERT INTO keys VALUES ('acme', ?, ?, NULL)", (eve.bytes, _old(root, key, b"acme\0" + eve.bytes)))
        old.execute("INSERT INTO keys VALUES ('acme', ?, NULL, '2026-01-01')", (gone.bytes,))
        old.execute("INSERT INTO secrets VALUES ('acme', 'seal', ?)", (_old(root, b"private", b"acme\0seal"),))
    old.close()
    (tmp_path / "root.key").write_bytes(b"x" * 32)
    with pytest.raises(KeysUnavailable, match="another root"):
        _opened(tmp_path)
    (tmp_path / "root.key").write_bytes(root)
    for _ in range(2):
        keys = _opened(tmp_path)
        assert keys.get("acme", eve) == key
        assert keys.get("acme", gone) is None
        assert keys.secret("acme", "seal", bytes) == b"private"
        assert [entry.subject for entry in keys.forgotten()] == [gone]
        keys.rotate_root()


def _old(root: bytes, key: bytes, to: bytes) -> bytes:
    return b"n" * 12 + AESGCM(root).encrypt(b"n" * 12, key, to)


def _stored(keys: Keys) -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = {}
    for tenant, wrapped in keys._reader.execute("SELECT tenant, wrapped FROM keys UNION ALL SELECT tenant, wrapped FROM secrets"):
        found.setdefault(tenant, set()).add(wrapped)
    return found


def _opened(folder) -> Keys:
    return Keys.open(folder / "keys.db", folder / "root.key")
