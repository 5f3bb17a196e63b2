"""In which encoding a CSV file is: by what is said, its byte order mark, or its bytes. What cannot be one encoding is refused, with its line."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from pathlib import Path

from workflows.imports.faults import BadMapping, Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before the mark of UTF-16, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1a\x1b"))
_MOST_CONTROLS = 0.01
"""Share of control characters that a text may have. Pictures and programs have more."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as text. `doubt`: what a person should know who finds strange letters in it."""

    encoding: str
    sha256: str
    size: int
    doubt: str | None = None


def text_file(path: Path, start: bytes, said: str | None = None) -> TextFile:
    """How the file is read: UTF-8 if the whole of it is, else Windows-1252, which old exports use (Latin-1 where that has gaps).

    `start`: its first bytes. Raises Unreadable for what is no text or several encodings at once, BadMapping for an unknown name.
    """
    marked = _known(said, path) or next((name for mark, name in _MARKS if start.startswith(mark)), None)
    name = path.name
    if marked is None and len(start) - len(start.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(start):
        raise Unreadable(f"{name} is a binary file and no table; export it as CSV or XLSX", file=name)
    digest, size, lines = hashlib.sha256(), 0, 1
    utf8, cp1252 = codecs.getincrementaldecoder("utf-8")(), codecs.getincrementaldecoder("cp1252")()
    is_utf8 = is_cp1252 = True
    with path.open("rb") as binary:
        while block := binary.read(1 << 20):
            if (marked is None or marked == "utf-8-sig") and (zero := block.find(b"\0")) >= 0:
                line = lines + block.count(b"\n", 0, zero)
                raise Unreadable(
                    f"{name}, line {line}: the line holds a zero byte, which no CSV file has; export the file again, as CSV in UTF-8",
                    file=name,
                    line=line,
                )
            digest.update(block)
            size += len(block)
            lines += block.count(b"\n")
            is_utf8 = is_utf8 and _decodes(utf8, block)
            is_cp1252 = is_cp1252 and (is_utf8 or _decodes(cp1252, block))
    is_utf8 = is_utf8 and _decodes(utf8, b"", final=True)
    guess = marked or ("utf-8" if is_utf8 else "cp1252" if is_cp1252 else "latin-1")
    doubt = None if marked or is_utf8 else _doubt(path, guess)
    return TextFile(guess, digest.hexdigest(), size, doubt)


def _known(said: str | None, path: Path) -> str | None:
    if said is None:
        return None
    try:
        return codecs.lookup(said).name
    except LookupError:
        raise BadMapping(f"{said!r} is no encoding; for {path.name} name one like utf-8, cp1252 or shift_jis", file=path.name) from None


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _doubt(path: Path, guess: str) -> str:
    """What is said of a file that is not UTF-8. Raises Unreadable when some of its lines are."""
    name = path.name
    other: tuple[int, str] | None = None
    utf8 = 0
    with path.open("rb") as binary:
        for number, line in enumerate(binary, 1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                utf8 = utf8 or number
            except UnicodeDecodeError as cause:
                other = other or (number, _word(line, cause.start, guess))
            if other and utf8:
                raise Unreadable(
                    f"{name}, line {other[0]}: the line is not UTF-8, and line {utf8} is; save the file in one encoding, "
                    f'or say it in the mapping file: [files."{name}"] encoding = "cp1252"',
                    file=name,
                    line=other[0],
                )
    assert other is not None
    read = "Windows-1252" if guess == "cp1252" else "Latin-1"
    return (
        f"{name} is not UTF-8 and is read as {read}, as in {other[1]!r} (line {other[0]}); "
        f'if that looks wrong, say its encoding in the mapping file: [files."{name}"] encoding = "shift_jis"'
    )


def _word(line: bytes, at: int, encoding: str) -> str:
    """The word around a byte of a line, for a person to look at."""
    separators = b',;\t|" \r\n'
    begin = max((line.rfind(sign, 0, at) for sign in (bytes([s]) for s in separators)), default=-1) + 1
    ends = [found for found in (line.find(bytes([s]), at) for s in separators) if found >= 0]
    return line[begin : min(ends, default=len(line))].decode(encoding, "replace")[:40]
