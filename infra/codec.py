"""Events to bytes and back: JSON by pydantic's own serialiser, personal fields encrypted, old shapes lifted by upcasters.

A personal field is stored as {"$sealed": base64(nonce ‖ AES-256-GCM ciphertext)}, sealed under its person's key and bound
to tenant, person, stream, version and field, so that it cannot be moved to another event. Without its key it reads as erased; so it
does under another key where a log was brought in without keys, because whoever is written about again there gets a new one.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ValidationError

from domain.kernel import ERASED, TOPICS, UPCASTERS, Event, Refused
from infra.keys import Keys
from infra.masks import Masked, cut
from infra.stored import reader

_SEALED = "$sealed"
_VERSION = "$version"
_NONCE = 12
_reader = cache(reader)


class UndecodableEvent(Exception):  # noqa: N818  names the state and the way out
    """A stored event that this code cannot read: an unknown topic, a newer shape, or damaged bytes."""


class PersonForgotten(Refused):
    """The key was destroyed under which this would be kept; record something new instead."""


class Codec:
    """Encodes and decodes events; shared by every tenant of a process."""

    def __init__(self, keys: Keys | None = None) -> None:
        self._keys = keys

    def encode(self, tenant: str, stream: UUID, version: int, event: Event) -> bytes:
        """The bytes to store for `event` as `version` of `stream`. Its person's key must have been obtained before."""
        cls = type(event)
        if not cls.personal and cls.schema_version == 1:
            try:
                # the same bytes as pydantic's serialiser writes, in half the time; what it does not know it leaves to that
                return orjson.dumps(event.__dict__, default=_plain, option=orjson.OPT_UTC_Z)
            except TypeError:
                return cls.__pydantic_serializer__.to_json(event)
        raw = event.model_dump(mode="json")
        if cls.schema_version > 1:
            raw[_VERSION] = cls.schema_version
        if cls.personal:
            person = self.subject(stream, event)
            key = self._keys.cached(tenant, person) if self._keys else None
            origin = self._keys.origin(tenant) if self._keys else tenant
            if key is None:
                raise PersonForgotten("What this is about was erased at a person's request; nothing more can be written about them here.")
            seal = AESGCM(key)
            for name in cls.personal:
                if raw[name] is not None:
                    nonce = os.urandom(_NONCE)
                    sealed = nonce + seal.encrypt(nonce, orjson.dumps(raw[name]), _bound(origin, person, stream, version, name))
                    raw[name] = {_SEALED: base64.b64encode(sealed).decode()}
        return orjson.dumps(raw)

    @staticmethod
    def subject(stream: UUID, event: Event) -> UUID:
        """Whose key seals the event's personal fields."""
        name = type(event).subject
        return stream if name is None else getattr(event, name)

    def obtain(self, tenant: str, subjects: list[UUID]) -> None:
        """Create the missing keys durably; blocking, so call it from a thread when `subjects` may be new."""
        if self._keys is None:
            raise UndecodableEvent("this process was started without a key store; set KEYS_URL")
        self._keys.obtain(tenant, subjects)

    def refresh(self) -> None:
        """Let go of keys that another process has forgotten, and of what was opened with them."""
        if self._keys is not None:
            self._keys.refresh()

    def on_forgotten(self, heard: Callable[[], None]) -> None:
        """Have `heard` called when keys were forgotten: what was opened with them must not be shown any more."""
        if self._keys is not None:
            self._keys.on_forgotten(heard)

    def has_key(self, tenant: str, subject: UUID) -> bool:
        return self._keys is not None and self._keys.cached(tenant, subject) is not None

    def decode(self, tenant: str, stream: UUID, version: int, topic: str, state: bytes) -> Event:
        """The event. Raises UndecodableEvent, saying why, on an unknown topic, a newer version, or damaged bytes."""
        cls = TOPICS.get(topic)
        if cls is None:
            raise UndecodableEvent(f"this Concord knows no event {topic!r}; it was written by a newer one: upgrade")
        masked = self._masked(tenant, stream, version, state)
        try:
            if not cls.personal and cls.schema_version == 1 and not masked:
                try:
                    return _reader(cls).validate_json(state)  # type: ignore[no-any-return]
                except ValidationError:
                    if b'"$version"' not in state:  # looked for last: in bytes full of quotes that takes as long as a field
                        raise
            raw = orjson.loads(state)
            if cls.personal:
                self._open(cls, tenant, stream, version, raw)
            for entry in masked:
                cut(raw, entry.spans)
            lifted = orjson.dumps(self._lift(cls, raw))
            # without some of its words a text may be longer than today's rules want it
            return _reader(cls).validate_json(lifted) if masked else cls.model_validate_json(lifted)
        except (ValidationError, orjson.JSONDecodeError) as error:
            raise UndecodableEvent(f"version {version} of stream {stream} ({topic}) does not have its event's shape") from error

    def masks(self, tenant: str) -> dict[tuple[UUID, int], list[Masked]]:
        """Words of the tenant's events that are shown to nobody, by stream and version."""
        self.refresh()
        return self._keys.masks.get(tenant, {}) if self._keys is not None else {}

    def _masked(self, tenant: str, stream: UUID, version: int, state: bytes) -> list[Masked]:
        if not (known := self.masks(tenant)) or not (entries := known.get((stream, version))):
            return []
        digest = sha256(state).hexdigest()
        return [entry for entry in entries if entry.digest == digest]

    def stored(
        self, tenant: str, stream: UUID, version: int, topic: str, state: bytes
    ) -> tuple[dict[str, Any], dict[str, UUID], list[str]]:
        """(the event's JSON as it was stored, opened and without what is masked; whose key seals each field that is sealed; what is
        masked). Raises UndecodableEvent.
        """
        cls = TOPICS.get(topic)
        if cls is None:
            raise UndecodableEvent(f"this Concord knows no event {topic!r}; it was written by a newer one: upgrade")
        raw = orjson.loads(state)
        sealed = {name for name, value in raw.items() if isinstance(value, dict) and _SEALED in value}
        subject = stream if cls.subject is None else UUID(raw[cls.subject])
        self._open(cls, tenant, stream, version, raw)
        words = [word for entry in self._masked(tenant, stream, version, state) for word in cut(raw, entry.spans)]
        return raw, dict.fromkeys(sealed, subject), words

    def admits(self, topic: str, changed: dict[str, Any], stored: dict[str, Any]) -> bool:
        """Whether the rules of today hold for a changed event as well as for the stored one (or for neither, and its shape does)."""
        cls = TOPICS[topic]

        def holds(raw: dict[str, Any], by: Callable[[bytes], object]) -> bool:
            try:
                by(orjson.dumps(self._lift(cls, dict(raw))))
            except ValidationError:
                return False
            return True

        if holds(changed, cls.model_validate_json):
            return True
        return not holds(stored, cls.model_validate_json) and holds(changed, _reader(cls).validate_json)

    @staticmethod
    def _lift(shape: type[Event], raw: dict[str, Any]) -> dict[str, Any]:
        stored: int = raw.pop(_VERSION, 1)
        if stored > shape.schema_version:
            raise UndecodableEvent(f"{shape.topic} version {stored} is newer than this Concord knows ({shape.schema_version}); upgrade")
        for version in range(stored, shape.schema_version):
            raw = UPCASTERS[shape.topic, version](raw)
        return raw

    def _open(self, cls: type[Event], tenant: str, stream: UUID, version: int, raw: dict[str, Any]) -> None:
        person = stream if cls.subject is None else UUID(raw[cls.subject])
        key = self._keys.get(tenant, person) if self._keys else None
        for name in cls.personal:
            value = raw.get(name)
            if isinstance(value, dict) and _SEALED in value:
                if key is None:
                    raw[name] = ERASED
                    continue
                sealed = base64.b64decode(value[_SEALED])
                origin = self._keys.origin(tenant) if self._keys else tenant
                try:
                    plain = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(origin, person, stream, version, name))
                except InvalidTag as error:
                    if self._keys and self._keys.bare(tenant):
                        raw[name] = ERASED
                        continue
                    raise UndecodableEvent(f"{name} of version {version} of stream {stream} was altered after it was sealed") from error
                raw[name] = orjson.loads(plain)


def _plain(value: object) -> object:
    """What JSON has no word for, as pydantic writes it. Raises TypeError."""
    if type(value) is Decimal:
        return str(value)
    if isinstance(value, BaseModel):
        return value.__dict__
    raise TypeError


def _bound(tenant: str, person: UUID, stream: UUID, version: int, field: str) -> bytes:
    return b"".join((tenant.encode(), b"\0", person.bytes, stream.bytes, version.to_bytes(8, "big"), field.encode()))
