"""Bundles of evidence: events as stored, what proves them, and what tells them to people, in one zip file (docs/decisions/0013).

Beside whole and signed things (events, checkpoint, keys, timestamp) a bundle holds the part of the tree that leads from its events to
the checkpoint's root: the leaf hash of each event, and those nodes beside the way that cover nothing of it. A bundle of the whole log
holds every leaf hash. Equal contents give equal bytes.
"""

from __future__ import annotations

import json
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from infra.event_store.envelope import microseconds
from infra.event_store.loader import Row
from infra.proofs import verify_bundle
from infra.proofs.merkle import Node
from infra.proofs.timestamps import Stamped
from infra.proofs.verify_bundle import FORMAT, Part

_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What goes into a bundle. `rows`: events by position, at or before `size`; `nodes`: those of the tree of `size` leaves.

    `positions`: of which closed range it holds every event; `streams`: of which it holds every event up to `size`; `sizes`: of the
    checkpoints kept elsewhere that it is to be compared with; `stamped`: no larger than the bundle's checkpoint; `told`: one object for each event, for people.
    """

    rows: Sequence[Row]
    note: bytes
    size: int
    nodes: Node
    keys: Sequence[str]
    positions: tuple[int, int] | None = None
    streams: Sequence[UUID] = ()
    sizes: Sequence[int] = ()
    stamped: Stamped | None = None
    told: Sequence[Mapping[str, Any]] = ()
    report: bytes = b""


def packed(evidence: Evidence) -> bytes:
    """The bundle as a zip file."""
    told = {
        "README.txt": _readme(evidence),
        "report.pdf": evidence.report,
        "told.jsonl": b"".join(map(_line, evidence.told)),
        "verify.py": Path(verify_bundle.__file__).read_bytes(),
    }
    files = told | {
        "bundle.json": _line(
            {
                "format": FORMAT,
                "events": len(evidence.rows),
                "size": evidence.size,
                "positions": evidence.positions,
                "streams": sorted(map(str, evidence.streams)),
                "files": {name: sha256(content).hexdigest() for name, content in told.items()},
            }
        ),
        "checkpoint": evidence.note,
        "events.jsonl": b"".join(_line(event(row)) for row in evidence.rows),
        "keys": "".join(f"{key}\n" for key in evidence.keys).encode(),
        "tree.jsonl": b"".join(_tree(evidence)),
    }
    if evidence.stamped is not None:
        files |= {"timestamp/checkpoint": evidence.stamped.note, "timestamp/reply.tsr": evidence.stamped.reply}
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH_OF_ZIP)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, files[name])
    return made.getvalue()


def event(row: Row) -> dict[str, Any]:
    """An event as it stands in a bundle: the fields of its envelope, instants in µs since 1970, meta and state in base64."""
    position, stream, version, topic, meta, state, recorded_at, effective_at = row
    instants: tuple[datetime, datetime] = (recorded_at, effective_at)
    recorded, effective = map(microseconds, instants)
    return {
        "position": position,
        "recorded_at": recorded,
        "effective_at": effective,
        "stream": str(stream),
        "version": version,
        "topic": topic,
        "meta": b64encode(meta).decode(),
        "state": b64encode(state).decode(),
    }


def _tree(evidence: Evidence) -> Iterable[bytes]:
    """The hashes from which the verifier computes the roots at every size that matters."""
    leaves = [row[0] - 1 for row in evidence.rows if 0 < row[0] <= evidence.size]
    cuts = {size for size in evidence.sizes if size < evidence.size}
    if evidence.stamped is not None:
        cuts.add(evidence.stamped.size)
    taken: dict[tuple[int, int], bytes] = {}

    def take(level: int, index: int) -> bytes:
        return taken.setdefault((level, index), evidence.nodes(level, index))

    Part(take, leaves, cuts).root(evidence.size)
    for (level, index), found in sorted(taken.items()):
        yield _line({"level": level, "index": index, "hash": b64encode(found).decode()})


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"


def _readme(evidence: Evidence) -> bytes:
    origin = evidence.note.split(b"\n", 1)[0].decode()
    return f"""Evidence from the log of {origin}
{"=" * (25 + len(origin))}

Verify it on any machine, without a network and without Concord, with Python 3.9 or newer:

    pip install cryptography
    python verify.py

It says what is proven and what is not, and ends with 0 (proven), 1 (something is wrong) or 2 (cannot be told).
More is proven with what you have from elsewhere:

    python verify.py --key KEY            the log's key as you know it, or a file of keys
    python verify.py --checkpoint FILE    a checkpoint that you kept: this is still the same log, unaltered
    python verify.py --authority PEM      the root certificate of the timestamp authority

verify.py of a bundle that somebody else gave you can lie: take it from a bundle of your own, or from Concord's source.

events.jsonl   the events as they are stored, one a line: what is proven. Times are microseconds since 1970, meta and state
               base64; state is JSON in which personal fields are sealed. The leaf hash of an event is SHA-256 over
               0x00, 0x01, position (8 bytes), recorded_at (8), effective_at (8), stream (16), version (8), and topic, meta and
               state, each behind its length (4); all big-endian
tree.jsonl     hashes of the Merkle tree (RFC 9162): of the events (level 0), and beside the way to the root
checkpoint     size and root of the tree, signed (c2sp.org/tlog-checkpoint)
keys           the keys that sign checkpoints (c2sp.org/signed-note)
timestamp/     if there: an earlier checkpoint, and an authority's word since when it was there (RFC 3161); also verified by
               openssl ts -verify -data timestamp/checkpoint -in timestamp/reply.tsr -CAfile PEM
told.jsonl     the events in plain sentences, and report.pdf the same to print: for reading, not proven
bundle.json    which positions and streams it claims to hold whole, and the SHA-256 of the files that are for reading
""".encode()
