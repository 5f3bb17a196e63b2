"""Uploads and downloads: inert, bounded, and seen by those only who see what they belong to."""

from __future__ import annotations

from hashlib import sha256

import pytest

import api.documents
from domain.kernel import Role
from tests.api.conftest import World, anyway, ok, refused

PDF = b"%PDF-1.7\n who may read this \n%%EOF"
HASH = sha256(PDF).hexdigest()
AM, SC, AUDITOR = Role.ACCOUNT_MANAGER, Role.SALES_CHIEF, Role.AUDITOR


async def upload(world: World, role: Role = AM, content: bytes = PDF, name: str = "offer.pdf"):
    async with world.client(role) as client:
        return await client.post("/v1/documents", params={"name": name}, content=content)


async def download(world: World, role: Role, place=None):
    async with world.client(role, place) as client:
        return await client.get(f"/v1/documents/{HASH}")


async def test_an_upload_is_known_by_its_hash_and_sending_it_twice_keeps_it_once(world: World):
    first = await upload(world)
    told = ok(first, 201)
    assert (told["sha256"], told["media_type"], told["size"]) == (HASH, "application/pdf", len(PDF))
    assert first.headers["location"] == f"/v1/documents/{HASH}"
    before = await world.events()
    assert ok(await upload(world), 201) == {**told, "position": None}
    assert await world.events() == before


async def test_a_download_is_a_file_to_save_and_nothing_else(world: World):
    ok(await upload(world, name="Ангебот\r\nSet-Cookie: x.pdf"), 201)
    response = await download(world, AM)
    assert response.content == PDF
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-disposition"].startswith('attachment; filename="')
    assert "%D0%90" in response.headers["content-disposition"]
    assert "set-cookie" not in response.headers
    assert "sandbox" in response.headers["content-security-policy"]


async def test_nobody_else_sees_an_upload_until_it_belongs_to_something_they_see(world: World):
    ok(await upload(world), 201)
    for role in (SC, AUDITOR, Role.PROCUREMENT):
        refused(await download(world, role), "NotFound", 404)
    refused(await download(world, AM, world.other), "NotFound", 404)
    proof = {"criterion": "proposal_received", "document": "the offer", "sha256": HASH}
    async with world.client(AM) as client:
        ok(await client.post(f"/v1/deals/{world.acme.deal}/evidence", json={"evidence": proof}, headers=anyway()))
    for role in (SC, AUDITOR, AM):
        assert (await download(world, role)).content == PDF
    refused(await download(world, Role.PROCUREMENT), "NotFound", 404)
    refused(await download(world, SC, world.other), "NotFound", 404)
    async with world.client(SC) as client:
        about = ok(await client.get(f"/v1/documents/{HASH}/about"))
    assert about["attached_to"] == [{"noun": "deal", "id": str(world.acme.deal)}]


async def test_files_of_other_kinds_and_sizes_are_refused_by_name(world: World, monkeypatch: pytest.MonkeyPatch):
    before = await world.events()
    refused(await upload(world, content=b"<html><script>1</script>"), "DocumentTypeUnsupported", 415)
    refused(await upload(world, content=b""), "Invalid", 422)
    monkeypatch.setattr(api.documents, "LIMIT", 100)
    refused(await upload(world, content=PDF + b"x" * 100), "DocumentTooLarge", 413)
    assert await world.events() == before
