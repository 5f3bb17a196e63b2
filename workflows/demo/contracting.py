"""Contracts of the demo: what was won becomes one, what is bought has one; both are kept, renewed by silence, ended, and owed by."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from domain.accounts import AccountRole
from domain.approvals import Status, approval_id, approvals
from domain.contract_dates import NoticeRule, Renewal, add_months
from domain.contracts import commands as c
from domain.contracts import obligation_commands as oc
from domain.contracts.consent import NOUN
from domain.contracts.state import Contract
from domain.contracts.terms import Party, RenewalOutcome, Side, SignedPaper, Terms, ValuePer
from domain.deals import Deal, Source, deals
from domain.kernel import SYSTEM, Actor, Role
from domain.obligation_dates import DueRule, Recurrence, Roll
from domain.stages import EvidenceKind
from domain.values import Money
from infra.event_store.envelope import event_id
from workflows.attending_contracts import renewal_deal, renewal_opening
from workflows.consenting import wanted_of
from workflows.demo.approving import answered, who_holds
from workflows.demo.dealing import Opening
from workflows.demo.keeping import Keeping
from workflows.demo.recording import Do, Told
from workflows.demo.selling import pursued
from workflows.demo.simulation import Act, Story, Wait
from workflows.demo.world import Account, Person, World
from workflows.moves import step_id

Part = Generator[Act, Any, None]
_KEPT = 0.55
"""The share of what is won that is worth a contract of its own."""
_BOUGHT = ("Components", "Calibration service", "Housings", "Logistics", "Circuit boards", "Cleaning room", "Test equipment")
_FROM_THE_END = (-24, -9, 5, 12, 26, 40, 55, 70, 85, 110, 150, 200, 260)
"""Days after the end of the history on which the last day for notice lies, of one supplier's contract after the other."""
_SHOWN = 2
"""Whose report is missed in the term that ends: of the supplier's contract that is renewed right after the end of the history."""
_MISSED = (timedelta(days=210), timedelta(days=110))
"""Between so many days before the end of the history; in a quarter there is one such report."""
_MONTHS = 12
_RULES = (
    NoticeRule(count=3, unit="months", counts="received", delivery_days=3),
    NoticeRule(count=60, unit="days"),
    NoticeRule(count=30, unit="business_days"),
)
_OWED = {
    Side.BUY: (("Quality report", Party.THEM, 3, 500), ("Demand forecast", Party.US, 3, None)),
    Side.SELL: (("Maintenance visit", Party.US, 6, None), ("Calibration report", Party.US, 3, 250)),
}
"""What is owed: by whom, every how many months, and what a breach costs."""


class Contracting:
    """Makes contracts, and lets people see to them."""

    def __init__(self, world: World, keeping: Keeping) -> None:
        self._world, self._keeping = world, keeping
        self._missing: UUID | None = None
        """The contract whose next report will be missed."""
        keeping.due = self._due
        keeping.ending = self._ending
        keeping.renewal = self._renewal

    def stories(self) -> tuple[Story, ...]:
        """What runs on by itself."""
        return self._bought(), self._handed_over()

    # --- what we buy by -----------------------------------------------------------------------------------------------

    def _bought(self) -> Story:
        """Each supplier known at first has a contract that was signed before; the last days for notice lie around the history's end."""
        suppliers = [a for a in self._world.accounts if a.company.roles[0] is AccountRole.SUPPLIER]
        for number, account in enumerate(suppliers):
            yield self._world.office(days=0.5)
            yield from self._taken_over(number, account)

    def _taken_over(self, number: int, account: Account) -> Part:
        world, random = self._world, self._world.chance("bought", account.company.name)
        rule = _RULES[number % len(_RULES)]
        begun = world.plan.first_day
        deadline = world.plan.end + timedelta(days=_FROM_THE_END[number % len(_FROM_THE_END)])
        end = add_months(deadline, 3) if rule.unit.value == "months" else deadline + timedelta(days=60)
        while add_months(end, -_MONTHS) > begun + timedelta(days=150):
            end = add_months(end, -_MONTHS)
        start = add_months(end, -_MONTHS) + timedelta(days=1)
        worth = Money(amount=Decimal(random.randrange(8, 240) * 1000), currency=account.company.land.currency)
        title = f"{_BOUGHT[number % len(_BOUGHT)]} from {account.company.short}"
        terms = Terms(start=start, end=end, value=worth, value_per=ValuePer.YEAR, payment_days=30, renewal=_renewing(_MONTHS), notice=rule)
        signed = min(start, begun) - timedelta(days=random.randint(8, 30))
        id = world.ids.at(world.now)
        command = c.RegisterContract(
            title=title,
            number=f"EK-{2000 + number}",
            side=Side.BUY,
            party=account.id,
            owner=account.owner.id,
            team=account.owner.team,
            terms=terms,
            zone=account.company.land.zone,
            signed_on=signed,
            paper=_paper(title, random),
        )
        yield from self._keeping.do(id, command, account.owner, new=True)
        yield world.next_slot(account.owner)
        if number == _SHOWN:
            self._missing = id
        yield from self._owes(id, random, account.owner, Side.BUY)

    # --- what we sell by ----------------------------------------------------------------------------------------------

    def sold(self, opening: Opening, deal: Deal) -> bool:
        """Whether a won deal gets a contract, which then begins."""
        random = self._world.chance("contract", opening.number)
        if random.random() > _KEPT or deal.amount is None:
            return False
        id = next(id for id, known in self._world.deals.items() if known is deal)
        self._world.begin(self._signed(id, opening, random))
        return True

    def _signed(self, deal: UUID, opening: Opening, random: Random) -> Story:
        world, owner = self._world, _still_there(opening.owner)
        yield world.after(owner, random.uniform(1, 5))
        owner, state = _still_there(owner), world.deals[deal]
        if opening.account not in world.accounts or state.won_on is None:
            return
        start = date(world.now.year + world.now.month // 12, world.now.month % 12 + 1, 1)
        number = f"VK-{world.now:%y}-{random.randrange(1000, 9999)}"
        id = world.ids.at(world.now)
        drafting = c.OpenContractFromDeal(
            deal=deal,
            start=start,
            end=add_months(start, _MONTHS) - timedelta(days=1),
            renewal=_renewing(_MONTHS) if random.random() < 0.7 else Renewal(kind="fixed"),
            notice=random.choice(_RULES[:2]),
            payment_days=random.choice((14, 30, 30, 45)),
            number=number,
            owner=owner.id if owner.id != state.owner else None,
        )
        yield from self._keeping.do(id, drafting, owner, new=True)
        yield world.next_slot(owner)
        yield from self._keeping.do(id, c.SubmitContract(), owner)
        if (yield from self._consented(id, owner, random)) is not Status.APPROVED:
            return
        paper = _paper(number, random)
        yield world.after(owner, random.uniform(0.3, 2))
        yield from self._keeping.do(id, c.SendForSignature(paper=paper), owner)
        yield world.after(owner, random.uniform(1, 9))
        signed = c.ActivateContract(signed_on=world.today(self._keeping.contracts[id].zone))
        yield from self._keeping.do(id, signed, _still_there(owner))
        if random.random() < 0.5:
            yield world.next_slot(owner)
            yield from self._owes(id, random, _still_there(owner), Side.SELL)

    def _consented(self, id: UUID, by: Person, random: Random) -> Generator[Act, Any, Status]:
        """Those whom the policy names are asked, and answer, as `workflows/consenting.py` has it."""
        world, contract = self._world, self._keeping.contracts[id]
        cause, stream = event_id(id, contract.submission), approval_id(NOUN, id)
        wanted = wanted_of(contract, id, None, cause, by.id).model_copy(update={"holders": tuple(who_holds(world, by))})
        system = Actor(id=SYSTEM.id, on_behalf_of=by.id)
        asked: Told = yield Do(
            approvals, stream, wanted, system, id=step_id(cause, f"consent {wanted.terms.content_hash}"), new=True, causation=cause
        )
        known = approvals.fold(asked.events)
        assert known is not None
        yield from self._keeping.do(id, c.RecordConsentAsked(approval=stream), None)
        while known.open:
            known = yield from answered(world, random, known, stream, *known.pending[0])
        if known.status is Status.APPROVED:
            yield from self._keeping.do(id, c.ApproveContract(content=wanted.terms.content, approval=stream), None)
        else:
            yield from self._keeping.do(id, c.ReturnContract(reason=f"The approvers said no: {known.comment}"), None)
        return known.status

    # --- what is owed -------------------------------------------------------------------------------------------------

    def _owes(self, id: UUID, random: Random, by: Person, side: Side) -> Part:
        contract = self._keeping.contracts[id]
        title, party, months, penalty = _OWED[side][0] if id == self._missing else random.choice(_OWED[side])
        currency = contract.terms.value.currency if contract.terms.value else "EUR"
        first = max(contract.terms.start, self._world.today(contract.zone)) + timedelta(days=random.randint(35, 80))
        command = oc.AddObligation(
            title=title,
            by=party,
            owner=by.id,
            due=DueRule(on=first, roll=Roll.NEXT),
            recurrence=Recurrence(every=months),
            lead_days=14,
            grace_days=3,
            proof=EvidenceKind.DOCUMENT if party is Party.THEM else EvidenceKind.NOTE,
            penalty=Money(amount=Decimal(penalty), currency=currency) if penalty else None,
        )
        yield from self._keeping.do(id, command, by)

    def _due(self, id: UUID, obligation: UUID, occurrence: date) -> Story:
        """Mostly it is done in time, sometimes late, sometimes let go; now and then nothing happens."""
        world, random = self._world, self._world.chance("owed", id, obligation, occurrence)
        held, throw = self._keeping.contracts[id].occurrences[obligation, occurrence], random.random()
        if id == self._missing and world.plan.end - _MISSED[0] < held.due_on <= world.plan.end - _MISSED[1]:
            self._missing = None
            return
        owner = _still_there(world.person(self._keeping.contracts[id].obligations[obligation].owner))
        days = (held.due_on - world.today(owner.zone)).days
        wait = random.uniform(0.3, max(0.5, days)) if throw < 0.8 else days + random.uniform(6, 24)
        yield world.after(owner, wait)
        owner, contract = _still_there(owner), self._keeping.contracts[id]
        if throw > 0.93 or not contract.in_force or contract.occurrences[obligation, occurrence].dispute is not None:
            return
        if throw > 0.88:
            letting = oc.WaiveObligation(obligation=obligation, occurrence=occurrence, reason="Nothing was due this time")
            yield from self._keeping.do(id, letting, owner)
            return
        name = f"proof-{random.randint(1000, 9999)}.pdf"
        proof = {"document": name, "sha256": _digest(id, name), "note": "Came by mail"}
        done = oc.MeetObligation.model_validate(
            {"obligation": obligation, "occurrence": occurrence, "met_on": world.today(contract.zone), "proof": proof}
        )
        yield from self._keeping.do(id, done, owner)

    def _handed_over(self) -> Story:
        """The contracts of who has left, and what was owed by them, go to who took over the rest."""
        world = self._world
        while True:
            # minutes after the others, so that nobody else writes to the same contract then
            yield Wait(world.diary.office(world.now + timedelta(days=6)) + timedelta(minutes=17))
            for id, contract in list(self._keeping.contracts.items()):
                owner = world.person(contract.owner)
                if owner.heir is not None and contract.in_force:
                    yield from self._keeping.do(id, c.AssignContractOwner(owner=owner.heir.id), world.having(Role.LEGAL))
                for obligation, held in list(self._keeping.contracts[id].obligations.items()):
                    heir = world.person(held.owner).heir
                    if heir is not None and contract.in_force and not held.ended:
                        reassigned = oc.ReassignObligation(obligation=obligation, owner=heir.id)
                        yield from self._keeping.do(id, reassigned, world.having(Role.LEGAL))

    # --- the end of a term --------------------------------------------------------------------------------------------

    def _renewal(self, id: UUID, contract: Contract) -> Generator[Act, Any, UUID | None]:
        """The deal for what follows, opened as the contract's workflow does, and then worked on; None where it cannot be opened."""
        world, days = self._world, contract.dates
        account = next((a for a in world.accounts if a.id == contract.party), None)
        owner = world.person(contract.owner)
        if account is None or not account.buyers or not owner.active or days is None or days.term_end is None:
            return None
        deal = renewal_deal(id, days.term_end)
        opening = renewal_opening(id, contract, "EUR", world.today(contract.zone))
        yield world.do(deals, deal, opening, None, new=True)
        value = contract.terms.value
        worth = max(2_000, int(value.amount / world.rates[value.currency])) if value else 10_000
        again = Opening(f"{id}.{days.term_end}", account, owner, worth, Source.RENEWAL)
        world.begin(self._worked_on(id, deal, again))
        return deal

    def _worked_on(self, id: UUID, deal: UUID, opening: Opening) -> Story:
        yield self._world.after(opening.owner, self._world.chance("renewal", deal).uniform(0.5, 6))
        yield from pursued(self._world, opening, lambda _, won: self._world.begin(self._agreed(id, won)), deal)

    def _agreed(self, id: UUID, won: Deal) -> Story:
        """A renewal that was won is a further term, if it is not too late for one."""
        world, contract = self._world, self._keeping.contracts[id]
        yield world.office(days=1)
        contract = self._keeping.contracts[id]
        end = contract.dates.term_end if contract.dates else None
        if contract.in_force and contract.notice is None and contract.termination is None and end is not None:
            paper = _paper(f"{contract.number}-{end.year + 1}", world.chance("paper", id, end))
            further = c.RenewContract(
                end=add_months(end + timedelta(days=1), _MONTHS) - timedelta(days=1),
                value=won.amount,
                signed_on=world.today(contract.zone),
                paper=paper,
            )
            yield from self._keeping.do(id, further, _still_there(world.person(contract.owner)))

    def _ending(self, id: UUID, term_end: date) -> Story:
        """While the renewal is prepared: a review where we buy; now and then somebody gives notice. Else nobody does, and it renews itself."""
        world, random = self._world, self._world.chance("ending", id, term_end)
        contract = self._keeping.contracts[id]
        owner, throw = _still_there(world.person(contract.owner)), random.random()
        days = contract.dates
        assert days is not None
        if contract.side is Side.BUY:
            yield world.office(days=random.uniform(4, 30))
            outcome = random.choice((RenewalOutcome.RENEW, RenewalOutcome.RENEW, RenewalOutcome.RENEGOTIATE))
            if self._keeping.contracts[id].in_force:
                yield from self._keeping.do(id, c.ConcludeRenewalReview(outcome=outcome), _still_there(owner))
        if throw > (0.1 if contract.side is Side.SELL else 0.06) or days.send_by is None:
            return
        left = (days.send_by - world.today(contract.zone)).days
        yield world.office(days=max(0.5, left - random.uniform(3, 20)))
        contract, day = self._keeping.contracts[id], world.today(contract.zone)
        if not contract.in_force or contract.notice is not None or (contract.dates and contract.dates.term_end != term_end):
            return
        if contract.side is Side.SELL:
            yield from self._keeping.do(id, c.ReceiveNotice(received_on=day, how="letter"), _still_there(owner))
        else:
            yield from self._keeping.do(id, c.GiveNotice(sent_on=day, how="registered letter"), _still_there(owner))


def _renewing(months: int) -> Renewal:
    return Renewal.model_validate({"kind": "auto_renew", "months": months})


def _still_there(person: Person) -> Person:
    return person.heir or person


def _digest(*what: object) -> str:
    return sha256(":".join(map(str, what)).encode()).hexdigest()


def _paper(title: str, random: Random) -> SignedPaper:
    return SignedPaper(reference=f"{title}.pdf"[:200], sha256=_digest(title, random.random()))
