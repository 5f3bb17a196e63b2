"""Proofs of what is owed: kept with the contract, downloaded by who sees it, attached by nobody who may not see the file."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from domain.kernel import Role
from tests.api.conftest import World, anyway, ok, refused
from tests.api.test_contracts import days, do, signed

AM, LEGAL, AUDITOR = Role.ACCOUNT_MANAGER, Role.LEGAL, Role.AUDITOR
REPORT = b"%PDF-1.7\nreport of the first quarter\n%%EOF\n"


async def owed(client: Any, contract: str) -> str:
    due = {"anchor": "date", "on": days(5)}
    await do(client, contract, "obligations", {"title": "Report", "by": "them", "due": due, "proof": "document"})
    (obligation,) = ok(await client.get(f"/v1/contracts/{contract}"))["item"]["obligations"]
    return str(obligation["id"])


def met(obligation: str, digest: str) -> dict[str, Any]:
    return {"obligation": obligation, "met_on": days(0), "proof": {"document": "report.pdf", "sha256": digest}}


async def test_a_proof_that_was_uploaded_is_downloaded_by_who_sees_the_contract(reading: World):
    id, digest = await signed(reading), sha256(REPORT).hexdigest()
    async with reading.client(AM) as am, reading.client(AUDITOR) as auditor, reading.client(Role.PROCUREMENT) as buyer:
        obligation = await owed(am, id)
        ok(await am.post("/v1/documents", params={"name": "report.pdf"}, content=REPORT), 201)
        refused(await auditor.get(f"/v1/documents/{digest}"), "NotFound", 404)
        await do(am, id, "obligations/meet", met(obligation, digest))
        assert (await auditor.get(f"/v1/documents/{digest}")).content == REPORT
        assert ok(await auditor.get(f"/v1/documents/{digest}/about"))["attached_to"] == [{"noun": "contract", "id": id}]
        refused(await buyer.get(f"/v1/documents/{digest}"), "NotFound", 404)


async def test_a_hash_alone_opens_nobody_elses_file_and_what_lies_elsewhere_is_kept_by_its_hash(reading: World):
    id, digest = await signed(reading), sha256(REPORT).hexdigest()
    async with reading.client(AM) as am, reading.client(LEGAL) as legal:
        obligation = await owed(am, id)
        ok(await legal.post("/v1/documents", params={"name": "secret.pdf"}, content=REPORT), 201)
        refused(await am.post(f"/v1/contracts/{id}/obligations/meet", json=met(obligation, digest), headers=anyway()), "NotFound", 404)
        await do(am, id, "obligations/meet", met(obligation, "ab" * 32))
        (held,) = ok(await am.get(f"/v1/contracts/{id}"))["item"]["obligations"]
        assert held["occurrences"][0]["status"] == "met"
        refused(await am.get(f"/v1/documents/{'ab' * 32}"), "NotFound", 404)
