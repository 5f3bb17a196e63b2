"""Contracts and their papers at the command line: who is asked, the paper printed, the proof kept, a certificate of one's own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.conftest import Concord
from tests.infra.test_papers_importing import certificate, packed, usage

TODAY = datetime.now(UTC).date()


def day(count: int) -> str:
    return (TODAY + timedelta(days=count)).isoformat()


def test_a_contract_waits_for_whom_the_policy_names_and_its_paper_is_sent_only_then(concord: Concord, acme: str, tmp_path: Path):
    concord("user", "add", "lena@example.org", "--name", "Lena Law", "--role", "legal")
    terms = ("--start", day(0), "--end", day(364), "--value", "9000 EUR", "--renews", "fixed")
    concord("contracts", "create", "Asked about", "--with", acme, "--side", "sell", *terms)
    concord("contracts", "submit", "Asked about")
    # the worker asks whom the policy names
    looked = (
        ("contracts", "show", "Asked about"),
        ("approvals", "list"),
        ("approvals", "list", "--status", "approved"),
        ("workflows", "status"),
    )
    deadline = time.monotonic() + 240
    while (
        "Lena Law" not in concord("contracts", "show", "Asked about").out or "Asked about" not in concord("approvals", "list", "--json").out
    ):
        assert time.monotonic() < deadline, "\n".join(concord(*words).out for words in looked)
        time.sleep(0.5)
    assert "legal" in concord("approvals", "show", "Asked about").out
    assert "somebody else" in concord("approvals", "approve", "Asked about", code=4).err
    prepared = concord("papers", "prepare", "Asked about", "--template", "contract", "--json").json
    number = concord("papers", "show", prepared["id"], "--json").json["item"]["number"]
    file = tmp_path / "contract.pdf"
    concord("papers", "download", number, "--to", str(file))
    assert file.read_bytes().startswith(b"%PDF")
    assert "No such amendment" in concord("papers", "prepare", "Asked about", "--template", "amendment", code=3).err
    assert "has signed" in concord("contracts", "sign", "Asked about", "--paper", number, code=4).err
    assert "is draft" in " ".join(concord("contracts", "return", "Asked about", "--reason", "Not yet").out.split()).replace(": ", " is ")


def test_a_proof_is_kept_with_its_contract(concord: Concord, acme: str, tmp_path: Path):
    paper, report = tmp_path / "signed.pdf", tmp_path / "report.txt"
    paper.write_bytes(b"signed by both")
    report.write_text("All is well.")
    terms = ("--start", day(-30), "--end", day(300), "--value", "12000 EUR", "--renews", "fixed")
    concord("contracts", "register", "Proven", "--with", acme, "--side", "sell", *terms, "--signed-on", day(-30), "--paper", str(paper))
    concord("contracts", "owe", "Proven", "Report", "--by", "them", "--on", day(3), "--proven-by", "document")
    assert "was met" in concord("contracts", "meet", "Proven", "Report", str(report)).out
    digest = sha256(report.read_bytes()).hexdigest()
    assert "contract" in concord("documents", "show", digest).out


def test_a_certificate_of_ones_own_takes_the_place_of_the_seal(concord: Concord, tmp_path: Path):
    key = ec.generate_private_key(ec.SECP256R1())
    own = certificate(key, "Acme Seal", (key, "Acme Seal"), usage(digital_signature=True))
    old = certificate(key, "Acme Seal", (key, "Acme Seal"), usage(digital_signature=True), days=(-9, -2))
    for name, made in (("own", own), ("old", old)):
        (tmp_path / f"{name}.p12").write_bytes(packed(key, made))
    concord("tenant", "create", "sealed")
    imported = ("papers", "authority", "--tenant", "sealed", "--import")
    word = {"CONCORD_P12_PASSWORD": "open sesame"}
    refused = concord.apart(*imported, str(tmp_path / "old.p12"), **word)
    assert (refused.code, "expired on" in refused.err) == (4, True)
    done = concord.apart(*imported, str(tmp_path / "own.p12"), "--json", **word)
    assert done.json["holder"] == "Acme Seal"
