"""A tenant's beginning, and the credential of the person who runs Concord on this machine.

The credential lies in CONCORD_HOME/operator.json (mode 0600), so that commands work at once; whoever can read that file
can read the database's passwords beside it, too.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from api.credential import Credential, credentials, read_credential
from domain.clauses import clause_id, clauses
from domain.default_papers import default_clauses, default_templates
from domain.default_pipeline import default_pipeline
from domain.kernel import SYSTEM, Actor, Role, natural_id
from domain.members import AddMember, members
from domain.pipelines import DEFAULT_PIPELINE, pipelines
from domain.templates import template_id, templates
from domain.tenants import TENANT_ID, CreateTenant, tenants
from infra.database import Tenant
from infra.embedded.process import write_privately
from infra.event_store import Step, Store
from infra.identity import Identity, NotSignedIn
from infra.opening import opened
from infra.settings import Settings

OPERATOR = natural_id("principal", "operator")
"""The principal of whoever runs Concord on its machine; it has keys alone, no password."""
OPERATOR_MEMBER = natural_id("member", "operator")
"""The operator's stream in each tenant."""
KEY_LABEL = "operator of this machine"
_KEY_LASTS = timedelta(days=366)
_RENEW_BEFORE = timedelta(days=30)


async def found_tenant(store: Store, tenant: Tenant, name: str) -> None:
    """The first events of a tenant's log: whose it is, its first pipeline and wording. Quiet if it was done before, in part or whole."""
    steps = []
    if (await store.load(tenant, tenants, TENANT_ID)).state is None:
        steps.append(Step(tenants, TENANT_ID, CreateTenant(slug=tenant.slug, name=name, simulated=tenant.simulated)))
    if (await store.load(tenant, pipelines, DEFAULT_PIPELINE)).state is None:
        steps.append(Step(pipelines, DEFAULT_PIPELINE, default_pipeline()))
    steps += [
        Step(clauses, id, clause)
        for clause in default_clauses()
        if (await store.load(tenant, clauses, id := clause_id(clause.key))).state is None
    ]
    steps += [
        Step(templates, id, template)
        for template in default_templates()
        if (await store.load(tenant, templates, id := template_id(template.key))).state is None
    ]
    if steps:
        await store.execute_steps(tenant, steps, by=SYSTEM)


async def operator_key(store: Store, identity: Identity, tenant: Tenant, known: str | None = None) -> str:
    """A key with which the operator is an administrator of the tenant: the `known` one while it holds, else a new one.

    Keys issued before to the same label are revoked. An operator whom an administrator deactivated stays so.
    """
    if known:
        try:
            credential = await identity.key(known)
        except NotSignedIn:
            pass
        else:
            if (
                credential.tenant == tenant
                and credential.principal == OPERATOR
                and credential.expires_at - datetime.now(UTC) > _RENEW_BEFORE
            ):
                return known
    if (await store.load(tenant, members, OPERATOR_MEMBER)).state is None:
        await store.execute(tenant, members, OPERATOR_MEMBER, AddMember(name="Operator", roles=(Role.ADMIN,)), by=SYSTEM)
    await identity.add_machine(OPERATOR)
    await identity.join(OPERATOR, tenant, OPERATOR_MEMBER)
    for key in await identity.keys(OPERATOR, tenant):
        if key.label == KEY_LABEL and key.revoked_at is None:
            await identity.revoke_key(OPERATOR, key.id)
    return (await identity.issue_key(OPERATOR, tenant, KEY_LABEL, lasts=_KEY_LASTS))[0]


async def operator_of(store: Store, tenant: Tenant) -> Actor:
    """The operator as who acts, for the log to name; Concord itself where the tenant's log knows no operator."""
    if (await store.load(tenant, members, OPERATOR_MEMBER)).state is None:
        return SYSTEM
    return Actor(OPERATOR_MEMBER, frozenset({Role.ADMIN}))


def write_credential(settings: Settings, credential: Credential) -> None:
    """Leave the credential for the commands of this machine, beside those of other tenants. The tenant of the settings is the usual one."""
    keys = {**credentials(settings).get("keys", {}), credential.tenant: credential.api_key}
    usual = settings.tenant if settings.tenant in keys else credential.tenant
    text = {"address": credential.address, "tenant": usual, "api_key": keys[usual], "keys": keys}
    write_privately(settings.operator_file, json.dumps(text, indent=2))


async def provide(settings: Settings, tenant: Tenant, address: str, *, name: str | None = None) -> None:
    """Found the tenant and leave its operator's credential; `address` is the API's. Repeatable.

    `settings` carry the database's address. Raises StoreUnavailable, KeysUnavailable, Refused.
    """
    async with opened(settings) as process:
        store, identity = process.store, Identity(process.database)
        await found_tenant(store, tenant, name or tenant.slug.replace("_", " ").capitalize())
        known = credentials(settings).get("keys", {}).get(tenant.slug)
        key = await operator_key(store, identity, tenant, known)
    write_credential(settings, Credential(address, tenant.slug, key))


__all__ = [
    "KEY_LABEL",
    "OPERATOR",
    "OPERATOR_MEMBER",
    "Credential",
    "found_tenant",
    "operator_key",
    "operator_of",
    "provide",
    "read_credential",
    "write_credential",
]
