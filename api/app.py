"""The composition root of the HTTP process: opens what it needs, in order, and closes it in the other."""

from __future__ import annotations

import gc
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Scope

from api import (
    account_reads,
    approval_policies,
    approval_reads,
    attributes,
    audit_access,
    audit_bundle,
    audit_checks,
    audit_decisions,
    audit_search,
    audit_things,
    causal_chains,
    contact_reads,
    contract_calendar,
    contract_reads,
    deal_reads,
    delegations,
    dispute_reads,
    documents,
    events,
    forecast,
    forecast_difference,
    imports,
    interaction_reads,
    members,
    notifications,
    paper_reads,
    pipelines,
    portal,
    privacy,
    products,
    proofs,
    rates,
    sessions,
    signing,
    suppliers,
    teams,
    timelines,
    today,
    wording,
)
from api import settings as settings_routes
from api.callers import Caller
from api.conventions import reply
from api.direct import Shortcut
from api.docs_page import CSP, page
from api.doors import Doors
from api.import_spool import Spool
from api.limits import Rates
from api.middleware import Shell
from api.openapi import build
from api.problems import NoSuchPlace, all_rules, title_of
from api.public_proofs import PATH as PROOFS_PATH
from api.public_proofs import serve_proofs
from api.queries import check_query
from infra.access import Action
from infra.access_log import Access, AccessLog, Kind
from infra.access_members import Directory
from infra.identity import Identity
from infra.identity_passwords import Passwords
from infra.opening import opened
from infra.papers.press import Press
from infra.papers.sealer import Sealer
from infra.proofs.keeping import PrivateKeys
from infra.settings import Settings
from infra.signing_links import SigningLinks
from projections.reading import Reader

ROUTERS: tuple[APIRouter, ...] = (
    deal_reads.router,
    sessions.router,
    account_reads.router,
    delegations.router,
    approval_reads.router,
    approval_policies.router,
    dispute_reads.router,
    *suppliers.routers,
    *portal.routers,
    forecast.router,
    *contact_reads.routers,
    interaction_reads.router,
    contract_reads.router,
    contract_calendar.router,
    notifications.router,
    today.router,
    timelines.router,
    causal_chains.router,
    events.router,
    audit_search.router,
    forecast_difference.router,
    audit_checks.router,
    audit_access.router,
    audit_decisions.router,
    audit_things.router,
    audit_bundle.router,
    proofs.router,
    imports.router,
    documents.router,
    paper_reads.router,
    *wording.routers,
    signing.router,
    members.router,
    teams.router,
    pipelines.router,
    products.router,
    rates.router,
    settings_routes.router,
    attributes.router,
    privacy.router,
)
_EXPORTS = {"export_bundle", "export_access_day", "export_person"}
"""Operations whose answer is taken away as a whole, as the access log calls it."""
_SIGNING_IN: dict[str, Kind] = {
    "sign_in": "sign_in",
    "sign_out": "sign_out",
    "issue_key": "issue_key",
    "revoke_key": "revoke_key",
    "change_password": "change_password",
}
_PUBLIC = ("/", "/health", "/openapi.json", "/problems/{rule}")


def version() -> str:
    """The installed version."""
    try:
        return installed_version("concord")
    except PackageNotFoundError:
        return "0"


@asynccontextmanager
async def open_doors(settings: Settings, *, rates: Rates | None = None, passwords: Passwords | None = None) -> AsyncIterator[Doors]:
    """Everything a request needs. Raises what `opened` raises."""
    async with opened(settings) as process:
        access_log = AccessLog(process.database)
        reader = Reader(process.database, process.store)
        spool = Spool(settings)
        try:
            yield Doors(
                database=process.database,
                store=process.store,
                identity=Identity(process.database, passwords=passwords),
                directory=Directory(process.database, process.store),
                access_log=access_log,
                reader=reader,
                spool=spool,
                documents=process.documents,
                keys=process.keys,
                press=Press(process.store, process.documents),
                sealer=Sealer(process.documents, process.keys),
                signing_links=SigningLinks(process.database),
                public_url=settings.reached_at,
                proofs_folder=settings.proofs_folder,
                proof_keys=PrivateKeys(process.keys, settings.proofs_keys),
                rates=rates or Rates(),
            )
        finally:
            await spool.close()
            await reader.close()
            await access_log.close()


class Application(FastAPI):
    """FastAPI with our shell as the only layer around its router: it answers every exception, so the others have nothing to do."""

    def build_middleware_stack(self) -> ASGIApp:
        inside = Shortcut(AsyncExitStackMiddleware(self.router), self.router.routes)
        return Shell(
            inside,
            witness=partial(_witness, self),
            methods_at=self.methods_at,
            uploads=frozenset({"/v1/imports", "/v1/documents", "/v1/portal/documents"}),
        )

    def methods_at(self, scope: Scope) -> set[str]:
        """Every method that the address of a request takes."""
        there = (route for route in self.router.routes if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE)
        methods = {method for route in there for method in route.methods or ()}
        return methods | ({"HEAD"} if "GET" in methods else set())


def create_app(settings: Settings, *, rates: Rates | None = None, passwords: Passwords | None = None, freeze: bool = True) -> FastAPI:
    """The application. `freeze` takes what was loaded out of the garbage collector's sight, for a process that only serves."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_doors(settings, rates=rates, passwords=passwords) as doors:
            app.state.doors = doors
            if freeze:
                gc.collect()
                gc.freeze()
                gc.set_threshold(50_000, 20, 50)
            yield

    app = Application(
        title="Concord",
        version=version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"operation_spans": False},
    )
    for router in ROUTERS:
        # flat, not nested: their prefixes are in their paths already, and the hottest come first
        app.router.routes.extend(router.routes)
    app.openapi = _once(partial(build, app, version=version()))  # type: ignore[method-assign]
    _add_public(app)
    if settings.proofs_public:
        app.add_route(PROOFS_PATH, serve_proofs, methods=["GET"])
    return app


def _once(make: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    made: list[dict[str, Any]] = []

    def get() -> dict[str, Any]:
        if not made:
            made.append(make())
        return made[0]

    return get


def _add_public(app: FastAPI) -> None:
    """What anybody may read: whether the process is well, and how the API works."""

    async def health(request: Request) -> Response:
        check_query(request)
        doors: Doors = request.app.state.doors
        async with doors.database.connection() as connection:
            await connection.execute("SELECT 1")
        return reply({"status": "ok"})

    async def documentation(request: Request) -> Response:
        check_query(request)
        return HTMLResponse(page(app.openapi()), headers={"Content-Security-Policy": CSP})

    async def document(request: Request) -> Response:
        check_query(request)
        return reply(app.openapi())

    async def rule(request: Request) -> Response:
        check_query(request)
        name = request.path_params["rule"]
        found = next((rule for rule in all_rules() if rule.__name__ == name), None)
        if found is None:
            raise NoSuchPlace("There is no rule of this name.")
        return reply({"rule": name, "title": title_of(found), "status": found.status, "meaning": inspect.cleandoc(found.__doc__ or "")})

    for path, endpoint in zip(_PUBLIC, (documentation, health, document, rule), strict=True):
        app.add_route(path, endpoint, methods=["GET"])


def _witness(app: FastAPI, scope: Scope, status: int) -> None:
    """Note what concerns security: denials, reads, sign-ins. Writes are in the main log."""
    state = scope["state"]
    route = scope.get("route")
    operation = route.operation_id if isinstance(route, APIRoute) and route.operation_id else "?"
    caller: Caller | None = state.get("caller")
    kind: Kind
    if status in {401, 403, 429}:
        kind = "denied"
    elif status == 404 and caller is not None:
        kind = "denied" if _may_hide(scope, caller) else "not_found"
    elif operation in _SIGNING_IN:
        kind = _SIGNING_IN[operation]
    elif operation in _EXPORTS and status == 200:
        kind = "export"
    elif scope["method"] in {"GET", "HEAD"} and caller is not None:
        kind = "read"
    else:
        return
    credential = state.get("credential")
    client = scope.get("client")
    access = Access(
        kind=kind,
        operation=operation,
        source=client[0] if client else "local",
        status=status,
        principal=credential.principal if credential else None,
        member=credential.member if credential else None,
        key=credential.key if credential else None,
        target=_target(scope),
    )
    app.state.doors.access_log.note(credential.tenant if credential else None, access, state["correlation_id"])


def _may_hide(scope: Scope, caller: Caller) -> bool:
    """Whether an answer that something is not there may have kept it from the caller: nothing is kept from who reads the whole log."""
    return bool({"id", "sha256"} & scope.get("path_params", {}).keys()) and not caller.may(Action.LOG_READ)


def _target(scope: Scope) -> str | None:
    """What was asked for: the id in the address, else whatever it names there, else the id in the query."""
    named = scope.get("path_params") or {}
    if (found := named.get("id") or next(iter(named.values()), None)) is None:
        found = next((value for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if name == "id"), None)
    return None if found is None else str(found)
