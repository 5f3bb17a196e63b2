"""An import over HTTP, for whoever has a key and no database: the files go up, a process beside the API does the work."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from api.cli.client import Client
from api.cli.import_here import rejected_rows_file
from api.cli.import_mapping import toml_of
from api.cli.outcomes import Ended, Exit
from api.cli.progress import bars

READABLE = {".csv", ".tsv", ".txt", ".xlsx"}
_POLL = 0.3


class ImportOverHttp:
    """Inspect, plan, run and undo; as `ImportHere`. Answers to questions go along; a changed mapping goes up with the files anew."""

    def __init__(self, client: Client, files: Sequence[Path] = (), rejected: Path | None = None) -> None:
        self._client, self._files, self._rejected = client, list(files), rejected
        self._id: str | None = None
        self._sent: dict[str, Any] = {}

    def inspect(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """What the files are, and what has to be asked."""
        boundary = uuid4().hex
        parts = [_part(boundary, "files", path.name, path.read_bytes()) for path in _tables(self._files)]
        self._sent = {name: value for name, value in overrides.items() if name != "answers"}
        parts.append(_part(boundary, "mapping", "mapping.toml", toml_of(overrides).encode()))
        parts.append(_value(boundary, "folder", _folder(self._files[0])))
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Idempotency-Key": str(uuid4())}
        told = self._client.send("/v1/imports", body, headers).body
        self._id = told["id"]
        return self._answer(told, "inspect")

    def plan(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """What each row would do."""
        return self._step("plan", overrides, self._rejected)

    def run(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Store it."""
        return self._step("run", overrides, self._rejected or rejected_rows_file()) | {"import": self._id}

    def undo(self, run: str) -> dict[str, Any]:
        """Take an import back, by the id of its upload."""
        return self._answer(self._client.post(f"/v1/imports/{run}/undo", {}, settle=False).body, "undo")

    def list(self) -> list[dict[str, Any]]:
        """The newest imports that were uploaded."""
        found = []
        for one in self._client.get("/v1/imports"):
            inspection, result = one["inspect"] or {}, one["run"] or {}
            files = [table["name"] for table in inspection.get("tables", ()) if table["kind"] != "ignored"]
            known = {"source": inspection.get("source", ""), "files": files, "counts": result.get("counts", {})}
            found.append({"run": one["id"], "started_at": None, "state": one["state"], **known})
        return found

    def _step(self, action: str, overrides: Mapping[str, Any], rejected: Path | None) -> dict[str, Any]:
        if {name: value for name, value in overrides.items() if name != "answers"} != self._sent:
            self.inspect(overrides)
        told = self._client.post(f"/v1/imports/{self._id}/{action}", {"answers": overrides.get("answers", {})}, settle=False).body
        answer = self._answer(told, action)
        if answer.get("rejected_file"):
            answer["rejected_file"] = str(rejected) if rejected is not None else None
            if rejected is not None:
                rejected.write_bytes(self._client.raw(f"/v1/imports/{self._id}/rejected"))
        return answer

    def _answer(self, told: dict[str, Any], action: str) -> dict[str, Any]:
        with bars(transient=True) as bar:
            advance = bar("Working", total=0)
            while told["state"] == "working":
                if told["progress"]:
                    advance(told["progress"]["done"], told["progress"]["all"])
                time.sleep(_POLL)
                told = self._client.get(f"/v1/imports/{told['id']}")
        problem = told["problem"]
        if problem is not None:
            raise Ended(problem["detail"], Exit.REFUSED, data=problem)
        answer: dict[str, Any] = told[action]
        return answer


def _part(boundary: str, field: str, name: str, content: bytes) -> bytes:
    safe = name.replace('"', "_").replace("\r", "_").replace("\n", "_")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{safe}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return head.encode() + content + b"\r\n"


def _value(boundary: str, field: str, text: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{text}\r\n'.encode()


def _folder(path: Path) -> str:
    """The name that an import here would take for the source: the same ids either way."""
    return (path if path.is_dir() else path.parent).resolve().name[:200]


def _tables(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() in READABLE - {".txt"})
        elif path.is_file():
            found.append(path)
        else:
            raise Ended(f"There is no file or folder {path}; check the path.", Exit.NOT_FOUND)
    if not found:
        raise Ended("There is no CSV or XLSX file in what was named; name the files or the folder that holds them.", Exit.NOT_FOUND)
    return found
