"""Planted words, and every form in which they may lie in a file."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

CHUNK = 1 << 20


def forms(word: str) -> dict[str, bytes]:
    """The bytes to look for, by encoding; `word` is ASCII. Base64 gives three, by where in a group of three the word begins."""
    raw = word.encode()
    found = {
        "utf-8": raw,
        "utf-16": word.encode("utf-16-le"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "percent": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "PERCENT": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "escaped": "".join(f"\\u{ord(letter):04x}" for letter in word).encode(),
    }
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw + b"\0" * 3)
        # the groups of four that hold nothing but the word
        begin, end = -(-shift // 3) * 4, (shift + len(raw)) // 3 * 4
        found[f"base64+{shift}"] = whole[begin:end]
    assert quote(word) == word, "a word of letters stands in addresses as it is"
    return found


def found_in(place: Path, words: bytes | str, *, without: tuple[str, ...] = ()) -> dict[str, set[Path]]:
    """Files below `place` that hold a form of the word, by form; `without`: names of folders that are left out."""
    word = words if isinstance(words, str) else words.decode()
    wanted = forms(word)
    longest = max(map(len, wanted.values()))
    hits: dict[str, set[Path]] = {}
    for file in _files(place, without):
        rest = b""
        try:
            with file.open("rb") as content:
                while chunk := content.read(CHUNK):
                    seen = rest + chunk
                    for form, pattern in wanted.items():
                        if pattern in seen:
                            hits.setdefault(form, set()).add(file)
                    rest = seen[-longest:]
        except FileNotFoundError:
            continue  # a server's own, gone meanwhile
    return hits


def _files(place: Path, without: tuple[str, ...]) -> Iterator[Path]:
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            if path.name not in without:
                yield from _files(path, without)
        elif path.is_file():
            yield path
