"""Sealed bytes in an S3-compatible bucket: plain HTTP requests, signed by AWS Signature Version 4.

DOCUMENTS_URL names it: `s3://ACCESS_KEY:SECRET@host/bucket?region=eu-central-1`, with `&tls=off` for a server beside us.
Objects are addressed by path (`/bucket/tenant/sha256`), which every compatible server understands.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx2

from infra.database import StoreUnavailable, Tenant

_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the bucket is and who we are there."""

    origin: str
    name: str
    region: str
    access_key: str = field(repr=False)
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read DOCUMENTS_URL. Raises ValueError, which never repeats the secret."""
        shape = "must look like s3://ACCESS_KEY:SECRET@host:port/bucket?region=eu-central-1 (with &tls=off for plain HTTP)."
        try:
            parts = urlsplit(url)
            host, bucket = parts.netloc.rpartition("@")[2], parts.path.strip("/")
            port_is_wrong = parts.port == 0
        except ValueError:
            raise ValueError(shape) from None
        if (
            parts.scheme != "s3"
            or not (parts.username and parts.password and parts.hostname)
            or not bucket
            or "/" in bucket
            or port_is_wrong
        ):
            raise ValueError(shape)
        more = parse_qs(parts.query)
        scheme = "http" if more.get("tls", ["on"])[0] == "off" else "https"
        region = more.get("region", ["us-east-1"])[0]
        return cls(f"{scheme}://{host}", bucket, region, unquote(parts.username), unquote(parts.password))


def signed(
    bucket: Bucket, method: str, path: str, headers: Mapping[str, str], payload_sha256: str, now: datetime, query: str = ""
) -> dict[str, str]:
    """`headers` with date, payload hash and Authorization. `path`, `query`: percent-encoded already, the query's names in order.

    Source: AWS, "Create a signed AWS API request" (Signature Version 4, single chunk).
    """
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    all_headers = {
        **{name.lower(): value for name, value in headers.items()},
        "host": urlsplit(bucket.origin).netloc,
        "x-amz-content-sha256": payload_sha256,
        "x-amz-date": stamp,
    }
    names = ";".join(sorted(all_headers))
    canonical = "\n".join(
        (method, path, query, *(f"{name}:{all_headers[name].strip()}" for name in sorted(all_headers)), "", names, payload_sha256)
    )
    scope = f"{stamp[:8]}/{bucket.region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{bucket.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"AWS4-HMAC-SHA256 Credential={bucket.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**all_headers, "authorization": credential}


class BucketBlobs:
    """Objects of one bucket, which must exist."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._client = httpx2.AsyncClient(timeout=httpx2.Timeout(30, connect=5), follow_redirects=False)

    @classmethod
    def at(cls, url: str) -> Self:
        """The bucket that DOCUMENTS_URL names. Raises ValueError."""
        return cls(Bucket.parse(url))

    async def put(self, tenant: Tenant, sha256: str, sealed: bytes) -> None:
        response = await self._send("PUT", tenant, sha256, sealed)
        if response.status_code not in {200, 201, 204}:
            raise _unusable(response)

    async def get(self, tenant: Tenant, sha256: str) -> bytes | None:
        response = await self._send("GET", tenant, sha256)
        if response.status_code == 404 and b"NoSuchBucket" not in response.content:
            return None
        if response.status_code != 200:
            raise _unusable(response)
        return response.content

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, method: str, tenant: Tenant, sha256: str, content: bytes = b"") -> httpx2.Response:
        path = quote(f"/{self._bucket.name}/{tenant.slug}/{sha256}")
        payload = hashlib.sha256(content).hexdigest() if content else _EMPTY
        headers = signed(self._bucket, method, path, {}, payload, datetime.now(UTC))
        try:
            return await self._client.request(method, self._bucket.origin + path, headers=headers, content=content or None)
        except httpx2.HTTPError as error:
            raise StoreUnavailable("the bucket of DOCUMENTS_URL does not answer; try again in a moment") from error


def _unusable(response: httpx2.Response) -> StoreUnavailable:
    return StoreUnavailable(f"the bucket of DOCUMENTS_URL answered {response.status_code}; check its name, keys and rights")
