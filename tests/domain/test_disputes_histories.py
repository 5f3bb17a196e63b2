"""What holds of every case: the ledger balances after each event in every currency, a line is in one open case, any history
replays, any command gives events or a named refusal.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.dispute_rules import EvidenceKind, Reason
from domain.disputes import clock_events, corrective_events, decider, disputes, events
from domain.disputes import commands as c
from domain.disputes.ledger import Account, Bucket, Part, apportion
from domain.disputes.locks import lock_read, locks
from domain.disputes.state import Dispute
from domain.disputes.terms import DisputedLine, DocumentKind, EightD, Evidence, LineAmount, LineReference, OfferTerms, Party, Severity
from domain.disputes.terms import SettlementKind as Kind
from domain.imports import UndoImport
from domain.kernel import SYSTEM, Actor, Command, Event, Refused, natural_id
from domain.values import CURRENCIES, minor_digits
from tests.domain import strategies
from tests.domain.dispute_world import ACME, BEA, BUYER, CHIEF, LEAD, SUPPLIER, Desk, claim, line
from tests.spec import NOW

QUIETLY = settings(deadline=None, suppress_health_check=list(HealthCheck))
CASES = [natural_id("test", f"case {n}") for n in range(4)]
LINES = 7
UNPLAYED = {
    UndoImport,
    c.AssignDispute,
    c.SetPaymentTerms,
    c.RetractEvidence,
    c.FindRootCause,
    c.CancelCorrectiveAction,
    c.CheckCorrectiveAction,
}
ACTORS = [BUYER, BUYER, LEAD, CHIEF, SUPPLIER, SYSTEM]


class Play:
    """A few cases over the same few lines, played at random: `step` makes of a few numbers a command that mostly makes sense."""

    def __init__(self, currency: str) -> None:
        self.desk = Desk()
        self.currency = currency
        self.unit = Decimal(1).scaleb(-minor_digits(currency))
        if currency != "EUR":
            self.desk.rate(currency, "1.5")
        self.codes: Counter[str] = Counter()
        self.cases = list(CASES)

    def disputed(self, n: int) -> DisputedLine:
        reference = LineReference(kind=DocumentKind.INVOICE, document="RE 1" if n % 2 else "re1", line=str(n % LINES))
        return DisputedLine(reference=reference, net=(n % 977 + 1) * self.unit, tax=(n * 7 % 193) * self.unit)

    def commands(self, n: int, case: Dispute | None) -> list[Command]:
        if case is None:
            lines = (self.disputed(n), self.disputed(n + 1), self.disputed(n + 2))[: n % 3 + 1]
            kind = c.DraftDispute if n % 5 == 0 else c.OpenDispute
            return [
                kind(**claim(*lines, currency=self.currency, severity=Severity.CRITICAL if n % 7 == 0 else Severity.NORMAL).model_dump())
            ]
        opened = case.open_gross
        amount = max(self.unit, (opened * (n % 11) / 10).quantize(self.unit)) if n % 4 else opened or self.unit
        part = opened - amount if opened >= amount else Decimal(0)
        spoken = [Party.US, Party.THEM, None][n % 3]
        of = list(case.lines)[n % len(case.lines)] if case.lines else CASES[0]
        some = case.lines[of].account.open.gross if case.lines else self.unit
        piece = LineAmount(line=of, amount=max(self.unit, (some / 2).quantize(self.unit)) if n % 2 else None)
        offered = case.offer.id if case.offer else CASES[0]
        fresh = Evidence(kind=EvidenceKind.PHOTO, document=f"P-{n}")
        kind = list(Kind)[n % len(Kind)]
        done = case.corrective.done if case.corrective else frozenset()
        coming = next((step for step in EightD if step not in done), EightD.D7)
        return [
            c.SubmitDispute(),
            c.AcknowledgeDispute(by=spoken),
            c.InvestigateDispute(),
            c.AwaitSupplier(question="When?"),
            c.Comment(text="So.", by=spoken),
            c.AttachEvidence(evidence=fresh, by=spoken),
            c.ProposeSettlement(terms=OfferTerms(credit=amount, pay=part), by=spoken),
            c.ProposeSettlement(terms=OfferTerms(pay=amount, write_off=part), by=spoken),
            c.AcceptSettlement(offer=offered, by=spoken),
            c.AcceptSettlement(offer=offered, by=spoken),
            c.RejectSettlement(offer=offered, by=spoken),
            c.RecordSettlement(kind=kind, amount=amount, number=f"D-{n % 50}", on=NOW.date()),
            c.RecordSettlement(kind=kind, amount=amount, number=f"D-{n % 50}", on=NOW.date()),
            c.RecordSettlement(kind=kind, amount=piece.amount or self.unit, number=f"L-{n % 50}", on=NOW.date(), lines=(piece,)),
            c.ReverseSettlement(document=next(iter(case.settlements), CASES[0]), reason="Wrong."),
            c.AddDisputeLines(lines=(self.disputed(n),)),
            c.ReverseDisputeLine(line=of, reason="Ours."),
            c.SplitDispute(child=natural_id("child", str(n)), lines=(piece,), reason="Apart."),
            c.WriteOffDispute(reason="uneconomic"),
            c.WithdrawDispute(reason="Enough."),
            c.VoidDispute(reason="Twice."),
            c.CloseDispute(root_cause="carrier"),
            c.CloseDispute(root_cause="carrier"),
            c.ReopenDispute(reason="Look.", evidence=(fresh,), lines=(piece,) if n % 3 == 0 else ()),
            c.ReopenDispute(reason="Look.", evidence=(fresh,)),
            c.EscalateDispute(level=n % 3 + 1, note="Now."),
            c.LiftEscalation(note="Well."),
            c.RecordDue(),
            c.ChangeDispute(severity=Severity.CRITICAL if n % 2 else Severity.NORMAL),
            c.DemandCorrectiveAction(note="Again."),
            c.RecordCorrectiveStep(step=coming, text="Done.", causes=("training",)),
            c.CheckCorrectiveAction(effective=n % 2 == 0, note="Seen."),
        ]

    def step(self, what: int, n: int, hours: int, actor: Actor) -> None:
        """The command that was drawn or, where that is refused or changes nothing, one that was played little: so plays get somewhere."""
        self.desk.wait(hours=hours)
        id = self.cases[n % 97 % len(self.cases)]
        late = self.desk.now - timedelta(hours=n % 30) if actor in {CHIEF, SYSTEM} and n % 5 == 0 else None
        before = len(self.desk.world.histories.get(id, ()))
        commands = self.commands(n, self.desk.world.state(disputes, id))
        drawn = commands[what % len(commands)]
        rare = sorted(commands, key=lambda command: self.codes[type(command).__name__])
        for command in (drawn, *rare[:5]):
            outcome = self.desk.run(command, actor, id, late)
            if isinstance(outcome, Refused):
                assert outcome.rule != "Refused"
                assert outcome.detail.endswith((".", "!")), outcome.detail
            elif outcome:
                self.codes[type(command).__name__] += 1
                self.check(id, before)
                if isinstance(command, c.SplitDispute):
                    self.cases.append(command.child)
                    balanced(self.desk.case(command.child))
                return

    def check(self, id: UUID, before: int) -> None:
        """After each event of the case: the event's ledger is the state's, and it balances."""
        history = self.desk.world.histories[id]
        state = disputes.fold(history[:before])
        for event in history[before:]:
            state = disputes.evolve(state, event)
            assert state is not None
            assert getattr(event, "ledger", state.ledger) == state.ledger, event
            balanced(state)

    def locked(self) -> None:
        """A line is held by exactly the cases that dispute it and are not over; several were all split off from one, which may be over."""
        states = {id: self.desk.world.state(disputes, id) for id in self.cases}
        for n in range(LINES):
            reference = self.disputed(n).reference
            holders = self.desk.world.state(locks, lock_read(ACME, reference).id).holders
            held = {id for id, case in states.items() if case is not None and disputing(case, reference)}
            assert holders >= held, (reference, holders, held)
            assert all(not states[id].over for id in holders)
            assert len({states[id].root or id for id in holders}) <= 1


def disputing(case: Dispute, reference: LineReference) -> bool:
    there = any(ln.reference.parts == reference.parts and ln.account.original.gross for ln in case.lines.values())
    return there and not case.over and case.status != "draft"


def balanced(case: Dispute) -> None:
    ledger = case.ledger
    assert ledger.balanced, ledger
    for balance in (ledger.gross, ledger.tax):
        assert balance.original == balance.open + balance.credited + balance.paid + balance.written_off + balance.withdrawn
    assert ledger.tax.original <= ledger.gross.original
    for entry in case.lines.values():
        for bucket in Bucket:
            part = entry.account.of(bucket)
            assert 0 <= part.tax <= part.gross, (bucket, part)
    if case.status in {"settled", "written_off", "closed", "withdrawn", "voided"}:
        assert case.open_gross == 0


STEPS = st.lists(
    st.tuples(st.integers(0, 999), st.integers(0, 9999), st.sampled_from([0, 1, 9, 40, 200]), st.sampled_from(ACTORS)), max_size=40
)


@given(st.sampled_from(sorted(CURRENCIES)), STEPS)
@settings(QUIETLY, max_examples=100)
def test_the_ledger_balances_after_every_event_in_every_currency(currency, steps):
    play = Play(currency)
    for step in steps:
        play.step(*step)
    play.locked()


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_each_currency_settles_to_the_last_minor_unit(currency):
    unit = Decimal(1).scaleb(-minor_digits(currency))
    desk = Desk()
    lines = [line(n, str(net * unit), str(tax * unit)) for n, (net, tax) in enumerate([(333, 63), (1, 0), (10, 7)])]
    desk.do(claim(*lines, currency=currency))
    for number, units in enumerate([100, 1, 57]):
        desk.do(c.RecordSettlement(kind=Kind.CREDIT_NOTE, amount=units * unit, number=f"CN-{number}", on=NOW.date(), by=Party.THEM))
        balanced(desk.case())
    desk.do(c.RecordSettlement(kind=Kind.CREDIT_NOTE, amount=desk.case().open_gross, number="rest", on=NOW.date(), by=Party.THEM))
    ledger = desk.case().ledger
    assert (ledger.gross.credited, ledger.tax.credited) == (414 * unit, 70 * unit)
    assert desk.case().status == "settled"


@given(st.integers(0, 10**17), st.lists(st.integers(0, 10**17), min_size=1, max_size=6), st.sampled_from(["EUR", "JPY", "KWD"]))
@settings(QUIETLY, max_examples=200)
def test_what_is_apportioned_adds_up_and_no_share_is_more_than_its_weight(units, weights, currency):
    scale = -minor_digits(currency)
    if not sum(weights):
        return
    amount = Decimal(min(units, sum(weights))).scaleb(scale)
    shares = apportion(amount, [Decimal(w).scaleb(scale) for w in weights], currency)
    assert sum(shares) == amount
    assert all(0 <= share <= Decimal(w).scaleb(scale) for share, w in zip(shares, weights, strict=True))


def test_a_line_cannot_be_moved_out_of_balance():
    account = Account(open=Part(Decimal("1.00"), Decimal("0.16")))
    after = account.moved(account.share(Decimal("0.50"), "EUR"), Bucket.OPEN, Bucket.PAID)
    assert after.paid == Part(Decimal("0.50"), Decimal("0.08"))
    assert after.original == account.original
    assert after.share(Decimal("0.50"), "EUR") == Part(Decimal("0.50"), Decimal("0.08"))


def test_the_random_plays_reach_every_command():
    """Otherwise the properties above would say less than they seem to."""
    import random

    chance, reached = random.Random(7), Counter[str]()
    for _ in range(8):
        play = Play("EUR")
        for _ in range(70):
            play.step(chance.randrange(999), chance.randrange(9999), chance.choice([0, 1, 9, 40]), chance.choice(ACTORS))
        play.locked()
        reached += play.codes
    missing = {cls.__name__ for cls in decider._HANDLERS if cls not in UNPLAYED} - reached.keys()
    assert not missing, (missing, reached)


MODULES = (events, clock_events, corrective_events)
EVENTS = [v for m in MODULES for v in vars(m).values() if isinstance(v, type) and issubclass(v, Event) and hasattr(v, "topic")]
COMMANDS = [v for v in vars(c).values() if isinstance(v, type) and issubclass(v, Command) and v is not Command] + [UndoImport]
POOLS = {"currency": ["EUR"], "our_calendar": ["DE"], "their_calendar": ["DE"], "commodity": ["steel"], "region": ["emea"]}


@pytest.fixture(autouse=True, scope="module")
def small_pools():
    before = dict(strategies.POOLS)
    strategies.POOLS.update(POOLS, root_cause=["carrier", "none"], reason=["uneconomic", "other"], causes=["training", "operator_error"])
    yield
    strategies.POOLS.clear()
    strategies.POOLS.update(before)


SOME_EVENT = st.sampled_from(EVENTS).flatmap(strategies.instances)
SOME_COMMAND = st.sampled_from(COMMANDS).flatmap(strategies.instances)


def stored(event: Event) -> Event:
    return type(event).model_validate_json(event.model_dump_json())


@settings(QUIETLY, max_examples=40)
@given(data=st.data())
def test_any_history_replays(data):
    history = data.draw(st.lists(SOME_EVENT, max_size=10))
    assert disputes.fold(history) == disputes.fold([stored(event) for event in history])


@settings(QUIETLY, max_examples=60)
@given(data=st.data())
def test_any_command_on_any_reachable_case_gives_events_or_a_named_refusal(data):
    play = Play("EUR")
    for step in data.draw(STEPS):
        play.step(*step)
    for command in data.draw(st.lists(SOME_COMMAND, max_size=5)):
        outcome = play.desk.run(command, data.draw(st.sampled_from(ACTORS)), data.draw(st.sampled_from([*CASES, CASES[0]])))
        if isinstance(outcome, Refused):
            assert outcome.rule != "Refused"
            assert outcome.detail.endswith((".", "!")), outcome.detail
            assert 400 <= outcome.status < 500


def test_every_field_of_a_case_can_be_stored_in_a_snapshot():
    play = Play("EUR")
    for n in range(120):
        play.step(n * 7, n * 13, n % 9, ACTORS[n % len(ACTORS)])
    adapter: Any = TypeAdapter(Dispute)
    for id in CASES:
        state = play.desk.world.state(disputes, id)
        assert state is not None
        assert adapter.validate_json(adapter.dump_json(state)) == state


def test_reason_other_is_a_reason_like_the_others():
    desk = Desk()
    desk.do(claim(reason=Reason.OTHER, reason_text="Something else", evidence=(), owner=BEA))
    assert desk.case().reason is Reason.OTHER
