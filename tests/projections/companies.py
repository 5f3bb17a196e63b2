"""A generated company's log: accounts, members, a pipeline, and deals on their way, spread over two years."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from domain.accounts.events import AccountOpened
from domain.deals import events as e
from domain.deals.amounts import worth
from domain.deals.terms import Direction, Line, Source
from domain.default_pipeline import default_pipeline
from domain.kernel import Event
from domain.members import MemberJoined
from domain.pipelines import DEFAULT_PIPELINE, PipelineVersionDefined
from domain.products import ProductAdded
from domain.stages import StageKind
from domain.teams import TeamFormed
from domain.values import Money
from infra.database import Tenant
from infra.event_store.envelope import Meta

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=730)
STAGES = {stage.key: stage for stage in default_pipeline().stages}
Timed = tuple[datetime, UUID, int, Event]


def identity(kind: int, number: int) -> UUID:
    return UUID(int=(0x0190_0000_0000_7000_8000_0000_0000_0000 << 0) + (kind << 96) + number)


TEAMS = [identity(1, n) for n in range(10)]
MEMBERS = [identity(2, n) for n in range(100)]
PRODUCTS = [identity(3, n) for n in range(20)]


def setting(accounts: int) -> Iterator[Timed]:
    """Who is there before the first deal."""
    definition = default_pipeline()
    yield BEGIN, DEFAULT_PIPELINE, 1, PipelineVersionDefined(version=1, name=definition.name, stages=definition.stages)
    for n, team in enumerate(TEAMS):
        yield BEGIN, team, 1, TeamFormed(name=f"Team {n}")
    for n, member in enumerate(MEMBERS):
        yield BEGIN, member, 1, MemberJoined(name=f"Member {n}", team=TEAMS[n % len(TEAMS)])
    for n, product in enumerate(PRODUCTS):
        yield BEGIN, product, 1, ProductAdded(name=f"Product {n}")
    for n in range(accounts):
        member = n % len(MEMBERS)
        country = (None, "DE", "FR", "US", "JP")[n % 5]
        opened = AccountOpened(legal_name=f"Company {n:05}", owner=MEMBERS[member], team=TEAMS[member % len(TEAMS)], country=country)
        yield BEGIN, identity(4, n), 1, opened


def _stage(key: str, since: datetime) -> dict[str, Any]:
    stage = STAGES[key]
    return {
        "pipeline": DEFAULT_PIPELINE,
        "pipeline_version": 1,
        "stage": key,
        "stage_name": stage.name,
        "kind": stage.kind,
        "probability": stage.probability,
        "stage_probability": stage.probability,
        "category": stage.category,
        "default_category": stage.category,
        "max_days": stage.max_days,
        "since": since,
    }


def deal(number: int, accounts: int, start: datetime, life: timedelta, chance: random.Random) -> Iterator[Timed]:
    """Ten events; the last one closes the deal."""
    stream, member = identity(5, number), chance.randrange(len(MEMBERS))
    at = [start + life * n / 10 for n in range(10)]
    currency = chance.choice(["EUR", "EUR", "EUR", "USD"])
    price = Money(amount=Decimal(chance.randrange(100, 50_000)), currency=currency)
    lines = (Line(product=chance.choice(PRODUCTS), quantity=Decimal(chance.randint(1, 9)), unit_price=price),)
    amount, annual = worth(lines)
    closing = (start + life).date() + timedelta(days=chance.randrange(-5, 40))
    yield (
        at[0], stream, 1,
        e.DealOpened(
            **_stage("qualify", at[0]), title=f"Deal {number} of {chance.choice(['machines', 'software', 'service'])}",
            account=identity(4, chance.randrange(accounts)), amount=amount, annual=annual, lines=lines, close_date=closing,
            zone="UTC", owner=MEMBERS[member], team=TEAMS[member % len(TEAMS)], source=Source.DIRECT,
        ),
    )  # fmt: skip
    yield at[1], stream, 2, e.DealNextStepSet(next_step="Call them", next_step_on=closing)
    before, version = "qualify", 3
    for number_of_move, key in enumerate(("discover", "propose", "won" if chance.random() < 0.5 else "lost")):
        when = at[2 + 3 * number_of_move]
        stage = STAGES[key]
        direction = Direction.FORWARD if stage.kind is StageKind.OPEN else Direction(stage.kind.value)
        asked = {"to": key, "to_name": stage.name, "kind": stage.kind, "direction": direction, "requested_at": when}
        yield when, stream, version, e.DealStageRequested(from_stage=before, **asked)
        won = {"won_on": when.date()} if stage.kind is StageKind.WON else {}
        lost = {"reason": "price"} if stage.kind is StageKind.LOST else {}
        yield (
            when, stream, version + 1,
            e.DealStageEntered(**_stage(key, when), previous=before, direction=direction, request=UUID(int=number), **won, **lost),
        )  # fmt: skip
        if number_of_move == 0:
            more = (lines[0].model_copy(update={"quantity": lines[0].quantity + 1}),)
            total, yearly = worth(more)
            yield at[3], stream, version + 2, e.DealLinesChanged(lines=more, amount=total, annual=yearly, previous=amount)
        elif number_of_move == 1:
            later = closing + timedelta(days=20)
            yield at[6], stream, version + 2, e.DealCloseDateMoved(close_date=later, previous=closing, pushed=True, pushes=1)
        before, version = key, version + 3


def company(deals: int, *, accounts: int = 5000, open_share: float = 0.1, seed: int = 1) -> list[Timed]:
    """Everything that happened, in order; about `open_share` of the deals are open at any time, the last included."""
    chance = random.Random(seed)
    life = YEARS * open_share
    happened = list(setting(accounts))
    for n in range(deals):
        happened.extend(deal(n, accounts, BEGIN + YEARS * (n / deals), life, chance))
    happened.sort(key=lambda timed: timed[0])
    end = BEGIN + YEARS
    return [timed for timed in happened if timed[0] < end]


def write(url: str, tenant: Tenant, happened: list[Timed]) -> int:
    """Store it as an append would have; returns the last position. Only for an empty log."""
    with (
        psycopg.connect(url) as connection,
        connection.cursor().copy(
            f"COPY {tenant.schema}.events (position, stream, version, topic, meta, state, recorded_at, effective_at) FROM STDIN (FORMAT BINARY)"
        ) as copy,
    ):
        copy.set_types(["int8", "uuid", "int8", "text", "bytea", "bytea", "timestamptz", "timestamptz"])
        meta = Meta(MEMBERS[0], MEMBERS[0], MEMBERS[0]).encode()
        for position, (at, stream, version, event) in enumerate(happened, 1):
            state = event.__pydantic_serializer__.to_json(event)
            copy.write_row((position, stream, version, event.topic, meta, state, at, at))
    return len(happened)
