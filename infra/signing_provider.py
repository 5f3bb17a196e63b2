"""Providers of electronic signatures outside: what is asked of any of them, and one that works by files in a folder.

A provider gets the paper and who is to sign, and later says who has. Concord asks it again from time to time, so that nothing is
lost where it was away; whatever it says twice counts once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from domain.papers import Signatory
from domain.values import Name, Prose


class ProviderUnavailable(Exception):  # noqa: N818  names the state
    """The provider cannot be reached; ask again later."""


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A paper with those who are to sign it, by id."""

    tenant: str
    paper: UUID
    number: str
    title: str
    document: str
    """SHA-256 of the file."""
    signatories: Mapping[UUID, Signatory]
    expires_at: datetime


class Answer(BaseModel):
    """What a provider says of one signatory. `document`: SHA-256 of what was shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    signatory: UUID
    action: Literal["signed", "declined"]
    document: str
    typed_name: Name | None = None
    reason: Prose | None = None


class SigningProvider(Protocol):
    """An adapter to a provider. Both calls block, so call them from a thread. Raise ProviderUnavailable."""

    name: str

    def offer(self, request: SigningRequest, file: bytes) -> None:
        """Hand the paper over; quiet where the provider has it."""

    def answers(self, request: SigningRequest) -> Sequence[Answer]:
        """All that it has to say of this paper so far."""


class FolderProvider:
    """A provider at arm's length: requests go into `outbox/<tenant>/<paper>/`, answers are read from `inbox/<tenant>/<paper>/*.json`.

    Whatever program or person works through the folder is the provider.
    """

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def offer(self, request: SigningRequest, file: bytes) -> None:
        place = self._folder / "outbox" / request.tenant / str(request.paper)
        told = {
            "paper": str(request.paper),
            "number": request.number,
            "title": request.title,
            "document": request.document,
            "expires_at": request.expires_at.isoformat(),
            "signatories": [
                {"id": str(id), "name": one.name, "email": one.email, "party": one.party} for id, one in request.signatories.items()
            ],
        }
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(place / "paper.pdf", file)
            # last, so that whoever sees it finds the file beside it
            _write(place / "request.json", json.dumps(told, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise ProviderUnavailable(f"{place} cannot be written: {error.strerror}") from error

    def answers(self, request: SigningRequest) -> Sequence[Answer]:
        place = self._folder / "inbox" / request.tenant / str(request.paper)
        found: list[Answer] = []
        try:
            for file in sorted(place.glob("*.json")) if place.is_dir() else ():
                try:
                    found.append(_ANSWER.validate_json(file.read_bytes()))
                except ValidationError:
                    file.rename(file.with_suffix(".unreadable"))
        except OSError as error:
            raise ProviderUnavailable(f"{place} cannot be read: {error.strerror}") from error
        return found


_ANSWER = TypeAdapter(Answer)


def _write(file: Path, content: bytes) -> None:
    staged = file.with_suffix(".part")
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
    staged.replace(file)
