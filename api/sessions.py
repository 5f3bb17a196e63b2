"""Signing in and out, picking a tenant, and API keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.callers import COOKIE, AnyCredential, KeyOwner, check_origin, source_of
from api.conventions import body, reply
from api.direct import Direct
from api.doors import Doors
from api.problems import SIGN_IN, documented
from api.queries import check_query
from domain.kernel import Forbidden, NotFound, Role
from domain.values import Name
from infra.identity import ApiKey, Credential, SignInFailed
from infra.identity_passwords import LONGEST, PasswordUnfit

router = APIRouter(prefix="/v1", tags=["sessions"], route_class=Direct)


class SignIn(BaseModel):
    """A sign-in name and its password."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(min_length=1, max_length=254, examples=["ana@example.com"])]
    password: Annotated[str, Field(min_length=1, max_length=LONGEST, json_schema_extra={"format": "password"})]


class PickTenant(BaseModel):
    """The tenant to work in, in this session."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tenant: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["default"])]


class NewPassword(BaseModel):
    """The password that was, and the one that shall be."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(min_length=1, max_length=254)]
    current: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    new: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class IssueKey(BaseModel):
    """A key for a program that acts as the caller."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: Name
    days: Annotated[int, Field(ge=1, le=366)] = 90
    read_only: bool = False


class Session(BaseModel):
    """Who is signed in, and where."""

    principal: UUID
    tenant: str | None = Field(description="None: pick one of `tenants`.")
    member: UUID | None
    tenants: list[str]
    roles: list[Role]
    expires_at: datetime


class Key(BaseModel):
    """What is kept of a key."""

    id: UUID
    label: str
    read_only: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class IssuedKey(Key):
    """A key, with the key itself: it is shown this once."""

    key: str


class SessionNeeded(Forbidden):
    """A key cannot make keys or change the password; sign in."""


def _cookie(response: Response, token: str, seconds: int) -> Response:
    response.set_cookie(COOKIE, token, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict")
    return response


async def _session(doors: Doors, credential: Credential) -> dict[str, Any]:
    tenants = await doors.identity.memberships(credential.principal)
    roles: list[Role] = []
    if credential.tenant is not None and credential.member is not None:
        roles = sorted((await doors.directory.standing(credential.tenant, credential.member)).roles)
    return {
        "principal": credential.principal,
        "tenant": credential.tenant.slug if credential.tenant else None,
        "member": credential.member,
        "tenants": list(tenants),
        "roles": roles,
        "expires_at": credential.expires_at,
    }


@router.post(
    "/sessions",
    status_code=201,
    response_model=Session,
    operation_id="sign_in",
    openapi_extra={"x-example": {"name": "ana@example.com", "password": "correct horse battery"}},
    responses=documented(SignInFailed, *SIGN_IN),
)
async def sign_in(request: Request, command: Annotated[SignIn, body(SignIn)]) -> Response:
    """Sign in with name and password: sets the session cookie.

    The answer is the same, and takes as long, for a wrong name and a wrong password.
    """
    check_query(request)
    doors: Doors = request.app.state.doors
    if request.headers.get("origin") is not None or request.headers.get("sec-fetch-site") is not None:
        check_origin(request)
    source = source_of(request)
    doors.buckets.take(("address", source), doors.rates.address)
    token, credential = await doors.identity.sign_in(command.name, command.password, source)
    request.scope["state"]["credential"] = credential
    return _cookie(reply(await _session(doors, credential), status=201), token, 12 * 3600)


@router.get("/sessions/current", response_model=Session, operation_id="who_am_i")
async def who_am_i(request: Request, credential: AnyCredential) -> Response:
    """Who is signed in, in which tenant, with which roles."""
    return reply(await _session(request.app.state.doors, credential))


@router.put(
    "/sessions/current",
    response_model=Session,
    operation_id="pick_tenant",
    openapi_extra={"x-example": {"tenant": "default"}},
    responses=documented(NotFound, SessionNeeded),
)
async def pick_tenant(request: Request, credential: AnyCredential, command: Annotated[PickTenant, body(PickTenant)]) -> Response:
    """Work in another tenant of one's own, in this session. A key stays in the tenant it was made for."""
    if credential.key is not None:
        raise SessionNeeded("A key belongs to one tenant; make another one there.")
    doors: Doors = request.app.state.doors
    await doors.identity.choose_tenant(credential, command.tenant)
    chosen = await doors.identity.session_of(credential.token)
    return reply(await _session(doors, chosen))


@router.delete("/sessions/current", status_code=204, operation_id="sign_out")
async def sign_out(request: Request, credential: AnyCredential) -> Response:
    """End this session. A key is ended with its own operation."""
    doors: Doors = request.app.state.doors
    if credential.key is None:
        await doors.identity.sign_out(credential)
    return _cookie(Response(status_code=204), "", 0)


@router.put(
    "/sessions/current/password",
    status_code=204,
    operation_id="change_password",
    openapi_extra={"x-example": {"name": "ana@example.com", "current": "correct horse battery", "new": "another horse battery"}},
    responses=documented(SignInFailed, PasswordUnfit, SessionNeeded, *SIGN_IN),
)
async def change_password(request: Request, credential: AnyCredential, command: Annotated[NewPassword, body(NewPassword)]) -> Response:
    """Change one's own password; every session of it ends, this one too."""
    doors: Doors = request.app.state.doors
    if credential.key is not None:
        raise SessionNeeded("Sign in to change the password.")
    _, proven = await doors.identity.sign_in(command.name, command.current, source_of(request))
    if proven.principal != credential.principal:
        raise SignInFailed("The name or the password is wrong.")
    await doors.identity.set_password(credential.principal, command.name, command.new)
    return _cookie(Response(status_code=204), "", 0)


def _key(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in Key.model_fields}


@router.post(
    "/keys",
    status_code=201,
    response_model=IssuedKey,
    operation_id="issue_key",
    openapi_extra={"x-example": {"label": "Nightly loader", "days": 90}},
    tags=["keys"],
    responses=documented(SessionNeeded),
)
async def issue_key(caller: KeyOwner, command: Annotated[IssueKey, body(IssueKey)]) -> Response:
    """Make an API key that acts as the caller in this tenant. It is shown this once and cannot be read again."""
    if caller.credential.key is not None:
        raise SessionNeeded("Sign in to make a key.")
    token, key = await caller.doors.identity.issue_key(
        caller.principal, caller.tenant, command.label, lasts=timedelta(days=command.days), read_only=command.read_only
    )
    return reply({**_key(key), "key": token}, status=201)


@router.get("/keys", response_model=list[Key], operation_id="list_keys", tags=["keys"])
async def list_keys(caller: KeyOwner) -> Response:
    """The caller's own keys in this tenant, newest first; never the keys themselves."""
    return reply([_key(key) for key in await caller.doors.identity.keys(caller.principal, caller.tenant)])


@router.delete("/keys/{id}", status_code=204, operation_id="revoke_key", tags=["keys"], responses=documented(NotFound))
async def revoke_key(id: UUID, caller: KeyOwner) -> Response:
    """Stop one of the caller's own keys, everywhere within a second. Quiet if it was stopped before."""
    await caller.doors.identity.revoke_key(caller.principal, id)
    return Response(status_code=204)
