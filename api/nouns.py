"""One entry per operation: a noun's commands become routes that state who may call them, and share every convention.

Annotations are not postponed in this file: the routes' signatures are made of values that only exist here.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from api.callers import Caller, Roles
from api.conventions import Changing, Creating, Write, Written, body, written
from api.direct import Direct
from api.execution import Look, OutOfReach, Sight, change, create
from api.problems import documented
from domain.kernel import AlreadyExists, Command, Decider, NotFound, Refused
from infra.access import Action, Object
from infra.ids import uuid7

IdParameter = Annotated[UUID, Path(description="Its id.", examples=["01936e4c-0000-7000-8000-000000000001"])]
Prepare = Callable[[Caller, Any], Awaitable[Any]]
"""Adds to a command what only a search can tell."""
Settle = Callable[[Request, Caller, Write, Any], Awaitable[Response]]
_NOBODYS = Object()


def _ownerless(_state: Any, _facts: Any) -> Object:
    return _NOBODYS


OWNERLESS = Sight(_ownerless)
"""What has no owner: only those who reach all may act on it."""


SUBJECTS: dict[str, tuple["Noun", Action]] = {}
"""Things that documents, papers and histories belong to, with the action that reading each takes; filled as the doors are imported."""


class Noun:
    """The write operations of one aggregate. `sight`: what an access decision sees of it.

    `seen_by`: the action that reading it takes, for a noun that documents, papers and histories belong to (`SUBJECTS`).
    """

    def __init__(
        self,
        name: str,
        plural: str,
        decider: Decider[Any],
        *,
        sight: Sight = OWNERLESS,
        tag: str | None = None,
        seen_by: Action | None = None,
    ) -> None:
        self.name = name
        self.router = APIRouter(prefix=f"/v1/{plural}", tags=[tag or plural], route_class=Direct)
        self.prefix = f"/v1/{plural}"
        self.decider = decider
        self.sight = sight
        if seen_by is not None:
            SUBJECTS[name] = (self, seen_by)

    def opens(
        self,
        command: type[Command],
        action: Action,
        *,
        operation: str,
        summary: str,
        example: Mapping[str, Any],
        about: Callable[[Any], Object] | None = None,
        check: Callable[[Caller, Any], Awaitable[None]] | None = None,
        look: Look | None = None,
        stream: Callable[[Any], UUID] | None = None,
        path: str = "",
        raises: tuple[type[Refused], ...] = (),
        prepare: Prepare | None = None,
    ) -> None:
        """`POST <plural>`: begins a stream. `about`: whose it will be, from the command; refused where that is out of reach.

        `check` looks at whatever else the command names, `look` at that of it which the decision reads.
        `stream`: the id, where the command itself decides it; else a new one.
        """
        may, wanted = Depends(Roles(action)), body(command)

        async def endpoint(caller: Annotated[Caller, may], write: Creating, command: Annotated[Any, wanted]) -> Response:
            if about is not None and not caller.may(action, about(command)):
                raise OutOfReach("You may do this for yourself and those you lead only; name one of them as owner.")
            if check is not None:
                await check(caller, command)
            if prepare is not None:
                command = await prepare(caller, command)
            id = stream(command) if stream is not None else uuid7()
            executed = await create(caller, write, self.decider, id, command, new=stream is None, look=look)
            return written(executed, status=201, location=self.prefix)

        rules = (AlreadyExists, NotFound, *((OutOfReach,) if about else ()), *raises)
        self._add(path, endpoint, operation, summary, command, example, 201, rules)

    def changes(
        self,
        path: str,
        command: type[Command],
        action: Action,
        *,
        operation: str,
        summary: str,
        example: Mapping[str, Any],
        raises: tuple[type[Refused], ...] = (),
        status: int = 200,
        settle: Settle | None = None,
        before: Callable[[Caller, UUID, Any], Awaitable[None]] | None = None,
        stream: UUID | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        """`POST <plural>/{id}/<path>`: changes what is there. `settle` answers instead, once the command is stored.

        `before` checks what the command names besides the thing itself. `stream`: the id, where there is only one such thing
        and the path has none. What the caller may not read is answered as absent.
        """
        may, wanted = Depends(Roles(action)), body(command)

        async def endpoint(
            request: Request, id: IdParameter, caller: Annotated[Caller, may], write: Changing, command: Annotated[Any, wanted]
        ) -> Response:
            if before is not None:
                await before(caller, id, command)
            if prepare is not None:
                command = await prepare(caller, command)
            executed = await change(caller, write, self.decider, id, command, action, self.sight)
            if settle is not None:
                return await settle(request, caller, write, executed)
            return written(executed)

        async def only_one(request: Request, caller: Annotated[Caller, may], write: Changing, command: Annotated[Any, wanted]) -> Response:
            assert stream is not None
            return await endpoint(request, stream, caller, write, command)

        rules: tuple[type[Refused], ...] = raises if self.sight is OWNERLESS else (OutOfReach, *raises)
        if stream is None:
            self._add(f"/{{id}}{path}", endpoint, operation, summary, command, example, status, rules)
        else:
            self._add(path, only_one, operation, summary, command, example, status, rules)

    def _add(
        self,
        path: str,
        endpoint: Any,
        operation: str,
        summary: str,
        command: type[Command],
        example: Mapping[str, Any],
        status: int,
        rules: tuple[type[Refused], ...],
    ) -> None:
        self.router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            operation_id=operation,
            name=operation,
            summary=summary,
            description=command.__doc__,
            status_code=status,
            response_model=Written,
            responses=documented(*rules),
            openapi_extra={"x-example": dict(example)},
        )
