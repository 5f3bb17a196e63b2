"""The offline verifier decides published vectors as their authors do, of trees and of timestamps, on Python 3.9 and without Concord."""

from __future__ import annotations

import ast
import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from infra.proofs import verify_bundle
from infra.proofs.verify_bundle import Unreadable, Wrong, verify_consistency, verify_inclusion, verify_timestamp

OURS = Path(__file__).parent / "merkle_vectors.json"
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "vectors"
TREES, STAMPS = PUBLISHED / "rfc6962-merkle" / "testdata", PUBLISHED / "rfc3161" / "test" / "fixtures"
needs_vectors = pytest.mark.skipif(not PUBLISHED.exists(), reason="the published vectors are not beside this checkout")


def _decided(case: dict) -> bool:
    def raw(name: str) -> bytes:
        return base64.b64decode(case[name] or "")

    proof = [base64.b64decode(one) for one in case["proof"] or ()]
    if "leafIdx" in case:
        return verify_inclusion(case["leafIdx"], case["treeSize"], raw("leafHash"), proof, raw("root"))
    return verify_consistency(case["size1"], case["size2"], raw("root1"), raw("root2"), proof)


def test_our_own_vectors_of_trees_are_decided_correctly():
    cases = [case for kind in json.loads(OURS.read_text()).values() for case in kind]
    assert {case["wantErr"] for case in cases} == {True, False}
    assert [case for case in cases if _decided(case) is case["wantErr"]] == []


@needs_vectors
def test_published_vectors_of_trees_are_decided_correctly():
    cases = {file: json.loads(file.read_text()) for file in TREES.rglob("*.json")}
    assert len(cases) == 196
    assert [str(file) for file, case in cases.items() if _decided(case) is case["wantErr"]] == []


def _chain(folder: str) -> list[x509.Certificate]:
    raw = (STAMPS / folder / "ts_chain.pem").read_bytes()
    return x509.load_pem_x509_certificates(raw) if raw.startswith(b"-----") else [x509.load_der_x509_certificate(raw)]


@needs_vectors
@pytest.mark.parametrize(
    ("file", "given", "signer"),
    [
        ("test_tsa/response.tsr", slice(None), "CN=Test TSA Timestamping,O=local"),
        ("sigstage/response-sha256.tsr", slice(None), "CN=sigstore-tsa,O=sigstore.dev"),
        ("sigstage/response-sha384.tsr", slice(-1, None), "CN=sigstore-tsa,O=sigstore.dev"),
        ("sigstage/response-sha512.tsr", slice(-1, None), "CN=sigstore-tsa,O=sigstore.dev"),
        ("sigstage/response-no-embedded-cert.tsr", slice(None), "CN=sigstore-tsa,O=sigstore.dev"),
        ("identrust/issue-104.tsr", slice(None), "CN=TrustID Timestamp Authority,O=IdenTrust,C=US"),
        # valid when it signed, expired since
        ("sigstore.mock/response-expired.tsr", slice(None), "O=sigstore.mock,CN=tsa signing"),
        # a certificate of the name CN=Spoofed TSA was put beside the one that signed
        ("test_tsa/response-injected-certs.tsr", slice(None), "CN=Test TSA Timestamping,O=local"),
    ],
)
def test_a_published_timestamp_that_is_good_is_accepted_and_names_who_signed(file: str, given: slice, signer: str):
    payload = STAMPS / Path(file).parent / "payload"
    message = payload.read_bytes() if payload.exists() else b"hello"
    stamp = verify_timestamp((STAMPS / file).read_bytes(), message, _chain(file.partition("/")[0])[given])
    assert (stamp.signer, stamp.trusted) == (signer, True)


@needs_vectors
@pytest.mark.parametrize(
    ("file", "chain", "given", "said"),
    [
        ("sigstage/response-invalid-signature.tsr", "sigstage", slice(None), "does not hold"),
        ("sigstage/response-no-embedded-cert.tsr", "sigstage", slice(-1, None), "neither in it nor given"),
        ("sigstore.mock/response-expired.tsr", "sigstore.mock", slice(-1, None), "neither in it nor given"),
        ("test_tsa/response.tsr", "test_tsa", slice(-1, None), "does not lead"),
        ("test_tsa/other_response.tsr", "test_tsa", slice(None), "does not lead"),
        ("sigstage/response-sha256.tsr", "test_tsa", slice(None), "does not lead"),
    ],
)
def test_a_published_timestamp_that_is_not_good_is_refused_with_the_reason(file: str, chain: str, given: slice, said: str):
    payload = STAMPS / Path(file).parent / "payload"
    message = payload.read_bytes() if payload.exists() else b"hello"
    with pytest.raises(Wrong, match=said):
        verify_timestamp((STAMPS / file).read_bytes(), message, _chain(chain)[given])


@needs_vectors
def test_no_published_timestamp_is_one_over_other_bytes():
    for file in STAMPS.rglob("*.tsr"):
        with pytest.raises(Wrong):
            verify_timestamp(file.read_bytes(), b"hallo", _chain(file.parent.name))


@needs_vectors
def test_no_bit_of_a_timestamp_can_be_flipped_where_it_is_signed():
    """Elsewhere (the status, the certificates beside the signer's) a flip changes nothing that is said."""
    good = (STAMPS / "sigstage" / "response-sha256.tsr").read_bytes()
    given = _chain("sigstage")
    told = verify_timestamp(good, b"hello", given)
    for at in range(len(good)):
        try:
            stamp = verify_timestamp(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :], b"hello", given)
        except (Wrong, Unreadable):
            continue
        assert (stamp.at, stamp.signer, stamp.policy, stamp.nonce) == (told.at, told.signer, told.policy, told.nonce), at


@needs_vectors
def test_what_is_cut_short_or_is_no_timestamp_is_told_as_that():
    good = (STAMPS / "sigstage" / "response-sha256.tsr").read_bytes()
    for broken in (b"", b"\x30", b"\x30\x80\0\0", b"hello", good[:-1], good[:40], good + b"\0", b"\x30\x82\x00\x05" + good[4:]):
        with pytest.raises((Unreadable, Wrong)):
            verify_timestamp(broken, b"hello")


def test_the_verifier_is_written_in_python_3_9_and_needs_only_the_standard_library_and_cryptography():
    source = Path(verify_bundle.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 9))
    names = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= {"cryptography", *sys.stdlib_module_names}


def test_the_verifier_says_in_one_line_what_it_could_not_understand(tmp_path: Path):
    found = subprocess.run(
        [sys.executable, verify_bundle.__file__, str(tmp_path), "--key", "nonsense"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (2, "", "nonsense cannot be read as what its option is for.\n")
    empty = tmp_path / "keys.txt"
    empty.write_text("# none\n")
    with pytest.raises(verify_bundle.Unreadable, match="holds no verifier key"):
        verify_bundle.read_asked([str(empty)], (), (), ())
    found = subprocess.run([sys.executable, verify_bundle.__file__, str(tmp_path)], capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "no whole bundle" in found.stdout


def test_a_file_that_is_not_there_is_told_in_a_sentence(tmp_path: Path):
    found = subprocess.run([sys.executable, verify_bundle.__file__, "nofile"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (found.returncode, "There is no file nofile." in found.stdout) == (2, True), found.stdout
    assert "Errno" not in found.stdout + found.stderr
