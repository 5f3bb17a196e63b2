"""Taking over a certificate of one's own for the seal on papers, from a PKCS#12 file (RFC 7292) as certification authorities hand out."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

_LEAST_BITS = 2048
_OTHER_ENDS = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.OCSP_SIGNING})


class CertificateUnusable(Exception):  # noqa: N818  the message says what to do
    """Papers cannot be sealed with what the file holds; the message says why."""


def imported(file: bytes, password: str, now: datetime) -> bytes:
    """The private key, its certificate and that of its issuer (its own where the file has none), as PEM. Raises CertificateUnusable."""
    try:
        found = load_pkcs12(file, password.encode() or None)
    except ValueError as error:
        raise CertificateUnusable(
            "The file cannot be opened: the password is another one, or it is no PKCS#12 file (.p12, .pfx)."
        ) from error
    key = found.key
    if key is None:
        raise CertificateUnusable("The file holds no private key; export the certificate together with its key.")
    if found.cert is None:
        raise CertificateUnusable("The file holds no certificate for its key; export both together.")
    own = found.cert.certificate
    weak = isinstance(key, rsa.RSAPrivateKey) and key.key_size < _LEAST_BITS
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) or weak:
        raise CertificateUnusable(f"Its key is of no kind that seals: take RSA with {_LEAST_BITS} bits or more, or an elliptic curve.")
    _check(own, now)
    authority = next((one.certificate for one in found.additional_certs if one.certificate.subject == own.issuer), own)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return b"".join((private, *(one.public_bytes(Encoding.PEM) for one in (own, authority))))


def _check(own: x509.Certificate, now: datetime) -> None:
    if now > own.not_valid_after_utc:
        raise CertificateUnusable(f"The certificate expired on {own.not_valid_after_utc:%Y-%m-%d}; ask its authority for a new one.")
    if now < own.not_valid_before_utc:
        raise CertificateUnusable(f"The certificate is valid from {own.not_valid_before_utc:%Y-%m-%d} on only; import it then.")
    found = {extension.oid: extension.value for extension in own.extensions}
    basic, usage = found.get(x509.BasicConstraints.oid), found.get(x509.KeyUsage.oid)
    if isinstance(basic, x509.BasicConstraints) and basic.ca:
        raise CertificateUnusable("That is the certificate of an authority; import one that was issued for signing.")
    if isinstance(usage, x509.KeyUsage) and not (usage.digital_signature or usage.content_commitment):
        raise CertificateUnusable("The certificate is not for signing, by its key usage; ask for one with digital signature.")
    ends = found.get(x509.ExtendedKeyUsage.oid)
    if isinstance(ends, x509.ExtendedKeyUsage) and set(ends) <= _OTHER_ENDS:
        raise CertificateUnusable("The certificate is for servers or clients, not for documents; ask for one for signing documents.")
