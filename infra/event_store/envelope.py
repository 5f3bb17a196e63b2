"""The envelope around an event: its metadata as stored, its identity, and the canonical bytes that proofs hash."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import orjson

ENVELOPE_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED = struct.Struct(">BQqq16sQ")


def event_id(stream: UUID, version: int) -> UUID:
    """The identity of an event, derived so that it never has to be stored: uuid5 of its stream and version."""
    return uuid5(stream, str(version))


@dataclass(frozen=True, slots=True)
class Meta:
    """Who caused an event, and through which command."""

    actor: UUID
    command_id: UUID
    correlation_id: UUID
    on_behalf_of: UUID | None = None
    causation_id: UUID | None = None

    def encode(self) -> bytes:
        """Compact JSON with short fixed keys in a fixed order; what is None is left out."""
        text = f'{{"actor":"{self.actor}","command":"{self.command_id}","correlation":"{self.correlation_id}"'
        if self.on_behalf_of is not None:
            text += f',"behalf":"{self.on_behalf_of}"'
        if self.causation_id is not None:
            text += f',"causation":"{self.causation_id}"'
        return (text + "}").encode("ascii")

    @classmethod
    def decode(cls, stored: bytes) -> Meta:
        """The inverse of `encode`; b"" (an event stored through the library's own Application) is the nil actor's."""
        if not stored:
            return _UNKNOWN
        raw = orjson.loads(stored)
        behalf, causation = raw.get("behalf"), raw.get("causation")
        return cls(
            actor=UUID(raw["actor"]),
            command_id=UUID(raw["command"]),
            correlation_id=UUID(raw["correlation"]),
            on_behalf_of=UUID(behalf) if behalf else None,
            causation_id=UUID(causation) if causation else None,
        )


_NIL = UUID(int=0)
_UNKNOWN = Meta(_NIL, _NIL, _NIL)


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970-01-01T00:00:00Z, exactly."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(count: int) -> datetime:
    """The inverse of `microseconds`."""
    return _EPOCH + timedelta(microseconds=count)


def canonical(
    position: int, recorded_at: datetime, effective_at: datetime, stream: UUID, version: int, topic: str, meta: bytes, state: bytes
) -> bytes:
    """The bytes that a Merkle leaf hashes. Fixed from the first event; a change needs a new version byte.

    version byte, position u64, recorded_at and effective_at in µs i64, stream 16 bytes, version u64, then topic, meta and
    state each behind its length as u32; all big-endian, topic in UTF-8, meta and state as stored.
    """
    name = topic.encode()
    return b"".join(
        (
            _FIXED.pack(ENVELOPE_VERSION, position, microseconds(recorded_at), microseconds(effective_at), stream.bytes, version),
            len(name).to_bytes(4, "big"),
            name,
            len(meta).to_bytes(4, "big"),
            meta,
            len(state).to_bytes(4, "big"),
            state,
        )
    )
