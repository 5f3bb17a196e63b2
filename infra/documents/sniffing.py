"""What uploaded bytes are, judged by the bytes alone, and what an upload may be called. Nothing that runs is taken (S10)."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
import zlib
from pathlib import PurePosixPath

from domain.documents import DocumentRef
from domain.kernel import Invalid, Refused

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_PACKED: tuple[tuple[str, str], ...] = (
    ("word/document.xml", _OFFICE + "wordprocessingml.document"),
    ("xl/workbook.xml", _OFFICE + "spreadsheetml.sheet"),
    ("ppt/presentation.xml", _OFFICE + "presentationml.presentation"),
)
_OPEN = "application/vnd.oasis.opendocument."
_ENDINGS: dict[str, tuple[str, ...]] = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/tiff": (".tif", ".tiff"),
    "image/webp": (".webp",),
    _PACKED[0][1]: (".docx",),
    _PACKED[1][1]: (".xlsx",),
    _PACKED[2][1]: (".pptx",),
    _OPEN + "text": (".odt",),
    _OPEN + "spreadsheet": (".ods",),
    _OPEN + "presentation": (".odp",),
    "application/xml": (".xml",),
    "message/rfc822": (".eml",),
    "text/csv": (".csv",),
    "text/plain": (".txt", ".md", ".log"),
}
READABLE = sorted({ending.removeprefix(".") for endings in _ENDINGS.values() for ending in endings})

MOST_UNPACKED = 200 << 20
MOST_ENTRIES = 5_000
MOST_RATIO = 200
_RATIO_COUNTS_FROM = 1 << 20
_ACTIVE = re.compile(rb"<\s*(!doctype\s+html|html|svg|script|iframe|xsl:stylesheet)\b|<!ENTITY", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_NAME_BREAKERS = re.compile(r'[<>:"|?*\\/\x00-\x1f\x7f]')
_LONGEST_NAME = 150


class DocumentTypeUnsupported(Refused):
    """Files of this type are not taken; the type is told by the bytes, not by the name."""

    status = 415


class DocumentUnpacksTooLarge(Invalid):
    """The file is small as it is and huge once unpacked, as no honest document is."""


def described(content: bytes, name: str, sha256: str) -> DocumentRef:
    """What was uploaded, under a name that is safe everywhere. Raises DocumentTypeUnsupported, DocumentUnpacksTooLarge, Invalid."""
    media_type = sniffed(content, name)
    return DocumentRef(sha256=sha256, name=safe_name(name, media_type), media_type=media_type, size=len(content))


def sniffed(content: bytes, name: str) -> str:
    """The media type of the bytes; of plain text, the name tells which kind. Raises as `described` does."""
    if not content:
        raise Invalid("The file is empty; choose another.")
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"PK\x03\x04"):
        return _unpacked(content)
    if (text := _text_type(content, name)) is not None:
        return text
    raise _unsupported()


def _unsupported() -> DocumentTypeUnsupported:
    return DocumentTypeUnsupported(f"Files of this type are not taken; send one of {', '.join(READABLE)}.", types=READABLE)


def _text_type(content: bytes, name: str) -> str | None:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if _BINARY.search(content):
        return None
    if _ACTIVE.search(content[: 64 << 10]):
        raise DocumentTypeUnsupported("Web pages and drawings that can run programs are not taken; send a PDF of it.", types=READABLE)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml"):
        return "application/xml"
    ending = PurePosixPath(name).suffix.lower()
    return {".csv": "text/csv", ".eml": "message/rfc822"}.get(ending, "text/plain")


def _unpacked(content: bytes) -> str:
    """The type of an office document. Every entry is unpacked once, because what a directory says of sizes may be a lie."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_sizes(sum(e.file_size for e in entries), len(entries), len(content))
            names = {e.filename for e in entries}
            for entry in entries:
                _check_honest(archive, entry)
            found = next((media_type for part, media_type in _PACKED if part in names), None)
            if found is None and "mimetype" in names:
                found = archive.read("mimetype").decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise Invalid("The file is damaged or locked with a password; save it again, and send it without one.") from error
    if found is None or found not in _ENDINGS:
        raise _unsupported()
    if any(name.endswith("vbaProject.bin") for name in names):
        raise DocumentTypeUnsupported("Documents with macros are not taken; save it without them, or as PDF.", types=READABLE)
    return found


def _check_sizes(unpacked: int, entries: int, packed: int) -> None:
    too_dense = unpacked > _RATIO_COUNTS_FROM and unpacked > MOST_RATIO * packed
    if unpacked > MOST_UNPACKED or entries > MOST_ENTRIES or too_dense:
        raise DocumentUnpacksTooLarge(
            "This file would unpack to far more than it seems; send it as PDF.", unpacked=unpacked, entries=entries, packed=packed
        )


def _check_honest(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    # stops at the size the directory names; a stream that goes on beyond it fails its checksum
    with archive.open(entry) as packed:
        while packed.read(1 << 20):
            pass


def safe_name(name: str, media_type: str) -> str:
    """One path component, without control, direction or wildcard characters, that ends as the type does."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
    plain = " ".join(_NAME_BREAKERS.sub("_", plain).split()).strip(". ")
    endings = _ENDINGS.get(media_type, (".bin",))
    stem, ending = plain, ""
    for known in endings:
        if plain.lower().endswith(known):
            stem, ending = plain[: -len(known)], plain[-len(known) :]
    stem = stem[:_LONGEST_NAME].strip(". ") or "document"
    return stem + (ending or endings[0])
