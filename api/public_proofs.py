"""The folder of checkpoints and tiles, served as it lies there, to anybody: only where CONCORD_PROOFS_PUBLIC says so."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api.doors import Doors
from api.problems import NoSuchPlace

PATH = "/proofs/{path:path}"
_NUMBER = "(x[0-9]{3}/)*[0-9]{3}"
_IMMUTABLE = re.compile(rf"[a-z][a-z0-9_]{{0,39}}/(tile/[0-9]{{1,2}}/{_NUMBER}(\.p/[0-9]{{1,3}})?|checkpoints/{_NUMBER})")
_CHANGING = re.compile(r"[a-z][a-z0-9_]{0,39}/(checkpoint|keys)")


async def serve_proofs(request: Request) -> Response:
    """One file (c2sp.org/tlog-tiles): hashes, checkpoints and verifier keys, nothing else of the folder."""
    doors: Doors = request.app.state.doors
    path = request.path_params["path"]
    lasting = _IMMUTABLE.fullmatch(path) is not None
    file = doors.proofs_folder / path
    if not (lasting or _CHANGING.fullmatch(path)) or not file.is_file():
        raise NoSuchPlace("There is no such file of proofs.")
    return FileResponse(
        file,
        media_type="application/octet-stream" if "/tile/" in path else "text/plain; charset=utf-8",
        headers={"Cache-Control": "public, max-age=31536000, immutable" if lasting else "public, max-age=5"},
    )
