"""What Concord itself does with the demo's contracts: each one's clocks, and who is told when one runs out.

The same commands, days, notifications and command ids as of `workflows/attending_contracts.py`, so that the workflows that take up the
contracts afterwards find everything done already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from domain.contract_dates import local_day
from domain.contract_rules import STARTING
from domain.contracts import commands as c
from domain.contracts import contracts
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.chain import breaches_of_term
from domain.contracts.obligation_commands import RecordObligations
from domain.contracts.price_talk import in_talk
from domain.contracts.renewing import due_alert, last_day, missed, starts_renewal
from domain.contracts.state import Contract
from domain.contracts.terms import OccurrenceStatus, Side
from domain.deals import deals
from domain.kernel import SYSTEM, Command, Recorded
from domain.price_talk import DealPriceTalkPrepared
from workflows.attending_contracts import renewal_deal
from workflows.contract_clocks import next_day
from workflows.contract_notices import notices
from workflows.demo.recording import Told
from workflows.demo.simulation import Act, Story
from workflows.demo.watching import Watch
from workflows.demo.world import Person, World

_NEVER, _ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_ROUNDS = 4
"""Terms that one look goes through."""


class Keeping:
    """Contracts as they stand, and the next look at each. `due` and `ending` are the stories of people that a look begins."""

    def __init__(self, world: World, watch: Watch) -> None:
        self._world, self._watch = world, watch
        self.contracts: dict[UUID, Contract] = {}
        self._history: dict[UUID, list[Recorded]] = defaultdict(list)
        self._told: dict[UUID, int] = {}
        self._planned: dict[UUID, datetime] = {}
        self.due: Callable[[UUID, UUID, date], Story]
        self.breached: Callable[[UUID, UUID, date], Story]
        self._talked: dict[UUID, object] = {}
        """Of which breaches and claims the talk about a renewal was told."""
        self.ending: Callable[[UUID, date], Story]
        self.renewal: Callable[[UUID, Contract], Generator[Act, Any, UUID | None]]

    def do(self, id: UUID, command: Command, by: Person | None, *, new: bool = False) -> Generator[Act, Any, Told]:
        """A command on a contract; what follows from it is looked at a moment later."""
        told: Told = yield self._world.do(contracts, id, command, by, new=new)
        # a deal's claim goes into a stream of its own
        events = [event for event in told.events if event.topic.startswith(("contract.", "obligation."))]
        if events:
            state = contracts.fold(events, self.contracts.get(id))
            assert state is not None
            self.contracts[id] = state
            self._heard_by_deal(id, told)
            history, now, nobody = self._history[id], self._world.now, SYSTEM.id
            for version, event in enumerate(events, len(history) + 1):
                history.append(Recorded(id, version, 0, event, now, now, nobody, None, told.command, told.command, None))
            self._look(id)
        return told

    def _heard_by_deal(self, id: UUID, told: Told) -> None:
        """What a renewal deal is told along with its contract."""
        deal = self._deal(id)
        if deal is None or deal not in self._world.deals:
            return
        if heard := [event for event in told.events if isinstance(event, DealPriceTalkPrepared)]:
            state = deals.fold(heard, self._world.deals[deal])
            assert state is not None
            self._world.deals[deal] = state

    def _look(self, id: UUID) -> None:
        """Plan the next look after somebody changed the contract: at once where that made something due."""
        contract = self.contracts[id]
        self._plan(id, self._world.now if any(True for _ in self._ripe(id, contract)) else next_day(contract, self._world.now))

    def _plan(self, id: UUID, at: datetime | None) -> None:
        """Look then, unless an earlier look is planned."""
        if at is not None and at < self._planned.get(id, _ALWAYS):
            self._planned[id] = at
            self._world.begin(self._visit(id, at), at)

    def _ripe(self, id: UUID, contract: Contract) -> Iterator[Command]:
        """What the clock has to record now, in the workflow's order; each is decided anew."""
        if not contract.watched:
            return
        day = local_day(self._world.now, contract.zone)
        if any(change.effective_on == day for change in contract.changes):
            yield c.RecordDates()
        for held in contract.occurrences.values():
            if (held.status is OccurrenceStatus.PENDING and held.due_from <= day) or (held.open and held.breached_after < day):
                yield RecordObligations()
                break
        if due_alert(contract, day) is not None:
            yield c.RecordAlert()
        if starts_renewal(contract, day):
            yield c.RecordRenewalStarted()
        if in_talk(contract) and self._talked.get(id) != _talk_of(contract):
            yield c.RecordPriceTalk()
        if missed(contract, day) is not None:
            yield c.RecordNoticeWindow()
        last = last_day(contract, day) if contract.in_force else None
        if last is not None and last.on < day:
            yield c.RecordTermEnd()

    def _visit(self, id: UUID, at: datetime) -> Story:
        if self._planned.get(id) != at:
            return
        # while it is being looked at, nothing is planned: what is due is seen now, the rest afterwards
        self._planned[id] = _NEVER
        begun = len(self._history[id])
        for _ in range(_ROUNDS):
            ripe = list(self._ripe(id, self.contracts[id]))
            if not ripe:
                break
            for command in ripe:
                if isinstance(command, c.RecordRenewalStarted) and self.contracts[id].side is Side.SELL:
                    deal = yield from self.renewal(id, self.contracts[id])
                    command = c.RecordRenewalStarted(deal=deal)  # noqa: PLW2901  the same command, now with its deal
                if isinstance(command, c.RecordPriceTalk):
                    command = c.RecordPriceTalk(deal=self._deal(id))  # noqa: PLW2901  as above
                    self._talked[id] = _talk_of(self.contracts[id])
                yield from self.do(id, command, None)
        yield from self._tell(id)
        for recorded in self._history[id][begun:]:
            if isinstance(recorded.event, o.ObligationFellDue):
                self._world.begin(self.due(id, recorded.event.obligation, recorded.event.occurrence))
            elif isinstance(recorded.event, o.ObligationBreached):
                self._world.begin(self.breached(id, recorded.event.obligation, recorded.event.occurrence))
            elif isinstance(recorded.event, e.ContractRenewalStarted):
                self._world.begin(self.ending(id, recorded.event.term_end))
        del self._planned[id]
        self._plan(id, next_day(self.contracts[id], self._world.now))

    def _deal(self, id: UUID) -> UUID | None:
        contract = self.contracts[id]
        end = contract.dates.term_end if contract.dates is not None else None
        return renewal_deal(id, end) if contract.side is Side.SELL and end is not None else None

    def _tell(self, id: UUID) -> Story:
        contract, history = self.contracts[id], self._history[id]
        told, self._told[id] = self._told.get(id, 0), len(history)
        for notice in notices(contract, id, history, told, STARTING):
            owner = self._world.person(notice.to_owner.member)
            yield from self._watch.tell(owner, notice.to_owner)
            if notice.to_manager is not None and owner.manager is not None:
                manager = self._world.person(owner.manager)
                yield from self._watch.tell(manager, notice.to_manager.model_copy(update={"member": manager.id}))


def _talk_of(contract: Contract) -> object:
    """What the talk about a renewal is to be told of, as far as the contract itself knows it."""
    return tuple((id, nominal, held.dispute) for id, nominal, held in breaches_of_term(contract))
