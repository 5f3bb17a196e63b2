"""P22 with everything running: backed up by `concord up` under writes, destroyed, restored to an instant, and at work again."""

import asyncio
import json
import os
import shutil
import signal
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg

from api.cli.outcomes import Exit
from domain.kernel import SYSTEM
from domain.members import AddMember, members
from infra.backup.archive import until as archived
from infra.backup.manifest import backups
from infra.backup.shelves import shelf_at
from infra.database import Tenant
from infra.embedded.services import connected
from infra.log_roots import log_roots
from infra.opening import opened
from infra.settings import Settings
from tests.api.up_home import below, until

DEFAULT = Tenant("default")
SOON = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()


class Writers:
    """Somebody who writes without a pause, but for the moment in which the log is looked at."""

    def __init__(self, settings):
        self._settings, self._stopped, self.lock = settings, threading.Event(), threading.Lock()
        self.written = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._write()))
        self._thread.start()

    async def _write(self):
        async with opened(self._settings) as process:
            while not self._stopped.is_set():
                with self.lock:
                    await process.store.execute(DEFAULT, members, uuid4(), AddMember(name=f"Member {self.written}"), by=SYSTEM)
                    self.written += 1
                await asyncio.sleep(0.02)

    def stop(self):
        self._stopped.set()
        self._thread.join()


def look(settings):
    with psycopg.connect(settings.migrator_url, autocommit=True) as connection:
        (end,) = log_roots(connection, DEFAULT)
        return connection.execute("SELECT clock_timestamp()").fetchone()[0].astimezone(UTC), end


def test_what_was_destroyed_is_restored_to_the_instant_with_the_same_root_and_a_move_goes_on(home):
    shelf = shelf_at(str(home.path.parent / "backups elsewhere"))
    home.environment["CONCORD_BACKUP_TO"] = shelf.place
    said = home.concord("up", "--detach")
    assert said.returncode == 0, said.stdout + said.stderr
    state, settings = home.state(), connected(Settings(home=home.path))
    assert home.concord("accounts", "open", "Kolbe KG").returncode == 0
    assert home.concord("deals", "open", "Presses", "--account", "Kolbe KG", "--amount", "100 EUR", "--close-date", SOON).returncode == 0

    writers = Writers(settings)
    try:
        until(lambda: backups(shelf))
        enough = writers.written + 20
        until(lambda: writers.written > enough)
        with writers.lock:
            instant, then = look(settings)
        enough = writers.written + 20
        until(lambda: writers.written > enough)
    finally:
        writers.stop()
    after = look(settings)[0]
    until(lambda: archived(shelf).until >= after)
    checked = {one["check"]: one for one in json.loads(home.concord("doctor", "--json").stdout)}
    assert checked["backups"]["level"] == "ok", checked["backups"]

    for pid in {pid for process in (state.supervisor, *home.servers()) for pid in below(process)}:
        with suppress(ProcessLookupError):  # what lost its parent may have ended by itself
            os.kill(pid, signal.SIGKILL)
    until(lambda: not any(process.alive for process in (state.supervisor, *state.children.values(), *home.servers())))
    shutil.rmtree(home.path / "postgres")

    told = home.concord("restore", "--to", instant.isoformat(), "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    (log,) = json.loads(told.stdout)["logs"]
    assert (log["events"], log["root"]) == (then.head, then.root.hex())
    assert datetime.fromisoformat(log["recorded_at"]) == then.recorded_at <= instant

    said = home.concord("up", "--detach")
    assert said.returncode == 0, said.stdout + said.stderr
    moved = home.concord("deals", "advance", "Presses", "lost", "--reason", "price")
    assert moved.returncode in {Exit.DONE, Exit.PENDING}, moved.stdout + moved.stderr
    until(lambda: json.loads(home.concord("deals", "show", "Presses", "--json").stdout)["item"]["stage"] == "lost")
    with psycopg.connect(connected(Settings(home=home.path)).migrator_url) as connection:
        first, _ = log_roots(connection, DEFAULT, then.head)
        assert first == then
