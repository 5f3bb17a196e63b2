"""Timestamps on checkpoints (RFC 3161): an authority outside confirms since when the log has been as it is.

One a day is enough: it binds everything before. `TIMESTAMP_URL` names the authority; without it nothing is asked. Replies lie beside
the checkpoints, as `<tenant>/timestamps/<size>.tsr`, each over the bytes of `<size>.txt`, which is the checkpoint as it was stamped;
`openssl ts -verify` reads them, too. An authority that does not answer delays nothing: it is asked again, and `concord doctor` tells.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from asn1crypto import tsp
from cryptography import x509

from infra.proofs import durable
from infra.proofs.published import Published
from infra.proofs.verify_bundle import Stamp, Unreadable, Wrong, verify_timestamp
from infra.settings import Settings

ASK_AGAIN = timedelta(minutes=10)
"""How long after a failure nobody asks."""
_SECONDS = 15.0
_LOOK = 60.0
"""Seconds between looks at what is to be stamped."""
_OLD = timedelta(days=2)
_LONGEST = 1 << 16
"""Bytes of a reply, with the certificates in it."""
_log = logging.getLogger("concord.proofs")
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class NotStamped(Exception):  # noqa: N818  names the state; the message says why
    """The authority gave no timestamp that holds."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom to ask. `roots`: certificates that its own has to lead to (none: not judged); `policy`: the one asked for, in dotted form."""

    url: str = field(repr=False)
    roots: tuple[x509.Certificate, ...] = ()
    policy: str | None = None

    @property
    def host(self) -> str:
        """What may be told of the address, which may hold a password."""
        return urlsplit(self.url).hostname or ""


def authority_of(settings: Settings) -> Authority | None:
    """The authority that TIMESTAMP_URL, TIMESTAMP_CA and TIMESTAMP_POLICY name; None: nobody is asked."""
    if settings.timestamp_url is None:
        return None
    roots = () if settings.timestamp_ca is None else tuple(x509.load_pem_x509_certificates(settings.timestamp_ca.read_bytes()))
    return Authority(settings.timestamp_url, roots, settings.timestamp_policy)


async def ask(authority: Authority, message: bytes) -> bytes:
    """The authority's reply over `message`, verified as whoever audits will verify it. Raises NotStamped."""
    nonce = secrets.randbits(63) | 1 << 62
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": sha256(message).digest()},
            "nonce": nonce,
            "cert_req": True,
            **({} if authority.policy is None else {"req_policy": authority.policy}),
        }
    )
    try:
        # what a redirect names was chosen by somebody else
        async with (
            httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client,
            client.stream("POST", authority.url, content=request.dump(), headers={"Content-Type": _QUERY, "Accept": _REPLY}) as response,
        ):
            if response.status_code != 200:
                raise NotStamped(f"{authority.host} answered {response.status_code}: check TIMESTAMP_URL.")
            reply = await _bounded(response.aiter_bytes())
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise NotStamped(f"{authority.host} does not answer ({type(error).__name__}): check TIMESTAMP_URL and the network.") from error
    try:
        stamp = verify_timestamp(reply, message, authority.roots)
    except (Wrong, Unreadable) as error:
        raise NotStamped(f"{authority.host} gave a timestamp that does not hold: {error}") from error
    if stamp.nonce != nonce:
        raise NotStamped(f"{authority.host} gave a timestamp for another request than ours.")
    if authority.policy not in {None, stamp.policy}:
        raise NotStamped(f"{authority.host} stamps by the policy {stamp.policy}, and TIMESTAMP_POLICY asks for {authority.policy}.")
    return reply


async def _bounded(pieces: AsyncIterator[bytes]) -> bytes:
    content = b""
    async for piece in pieces:
        content += piece
        if len(content) > _LONGEST:
            raise NotStamped(f"The timestamp authority answered with more than {_LONGEST} bytes, which is no timestamp.")
    return content


@dataclass(frozen=True, slots=True)
class Stamped:
    """A checkpoint with the authority's reply over its note."""

    size: int
    note: bytes
    reply: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no timestamp, and since when."""

    at: datetime
    why: str


class Timestamps:
    """Those of one tenant, below its folder of proofs."""

    def __init__(self, tenant_folder: Path) -> None:
        self._folder = tenant_folder / "timestamps"
        self._failed = self._folder / "failed.json"

    def sizes(self) -> list[int]:
        """Of which checkpoints there are timestamps, ascending."""
        return sorted(int(file.stem) for file in self._folder.glob("*.tsr") if file.stem.isdecimal())

    def stamped(self, size: int) -> Stamped:
        """The checkpoint as it was stamped, with the reply. Raises FileNotFoundError."""
        return Stamped(size, (self._folder / f"{size}.txt").read_bytes(), (self._folder / f"{size}.tsr").read_bytes())

    def keep(self, stamped: Stamped) -> None:
        """Keep what was verified, durably; what failed before is forgotten."""
        durable.replace(self._folder / f"{stamped.size}.txt", stamped.note)
        durable.replace(self._folder / f"{stamped.size}.tsr", stamped.reply)
        self._failed.unlink(missing_ok=True)

    def last(self) -> Stamp | None:
        """What the latest says, if it holds; whose word it is is not judged here."""
        try:
            found = self.stamped(self.sizes()[-1])
            return verify_timestamp(found.reply, found.note)
        except (IndexError, OSError, Wrong, Unreadable):
            return None

    @property
    def failure(self) -> Failure | None:
        """Why there was no timestamp when an authority was asked last; None: it gave one, or was never asked."""
        try:
            told = json.loads(self._failed.read_bytes())
            return Failure(datetime.fromisoformat(told["at"]), str(told["why"]))
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def fail(self, failure: Failure) -> None:
        """Note that there is none."""
        durable.replace(self._failed, json.dumps({"at": failure.at.isoformat(), "why": failure.why}).encode())


async def stamp_day(published: Published, authority: Authority, now: datetime) -> int | None:
    """Have the last checkpoint stamped, if nothing was on this day (UTC); of which size it is, None if there was nothing to do.

    Quiet for a while after a failure. Raises NotStamped, which is noted, too.
    """
    stamps, note = Timestamps(published.folder), published.checkpoint()
    if note is None or ((failure := stamps.failure) is not None and failure.at <= now < failure.at + ASK_AGAIN):
        return None
    size, last = int(note.split("\n", 2)[1]), stamps.last()
    if size == 0 or (last is not None and (last.at.date() >= now.date() or size in stamps.sizes())):
        return None
    try:
        reply = await ask(authority, note.encode())
    except NotStamped as error:
        stamps.fail(Failure(now, str(error)))
        raise
    stamps.keep(Stamped(size, note.encode(), reply))
    return size


async def keep_stamped(folder: Path, authority: Authority) -> None:
    """Have every tenant's checkpoint below `folder` stamped each day, until cancelled. A failure is told, and tried again."""
    while True:
        for tenant in _tenants(folder):
            try:
                await stamp_day(Published(tenant), authority, datetime.now(UTC))
            except (NotStamped, OSError) as error:
                _log.warning("tenant %s: no timestamp today, trying again: %s", tenant.name, error)
        await asyncio.sleep(_LOOK)


def troubles(folder: Path, now: datetime) -> Iterator[str]:
    """Of which tenants the checkpoints are not stamped as they should be, and why."""
    for tenant in _tenants(folder):
        stamps = Timestamps(tenant)
        if (failure := stamps.failure) is not None:
            yield f"{tenant.name}: {failure.why}"
        elif (last := stamps.last()) is not None and last.at < now - _OLD and _size(Published(tenant)) > stamps.sizes()[-1]:
            yield f"{tenant.name}: none since {last.at:%Y-%m-%d}, although the log grew"


def _tenants(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _size(published: Published) -> int:
    note = published.checkpoint()
    return 0 if note is None else int(note.split("\n", 2)[1])
