"""What states a log's root outside of the database: a backup's manifest, and the checkpoints that were published."""

from __future__ import annotations

from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from infra.database import Tenant
from infra.settings import Settings

MOST = 100
"""Published checkpoints that a restored log is compared with, the newest."""


class Witness(NamedTuple):
    """A root at a size of the log, in hexadecimal digits, and who states it."""

    size: int
    root: str
    source: str


def published(settings: Settings, tenant: Tenant) -> list[Witness]:
    """The newest checkpoints of the tenant that lie in the folder of proofs, by size. See docs/proofs.md."""
    found = []
    for file in (folder_of(settings, tenant.slug) / "checkpoints").rglob("*"):
        with suppress(OSError, ValueError, IndexError):
            _, size, root, *_ = file.read_text(encoding="utf-8").splitlines()
            found.append(Witness(int(size), b64decode(root, validate=True).hex(), "the published checkpoint"))
    return sorted(found)[-MOST:]


def folder_of(settings: Settings, slug: str) -> Path:
    """Where the tenant's checkpoints and tiles are published."""
    return settings.proofs_folder / slug
