"""Files that are whole or not there, whatever is killed meanwhile: written beside their place, made durable, renamed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_AT_ONCE = 8
"""Files that are made durable side by side."""


def replace(path: Path, content: bytes) -> None:
    """Put one file in place, durably. What is published holds hashes and signatures only: anybody may read it."""
    put(path, content)
    _sync(path)
    _sync(path.parent)


def put(path: Path, content: bytes) -> None:
    """Put a file in place; after a loss of power it may not be there, or be empty, until `settle`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
    except FileNotFoundError:
        _make(path.parent)
        draft.write_bytes(content)
    draft.chmod(0o644)
    draft.rename(path)


def settle(paths: Sequence[Path]) -> None:
    """Make files that were put durable, and their names. Several at once: the file system commits them together."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(_sync, paths))
    for folder in dict.fromkeys(path.parent for path in paths):
        _sync(folder)


def move(files: Iterable[tuple[Path, Path]]) -> None:
    """Put durable files from elsewhere in their places, one by one, each from its first to its second path."""
    folders: dict[Path, None] = {}
    for draft, path in files:
        _make(path.parent)
        draft.rename(path)
        folders[path.parent] = None
    for folder in folders:
        _sync(folder)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        _sync(folder.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
