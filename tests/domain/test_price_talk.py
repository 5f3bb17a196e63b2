"""What the talk about a renewal is told of the term: its breaches, what came of their cases, and how the supplier's score moved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from domain.contract_dates import NoticeRule, NoticeUnit, Renewal, RenewalKind
from domain.contracts import Contract, contracts, dispute_of
from domain.contracts.chain import chain, latest_chain
from domain.contracts.commands import ConcludeRenewalReview, RecordPriceTalk, RecordRenewalStarted, RecordTermEnd, RegisterContract
from domain.contracts.events import ContractRenewalReviewed, ContractRenewalStarted
from domain.contracts.obligation_commands import AddObligation, DisputeBreach, MeetObligation, RecordObligations
from domain.contracts.obligation_events import ObligationBreached, ObligationDisputed, ObligationMet, ObligationScheduled
from domain.contracts.refusals import BreachDisputed, NotBreached
from domain.contracts.terms import Party, Proof, RenewalOutcome, Side, SignedPaper, Terms
from domain.deals import deals
from domain.dispute_rules import Reason
from domain.disputes import commands as c
from domain.disputes import disputes
from domain.disputes.decider import chain as case_chain
from domain.disputes.terms import DisputedLine, DocumentKind, Evidence, LineReference
from domain.disputes.terms import Side as Claimed
from domain.kernel import Command, Event, On, Refused, natural_id
from domain.obligation_dates import DueRule, Recurrence
from domain.price_talk import ContractPriceTalkPrepared, PriceTalk
from domain.stages import EvidenceKind
from domain.suppliers import commands as s
from domain.suppliers import supplier_id, suppliers
from tests.domain.dispute_world import ACME, BEA, NOBODY, Desk, credit_note, line, money, offer

CONTRACT = natural_id("test", "bought by")
MARCH, JUNE = date(2026, 3, 10), date(2026, 6, 10)
PAPER = SignedPaper(reference="EK-1.pdf", sha256="ab" * 32)


class Bought(Desk):
    """A supplier that is scored, and a contract with it by which it owes a report every quarter, with 500 EUR for a breach."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sign()
        self.do_supplier(s.RecordOrder(account=ACME, order="PO-1", on=self.now.date()))
        self.do_supplier(s.RecordDelivery(account=ACME, order="PO-1", delivery="D-1", due_on=self.now.date(), delivered_on=self.now.date()))
        self.score()

    def sign(self) -> None:
        rule = NoticeRule(count=3, unit=NoticeUnit.MONTHS)
        yearly = Renewal(kind=RenewalKind.AUTO_RENEW, months=12)
        terms = Terms(start=date(2026, 1, 1), end=date(2026, 12, 31), value=money("24000"), renewal=yearly, notice=rule)
        said = {"title": "Sensors", "number": "EK-1", "side": Side.BUY, "party": ACME, "owner": BEA, "zone": "Europe/Berlin"}
        self.told(RegisterContract(**said, terms=terms, signed_on=date(2025, 12, 15), paper=PAPER))
        owed = AddObligation(
            title="Quality report",
            by=Party.THEM,
            due=DueRule(on=MARCH),
            recurrence=Recurrence(every=3),
            grace_days=3,
            proof=EvidenceKind.DOCUMENT,
            penalty=money("500"),
        )
        self.told(owed)

    def told(self, command: Command) -> tuple[Event | On, ...]:
        return self.world.do(contracts, CONTRACT, command)

    def denied(self, rule: type[Refused], command: Command) -> Refused:
        outcome = self.world.run(contracts, CONTRACT, command)
        assert isinstance(outcome, rule), outcome
        return outcome

    def do_supplier(self, command: Command) -> tuple[Event | On, ...]:
        return self.world.do(suppliers, supplier_id(ACME), command)

    def score(self) -> Decimal | None:
        self.do_supplier(s.ScoreSupplier(account=ACME, month=f"{self.now:%Y-%m}"))
        supplier = self.supplier()
        assert supplier is not None
        assert supplier.scored is not None
        return supplier.scored.score

    def on(self, day: date) -> Bought:
        self.world.now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        self.told(RecordObligations())
        return self

    @property
    def contract(self) -> Contract:
        found: Contract = self.world.state(contracts, CONTRACT)
        return found

    @property
    def obligation(self) -> UUID:
        return next(iter(self.contract.obligations))

    def claimed(self, occurrence: date = MARCH) -> UUID:
        """The breach is claimed, and its case raised as the contract's workflow does."""
        self.told(DisputeBreach(obligation=self.obligation, occurrence=occurrence))
        id = dispute_of(CONTRACT, self.obligation, occurrence)
        reference = LineReference(kind=DocumentKind.OBLIGATION, document="EK-1", line=f"{self.obligation} {occurrence}", id=CONTRACT)
        opening = c.OpenDispute(
            account=ACME,
            side=Claimed.BUY,
            title="Quality report",
            reason=Reason.UNMET_OBLIGATION,
            currency="EUR",
            lines=(DisputedLine(reference=reference, net=Decimal(500)),),
            evidence=(Evidence(kind="contract", document="EK-1.pdf"),),
            owner=BEA,
            contract=CONTRACT,
            obligation=self.obligation,
        )
        self.do(opening, case=id)
        return id

    def credited(self, id: UUID, amount: str) -> None:
        """The supplier credits a part; the rest is paid after all."""
        self.do(c.AcknowledgeDispute(), case=id)
        self.do(c.InvestigateDispute(), case=id)
        rest = str(Decimal(500) - Decimal(amount))
        self.do(c.ProposeSettlement(terms=offer(credit=amount, pay=rest), by="them"), case=id)
        table = self.case(id).offer
        assert table is not None
        self.do(c.AcceptSettlement(offer=table.id), case=id)
        self.do(credit_note(amount, on=self.now.date()), case=id)

    def talk(self) -> PriceTalk | None:
        return self.contract.price_talk


def preparing() -> tuple[Bought, UUID]:
    """A breach in March that was claimed, partly credited, and whose supplier was scored again; in July the renewal is prepared."""
    desk = Bought().on(date(2026, 3, 16))
    id = desk.claimed()
    desk.wait(days=2)
    desk.credited(id, "350")
    desk.score()
    met = Proof(document="june.pdf", sha256="cd" * 32)
    desk.on(JUNE)
    desk.told(MeetObligation(obligation=desk.obligation, occurrence=JUNE, met_on=JUNE, proof=met))
    desk.on(date(2026, 7, 6))
    desk.told(RecordRenewalStarted())
    return desk, id


def test_the_talk_is_told_breaches_what_came_of_them_and_the_score_before_and_after():
    desk, id = preparing()
    (told,) = desk.told(RecordPriceTalk())
    assert isinstance(told, ContractPriceTalkPrepared)
    talk = told.talk
    (breach,) = talk.breaches
    assert (breach.title, breach.ours, breach.occurrence, breach.chain) == ("Quality report", False, MARCH, id)
    assert breach.claim is not None
    assert (breach.claim.dispute, breach.claim.claimed, breach.claim.credited) == (id, money("500.00"), money("350.00"))
    assert breach.claim.open == money("150.00")
    assert talk.credited == (money("350.00"),)
    assert (talk.term_start, talk.term_end) == (date(2026, 1, 1), date(2026, 12, 31))
    assert talk.score_before == Decimal("100.00")
    assert talk.score is not None
    assert talk.score < talk.score_before
    assert talk == desk.talk()


def test_it_is_told_once_and_anew_when_something_has_changed():
    desk, id = preparing()
    desk.told(RecordPriceTalk())
    assert desk.told(RecordPriceTalk()) == ()
    desk.do(c.RecordSettlement(kind="release", amount=Decimal(150), on=desk.now.date()), case=id)
    (told,) = desk.told(RecordPriceTalk())
    assert isinstance(told, ContractPriceTalkPrepared)
    claim = told.talk.breaches[0].claim
    assert claim is not None
    assert (claim.paid, claim.open) == (money("150.00"), money("0.00"))


def test_nothing_is_told_before_the_renewal_is_prepared_nor_after_a_term_in_which_all_was_done():
    desk = Bought().on(date(2026, 3, 16))
    desk.claimed()
    assert desk.told(RecordPriceTalk()) == ()
    fine = Bought()
    proof = Proof(document="report.pdf", sha256="cd" * 32)
    for day in (MARCH, JUNE):
        fine.on(day)
        fine.told(MeetObligation(obligation=fine.obligation, occurrence=day, met_on=day, proof=proof))
    fine.on(date(2026, 7, 6))
    fine.told(RecordRenewalStarted())
    assert fine.told(RecordPriceTalk()) == ()


def test_a_breach_that_nobody_claimed_is_told_without_a_claim():
    desk = Bought().on(date(2026, 3, 16))
    desk.on(date(2026, 7, 6)).told(RecordRenewalStarted())
    desk.told(RecordPriceTalk())
    talk = desk.talk()
    assert talk is not None
    assert [(b.occurrence, b.claim) for b in talk.breaches] == [(MARCH, None), (JUNE, None)]
    assert talk.credited == ()
    assert talk.score_before is None


def test_a_deal_that_is_not_there_is_not_told():
    desk, _ = preparing()
    desk.told(RecordPriceTalk(deal=NOBODY))
    assert desk.world.state(deals, NOBODY) is None


def test_a_breach_is_claimed_once_and_only_if_it_is_one():
    desk = Bought()
    desk.denied(NotBreached, DisputeBreach(obligation=desk.obligation, occurrence=MARCH))
    desk.on(date(2026, 3, 16))
    id = desk.claimed()
    assert desk.told(DisputeBreach(obligation=desk.obligation, occurrence=MARCH)) == ()
    refusal = desk.denied(BreachDisputed, DisputeBreach(obligation=desk.obligation, occurrence=MARCH, claim=money("700")))
    assert refusal.data == {"dispute": str(id)}


def test_from_the_breach_to_the_review_all_of_it_is_one_chain():
    desk, id = preparing()
    desk.told(RecordPriceTalk())
    desk.told(ConcludeRenewalReview(outcome=RenewalOutcome.RENEGOTIATE))
    on_it = {
        type(event)
        for event in desk.world.histories[CONTRACT]
        if chain(desk.contract, event, CONTRACT) == id and not isinstance(event, ObligationMet)
    }
    assert on_it == {ObligationBreached, ObligationDisputed, ContractRenewalStarted, ContractPriceTalkPrepared, ContractRenewalReviewed}
    scheduled = next(e for e in desk.world.histories[CONTRACT] if isinstance(e, ObligationScheduled))
    assert chain(desk.contract, scheduled, CONTRACT) is None


def test_the_renewal_goes_on_the_chain_of_the_last_breach_that_was_claimed():
    desk = Bought().on(date(2026, 3, 16))
    assert latest_chain(Bought().contract, CONTRACT) is None
    first = desk.claimed()
    desk.on(date(2026, 6, 20))
    assert latest_chain(desk.contract, CONTRACT) == first
    second = desk.claimed(JUNE)
    assert latest_chain(desk.contract, CONTRACT) == second != first


def test_a_case_is_a_chain_and_keeps_what_is_split_off():
    desk = Desk()
    case, child, grandchild = (natural_id("test", name) for name in ("case", "child", "grandchild"))
    desk.do(
        c.OpenDispute(
            account=ACME,
            title="Dear",
            reason=Reason.PRICE_VARIANCE,
            currency="EUR",
            lines=(line(10), line(20), line(30)),
            evidence=(Evidence(kind="order", document="PO-1"),),
            owner=BEA,
        ),
        case=case,
    )
    for parent, part in ((case, child), (child, grandchild)):
        ids = desk.line_ids(parent)[1:]
        desk.do(c.SplitDispute(child=part, lines=tuple({"line": id} for id in ids), reason="another matter"), case=parent)
    roots = [case_chain(desk.world.state(disputes, id), None, id) for id in (case, child, grandchild)]
    assert roots == [case] * 3


def test_a_further_term_begins_without_the_breaches_of_the_one_before():
    desk, id = preparing()
    assert latest_chain(desk.contract, CONTRACT) == id
    desk.on(date(2027, 1, 5)).told(RecordTermEnd())
    assert desk.contract.in_force
    assert latest_chain(desk.contract, CONTRACT) is None
    assert desk.told(RecordPriceTalk()) == ()
