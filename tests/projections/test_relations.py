"""Accounts, contacts, interactions, Today and histories: what people read is what was recorded, and told in plain words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from domain.accounts import events as a
from domain.contacts import events as c
from domain.deals import events as e
from domain.follow_ups import FollowUpAdded, FollowUpCompleted
from domain.interactions import InteractionKind, InteractionRecorded, InteractionRetracted
from domain.kernel import TOPICS, Invalid, NotFound
from domain.members import MemberJoined
from domain.notifications import NotificationDismissed, NotificationRaised, NotificationRead
from domain.nouns import register_all
from infra.codec import Codec
from infra.event_store.envelope import Meta
from infra.event_store.store import Store
from infra.keys import Keys
from projections.accounts import account, directory
from projections.as_of import NOW, AsOf, Basis
from projections.catalogue import read_models
from projections.contacts import contact, contact_list
from projections.reading import Reader
from projections.runner import Runner
from projections.telling import TELLING
from projections.timeline import account_timeline, deal_history
from projections.today import today
from tests.projections import companies
from tests.projections.world import Fact, World, instant, world

register_all()
ACME, BETA, GAMMA = UUID(int=0xA1), UUID(int=0xA2), UUID(int=0xA3)
ANNA, DEAL, CALL, FOLLOW_UP = UUID(int=0xC1), UUID(int=0xD1), UUID(int=0xE1), UUID(int=0xF1)
MIRA, NOTE, SECOND_NOTE = UUID(int=0xB1), UUID(int=0x11), UUID(int=0x12)
STAGE = companies._stage("qualify", datetime(2026, 1, 4, tzinfo=UTC))
MODELS = tuple(type(model) for model in read_models())


@pytest.fixture
async def here(database_url, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, *read_models()) as made:
        keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
        made.codec = Codec(keys)
        made.store = Store(made.database, made.codec)
        made.runner = Runner(made.database, made.store, made.store.wakes, made.projections)
        tenant = made.tenant("t")
        made.write(tenant, FACTS)
        await made.runner.catch_up(tenant)
        yield made
        keys.close()


def _account(name: str, **more) -> a.AccountOpened:
    return a.AccountOpened(legal_name=name, owner=MIRA, roles=(a.AccountRole.CUSTOMER,), **more)


FACTS = [
    Fact(MIRA, MemberJoined(name="Mira")),
    Fact(ACME, _account("Acme GmbH", domain="acme.example", country="DE")),
    Fact(BETA, _account("Beta SA", country="FR")),
    Fact(
        DEAL,
        e.DealOpened(
            **STAGE, title="Presses", account=ACME, amount={"amount": "100", "currency": "EUR"}, close_date=date(2026, 5, 1), zone="UTC",
            owner=MIRA, source="direct",
        ),
    ),
    Fact(ANNA, c.ContactAdded(name="Anna Alpha", email="anna@acme.example", account=ACME, roles=("buyer",))),
    Fact(
        CALL,
        InteractionRecorded(
            kind=InteractionKind.CALL, happened_at=instant(6), by=MIRA, accounts=(ACME,), contacts=(ANNA,), deal=DEAL, text="They want it blue"
        ),
    ),
    Fact(CALL, FollowUpAdded(follow_up=FOLLOW_UP, text="Send colours", owner=MIRA, due=date(2026, 2, 1), zone="UTC")),
    Fact(DEAL, e.DealStalled(stage="qualify", since=instant(4), days=20, max_days=14, owner=MIRA)),
    Fact(NOTE, NotificationRaised(member=MIRA, kind="stalled", noun="deal", about=DEAL, cause=DEAL, title="Presses stalled", body="20 days")),
    Fact(SECOND_NOTE, NotificationRaised(member=MIRA, kind="other", noun="deal", about=DEAL, cause=CALL, title="Second", body="")),
    Fact(BETA, a.AccountMerged(into=ACME)),
    Fact(ACME, a.AccountAbsorbed(account=BETA)),
]  # fmt: skip


def reading(here: World, as_of: AsOf = NOW, at_least: int | None = None):
    return Reader(here.database, here.store).read(here.tenant("t"), *MODELS, as_of=as_of, at_least=at_least)


async def test_the_directory_finds_by_words_and_leaves_out_what_was_merged(here) -> None:
    async with reading(here, at_least=12) as asked:
        assert asked.position == 12
        page = await directory(asked)
        assert [(card.legal_name, card.owner_name, card.version) for card in page.items] == [("Acme GmbH", "Mira", 2)]
        assert [card.legal_name for card in (await directory(asked, merged=True, text="BETA s")).items] == ["Beta SA"]
        assert (await directory(asked, text="acme.EX", country="DE", role="customer")).items == page.items
        assert (await directory(asked, country="FR")).items == []
        assert (await account(asked, BETA)).merged_into == ACME
        with pytest.raises(NotFound):
            await account(asked, GAMMA)
    async with reading(here, AsOf(Basis.KNOWN, 10, instant(10))) as asked:
        assert [card.legal_name for card in (await directory(asked, sort="legal_name", descending=True)).items] == ["Beta SA", "Acme GmbH"]


async def test_contacts_are_found_with_their_positions_and_within_reach(here) -> None:
    class Nothing:
        sql, params = "owner = %(scope_member)s", {"scope_member": ANNA}

    class Mine:
        sql, params = "owner = %(scope_member)s", {"scope_member": MIRA}

    async with reading(here) as asked:
        found = (await contact_list(asked, account=ACME)).items
        assert [(card.name, card.positions[0].account_name, card.positions[0].roles) for card in found] == [
            ("Anna Alpha", "Acme GmbH", ["buyer"])
        ]
        assert (await contact_list(asked, text="ANNA@")).items == found
        assert (await contact_list(asked, scope=Mine())).items == found
        assert (await contact_list(asked, scope=Nothing())).items == []
        assert (await contact_list(asked, account=BETA)).items == []


async def test_an_erased_contact_reads_as_erased_at_every_moment(here) -> None:
    tenant = here.tenant("t")
    here.write(tenant, [Fact(ANNA, c.ContactDetailsChanged(name="Anna Omega")), Fact(ANNA, c.ContactErased(reason="asked"))], first=13)
    await here.runner.catch_up(tenant)
    for moment in (NOW, AsOf(Basis.KNOWN, 6, instant(6)), AsOf(Basis.HAPPENED, 13, instant(13))):
        async with reading(here, moment) as asked:
            card = await contact(asked, ANNA)
            assert (card.name, card.email in {None, "[erased]"}) == ("[erased]", True)


async def test_today_shows_what_awaits_a_member_with_the_words_from_the_log(here) -> None:
    async with reading(here) as asked:
        shown = await today(asked, MIRA)
    assert [(p.text, p.due, p.deal, p.accounts) for p in shown.follow_ups] == [("Send colours", date(2026, 2, 1), DEAL, [ACME])]
    assert [(note.title, note.read) for note in shown.notifications] == [("Second", False), ("Presses stalled", False)]
    assert [card.title for card in shown.attention] == ["Presses"]
    assert shown.pending == []
    tenant = here.tenant("t")
    more = [Fact(CALL, FollowUpCompleted(follow_up=FOLLOW_UP)), Fact(NOTE, NotificationRead()), Fact(SECOND_NOTE, NotificationDismissed())]
    here.write(tenant, more, first=13)
    await here.runner.catch_up(tenant)
    async with reading(here) as asked:
        shown = await today(asked, MIRA)
    assert shown.follow_ups == []
    assert [(note.title, note.read, note.version) for note in shown.notifications] == [("Presses stalled", True, 2)]
    async with reading(here, AsOf(Basis.KNOWN, 12, instant(12))) as asked:
        assert len((await today(asked, MIRA)).follow_ups) == 1


async def test_a_retracted_interaction_takes_its_promises_along(here) -> None:
    tenant = here.tenant("t")
    here.write(tenant, [Fact(CALL, InteractionRetracted(reason="never happened"))], first=13)
    await here.runner.catch_up(tenant)
    async with reading(here) as asked:
        assert (await today(asked, MIRA)).follow_ups == []


async def test_an_accounts_timeline_goes_all_round_and_page_by_page(here) -> None:
    async with reading(here) as asked:
        whole = await account_timeline(asked, ACME)
        told = [item.sentence for item in whole.items]
        assert len(told) == 9
        assert told[0] == "Beta SA was merged into this account."
        assert "Call by Mira with Anna Alpha and Acme GmbH on 2026-01-07 00:00 UTC: They want it blue" in told
        assert "The deal “Presses” was opened with Acme GmbH for 100.00 EUR, to close on 2026-05-01, owned by Mira, in Qualify." in told
        paged, cursor = [], None
        while True:
            page = await account_timeline(asked, ACME, limit=2, cursor=cursor)
            paged.extend(page.items)
            if (cursor := page.next) is None:
                break
        assert paged == whole.items
        assert {item.topic.partition(".")[0] for item in (await account_timeline(asked, ACME, nouns=["deal"])).items} == {"deal"}
        with pytest.raises(Invalid):
            await account_timeline(asked, ACME, nouns=["weather"])
        with pytest.raises(Invalid):
            await account_timeline(asked, ACME, cursor="x")
    async with reading(here, AsOf(Basis.KNOWN, 5, instant(5))) as asked:
        assert len((await account_timeline(asked, ACME)).items) == 3
    async with reading(here, AsOf(Basis.HAPPENED, 5, instant(4))) as asked:
        assert len((await account_timeline(asked, ACME)).items) == 2


async def test_a_deals_history_has_its_interactions_too(here) -> None:
    async with reading(here) as asked:
        told = (await deal_history(asked, DEAL)).items
    assert [item.topic for item in told] == ["deal.stalled", "follow_up.added", "interaction.recorded", "deal.opened"]
    assert told[0].sentence == "The deal stalled: 20 days in qualify, where 14 are allowed."


def test_every_event_is_told_in_words_of_its_own() -> None:
    untold = [topic for topic, event in TOPICS.items() if event not in TELLING and event.__module__.startswith("domain.")]
    assert untold == []


def test_meta_is_decoded_only_when_asked_for() -> None:
    from projections.batch import Entry

    meta = Meta(actor=MIRA, command_id=ANNA, correlation_id=ANNA)
    assert Entry(1, ACME, 1, a.AccountReopened(), meta.encode(), instant(1), instant(1)).actor == MIRA
