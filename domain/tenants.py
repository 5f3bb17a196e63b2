"""Tenants: the first event of each tenant's log says whose it is, and whether it is a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.kernel import AlreadyExists, Command, Context, Decider, Event, natural_id
from domain.values import Key, Name

TENANT_ID = natural_id("tenant")
"""The stream of the tenant itself, in its own log."""


class TenantCreated(Event, topic="tenant.created"):
    """The log begins. Only in a simulated tenant may facts be recorded as of another time than now."""

    slug: str
    name: str
    simulated: bool = False


class CreateTenant(Command):
    slug: Key
    name: Name
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class TenantIdentity:
    slug: str
    name: str
    simulated: bool


def decide(state: TenantIdentity | None, command: Any, _ctx: Context) -> tuple[Event, ...]:
    match command:
        case CreateTenant(slug=slug, name=name, simulated=simulated):
            if state == TenantIdentity(slug, name, simulated):
                return ()
            if state is not None:
                raise AlreadyExists(f"This log belongs to {state.name} ({state.slug}) already; choose another name.", slug=state.slug)
            return (TenantCreated(slug=slug, name=name, simulated=simulated),)
        case _:
            raise TypeError(f"a tenant knows no {type(command).__name__}")


def evolve(state: TenantIdentity | None, event: Event) -> TenantIdentity | None:
    match event:
        case TenantCreated(slug=slug, name=name, simulated=simulated):
            return TenantIdentity(slug, name, simulated)
        case _:
            return state


tenants = Decider("tenant", initial=None, decide=decide, evolve=evolve)
