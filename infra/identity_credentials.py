"""What identity hands out and how it says no: credentials, what is kept of a key, and names as they are compared."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.kernel import Refused
from infra.database import Tenant


class NotSignedIn(Refused):
    """There is no valid session or key: the same answer for a wrong one, an expired one and a revoked one."""

    status: ClassVar[int] = 401

    def __init__(self, detail: str = "Sign in, or send a valid API key as `Authorization: Bearer <key>`.", **data: Any) -> None:
        super().__init__(detail, **data)


class SignInFailed(Refused):
    """The name or the password is wrong; which of them is not told."""

    status: ClassVar[int] = 401


class NameTaken(Refused):
    """Somebody signs in with this name already."""


class NoTenantChosen(Refused):
    """The person belongs to several tenants and has not picked one in this session."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A verified session or key: who calls, and as which member of which tenant."""

    principal: UUID
    tenant: Tenant | None
    member: UUID | None
    expires_at: datetime
    key: UUID | None = None
    """The API key's id; None for a browser session."""
    read_only: bool = False
    token: bytes = b""
    """The hash by which it was found."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key after it was shown once."""

    id: UUID
    label: str
    tenant: str
    read_only: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def normalised_name(name: str) -> str:
    """A sign-in name as it is compared: NFKC, case-folded, no outer spaces."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def hashed(token: str) -> bytes:
    """SHA-256: tokens are 256 random bits, so that nothing slower is needed."""
    return hashlib.sha256(token.encode()).digest()
