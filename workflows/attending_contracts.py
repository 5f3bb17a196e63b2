"""Seeing to one contract: record what the days have brought about, prepare its renewal, open the cases of breaches that are claimed,
tell whom it concerns. Safe to repeat at any point.

Every command here is quiet when it is not time, or when it was recorded: a crash between two of them repeats nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.contract_dates import local_day
from domain.contracts import commands as c
from domain.contracts import contracts
from domain.contracts.chain import latest_chain
from domain.contracts.consent import awaited
from domain.contracts.days import annual_value, term_value
from domain.contracts.in_force import terms_on
from domain.contracts.obligation_commands import RecordObligations
from domain.contracts.price_talk import in_talk
from domain.contracts.renewing import starts_renewal
from domain.contracts.state import Contract
from domain.contracts.terms import Side
from domain.deals import OpenDeal, Source, deals
from domain.kernel import SYSTEM, AlreadyExists, Command, Refused, natural_id
from domain.settings import SETTINGS_ID, Settings, settings
from domain.values import Money
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.requests import KeyReused, VersionConflict
from workflows.claiming import open_cases
from workflows.contract_clocks import next_due
from workflows.contract_notices import notices
from workflows.messages import ContractRun, ContractStanding
from workflows.moves import step_id
from workflows.telling import manager_for, tell

_ROUNDS = 12
"""Terms that one look goes through, where nobody has looked for years; the next look goes on."""
_FIRST: tuple[Command, ...] = (c.RecordDates(), RecordObligations(), c.RecordAlert())
_THEN: tuple[Command, ...] = (c.RecordNoticeWindow(), c.RecordTermEnd())
_TITLE = 200


async def attend_contract(store: Store, run: ContractRun, clock: Callable[[], datetime]) -> ContractStanding:
    """Record, prepare and tell; then whether a clock of the contract still runs, and when to look again."""
    tenant = Tenant(run.tenant)
    contract = await _load(store, tenant, run.contract)
    if contract is None:
        return ContractStanding(open=False, told=run.told)
    done = False
    for _ in range(_ROUNDS):
        done = not (contract.watched and await _record(store, tenant, run.contract, contract, clock))
        contract = await _load(store, tenant, run.contract)
        assert contract is not None, "what was loaded once is there"
        if done:
            break
    await _tell(store, tenant, run, contract)
    due = next_due(contract, clock()) if done else clock()
    return ContractStanding(open=contract.watched or bool(awaited(contract)), told=contract.version, next_due=due)


async def _record(store: Store, tenant: Tenant, id: UUID, contract: Contract, clock: Callable[[], datetime]) -> bool:
    """Let the clock record what is due, in order; whether there was anything."""
    found = False
    for command in _FIRST:
        found |= await _execute(store, tenant, id, command)
    if found:
        contract = await _load(store, tenant, id) or contract
    if starts_renewal(contract, local_day(clock(), contract.zone)):
        found |= await _execute(store, tenant, id, await _prepared(store, tenant, id, contract, clock()))
    found |= await tell_price_talk(store, tenant, id)
    for command in _THEN:
        found |= await _execute(store, tenant, id, command)
    return found


async def _execute(store: Store, tenant: Tenant, id: UUID, command: Command) -> bool:
    return bool((await store.execute(tenant, contracts, id, command, by=SYSTEM)).events)


async def _load(store: Store, tenant: Tenant, id: UUID) -> Contract | None:
    contract: Contract | None = (await store.load(tenant, contracts, id)).state
    return contract


def renewal_deal(contract: UUID, term_end: date) -> UUID:
    """The stream of the deal for what follows a term: one, whoever opens it and how often."""
    return natural_id("deal", "renewal", str(contract), term_end.isoformat())


def renewal_title(title: str, year: int) -> str:
    """`Renewal of Cleaning (2028)`, also where `title` is that of an earlier renewal already."""
    own = re.sub(r"^(Renewal of )+|( \([0-9]{4}\))+$", "", title)
    says, when = "Renewal of ", f" ({year})"
    return f"{says}{own[: _TITLE - len(says) - len(when)].rstrip()}{when}"


def renewal_opening(id: UUID, contract: Contract, currency: str, today: date) -> OpenDeal:
    """How the deal for what follows the term that runs is opened. `currency`: of its amount where the contract has no value."""
    days = contract.dates
    assert days is not None
    terms = terms_on(contract, today)
    follows = (days.term_end or today) + timedelta(days=1)
    return OpenDeal(
        title=renewal_title(contract.title, follows.year),
        account=contract.party,
        amount=term_value(terms) or Money.zero(currency),
        annual=annual_value(terms),
        close_date=max(today, days.deadline or days.term_end or today),
        zone=contract.zone,
        owner=contract.owner,
        source=Source.RENEWAL,
        source_reference=contract.number or str(id),
        next_step="Agree on what follows before notice is due.",
    )


async def _prepared(store: Store, tenant: Tenant, id: UUID, contract: Contract, now: datetime) -> c.RecordRenewalStarted:
    """Open the renewal deal of what we sell; where it cannot be opened, and where we buy, a review has to do."""
    days = contract.dates
    assert days is not None
    assert days.term_end is not None
    if contract.side is Side.BUY:
        return c.RecordRenewalStarted()
    deal = renewal_deal(id, days.term_end)
    if (await store.load(tenant, deals, deal)).state is not None:
        return c.RecordRenewalStarted(deal=deal)
    known: Settings = (await store.load(tenant, settings, SETTINGS_ID)).state
    opening = renewal_opening(id, contract, known.currency, local_day(now, contract.zone))
    try:
        chain = latest_chain(contract, id) or step_id(id, "renewal", days.term_end.isoformat())
        await store.execute(tenant, deals, deal, opening, by=SYSTEM, correlation_id=chain)
    except (VersionConflict, KeyReused):
        raise  # says nothing about the deal: it is tried again
    except AlreadyExists:
        return c.RecordRenewalStarted(deal=deal)
    except Refused as refusal:
        return c.RecordRenewalStarted(note=refusal.detail)
    return c.RecordRenewalStarted(deal=deal)


async def tell_price_talk(store: Store, tenant: Tenant, id: UUID) -> bool:
    """Record what happened in the term whose renewal is prepared, where there is anything new to it; whether there was."""
    contract = await _load(store, tenant, id)
    if contract is None or contract.dates is None or contract.dates.term_end is None or not in_talk(contract):
        return False
    deal = renewal_deal(id, contract.dates.term_end) if contract.side is Side.SELL else None
    return await _execute(store, tenant, id, c.RecordPriceTalk(deal=deal))


async def _tell(store: Store, tenant: Tenant, run: ContractRun, contract: Contract) -> None:
    if contract.version <= run.told:
        return
    history = await store.history(tenant, run.contract)
    await open_cases(store, tenant, run.contract, contract, history, run.told)
    known: Settings = (await store.load(tenant, settings, SETTINGS_ID)).state
    manager: UUID | None = None
    asked = False
    for notice in notices(contract, run.contract, history, run.told, known.contract_rules):
        await tell(store, tenant, notice.to_owner)
        if notice.to_manager is None:
            continue
        if not asked:
            manager, asked = await manager_for(store, tenant, contract), True
        if manager is not None:
            await tell(store, tenant, notice.to_manager.model_copy(update={"member": manager}))
