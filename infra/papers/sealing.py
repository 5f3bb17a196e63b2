"""Sealing a signed paper: the page with the signatures is added, and the whole signed as PAdES (ETSI EN 319 142-1, baseline B-B).

Both come as increments, so that a sealed file begins with the very bytes that were shown to the signatories.
Takes about 100 ms of one processor: call it in a thread.
"""

from __future__ import annotations

from io import BytesIO

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from infra.papers.certificates import Seal

FIELD = "Seal"
_PAGE_PARTS = ("/Type", "/Contents", "/Resources", "/MediaBox", "/Group")


def sealed(paper: bytes, signatures: bytes, seal: Seal, *, reason: str) -> bytes:
    """The PDF `paper`, then the pages of the PDF `signatures`, under the seal."""
    writer = IncrementalPdfFileWriter(BytesIO(paper))
    _append_pages(writer, PdfFileReader(BytesIO(signatures)))
    with_pages = BytesIO()
    writer.write(with_pages)
    certificate = asn1_x509.Certificate.load(seal.certificate)
    signer = signers.SimpleSigner(
        signing_cert=certificate,
        signing_key=asn1_keys.PrivateKeyInfo.load(seal.key),
        # alone: the signature covers its own certificate, and would not cover the authority's beside it
        cert_registry=SimpleCertificateStore(),
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=seal.holder,
        reason=reason,
        # nothing may be added afterwards
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    final = signers.PdfSigner(metadata, signer, timestamper=None).sign_pdf(IncrementalPdfFileWriter(BytesIO(with_pages.getvalue())))
    return bytes(final.getvalue())


def _append_pages(writer: IncrementalPdfFileWriter, other: PdfFileReader) -> None:
    tree = other.root["/Pages"]
    for reference in tree["/Kids"]:
        page = reference.get_object()
        copy = generic.DictionaryObject()
        for name in _PAGE_PARTS:
            part = page.get(name, tree.get(name))
            if part is not None:
                copy[generic.pdf_name(name)] = writer.import_object(part)
        writer.insert_page(copy)
