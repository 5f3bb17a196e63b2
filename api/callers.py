"""Who calls, and whether they may call this at all: what a route's signature states, checked before its body is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from api.doors import Doors
from api.problems import COMMON, CrossSite
from api.queries import check_query
from domain.kernel import Actor, Forbidden, NotFound, Refused
from infra.access import Action, Object, Standing, allowed, roles_for
from infra.database import Tenant
from infra.identity import Credential, NoTenantChosen, NotSignedIn

COOKIE = "__Host-concord"
_SAFE = {"GET", "HEAD", "OPTIONS"}


class ReadOnlyKey(Forbidden):
    """The API key may read only."""


class RoleMissing(Forbidden):
    """None of the caller's roles allows this; `roles` names those that do."""


class MemberGone(Forbidden):
    """The caller is no longer an active member of the tenant."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified caller in a tenant, with today's rights."""

    doors: Doors
    tenant: Tenant
    credential: Credential
    standing: Standing

    @property
    def principal(self) -> UUID:
        return self.credential.principal

    @property
    def actor(self) -> Actor:
        return self.standing.actor

    def may(self, action: Action, thing: Object | None = None) -> bool:
        """Whether the caller may do it."""
        return allowed(self.standing, action, thing)

    def require(self, action: Action, thing: Object) -> None:
        """Refuse what is out of the caller's reach as if it were not there (S3). Raises NotFound."""
        if not allowed(self.standing, action, thing):
            raise NotFound("There is no such thing, or you may not know of it.")


def source_of(request: Request) -> str:
    """The caller's address, as the server saw the connection."""
    return request.client.host if request.client else "local"


async def credential_of(request: Request) -> Credential:
    """The session or key behind a request. Raises NotSignedIn, CrossSite, ReadOnlyKey."""
    doors: Doors = request.app.state.doors
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.startswith("ck_"):
            doors.buckets.take(("address", source_of(request)), doors.rates.address)
            raise NotSignedIn
        try:
            credential = await doors.identity.key(token)
        except NotSignedIn:
            doors.buckets.take(("address", source_of(request)), doors.rates.address)
            raise
        if credential.read_only and request.method not in _SAFE:
            raise ReadOnlyKey("This API key may read only. Use one that may write.")
        doors.buckets.take(credential.key, doors.rates.key)
        return credential
    token = request.cookies.get(COOKIE, "")
    if not token.startswith("cs_"):
        raise NotSignedIn
    if request.method not in _SAFE:
        check_origin(request)
    credential = await doors.identity.session(token)
    doors.buckets.take(credential.token, doors.rates.session)
    return credential


def check_origin(request: Request) -> None:
    """A browser's write must come from our own pages (S13). Raises CrossSite."""
    origin = request.headers.get("origin")
    if origin is not None:
        same = urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() and urlsplit(origin).netloc != ""
    else:
        same = request.headers.get("sec-fetch-site") == "same-origin"
    if not same:
        raise CrossSite("A browser session can be used from Concord's own pages only. Use an API key from elsewhere.")


class SignedIn:
    """A session or key, whatever the tenant and the roles."""

    problems: tuple[type[Refused], ...] = COMMON
    actions: tuple[Action, ...] = ()

    async def __call__(self, request: Request) -> Credential:
        credential = await credential_of(request)
        request.scope["state"]["credential"] = credential
        check_query(request)
        return credential


class Roles:
    """An active member whose roles allow at least one of `actions` (checked again per object where there is one)."""

    problems: tuple[type[Refused], ...] = COMMON

    def __init__(self, *actions: Action) -> None:
        self.actions = actions
        self.roles = frozenset().union(*(roles_for(action) for action in actions))

    async def __call__(self, request: Request) -> Caller:
        credential = await credential_of(request)
        state = request.scope["state"]
        state["credential"] = credential
        if credential.tenant is None or credential.member is None:
            raise NoTenantChosen("Pick a tenant first: PUT /v1/sessions/current.")
        doors: Doors = request.app.state.doors
        doors.buckets.take(credential.tenant.slug, doors.rates.tenant)
        standing = await doors.directory.standing(credential.tenant, credential.member)
        if not standing.active:
            raise MemberGone("You are no longer an active member here. Ask an administrator.")
        if standing.roles.isdisjoint(self.roles):
            named = ", ".join(role.replace("_", " ") for role in sorted(self.roles))
            raise RoleMissing(f"None of your roles allows this. Ask somebody who has one of: {named}.", roles=sorted(self.roles))
        caller = Caller(doors, credential.tenant, credential, standing)
        state["caller"] = caller
        check_query(request)
        return caller


def _may(*actions: Action) -> Any:
    return Depends(Roles(*actions))


AnyCredential = Annotated[Credential, Depends(SignedIn())]
DealReader = Annotated[Caller, _may(Action.DEAL_READ)]
DealOpener = Annotated[Caller, _may(Action.DEAL_OPEN)]
DealChanger = Annotated[Caller, _may(Action.DEAL_CHANGE)]
DealAssigner = Annotated[Caller, _may(Action.DEAL_ASSIGN)]
WinReverser = Annotated[Caller, _may(Action.DEAL_REVERSE_WIN)]
AccountReader = Annotated[Caller, _may(Action.ACCOUNT_READ)]
AccountOpener = Annotated[Caller, _may(Action.ACCOUNT_OPEN)]
AccountChanger = Annotated[Caller, _may(Action.ACCOUNT_CHANGE)]
AccountMerger = Annotated[Caller, _may(Action.ACCOUNT_MERGE)]
ContactReader = Annotated[Caller, _may(Action.CONTACT_READ)]
ContactChanger = Annotated[Caller, _may(Action.CONTACT_CHANGE)]
InteractionReader = Annotated[Caller, _may(Action.INTERACTION_READ)]
InteractionRecorder = Annotated[Caller, _may(Action.INTERACTION_RECORD)]
ContractReader = Annotated[Caller, _may(Action.CONTRACT_READ)]
DocumentReader = Annotated[Caller, _may(Action.DOCUMENT_READ)]
DocumentUploader = Annotated[Caller, _may(Action.DOCUMENT_UPLOAD)]
ApprovalReader = Annotated[Caller, _may(Action.APPROVAL_READ)]
Delegator = Annotated[Caller, _may(Action.DELEGATION_OWN)]
DisputeReader = Annotated[Caller, _may(Action.DISPUTE_READ)]
SupplierReader = Annotated[Caller, _may(Action.SUPPLIER_READ)]
PortalReader = Annotated[Caller, _may(Action.PORTAL_READ)]
PortalAnswerer = Annotated[Caller, _may(Action.PORTAL_ANSWER)]
PaperReader = Annotated[Caller, _may(Action.PAPER_READ)]
PaperPreparer = Annotated[Caller, _may(Action.PAPER_PREPARE)]
ForecastReader = Annotated[Caller, _may(Action.FORECAST_READ)]
CatalogueReader = Annotated[Caller, _may(Action.CATALOGUE_READ)]
CatalogueChanger = Annotated[Caller, _may(Action.CATALOGUE_CHANGE)]
PipelineChanger = Annotated[Caller, _may(Action.PIPELINE_CHANGE)]
RateChanger = Annotated[Caller, _may(Action.RATE_CHANGE)]
SettingsChanger = Annotated[Caller, _may(Action.SETTINGS_CHANGE)]
MemberReader = Annotated[Caller, _may(Action.MEMBER_READ)]
MemberChanger = Annotated[Caller, _may(Action.MEMBER_CHANGE)]
TodayReader = Annotated[Caller, _may(Action.TODAY_READ)]
ImportReader = Annotated[Caller, _may(Action.IMPORT_READ, Action.IMPORT_SUPPLY)]
ImportRunner = Annotated[Caller, _may(Action.IMPORT_RUN, Action.IMPORT_SUPPLY)]
LogReader = Annotated[Caller, _may(Action.LOG_READ)]
StreamReader = Annotated[Caller, _may(Action.STREAM_READ)]
ChainReader = Annotated[Caller, _may(Action.CHAIN_READ)]
KeyOwner = Annotated[Caller, _may(Action.KEY_OWN)]
Operator = Annotated[Caller, _may(Action.OPERATE)]
PrivacyReader = Annotated[Caller, _may(Action.PRIVACY_READ)]
PrivacyKeeper = Annotated[Caller, _may(Action.PRIVACY_KEEP)]
PersonEraser = Annotated[Caller, _may(Action.PRIVACY_ERASE)]
