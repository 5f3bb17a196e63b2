"""Bringing a tenant in from a folder: every line checked as it is read, nothing to be seen before all of it is there.

The one path beside `append` on which events come into a log, as the migrator, noted in `concord.imported_logs`.
"""

from __future__ import annotations

import base64
import hashlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import Connection, sql
from pydantic import ValidationError

from domain.privacy import MentionsErased
from infra.database import Tenant
from infra.event_store.loader import COLUMNS, Row
from infra.log_roots import GrowingRoot, leaf_of
from infra.masks import masked_by
from infra.migrations import admit, drop_import, importing, migrating, prepare_import
from infra.opening import open_keys
from infra.proofs.positions import named, ranges
from infra.settings import Settings
from infra.transfer.keyfile import open_sealed, receive_keys
from infra.transfer.shapes import COMMANDS, DOCUMENTS, EVENTS, KEYS, STATED, ExportDamaged, Stated, read

_REPORTED = 1_000


def bring_in(
    settings: Settings,
    folder: Path,
    *,
    named: str | None = None,
    passphrase: str | None = None,
    login: str = "concord_app",
    make_ready: Callable[[Tenant], None] = lambda _: None,
    report: Callable[[int], None] = lambda _: None,
) -> tuple[Tenant, Stated]:
    """Import the whole tenant under its own name or another; `make_ready` is called before it can be seen, to build read models.

    Without the passphrase personal data reads as erased. Raises ExportDamaged, naming file and line; PassphraseWrong; OtherKeysHere;
    ValueError where there is a tenant of this name, or another import of it runs. Then, and after a crash, nothing is to be seen of it,
    and the same call begins anew.
    """
    stated = _stated(folder)
    tenant, url = Tenant(named or stated.tenant, stated.simulated), settings.migrator_url or ""
    if passphrase is not None and KEYS not in stated.files:
        raise ValueError(
            f"{folder} holds no keys: it was exported without --with-keys; import it without, and personal data reads as erased"
        )
    content = open_sealed((folder / KEYS).read_bytes(), passphrase) if passphrase is not None else None
    with importing(url, tenant):
        prepare_import(url, tenant, stated.origin, stated.head, bytes.fromhex(stated.root), login=login)
        try:
            with psycopg.connect(url, application_name="concord import") as connection:
                _copy(connection, tenant, folder, stated, report)
            receive_keys(settings, tenant.slug, stated.origin, content)
            _mask(settings, tenant)
            make_ready(tenant)
            admit(url, tenant)
        except Exception:
            with migrating(url) as connection:
                drop_import(connection, tenant)
            raise
    return tenant, stated


def _stated(folder: Path) -> Stated:
    try:
        return Stated.model_validate_json((folder / STATED).read_bytes())
    except FileNotFoundError:
        raise ExportDamaged(f"{folder} is no finished export: it has no {STATED}.", file=STATED) from None
    except ValidationError:
        raise ExportDamaged(f"{folder / STATED} cannot be read: it is damaged, or of a newer Concord.", file=STATED) from None


def _mask(settings: Settings, tenant: Tenant) -> None:
    """Show to nobody the words that its log says were erased, before read models are built of it."""
    said = sql.SQL(
        "SELECT state, recorded_at FROM {}.events WHERE (topic LIKE 'privacy.%%' OR topic = 'contact.erased') AND topic = %s ORDER BY position"
    ).format(sql.Identifier(tenant.schema))
    with psycopg.connect(settings.migrator_url or "") as connection, closing(open_keys(settings)) as keys:
        for state, at in connection.execute(said, (MentionsErased.topic,)):
            keys.mask(masked_by(tenant.slug, MentionsErased.model_validate_json(state), at.isoformat(timespec="seconds")))


def _copy(connection: Connection[Any], tenant: Tenant, folder: Path, stated: Stated, report: Callable[[int], None]) -> None:
    schema = sql.Identifier(tenant.schema)
    copies = (
        (EVENTS, f"COPY {{}}.events ({COLUMNS}) FROM STDIN", _events(folder, stated, report)),
        (COMMANDS, "COPY {}.commands (id, fingerprint, first, last) FROM STDIN", _commands(folder, stated)),
        (DOCUMENTS, "COPY {}.documents (sha256, sealed, stored_at) FROM STDIN", _documents(folder, stated)),
    )
    if stated.unmatched is not None:
        said = f"This was exported as it is, and is not the log that was signed: {stated.unmatched.why}. Nothing of it is imported."
        raise ExportDamaged(said, file=STATED, positions=stated.unmatched.positions)
    with connection.cursor() as cursor:
        for file, statement, rows in copies:
            try:
                with cursor.copy(sql.SQL(statement).format(schema)) as copy:
                    for row in rows:
                        copy.write_row(row)
            except (psycopg.errors.UniqueViolation, psycopg.errors.CheckViolation) as error:
                raise ExportDamaged(f"{file} holds a row twice: {error.diag.message_detail}", file=file) from error
        cursor.execute(sql.SQL("ANALYZE {}.events").format(schema))


@dataclass(slots=True)
class _Bad:
    """The lines of a file that do not hold, and why the first of them does not."""

    file: str
    lines: list[int] = field(default_factory=list)
    why: str = ""

    def add(self, line: int, why: str) -> None:
        self.why = self.why or why
        self.lines.append(line)

    def tell(self) -> None:
        """Raises ExportDamaged where there is one."""
        if len(self.lines) == 1:
            raise ExportDamaged(f"{self.file}, line {self.lines[0]}: {self.why}.", file=self.file, line=self.lines[0])
        if self.lines:
            places = ranges(self.lines)
            said = f"{self.file}, {named(places, 'line')} do not hold; line {self.lines[0]}: {self.why}."
            raise ExportDamaged(said, file=self.file, line=self.lines[0], lines=places)


def _events(folder: Path, stated: Stated, report: Callable[[int], None]) -> Iterator[Row]:
    """The events, up to the first that does not hold; the rest is read so that every line that does not is named."""
    growing, before, expected, bad = GrowingRoot(), None, 1, _Bad(EVENTS)
    size, root = _published(stated)
    for number, line in _lines(folder, stated, bad):
        try:
            row, leaf = read(line)
        except (ValueError, KeyError, TypeError) as error:
            bad.add(number, f"it cannot be read ({error})")
            expected += 1
            continue
        growing.add(found := leaf_of(row))
        position, expected = expected, max(expected, row[0] + 1)
        if found.hex() != leaf:
            bad.add(number, "it was altered: its leaf hash is another")
            expected = position + 1
            continue
        if row[0] != position or (before is not None and row[6] < before):
            bad.add(number, f"position {position} is expected there, recorded no earlier than the one before")
        if number == size and growing.root != root and not bad.lines:
            bad.add(number, "the log up to there is not the one of the published checkpoint")
        before = row[6]
        if not number % _REPORTED:
            report(number)
        if not bad.lines:
            yield row
    if (growing.size, growing.root.hex()) != (stated.head, stated.root):
        raise ExportDamaged(f"{EVENTS} is not the log that {STATED} states: its Merkle root is another.", file=EVENTS)


def _commands(folder: Path, stated: Stated) -> Iterator[Row]:
    bad = _Bad(COMMANDS)
    for number, line in _lines(folder, stated, bad):
        try:
            said = orjson.loads(line)
            fingerprint = None if said["fingerprint"] is None else bytes.fromhex(said["fingerprint"])
            row = UUID(said["id"]), fingerprint, said["first"], said["last"]
        except (ValueError, KeyError, TypeError) as error:
            bad.add(number, f"it cannot be read ({error})")
        else:
            yield row


def _documents(folder: Path, stated: Stated) -> Iterator[Row]:
    bad = _Bad(DOCUMENTS)
    for number, line in _lines(folder, stated, bad):
        try:
            said = orjson.loads(line)
            row = bytes.fromhex(said["sha256"]), base64.b64decode(said["sealed"], validate=True), str(said["stored_at"])
        except (ValueError, KeyError, TypeError) as error:
            bad.add(number, f"it cannot be read ({error})")
        else:
            yield row


def _lines(folder: Path, stated: Stated, bad: _Bad) -> Iterator[tuple[int, bytes]]:
    """Each line of `bad.file` with its number. Raises ExportDamaged at the end, for the lines that were bad, or the file as a whole."""
    name = bad.file
    digest, number, expected = hashlib.sha256(), 0, stated.files.get(name)
    try:
        with (folder / name).open("rb") as file:
            for number, line in enumerate(file, start=1):
                digest.update(line)
                yield number, line
    except FileNotFoundError:
        raise ExportDamaged(f"{name} is missing in {folder}.", file=name) from None
    bad.tell()
    if expected is None or (number, digest.hexdigest()) != (expected.lines, expected.sha256):
        raise ExportDamaged(f"{name} has {number} lines and is not the file that {STATED} states.", file=name)


def _published(stated: Stated) -> tuple[int, bytes]:
    """Size and root of the checkpoint that came along; size 0 where there is none."""
    if stated.checkpoint is None:
        return 0, b""
    try:
        _, size, root, *_ = stated.checkpoint.splitlines()
        return int(size), b64decode(root, validate=True)
    except ValueError as error:
        raise ExportDamaged(f"The checkpoint in {STATED} cannot be read.", file=STATED) from error
