"""Writing a tenant into a folder: one snapshot of the database, one line at a time."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg import Connection, sql

from domain.kernel import Refused
from infra.backup.witnesses import folder_of
from infra.database import Tenant
from infra.embedded.process import make_directory
from infra.event_store.loader import COLUMNS
from infra.keys import Keys
from infra.log_roots import GrowingRoot
from infra.proofs.comparing import compare, differ, places
from infra.proofs.notes import NoteRejected
from infra.proofs.published import Published
from infra.proofs.tiles import TilesDamaged
from infra.settings import Settings
from infra.transfer.keyfile import seal_keys
from infra.transfer.shapes import COMMANDS, DOCUMENTS, EVENTS, KEYS, STATED, File, Stated, Unmatched, written

_BATCH = 1_000


class FolderInUse(Refused):
    """Something lies where the export would go."""


class LogAltered(Refused):
    """The log is not the one that was signed; `positions` says between which ones."""


def export(
    settings: Settings,
    tenant: Tenant,
    keys: Keys,
    folder: Path,
    *,
    passphrase: str | None = None,
    as_it_is: bool = False,
    report: Callable[[int], None] = lambda _: None,
) -> Stated:
    """Write the whole tenant into `folder`, which must be empty or missing; with a passphrase its personal keys, too.

    `settings` reach the database. `report` is told how many events were written. Raises LogAltered where events are not those that
    were signed; with `as_it_is` the export states it instead. Raises FolderInUse, psycopg.Error, OSError.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FolderInUse(f"{folder} is not empty: name a new folder.")
    published = Published(folder_of(settings, tenant.slug))
    note = published.checkpoint()
    growing, last = GrowingRoot(), None
    schema = sql.Identifier(tenant.schema)

    def events(connection: Connection[Any]) -> Iterator[bytes]:
        nonlocal last
        for row in _rows(connection, sql.SQL(f"SELECT {COLUMNS} FROM {{}}.events ORDER BY position").format(schema)):
            line = written(tenant.slug, row)
            growing.add(bytes.fromhex(orjson.loads(line)["leaf"]))
            last = row[6]
            if not row[0] % _BATCH:
                report(row[0])
            yield line

    with psycopg.connect(settings.migrator_url or "") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        unmatched = None if note is None else _unmatched(connection, tenant, published)
        if unmatched is not None and not as_it_is:
            raise LogAltered(
                f"The log of {tenant.slug} is not the one that was signed: {unmatched.why}. `concord audit verify-log` tells more. "
                "Find out who changed it; `concord tenant export --as-it-is` exports it all the same, and says so in the export.",
                positions=unmatched.positions,
            )
        make_directory(folder, 0o700)
        files = {
            EVENTS: _write(folder / EVENTS, events(connection)),
            COMMANDS: _write(folder / COMMANDS, _commands(connection, schema)),
            DOCUMENTS: _write(folder / DOCUMENTS, _documents(connection, schema)),
        }
    if passphrase is not None:
        files[KEYS] = _write(folder / KEYS, [seal_keys(settings, tenant.slug, passphrase)])
    stated = Stated(
        tenant=tenant.slug,
        origin=keys.origin(tenant.slug),
        simulated=tenant.simulated,
        head=growing.size,
        recorded_at=last,
        root=growing.root.hex(),
        checkpoint=note,
        unmatched=unmatched,
        documents_in_bucket=settings.documents_url is not None,
        exported_at=datetime.now(UTC),
        files=files,
    )
    _write(folder / STATED, [stated.model_dump_json(indent=2).encode()])
    return stated


def _unmatched(connection: Connection[Any], tenant: Tenant, published: Published) -> Unmatched | None:
    """In what the log differs from what was published of it; None: in nothing."""
    try:
        _, found = compare(connection, tenant, published, most=None)
    except (NoteRejected, TilesDamaged, LookupError) as error:
        return Unmatched(why=f"it cannot be compared, because {error}")
    if not found:
        return None
    return Unmatched(why=differ(places(found)), positions=tuple(places(found)))


def _commands(connection: Connection[Any], schema: sql.Identifier) -> Iterator[bytes]:
    query = sql.SQL("SELECT id, fingerprint, first, last FROM {}.commands ORDER BY id").format(schema)
    for id, fingerprint, first, last in _rows(connection, query):
        print_ = None if fingerprint is None else bytes(fingerprint).hex()
        yield orjson.dumps({"id": str(id), "fingerprint": print_, "first": first, "last": last}) + b"\n"


def _documents(connection: Connection[Any], schema: sql.Identifier) -> Iterator[bytes]:
    query = sql.SQL("SELECT sha256, sealed, stored_at FROM {}.documents ORDER BY sha256").format(schema)
    for sha256, sealed, stored_at in _rows(connection, query, at_once=1):
        content = base64.b64encode(bytes(sealed)).decode()
        yield orjson.dumps({"sha256": bytes(sha256).hex(), "sealed": content, "stored_at": stored_at.isoformat()}) + b"\n"


def _rows(connection: Connection[Any], query: sql.Composed, *, at_once: int = _BATCH) -> Iterator[Any]:
    with connection.cursor("export", binary=True) as cursor:
        cursor.itersize = at_once
        cursor.execute(query)
        yield from cursor


def _write(path: Path, lines: Iterable[bytes]) -> File:
    """Write a file for its owner alone, durably."""
    digest, count = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb", buffering=1 << 20) as file:
        for line in lines:
            file.write(line)
            digest.update(line)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return File(lines=count, sha256=digest.hexdigest())
