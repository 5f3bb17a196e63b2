"""The demo's breaches by suppliers: each is claimed, settled in a credit, moves the score, and is before who talks about the renewal.

The same commands, ids and correlation as of `workflows/claiming.py` and `workflows/passing_on.py`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.contracts import dispute_of
from domain.contracts import obligation_commands as oc
from domain.contracts.commands import RecordPriceTalk
from domain.contracts.obligation_events import ObligationDisputed
from domain.contracts.price_talk import in_talk
from domain.contracts.terms import OccurrenceStatus
from domain.contracts.terms import Party as Owing
from domain.disputes import commands as c
from domain.disputes import disputes
from domain.disputes.terms import OfferTerms, Party, SettlementKind, Status
from domain.disputes.timing import attended
from domain.kernel import SYSTEM, Actor
from domain.suppliers import supplier_id, suppliers
from domain.suppliers.commands import ScoreSupplier
from workflows.claiming import claims
from workflows.demo.buying import Bill
from workflows.demo.disputing import Case, Desk, Part
from workflows.demo.keeping import Keeping
from workflows.demo.recording import Do
from workflows.demo.simulation import Story
from workflows.demo.world import Account, World

_CREDITED = Decimal("0.8")
_FAULT = "unmet_obligation"


class Claims:
    """Takes up what suppliers owe by contracts and did not do."""

    def __init__(self, world: World, keeping: Keeping, desk: Desk) -> None:
        self._world, self._keeping, self._desk = world, keeping, desk
        self._count = 0
        keeping.breached = self._breached

    def _breached(self, id: UUID, obligation: UUID, occurrence: date) -> Story:
        """Claimed some days later, where it costs them anything and nobody has got over it."""
        world, contract = self._world, self._keeping.contracts[id]
        owed = contract.obligations[obligation]
        account = next((a for a in world.accounts if a.id == contract.party), None)
        if account is None or owed.by is not Owing.THEM or owed.penalty is None:
            return
        self._count += 1
        bill = Bill(f"VS-{contract.number}-{self._count}", owed.title, owed.penalty.amount, owed.penalty.amount, _FAULT)
        yield from _Claim(self._desk, world, account, bill, self._count, self._keeping, (id, obligation, occurrence)).story()


class _Claim(Case):
    """The case of one breach, from its claim to its end."""

    def __init__(
        self, desk: Desk, world: World, account: Account, bill: Bill, number: int, keeping: Keeping, breach: tuple[UUID, UUID, date]
    ) -> None:
        super().__init__(desk, world, account, bill, number, None)
        self.keeping, self.breach, self.id = keeping, breach, dispute_of(*breach)

    def story(self) -> Story:
        random = self.random
        yield from self._wait(random.uniform(1, 4))
        id, obligation, occurrence = self.breach
        contract = self.keeping.contracts[id]
        made_good = contract.occurrences[obligation, occurrence].status is not OccurrenceStatus.BREACHED
        if made_good or self.account not in self.world.accounts or not contract.in_force:
            return
        yield from self._opened()
        yield from self._passed_on()
        answered, opened = random.uniform(0.5, 2), self.case.open_gross
        some = (opened * _CREDITED).quantize(Decimal("0.01"))
        yield from self._wait(answered)
        if self.case.status is Status.OPENED:
            yield from self._do(c.AcknowledgeDispute(), Party.THEM)
        yield from self._wait(random.uniform(0.5, 2))
        if self.case.status is Status.ACKNOWLEDGED:
            yield from self._do(c.InvestigateDispute(), None)
        yield from self._wait(random.uniform(1, 3))
        yield from self._do(c.ProposeSettlement(terms=OfferTerms(credit=some, pay=opened - some), note="It came, if late."), Party.THEM)
        yield from self._passed_on()
        yield from self._wait(random.uniform(1, 4))
        yield from self._do(c.AcceptSettlement(offer=self._table()), None)
        yield from self._wait(random.uniform(2, 6))
        yield from self._do(self._document(SettlementKind.CREDIT_NOTE, some), Party.THEM)
        yield from self._do(self._document(SettlementKind.RELEASE, self.case.open_gross), None)
        yield from self._passed_on()
        yield from self._wait(random.uniform(1, 5))
        yield from self._do(c.CloseDispute(root_cause="training", note="Nobody had been told to write it"), None)
        yield from self._corrected()
        while attended(self.case):
            yield from self._wait(30)

    def _opened(self) -> Part:
        id, obligation, occurrence = self.breach
        owner = self.account.owner
        claim = oc.DisputeBreach(obligation=obligation, occurrence=occurrence, note="The second reminder went unanswered")
        told = yield from self.keeping.do(id, claim, owner)
        (index,) = [n for n, event in enumerate(told.events) if isinstance(event, ObligationDisputed)]
        event = told.events[index]
        assert isinstance(event, ObligationDisputed)
        # who saw to it may have left since
        opening = claims(id, self.keeping.contracts[id], event, "EUR")[0].model_copy(update={"owner": owner.id})
        by = Actor(id=SYSTEM.id, on_behalf_of=owner.actor.id)
        opened = yield Do(disputes, self.id, opening, by, new=True, causation=told.id_of(index))
        self.state = disputes.fold(opened.events, self.state)

    def _passed_on(self) -> Part:
        """The supplier is scored at once, and who prepares the renewal is told."""
        month = f"{self.world.today():%Y-%m}"
        score = ScoreSupplier(account=self.account.id, month=month)
        yield self.world.do(suppliers, supplier_id(self.account.id), score, None, correlation=self.id)
        if in_talk(self.keeping.contracts[self.breach[0]]):
            yield from self.keeping.do(self.breach[0], RecordPriceTalk(), None)
