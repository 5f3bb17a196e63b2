"""The certificate with which a tenant seals its papers, from an authority of its own that is made when it is first needed.

Private keys lie in the key store (`infra/keys.py`), never in the database. The authority's certificate is no secret: give it to
whoever is to check papers. A reader that does not know it shows who sealed the paper as unproven, and that it is unaltered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.keys import Keys

_NAME = "paper seal"
_LASTS = timedelta(days=3653)
_NOT_REPUDIATED = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # id-kp-documentSigning, RFC 9336


@dataclass(frozen=True, slots=True)
class Seal:
    """A private key with its certificate and that of its authority, each in DER."""

    key: bytes
    certificate: bytes
    authority: bytes

    @property
    def holder(self) -> str:
        """Whose seal it is."""
        return holder_of(x509.load_der_x509_certificate(self.certificate))


def holder_of(certificate: x509.Certificate) -> str:
    """Whose certificate it is: the common name, or else the organisation, or all that it says."""
    for name in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if found := certificate.subject.get_attributes_for_oid(name):
            return str(found[0].value)
    return certificate.subject.rfc4514_string()


def keep_seal(keys: Keys, tenant: str, kept: bytes) -> None:
    """Seal with this key and certificate from now on: PEM of the private key, its certificate and that of its authority."""
    keys.replace_secret(tenant, _NAME, kept)


def seal_of(keys: Keys, tenant: str, name: str) -> Seal:
    """The tenant's seal; `name` is the business's, for a seal that has to be made. Reads a file: call it in a thread."""
    kept = keys.secret(tenant, _NAME, lambda: _made(name, datetime.now(UTC)))
    key, certificates = load_pem_private_key(kept, None), x509.load_pem_x509_certificates(kept)
    own, authority = (certificate.public_bytes(Encoding.DER) for certificate in certificates)
    return Seal(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), own, authority)


def pem(certificate: bytes) -> str:
    """A DER certificate as text."""
    return x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM).decode()


def _made(name: str, now: datetime) -> bytes:
    """A new authority and one certificate for sealing; of the authority's key nothing is kept, so that it can issue no other."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _named(f"{name} paper authority"[:64], name)
    start, end = now - timedelta(minutes=5), now + _LASTS
    usage = {"content_commitment": False, "key_encipherment": False, "data_encipherment": False, "key_agreement": False}
    never = {"encipher_only": False, "decipher_only": False}

    def begun(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        )

    authority = (
        begun(authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **usage, **never), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    own = (
        begun(_named(name[:64], name), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=False, crl_sign=False, **{**usage, "content_commitment": True}, **never),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([_NOT_REPUDIATED, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    parts = (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        *(c.public_bytes(Encoding.PEM) for c in (own, authority)),
    )
    return b"".join(parts)


def _named(common: str, organisation: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]), x509.NameAttribute(NameOID.COMMON_NAME, common)])
