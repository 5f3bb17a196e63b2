"""The files of an exported tenant.

`events.jsonl` holds one CloudEvent 1.0 in structured mode a line, in the order of positions. Beside the standard attributes:
`position`, `streamversion`, `effectivetime`, `meta` (base64) and `leaf`, the event's leaf hash (hexadecimal; docs/proofs.md). `data` is
what was stored, written compactly in its own order; where that does not give the stored bytes, `stored` (base64) does.
`commands.jsonl`: ids of commands with fingerprints, so that a retry acts once here, too. `documents.jsonl`: sealed bytes by SHA-256.
`export.json`, written last, states all of it. `keys.sealed`, only if asked for: personal keys under a passphrase, and
never the private keys that sign checkpoints: of one log there is one signer.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.kernel import Refused
from infra.event_store.envelope import event_id
from infra.event_store.loader import Row
from infra.log_roots import leaf_of

EVENTS, COMMANDS, DOCUMENTS, STATED, KEYS = "events.jsonl", "commands.jsonl", "documents.jsonl", "export.json", "keys.sealed"


class ExportDamaged(Refused):
    """A file of the export is missing, or is not what was exported; `file` and `line` (of several, the first) say where."""


class OtherKeysHere(Refused):
    """The key store holds keys of another tenant of this name."""


class PassphraseWrong(Refused):
    """The keys do not open with this passphrase."""


class File(BaseModel):
    """One file: how many lines it has, and its SHA-256 in hexadecimal digits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: int
    sha256: str


class Unmatched(BaseModel):
    """In what an exported log is not the one that was signed: in words, and between which positions (each a first and a last)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    why: str
    positions: tuple[tuple[int, int], ...] = ()


class Stated(BaseModel):
    """What an export is. `root`: the Merkle root at `head`, in hexadecimal digits; `checkpoint`: the last one published, signed.

    `unmatched`: it was exported as it is, although it is not the log that was signed; None: it is, as far as it was signed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    tenant: str
    origin: str
    """The name under which personal fields and documents are sealed; another than the tenant's where it was imported itself."""
    simulated: bool
    head: int
    recorded_at: AwareDatetime | None
    root: str
    checkpoint: str | None
    unmatched: Unmatched | None = None
    documents_in_bucket: bool
    exported_at: AwareDatetime
    files: dict[str, File]


def written(tenant: str, row: Row) -> bytes:
    """A stored event as a line."""
    position, stream, version, topic, meta, state, recorded_at, effective_at = row
    state = bytes(state)
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event_id(stream, version)),
        "source": f"/tenants/{tenant}",
        "type": topic,
        "subject": str(stream),
        "time": recorded_at.isoformat(),
        "datacontenttype": "application/json",
        "position": str(position),
        "streamversion": str(version),
        "effectivetime": effective_at.isoformat(),
        "meta": base64.b64encode(bytes(meta)).decode(),
        "leaf": leaf_of(row).hex(),
    }
    try:
        event["data"] = orjson.loads(state)
    except orjson.JSONDecodeError:
        event["data"] = None
    if orjson.dumps(event["data"]) != state:
        event["stored"] = base64.b64encode(state).decode()
    return orjson.dumps(event) + b"\n"


def read(line: bytes) -> tuple[Row, str]:
    """The stored event that a line gives, and the leaf hash that it states. Raises ValueError, KeyError or TypeError."""
    event = orjson.loads(line)
    state = base64.b64decode(event["stored"], validate=True) if "stored" in event else orjson.dumps(event["data"])
    stream, version = UUID(event["subject"]), int(event["streamversion"])
    if event["id"] != str(event_id(stream, version)):
        raise ValueError("the id is not that of its stream and version")
    row = (
        int(event["position"]),
        stream,
        version,
        str(event["type"]),
        base64.b64decode(event["meta"], validate=True),
        state,
        datetime.fromisoformat(event["time"]),
        datetime.fromisoformat(event["effectivetime"]),
    )
    return row, str(event["leaf"])
