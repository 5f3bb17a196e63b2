"""What a request needs of the process, put together once by the composition root."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from api.import_spool import Spool
from api.limits import Buckets, Rates
from infra.access_log import AccessLog
from infra.access_members import Directory
from infra.database import Database
from infra.documents import Documents
from infra.event_store import Store
from infra.identity import Identity
from infra.keys import Keys
from infra.papers.press import Press
from infra.papers.sealer import Sealer
from infra.proofs.keeping import PrivateKeys
from infra.signing_links import SigningLinks
from projections.reading import Reader


@dataclass(slots=True)
class Doors:
    """One per process."""

    database: Database
    store: Store
    identity: Identity
    directory: Directory
    access_log: AccessLog
    reader: Reader
    spool: Spool
    documents: Documents
    keys: Keys
    press: Press
    sealer: Sealer
    signing_links: SigningLinks
    public_url: str
    proof_keys: PrivateKeys
    proofs_folder: Path
    rates: Rates = field(default_factory=Rates)
    buckets: Buckets = field(default_factory=Buckets)
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))
    """How many uploads are taken at once: each is held in memory until it is kept."""
    exports: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """How many bundles of evidence are made at once: each takes a processor for a while."""
