"""Unpacking an archive that anybody may have made: plain files and folders below the place, and nothing else."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

_FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python 3.11.4 and later refuse more than we do here, such as modes that let others write (PEP 706)."""


def unpack(tar: tarfile.TarFile, place: Path) -> None:
    """Unpack all members below `place`. Raises tarfile.TarError on the first that is a link or a device, or would lie elsewhere."""
    for member in tar:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or not (member.isreg() or member.isdir()):
            raise tarfile.ExtractError(f"{member.name} is no file or folder of this archive's own")
        member.mode &= 0o755
        tar.extract(member, place, **_FILTER)
