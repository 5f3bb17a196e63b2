"""Importing other systems' tables: upload and look, answer questions, plan, run, undo.

Who may not import whatever there is, but what is of suppliers, does that, and knows of imports of their own alone.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, Response

from api.callers import Caller, ImportReader, ImportRunner
from api.conventions import body, reply
from api.import_spool import READABLE, ImportUnderWay, TooManyImports, no_import
from api.nouns import IdParameter
from api.problems import RequestMalformed, documented
from domain.kernel import Invalid, NotFound
from infra.access import Action
from workflows.imports import Inspection, Plan, Result, Undone

router = APIRouter(prefix="/v1/imports", tags=["imports"])
_PATIENCE = 25.0


class Answers(BaseModel):
    """Answers to the questions of the inspection, by key; those not named keep what was said before, or their default."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    answers: Annotated[dict[str, Annotated[str, Field(max_length=500)]], Field(max_length=500)] = {}


class ImportProgress(BaseModel):
    """Rows dealt with, and rows in all."""

    done: int
    all: int


class ImportProblem(BaseModel):
    """Why it could not go on; answer what is asked, or mend the files, and ask again."""

    action: str
    rule: str
    detail: str
    status: int
    data: dict[str, Any]


class Import(BaseModel):
    """An import, and every answer it has given so far."""

    id: UUID
    state: Literal["waiting", "working", "inspected", "planned", "done", "undone", "refused"]
    inspect: Inspection | None
    plan: Plan | None
    run: Result | None
    undo: Undone | None
    progress: ImportProgress | None
    problem: ImportProblem | None


_ASKED = documented(NotFound, ImportUnderWay, TooManyImports)


async def _settled(caller: Caller, folder: Path, action: str, status: int) -> Response:
    """Start, and answer when it is done or after some seconds, whichever is first."""
    spool = caller.doors.spool
    task = spool.start(caller.tenant, folder, action)
    await asyncio.wait({task}, timeout=_PATIENCE)
    return reply(spool.told(folder), status=status if task.done() else 202)


def _who(caller: Caller) -> dict[str, Any]:
    """What a job has to know of the caller. Once narrowed to suppliers it stays so, whoever goes on with it."""
    supply = {} if caller.may(Action.IMPORT_RUN) else {"supply": True}
    return {"by": caller.actor.id, "roles": sorted(caller.actor.roles), **supply}


def _known(caller: Caller, folder: Path, action: Action) -> bool:
    return caller.may(action) or caller.doors.spool.begun_by(folder) == str(caller.actor.id)


def _folder(caller: Caller, id: UUID, action: Action = Action.IMPORT_RUN) -> Path:
    """The folder of an import that the caller may know of. Raises NotFound."""
    folder = caller.doors.spool.folder(caller.tenant, id)
    if not _known(caller, folder, action):
        raise no_import()
    return folder


@router.post(
    "",
    status_code=201,
    response_model=Import,
    operation_id="upload_import",
    responses=documented(Invalid, RequestMalformed, TooManyImports),
)
async def upload_import(
    caller: ImportRunner,
    files: Annotated[list[UploadFile], File(description="CSV or XLSX tables, all of one import.")],
    mapping: Annotated[UploadFile | None, File(description="A mapping file (TOML), where guesses are to be overruled.")] = None,
    folder: Annotated[
        str | None,
        Form(max_length=200, description="Where the files lay. It names the source where neither the mapping nor the files do."),
    ] = None,
) -> Response:
    """Upload the tables of an import and hear what they are, how they would be read, and what has to be asked. Nothing is imported."""
    if len(files) > 50:
        raise Invalid("Send at most 50 files.")
    kept: list[tuple[str, bytes]] = []
    for file in files:
        name = file.filename or ""
        if not name.lower().endswith(READABLE):
            raise Invalid(f"Send CSV or XLSX files; their names end with one of {', '.join(READABLE)}.", name=name[-100:])
        kept.append((name, await file.read()))
    mapped = await mapping.read() if mapping is not None else None
    by = {**_who(caller), "answers": {}}
    _, place = await asyncio.to_thread(caller.doors.spool.begin, caller.tenant, kept, mapped, by, folder)
    return await _settled(caller, place, "inspect", 201)


@router.get("", response_model=list[Import], operation_id="list_imports")
async def list_imports(caller: ImportReader) -> Response:
    """The newest hundred imports that were uploaded here: of all, or of the caller's own."""
    spool = caller.doors.spool
    known = [folder for folder in spool.all(caller.tenant) if _known(caller, folder, Action.IMPORT_READ)]
    return reply([spool.told(folder) for folder in known[:100]])


@router.get("/{id}", response_model=Import, operation_id="read_import", responses=documented(NotFound))
async def read_import(id: IdParameter, caller: ImportReader) -> Response:
    """How far an import is, and every answer it has given."""
    return reply(caller.doors.spool.told(_folder(caller, id, Action.IMPORT_READ)))


@router.get(
    "/{id}/rejected",
    operation_id="read_rejected_rows",
    response_class=FileResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV"}, **documented(NotFound)},
)
async def read_rejected_rows(id: IdParameter, caller: ImportReader) -> Response:
    """The rows that were not imported, each with file, row, column and reason, as CSV."""
    path = _folder(caller, id, Action.IMPORT_READ) / "rejected.csv"
    if not path.is_file():
        raise NotFound("No row was rejected, or the import has not run; read the import to see.")
    return FileResponse(path, media_type="text/csv; charset=utf-8", filename="rejected.csv")


@router.post(
    "/{id}/plan", response_model=Import, operation_id="plan_import", responses=_ASKED, openapi_extra={"x-example": {"answers": {}}}
)
async def plan_import(id: IdParameter, caller: ImportRunner, command: Annotated[Answers, body(Answers)]) -> Response:
    """The dry run: what each row would do, decided by the same rules on the same states; nothing is stored."""
    folder = _folder(caller, id)
    caller.doors.spool.amend(folder, {"answers": dict(command.answers), **_who(caller)})
    return await _settled(caller, folder, "plan", 200)


@router.post("/{id}/run", response_model=Import, operation_id="run_import", responses=_ASKED, openapi_extra={"x-example": {"answers": {}}})
async def run_import(id: IdParameter, caller: ImportRunner, command: Annotated[Answers, body(Answers)]) -> Response:
    """Import. Asked for again it carries on where it was stopped; repeated, it changes nothing. 202: still at work, read it to see."""
    folder = _folder(caller, id)
    caller.doors.spool.amend(folder, {"answers": dict(command.answers), **_who(caller)})
    return await _settled(caller, folder, "run", 200)


@router.post("/{id}/undo", response_model=Import, operation_id="undo_import", responses=_ASKED)
async def undo_import(id: IdParameter, caller: ImportRunner) -> Response:
    """Take the import back by compensating events. What people have worked on since stays, and is listed."""
    spool = caller.doors.spool
    folder = _folder(caller, id)
    ran = spool.told(folder)["run"]
    if ran is None:
        raise NotFound("This import has not run, so there is nothing to take back.")
    spool.amend(folder, {"run": ran["run"], **_who(caller)})
    return await _settled(caller, folder, "undo", 200)
