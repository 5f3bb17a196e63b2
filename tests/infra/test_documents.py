"""Documents are kept sealed, by hash, in a table or in a bucket; uploads are judged by their bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from domain.documents import document_id
from domain.kernel import Invalid
from infra.database import Database, StoreUnavailable, Tenant
from infra.documents import DocumentGone, Documents, TableBlobs
from infra.documents.bucket import Bucket, BucketBlobs, signed
from infra.documents.kept import DocumentAltered
from infra.documents.sniffing import DocumentTypeUnsupported, DocumentUnpacksTooLarge, safe_name, sniffed
from infra.keys import Keys

PDF = b"%PDF-1.7\n the terms \n%%EOF"


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    opened = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    yield opened
    opened.close()


async def test_what_was_kept_comes_back_and_lies_sealed_in_the_table(database: Database, tenant: Tenant, keys: Keys):
    blobs = TableBlobs(database)
    documents = Documents(blobs, keys)
    name = await documents.put(tenant, PDF)
    assert name == sha256(PDF).hexdigest()
    assert await documents.put(tenant, PDF) == name
    assert await documents.get(tenant, name) == PDF
    sealed = await blobs.get(tenant, name)
    assert sealed is not None
    assert b"the terms" not in sealed
    assert await documents.get(tenant, "0" * 64) is None


async def test_a_document_altered_where_it_lies_is_not_given_out(database: Database, tenant: Tenant, keys: Keys):
    blobs = TableBlobs(database)
    documents = Documents(blobs, keys)
    name = await documents.put(tenant, PDF)
    sealed = await blobs.get(tenant, name)
    assert sealed is not None
    other = sha256(b"another").hexdigest()
    keys.obtain(tenant.slug, [document_id(other)])
    await blobs.put(tenant, other, sealed)
    with pytest.raises(DocumentAltered):
        await documents.get(tenant, other)


async def test_an_erased_document_stays_erased_even_when_it_comes_again(database: Database, tenant: Tenant, keys: Keys, tmp_path: Path):
    documents = Documents(TableBlobs(database), keys)
    name = await documents.put(tenant, PDF)
    keys.forget(tenant.slug, [document_id(name)], "C-1")
    again = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    with pytest.raises(DocumentGone):
        await Documents(TableBlobs(database), again).get(tenant, name)
    with pytest.raises(DocumentGone):
        await Documents(TableBlobs(database), again).put(tenant, PDF)
    again.close()


async def test_the_application_cannot_change_or_remove_kept_bytes(database: Database, tenant: Tenant, keys: Keys):
    await Documents(TableBlobs(database), keys).put(tenant, PDF)
    for statement in ("DELETE FROM documents", "UPDATE documents SET sealed = ''", "TRUNCATE documents"):
        with pytest.raises(Exception, match="permission denied"):
            async with database.tenant(tenant) as cursor:
                await cursor.execute(statement)


async def test_a_bucket_keeps_the_same_promises_as_the_table(bucket_url: str, tmp_path: Path, keys: Keys):
    blobs = BucketBlobs.at(bucket_url)
    documents, acme = Documents(blobs, keys), Tenant("acme")
    name = await documents.put(acme, PDF)
    assert await documents.get(acme, name) == PDF
    assert await documents.get(Tenant("other"), name) is None
    sealed = await blobs.get(acme, name)
    assert sealed is not None
    assert b"the terms" not in sealed
    await documents.close()


async def test_a_bucket_that_is_not_there_is_an_outage_and_not_an_absent_document(bucket_url: str, keys: Keys):
    for url in (bucket_url.replace("/papers", "/nowhere"), "s3://a:b@127.0.0.1:9/papers?tls=off"):
        documents = Documents(BucketBlobs.at(url), keys)
        with pytest.raises(StoreUnavailable, match="DOCUMENTS_URL"):
            await documents.put(Tenant("acme"), PDF)
        with pytest.raises(StoreUnavailable, match="DOCUMENTS_URL"):
            await documents.get(Tenant("acme"), "0" * 64)
        await documents.close()


def test_the_signature_is_the_one_of_the_published_example():
    # AWS, "Authenticating Requests: Using the Authorization Header", example GET Object
    bucket = Bucket(
        "https://examplebucket.s3.amazonaws.com", "b", "us-east-1", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )
    empty = sha256(b"").hexdigest()
    headers = signed(bucket, "GET", "/test.txt", {"Range": "bytes=0-9"}, empty, datetime(2013, 5, 24, tzinfo=UTC))
    assert headers["authorization"].endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


@given(st.binary(max_size=64), st.from_regex(r"[a-z0-9_]{1,20}", fullmatch=True), st.text(min_size=1, max_size=20))
def test_the_signature_agrees_with_the_makers_own_library(content: bytes, key: str, secret: str):
    bucket = Bucket("http://localhost:9000", "papers", "eu-central-1", "AKIDEXAMPLE", secret)
    payload, path, now = sha256(content).hexdigest(), f"/papers/acme/{key}", datetime.now(UTC)
    ours = signed(bucket, "PUT", path, {}, payload, now)
    request = AWSRequest("PUT", bucket.origin + path, data=content, headers={"X-Amz-Content-SHA256": payload})
    request.context["timestamp"] = ours["x-amz-date"]
    oracle = S3SigV4Auth(Credentials("AKIDEXAMPLE", secret), "s3", "eu-central-1")
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    signature = oracle.signature(oracle.string_to_sign(request, oracle.canonical_request(request)), request)
    assert ours["authorization"].endswith(f"Signature={signature}"), urlsplit(request.url).path


@pytest.mark.parametrize("url", ["http://x/y", "s3://host/bucket", "s3://a:b@host", "s3://a:b@host/one/two", "s3://a:b@host:x/one"])
def test_a_bucket_address_that_cannot_be_used_is_refused_without_repeating_it(url: str):
    with pytest.raises(ValueError, match=r"must look like s3://ACCESS_KEY:SECRET@") as refused:
        Bucket.parse(url)
    assert url not in str(refused.value)


def packed(files: dict[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return into.getvalue()


WORD = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (PDF, "a.exe", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "x", "image/png"),
        (b"\xff\xd8\xff\xe0", "x", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "x", "image/webp"),
        ("Größe;Preis\n1;2\n".encode(), "prices.csv", "text/csv"),
        (b"Dear all,", "letter.pdf", "text/plain"),
        (b'<?xml version="1.0"?><Invoice/>', "x.xml", "application/xml"),
        (packed(WORD), "x.zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (packed({"mimetype": b"application/vnd.oasis.opendocument.text"}), "x", "application/vnd.oasis.opendocument.text"),
    ],
)
def test_the_bytes_say_what_a_file_is(content: bytes, name: str, media_type: str):
    assert sniffed(content, name) == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00",
        b"\x7fELF",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b'<?xml version="1.0"?><svg onload="x()"/>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        packed({"run.exe": b"MZ"}),
        packed({**WORD, "word/vbaProject.bin": b"x"}),
        b"\xff\xfe\x00",
    ],
)
def test_what_could_run_is_not_taken(content: bytes):
    with pytest.raises(DocumentTypeUnsupported) as refused:
        sniffed(content, "innocent.pdf")
    assert "pdf" in refused.value.data["types"]


def test_a_file_that_unpacks_to_far_more_than_it_seems_is_refused():
    with pytest.raises(DocumentUnpacksTooLarge):
        sniffed(packed({**WORD, "word/media/a.bin": b"\0" * (30 << 20)}), "bomb.docx")


def test_a_file_that_lies_about_its_unpacked_size_is_refused():
    honest = packed({**WORD, "word/media/a.bin": b"\0" * (30 << 20)})
    size = (30 << 20).to_bytes(4, "little")
    assert honest.count(size) >= 2
    with pytest.raises(Invalid):
        sniffed(honest.replace(size, (100).to_bytes(4, "little")), "liar.docx")


def test_an_empty_or_damaged_file_is_told_as_such():
    with pytest.raises(Invalid, match="empty"):
        sniffed(b"", "a.pdf")
    with pytest.raises(Invalid, match="damaged"):
        sniffed(packed(WORD)[:-30], "a.docx")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\offer.pdf", "offer.pdf"),
        ("invoice.pdf.exe", "invoice.pdf.exe.pdf"),
        ("CON\x00\n\u202efdp.exe", "CONfdp.exe.pdf"),
        ('a"b<c>.PDF', "a_b_c_.PDF"),
        ("...", "document.pdf"),
        ("Ангебот Ελλάδα Größe.pdf", "Ангебот Ελλάδα Größe.pdf"),
    ],
)
def test_names_are_made_safe(name: str, safe: str):
    assert safe_name(name, "application/pdf") == safe


@given(st.text(max_size=300))
def test_a_safe_name_is_one_plain_component_and_stays_as_it_is(name: str):
    safe = safe_name(name, "application/pdf")
    assert not re.search(r'[<>:"|?*\\/\x00-\x1f\x7f\u202a-\u202e]', safe)
    assert safe.lower().endswith(".pdf")
    assert 5 <= len(safe) <= 160
    assert safe_name(safe, "application/pdf") == safe
