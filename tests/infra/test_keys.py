"""Keys of persons: durable before use, private, wrapped, and gone for good once forgotten."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from infra.keys import Keys, KeysUnavailable


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
