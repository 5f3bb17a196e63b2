"""Personal keys beside backups: never in them, copied apart on demand, and checked to belong to what is restored."""

from __future__ import annotations

import hmac
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from uuid import UUID

from infra.backup.base import key_check
from infra.backup.manifest import KeySample
from infra.backup.refusals import BackupDamaged, HomeInUse, KeysDoNotBelong
from infra.embedded.process import make_directory
from infra.erased_list import ErasedList
from infra.keys import Keys
from infra.opening import key_files, open_keys
from infra.settings import Settings

STORE, ROOT, ERASED = "keys.db", "root.key", "erased.list"


def copy_keys(settings: Settings, folder: Path) -> list[Path]:
    """Copy the key store, its root key and the erased list into a folder for their owner alone; returns the files.

    Raises HomeInUse where the folder holds other keys, KeysUnavailable.
    """
    open_keys(settings).close()  # finishes a rotation that was cut off, so that one root is the right one
    store, root = key_files(settings)
    make_directory(folder, 0o700)
    drafts = {name: folder / f".{name}.{os.getpid()}" for name in (STORE, ROOT, ERASED)}
    if (folder / ROOT).exists() and (folder / ROOT).read_bytes() != root.read_bytes():
        raise HomeInUse(f"{folder} holds keys under another root key: choose an empty folder.")
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(_private(drafts[STORE]))) as target:
        source.backup(target)
    _private(drafts[ROOT]).write_bytes(root.read_bytes())
    erased = store.with_name(ERASED)
    _private(drafts[ERASED]).write_bytes(erased.read_bytes() if erased.exists() else b"")
    for name, draft in drafts.items():
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(folder / name)
    return [folder / name for name in drafts]


def check_keys(settings: Settings, samples: Sequence[KeySample], copy: Path | None, *, without_keys: bool) -> int:
    """Make sure that the home's keys (put back from `copy` where it has none) open what will be restored; how many were erased.

    Raises KeysDoNotBelong, KeysUnavailable, BackupDamaged where the copy is not complete.
    """
    store, root = key_files(settings)
    if copy is not None and not store.exists():
        _put_back(copy, store, root)
    if not store.exists():
        if samples and not without_keys:
            raise KeysDoNotBelong(
                f"There are no keys in {store}, and this backup holds personal data: give them with --keys DIR (a copy made by "
                "`concord backup keys`), or say --without-keys, and all personal data reads as erased."
            )
        return 0
    with closing(open_keys(settings)) as keys:
        erased = {(entry.tenant, entry.subject) for entry in keys.forgotten()}
        if not without_keys:
            _compare(keys, [one for one in samples if (one.tenant, UUID(one.subject)) not in erased], store)
        return len(erased)


def _compare(keys: Keys, samples: Sequence[KeySample], store: Path) -> None:
    found = [(sample, keys.get(sample.tenant, UUID(sample.subject))) for sample in samples]
    if any(key is None or not hmac.compare_digest(key_check(key, one.tenant, one.subject), one.check) for one, key in found):
        raise KeysDoNotBelong(
            f"The keys in {store} are not those of this backup: put the right ones there (a copy made by `concord backup keys`), or say "
            "--without-keys, and personal data under keys that are missing reads as erased."
        )


def _put_back(copy: Path, store: Path, root: Path) -> None:
    if missing := [name for name in (STORE, ROOT) if not (copy / name).is_file()]:
        raise BackupDamaged(f"{copy} is no copy of keys: it lacks {' and '.join(missing)}.", file=missing[0])
    make_directory(store.parent, 0o711)
    make_directory(root.parent, 0o711)
    # what was erased since the copy was made stays erased
    listed = ErasedList(copy / ERASED)
    ErasedList(store.with_name(ERASED)).append([*listed.read(), *listed.masks()])
    for name, target in ((ROOT, root), (STORE, store)):
        draft = target.with_name(f".{name}.{os.getpid()}")
        shutil.copyfile(copy / name, _private(draft))
        draft.replace(target)


def _private(path: Path) -> Path:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    return path
