"""Checking a sealed PDF, offline and without us: is every byte as it was sealed, by whom, and what was it that people signed.

Works on any PDF with a signature, not only on ours. It is stricter than the standard in one place: the room that a signature
leaves unused in its own field is not covered by any signature, so here it must be blank and written in one way.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

from asn1crypto import cms, x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

_HEX = re.compile(rb"(?:[0-9a-f]*|[0-9A-F]*)")
_FOR_SIGNING = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
"""Either will do: authorities issue certificates for documents with one, the other or both (RFC 5280, 4.2.1.3)."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of a file. `trusted`: its certificate comes from an authority that was given; `fingerprint`: SHA-256 of it."""

    holder: str
    issuer: str
    fingerprint: str
    at: datetime | None
    intact: bool
    trusted: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file is worth. `unaltered`: there is a signature, every one is intact, and the last covers the file as it is.

    `first_revision`: SHA-256 of the file before the first increment, which is the paper that the signatories saw.
    """

    signatures: tuple[Signature, ...] = ()
    problems: tuple[str, ...] = ()
    sha256: str = ""
    first_revision: str = ""

    @property
    def unaltered(self) -> bool:
        return bool(self.signatures) and not self.problems

    @property
    def trusted(self) -> bool:
        """Whether it is unaltered and everybody who signed it is known."""
        return self.unaltered and all(signature.trusted for signature in self.signatures)


def verified(file: bytes, trust: Sequence[bytes] = ()) -> Verdict:
    """Judge a file. `trust`: certificates of authorities in PEM. Never raises for what the file contains; ValueError for bad `trust`.

    Blocks for some 50 ms, and cannot run inside an event loop: call it in a thread from there.
    """
    assert _loop() is None, "verify a paper in a thread of its own"
    roots = [x509.Certificate.load(found.public_bytes(Encoding.DER)) for pem in trust for found in load_pem_x509_certificates(pem)]
    unjudged = Verdict(sha256=sha256(file).hexdigest(), first_revision=_first_revision(file))
    loggers = [logging.getLogger(name) for name in ("pyhanko", "pyhanko_certvalidator")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        return _judged(file, roots, unjudged)
    except Exception:  # noqa: BLE001  what was tampered with may break a reader anywhere
        return replace(unjudged, problems=("The file cannot be read as a signed PDF: it is damaged, or was altered.",))
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _judged(file: bytes, roots: list[x509.Certificate], unjudged: Verdict) -> Verdict:
    reader = PdfFileReader(BytesIO(file), strict=True)
    found = list(reader.embedded_signatures)
    if not found:
        return replace(unjudged, problems=("The file carries no signature.",))
    signatures: list[Signature] = []
    problems: list[str] = []
    for number, embedded in enumerate(found, 1):
        context = ValidationContext(trust_roots=roots or [embedded.signer_cert], allow_fetching=False)
        status: Any = validate_pdf_signature(embedded, signer_validation_context=context, key_usage_settings=_FOR_SIGNING)
        intact = bool(status.intact and status.valid and status.docmdp_ok is not False and _canonical(file, embedded))
        if not intact:
            problems.append(f"Signature {number} does not fit the file: the file was altered after it was signed.")
        elif number == len(found) and status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
            problems.append("Something was added to the file after it was signed.")
        certificate: x509.Certificate = embedded.signer_cert
        signatures.append(
            Signature(
                holder=_name(certificate.subject),
                issuer=_name(certificate.issuer),
                fingerprint=certificate.sha256.hex(),
                at=embedded.self_reported_timestamp,
                intact=intact,
                trusted=bool(roots) and bool(status.trusted),
                reason=_text(embedded.sig_object.get("/Reason")),
            )
        )
    return replace(unjudged, signatures=tuple(signatures), problems=tuple(problems))


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _canonical(file: bytes, embedded: Any) -> bool:
    """Whether what the signature does not cover, its own field, holds the signature and nothing else."""
    start, length, rest, _ = (int(number) for number in embedded.byte_range)
    gap = file[start + length : rest]
    if gap[:1] != b"<" or gap[-1:] != b">" or not _HEX.fullmatch(gap[1:-1]):
        return False
    raw = bytes.fromhex(gap[1:-1].decode())
    content = cms.ContentInfo.load(raw, strict=False)
    written = content.dump()
    return raw[: len(written)] == written and not any(raw[len(written) :]) and _consistent(content["content"], written)


def _consistent(signed: cms.SignedData, written: bytes) -> bool:
    """Whether the parts that no signature covers say what those say that it covers.

    Asked of the plain form alone (one signer, its certificate, nothing unsigned), as we write it: there, everything else follows.
    """
    signers = signed["signer_infos"]
    if len(signers) != 1 or len(signed["certificates"]) != 1 or len(signers[0]["unsigned_attrs"]):
        return True
    signer, certificate = signers[0], signed["certificates"][0].chosen
    digest = {"algorithm": signer["digest_algorithm"]["algorithm"].native}
    follows = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": [digest],
                    "encap_content_info": {"content_type": "data"},
                    "certificates": [certificate],
                    "signer_infos": [
                        {
                            "version": "v1",
                            "sid": {"issuer_and_serial_number": {"issuer": certificate.issuer, "serial_number": certificate.serial_number}},
                            "digest_algorithm": digest,
                            "signed_attrs": signer["signed_attrs"],
                            "signature_algorithm": {"algorithm": signer["signature_algorithm"]["algorithm"].native},
                            "signature": signer["signature"].native,
                        }
                    ],
                }
            ),
        }
    )
    return bool(follows.dump(force=True) == written)


def _first_revision(file: bytes) -> str:
    end = file.find(b"%%EOF")
    return sha256(file if end < 0 else file[: end + 5]).hexdigest()


def _name(name: x509.Name) -> str:
    native = name.native
    return str(native.get("common_name") or native.get("organization_name") or name.human_friendly)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
