"""Where backups lie: a folder, or an S3-compatible bucket. Files have plain names with slashes and are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

import httpx2

from infra.backup.refusals import BackupDamaged, BackupPlaceUnusable
from infra.documents.bucket import Bucket, signed

_S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_DRAFT = re.compile(r"(^|/)\.draft-")


class Shelf(Protocol):
    """Each method raises BackupPlaceUnusable where the place cannot be reached or written."""

    place: str
    """Where it is, without secrets."""

    def put(self, name: str, content: bytes) -> None:
        """Keep it durably, in place of what had this name."""

    def get(self, name: str) -> bytes:
        """What has this name. Raises BackupDamaged where there is nothing."""

    def sizes(self, prefix: str) -> dict[str, int]:
        """The names that begin so, with their sizes in bytes, in order."""

    def remove(self, name: str) -> None:
        """Quiet where there is nothing."""

    def close(self) -> None:
        """Let go of connections."""


def shelf_at(place: str) -> Shelf:
    """The shelf that CONCORD_BACKUP_TO or --to names: a path, or `s3://KEY:SECRET@host/bucket?region=…`. Raises ValueError."""
    return BucketShelf(Bucket.parse(place)) if place.startswith("s3://") else FolderShelf(Path(place).expanduser().absolute())


class FolderShelf:
    """A folder of this machine, such as the mount of another one. Only its owner may look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)

    def put(self, name: str, content: bytes) -> None:
        target = self.folder / name
        draft = target.with_name(f".draft-{os.getpid()}-{target.name}")
        try:
            self._make(target.parent)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
            _sync(target.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise _unusable(self.place, error) from error

    def get(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise BackupDamaged(f"{self.folder / name} is missing.", file=name) from None
        except OSError as error:
            raise _unusable(self.place, error) from error

    def sizes(self, prefix: str) -> dict[str, int]:
        start = self.folder / prefix.rpartition("/")[0]
        try:
            found = {
                name: path.stat().st_size
                for path in start.rglob("*")
                if path.is_file() and (name := path.relative_to(self.folder).as_posix()).startswith(prefix) and not _DRAFT.search(name)
            }
        except OSError as error:
            raise _unusable(self.place, error) from error
        return dict(sorted(found.items()))

    def remove(self, name: str) -> None:
        path = self.folder / name
        try:
            path.unlink(missing_ok=True)
            if path.parent != self.folder and not any(path.parent.iterdir()):
                path.parent.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unusable(self.place, error) from error

    def close(self) -> None:
        """Nothing is held."""

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if folder != self.folder:
            self._make(folder.parent)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sync(folder.parent)


class BucketShelf:
    """Objects of one bucket, which must exist."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._client = httpx2.Client(timeout=httpx2.Timeout(120, connect=10), follow_redirects=False)
        self.place = f"s3://{urlsplit(bucket.origin).netloc}/{bucket.name}"

    def put(self, name: str, content: bytes) -> None:
        self._send("PUT", name, content=content)

    def get(self, name: str) -> bytes:
        response = self._send("GET", name, missing=True)
        if response.status_code == 404:
            raise BackupDamaged(f"{self.place}/{name} is missing.", file=name)
        return response.content

    def sizes(self, prefix: str) -> dict[str, int]:
        found: dict[str, int] = {}
        more: dict[str, str] = {}
        while True:
            query = {**more, "list-type": "2", "prefix": prefix}
            listing = ET.fromstring(self._send("GET", "", query=query).content)  # noqa: S314  from the store that we write to ourselves
            for entry in listing.iter(f"{_S3}Contents"):
                found[str(entry.findtext(f"{_S3}Key"))] = int(entry.findtext(f"{_S3}Size") or 0)
            following = listing.findtext(f"{_S3}NextContinuationToken")
            if not following:
                return dict(sorted(found.items()))
            more = {"continuation-token": following}

    def remove(self, name: str) -> None:
        self._send("DELETE", name, missing=True)

    def close(self) -> None:
        self._client.close()

    def _send(
        self, method: str, name: str, *, content: bytes = b"", query: dict[str, str] | None = None, missing: bool = False
    ) -> httpx2.Response:
        path = quote(f"/{self._bucket.name}/{name}".rstrip("/"))
        asked = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in sorted((query or {}).items()))
        headers = signed(self._bucket, method, path, {}, hashlib.sha256(content).hexdigest(), datetime.now(UTC), asked)
        address = f"{self._bucket.origin}{path}" + (f"?{asked}" if asked else "")
        try:
            response = self._client.request(method, address, headers=headers, content=content or None)
        except httpx2.HTTPError as error:
            raise BackupPlaceUnusable(f"{self.place} does not answer ({type(error).__name__}); try again in a moment.") from error
        fine = response.status_code in {200, 201, 204} or (
            missing and response.status_code == 404 and b"NoSuchBucket" not in response.content
        )
        if not fine:
            raise BackupPlaceUnusable(f"{self.place} answered {response.status_code}; check the bucket's name, keys and rights.")
        return response


def _unusable(place: str, error: OSError) -> BackupPlaceUnusable:
    return BackupPlaceUnusable(f"{place} cannot be used for backups ({error.strerror}); check that it is there, writable and not full.")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
