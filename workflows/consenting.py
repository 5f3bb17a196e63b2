"""Consent to what a contract says, before it is signed: asked for when a review is, and carried out when the answer is there.

Safe to repeat at any point: the approval says who was asked and what they said, and every step carries the command id of its cause.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.approvals import Approval, NobodyToAsk, RequestApproval, Status, approval_id, approvals
from domain.contracts import Contract, contracts
from domain.contracts import commands as c
from domain.contracts.consent import CHAINS, NOUN, awaited, terms_of
from domain.kernel import SYSTEM, Actor, Command, Refused
from domain.notifications import Notify
from domain.rates import NoRate
from infra.access_members import Directory
from infra.database import Database, Tenant
from infra.event_store import Step, Store
from infra.event_store.envelope import event_id
from infra.event_store.requests import KeyReused, VersionConflict
from workflows.approving import ask_for_consent
from workflows.moves import meta_of, step_id
from workflows.telling import tell
from workflows.titles import titled

_NO = {Status.REJECTED: "The approvers said no", Status.WITHDRAWN: "The request for approval was taken back"}


ASK_AGAIN = timedelta(days=1)
"""Between tries where nobody can be asked, or a value cannot be converted."""


async def see_to_consent(database: Database, store: Store, directory: Directory, tenant: Tenant, id: UUID) -> timedelta | None:
    """Ask about each thing that waits for consent, and approve or send back what was answered; when to try again what could not be asked."""
    contract: Contract | None = (await store.load(tenant, contracts, id)).state
    asked = [await _see_to(database, store, directory, tenant, id, amendment) for amendment in awaited(contract)] if contract else []
    return None if all(asked) else ASK_AGAIN


async def _see_to(database: Database, store: Store, directory: Directory, tenant: Tenant, id: UUID, amendment: UUID | None) -> bool:
    """Whether somebody could be asked, or nobody had to be."""
    contract: Contract = (await store.load(tenant, contracts, id)).state
    if amendment not in awaited(contract):
        return True
    version = contract.submission if amendment is None else contract.amendments[amendment].version
    cause = event_id(id, version)
    asked = await meta_of(database, tenant, id, version)
    requester = asked.on_behalf_of or asked.actor
    envelope: dict[str, Any] = {"correlation_id": asked.correlation_id, "causation_id": cause}

    async def execute(step: str, command: Command) -> None:
        await store.execute(tenant, contracts, id, command, by=SYSTEM, command_id=step_id(cause, step), **envelope)

    wanted = wanted_of(contract, id, amendment, cause, requester)
    try:
        stream = approval_id(NOUN, amendment or id)
        known: Approval | None = (await store.load(tenant, approvals, stream)).state
        hashed = wanted.terms.content_hash
        if known is None or known.cause != cause or not known.covers(hashed, CHAINS):
            hold = Step(contracts, id, c.RecordConsentAsked(amendment=amendment, approval=stream))
            actor = Actor(id=SYSTEM.id, on_behalf_of=requester)
            _, known = await ask_for_consent(
                store, directory, tenant, wanted, hold, by=actor, command_id=step_id(cause, f"consent {hashed}"), **envelope
            )
        if known.open:
            return True
        if known.grants(hashed, CHAINS):
            await execute(f"approve {known.round}", _yes(contract, amendment, stream))
        elif known.status in _NO:
            said = f"{_NO[known.status]}{f': {known.comment}' if known.comment else '.'}"
            await execute(f"return {known.round}", _no(amendment, said))
    except (VersionConflict, KeyReused):
        raise  # says nothing about the contract: it is tried again
    except (NobodyToAsk, NoRate) as refusal:
        await tell(store, tenant, _unasked(wanted, refusal))
        return False
    except Refused:
        after: Contract = (await store.load(tenant, contracts, id)).state
        if amendment in awaited(after):
            raise
        # it was settled otherwise meanwhile
    return True


def wanted_of(contract: Contract, id: UUID, amendment: UUID | None, cause: UUID, requester: UUID) -> RequestApproval:
    """What is asked; its holders are found by whoever asks."""
    title = contract.title if amendment is None else f"{contract.title}: {contract.amendments[amendment].title}"
    return RequestApproval(
        noun=NOUN,
        about=id,
        part=amendment,
        title=titled(title),
        cause=cause,
        requested_by=requester,
        parties=tuple(party for party in (contract.owner,) if party != requester),
        owner=contract.owner,
        team=contract.team,
        terms=terms_of(contract, amendment),
        chains=CHAINS,
    )


def _unasked(wanted: RequestApproval, refusal: Refused) -> Notify:
    says = " waits, for nobody can be asked"
    body = f"{refusal.detail} It is asked again by itself every day."
    return Notify(
        member=wanted.requested_by,
        kind="consent_unasked",
        noun=NOUN,
        about=wanted.about,
        cause=wanted.cause,
        title=titled(wanted.title, says),
        body=body,
    )


def _yes(contract: Contract, amendment: UUID | None, approval: UUID) -> Command:
    if amendment is not None:
        return c.ApproveAmendment(amendment=amendment, approval=approval)
    assert contract.content is not None, "what is under review has a content"
    return c.ApproveContract(content=contract.content, approval=approval)


def _no(amendment: UUID | None, reason: str) -> Command:
    return c.ReturnContract(reason=reason) if amendment is None else c.DropAmendment(amendment=amendment, reason=reason)
