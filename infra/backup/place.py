"""Where a restore works: beside the data of the home, and put in its place at the end by renames that can be cut off anywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from infra.backup.refusals import HomeInUse, RestoreCutOff
from infra.embedded.account import Account
from infra.embedded.cluster import Cluster, Programs, programs, shared_place
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.process import LockHeld, file_lock, make_directory, write_privately
from infra.embedded.temporal import BEGUN_ANEW

_JOURNAL = "restore.json"


class RestorePlace:
    """The home of one restore. `staging`: where the new PostgreSQL is prepared; `data` below it, or where root has to put it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.postgres = home / "postgres"
        self.staging = home / "postgres.restoring"

    @contextmanager
    def claimed(self, *, replacing: bool) -> Iterator[None]:
        """Hold the home against `concord up` and a second restore. Raises HomeInUse where it runs, or holds data and `replacing` is false."""
        make_directory(self.home, 0o711)
        try:
            with file_lock(self.home / "up.lock", wait=False):
                finish_swap(self.home)
                if Cluster.read(self.postgres) is not None and EmbeddedPostgres(self.postgres).running():
                    raise HomeInUse(f"PostgreSQL runs below {self.home}: stop it with `concord down`.")
                if (self.postgres / "cluster.json").exists() and not replacing:
                    raise HomeInUse(
                        f"{self.home} holds data: restore to another CONCORD_HOME, or say --replace to put the restored data in its place "
                        "(what is there now is kept beside it)."
                    )
                yield
        except LockHeld:
            raise HomeInUse(f"Concord runs below {self.home}: stop it with `concord down`.") from None

    def prepare(self) -> tuple[Path, Programs]:
        """An empty staging place, without what an earlier restore left there; where the data goes, and PostgreSQL's programs."""
        make_directory(self.staging, 0o711)
        data, found = programs(self.staging, None)
        for left in (data, data.with_name("wal")):
            remove(left, found.account)
        for left in self.staging.iterdir():
            left.unlink()
        if (own := self.postgres / "local.conf").exists():
            shutil.copy(own, self.staging / "local.conf")
        return data, found

    def write(self, cluster: Cluster) -> None:
        """Leave the passwords where a server below the staging place looks for them."""
        write_privately(self.staging / "cluster.json", json.dumps(asdict(cluster), indent=2))

    def swap(self, cluster: Cluster, *outlived: Path) -> list[Path]:
        """Put the restored data in its place; returns where what was there before, and what has `outlived` its log, is kept.

        Completed by the next start if cut off.
        """
        staged = Path(cluster.data)
        nearby = staged.parent == self.staging
        final = self.postgres / "data" if nearby else shared_place(self.postgres)
        aside = datetime.now(UTC).strftime(".before-%Y%m%dT%H%M%SZ")
        before = (self.postgres, *(() if nearby else (final.parent,)), self.home / "temporal", *outlived)
        moves = [(place, place.with_name(place.name + aside)) for place in before if place.exists()]
        kept = [to for _, to in moves]
        if not nearby:
            moves.append((staged.parent, final.parent))
        moves.append((self.staging, self.postgres))
        self.write(replace(cluster, data=str(final)))
        for left in ("process.json", "lock"):
            (self.staging / left).unlink(missing_ok=True)
        write_privately(self.home / _JOURNAL, json.dumps([[str(a), str(b)] for a, b in moves]))
        finish_swap(self.home)
        return kept


def finish_swap(home: Path) -> None:
    """Complete the renames of a restore that was cut off in the middle of them. Quiet where there was none."""
    journal = home / _JOURNAL
    if journal.exists():
        for source, target in json.loads(journal.read_text(encoding="utf-8")):
            if Path(source).exists() and not Path(target).exists():
                Path(source).rename(target)
        descriptor = os.open(home, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        make_directory(home / "temporal", 0o700)
        (home / "temporal" / BEGUN_ANEW).touch()
        journal.unlink()


def refuse_cut_off(home: Path) -> None:
    """Raises RestoreCutOff where a restore was cut off and there is no data but its own: a new cluster must not take its place."""
    if (home / "postgres.restoring").exists() and not (home / "postgres" / "cluster.json").exists():
        raise RestoreCutOff(
            f"A restore to {home} was cut off: run `concord restore` again, or remove {home / 'postgres.restoring'} to begin with nothing."
        )


def remove(path: Path, account: Account) -> None:
    """Remove a folder of the server's, as its account: root may lack the capability to look into it."""
    program = shutil.which("rm") or "/bin/rm"
    account.popen([program, "-rf", "--", str(path)], output=subprocess.DEVNULL).wait()
    # the account may not change the folder above it
    shutil.rmtree(path, ignore_errors=True)
