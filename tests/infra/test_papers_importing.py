"""A certificate of one's own for the seal: taken over from PKCS#12, or refused in a sentence; what it seals is verified by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.keys import Keys
from infra.papers.certificates import keep_seal, pem, seal_of
from infra.papers.importing import CertificateUnusable, imported
from infra.papers.printing import print_signatures
from infra.papers.sealing import sealed
from infra.papers.verifying import verified

NOW = datetime.now(UTC)
WORD = "open sesame"
RECORD = {"title": "T", "number": "N", "sha256": "0" * 64, "accent": "#1f4e5f", "consent": "c", "sealer": "s", "signatures": []}


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def certificate(
    key: Any, common: str, issuer: tuple[Any, str], *extensions: x509.ExtensionType, days: tuple[int, int] = (-1, 365)
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(name(issuer[1]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    for extension in extensions:
        made = made.add_extension(extension, critical=False)
    return made.sign(issuer[0], None if isinstance(issuer[0], ed25519.Ed25519PrivateKey) else hashes.SHA256())


def usage(**on: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign")
    return x509.KeyUsage(**{**dict.fromkeys((*names, "crl_sign", "encipher_only", "decipher_only"), False), **on})


AUTHORITY_KEY = ec.generate_private_key(ec.SECP256R1())
AUTHORITY = certificate(
    AUTHORITY_KEY, "Trust AG", (AUTHORITY_KEY, "Trust AG"), x509.BasicConstraints(ca=True, path_length=None), usage(key_cert_sign=True)
)


def packed(key: Any, own: x509.Certificate | None, others: list[x509.Certificate] | None = None, word: str = WORD) -> bytes:
    how = BestAvailableEncryption(word.encode()) if word else NoEncryption()
    return serialize_key_and_certificates(b"seal", key, own, others, how)


def good(key: Any | None = None, *extensions: x509.ExtensionType, **more: Any) -> tuple[Any, x509.Certificate]:
    key = key or ec.generate_private_key(ec.SECP256R1())
    return key, certificate(key, "Acme Seal", (AUTHORITY_KEY, "Trust AG"), *(extensions or (usage(digital_signature=True),)), **more)


@pytest.fixture
def keys(tmp_path: Path) -> Any:
    made = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["curve", "rsa"])
def test_papers_are_sealed_and_verified_with_a_certificate_that_was_taken_over(keys: Keys, kind: str):
    before = seal_of(keys, "acme", "Acme")
    key, own = good(rsa.generate_private_key(public_exponent=65537, key_size=2048) if kind == "rsa" else None)
    keep_seal(keys, "acme", imported(packed(key, own, [AUTHORITY]), WORD, NOW))
    seal = seal_of(keys, "acme", "Acme")
    assert (seal.holder, pem(seal.authority)) == ("Acme Seal", AUTHORITY.public_bytes(pem_encoding()).decode())
    page = print_signatures(RECORD, NOW)
    verdict = verified(sealed(page, page, seal, reason="test"), [pem(seal.authority).encode()])
    assert verdict.unaltered
    assert verdict.trusted
    assert verdict.signatures[0].holder == "Acme Seal"
    old = verified(sealed(page, page, before, reason="test"), [pem(before.authority).encode()])
    assert old.trusted, "what was sealed before is still as good"
    assert seal_of(keys, "other", "Other").holder == "Other", "another tenant's seal stays"


def pem_encoding() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.PEM


def test_a_file_without_its_issuer_or_a_password_will_do():
    key, own = good()
    assert imported(packed(key, own, word=""), "", NOW).count(b"BEGIN CERTIFICATE") == 2


def _server() -> bytes:
    return packed(*good(None, usage(digital_signature=True), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])))


def _edwards() -> bytes:
    return packed(*good(ed25519.Ed25519PrivateKey.generate()))


@pytest.mark.parametrize(
    ("file", "word", "says"),
    [
        (lambda: packed(*good()), "wrong", "password is another one"),
        (lambda: b"no file at all", WORD, "no PKCS#12 file"),
        (lambda: packed(None, None, [AUTHORITY]), WORD, "no private key"),
        (lambda: packed(good()[0], None), WORD, "no certificate"),
        (lambda: packed(*good(days=(-9, -2))), WORD, "expired on"),
        (lambda: packed(*good(days=(2, 9))), WORD, "valid from"),
        (lambda: packed(AUTHORITY_KEY, AUTHORITY), WORD, "of an authority"),
        (lambda: packed(*good(None, usage(key_encipherment=True))), WORD, "not for signing"),
        (_server, WORD, "for servers or clients"),
        (_edwards, WORD, "no kind that seals"),
    ],
    ids=["password", "no file", "no key", "no certificate", "expired", "early", "authority", "usage", "server", "key kind"],
)
def test_what_cannot_seal_is_refused_in_a_sentence_that_says_why(file: Any, word: str, says: str):
    with pytest.raises(CertificateUnusable, match=says):
        imported(file(), word, NOW)
