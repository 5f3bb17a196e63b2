"""Lists of interactions and of what was promised in them, page by page. The words come from the log, as far as they are not erased."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from domain.follow_ups import FollowUpAdded
from domain.interactions import InteractionCorrected, InteractionRecorded
from projections.accounts import ACCOUNTS
from projections.contacts import POSITIONS
from projections.interactions import FOLLOW_UPS, INTERACTIONS
from projections.members import MEMBERS
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.reading import EVERYTHING, Reading, Scope


class InteractionCard(BaseModel):
    """What was said, by whom, when. `version`: for If-Match. `account_names`: of the accounts that the caller may see.
    `said_at`: the position of the event with the words that hold.
    """

    id: UUID
    version: int
    kind: str
    happened_at: datetime
    by: UUID
    by_name: str | None
    accounts: list[UUID]
    account_names: list[str] = []
    contacts: list[UUID]
    members: list[UUID]
    deal: UUID | None
    direction: str | None
    minutes: int | None
    subject_line: str | None = None
    text: str | None = None
    said_at: int
    retracted: bool


class FollowUpCard(BaseModel):
    """What `owner` is to do by the end of `due`, a day in `zone`. `interaction_version`: for If-Match when it is changed."""

    id: UUID
    interaction: UUID
    interaction_version: int
    text: str = ""
    said_at: int
    owner: UUID
    owner_name: str | None
    due: date
    zone: str
    state: str
    deal: UUID | None
    accounts: list[UUID]
    account_names: list[str] = []


Card = TypeVar("Card", InteractionCard, FollowUpCard)

INTERACTION_FILTERS = {
    "id_part": PART_OF_ID,
    "account": "accounts @> ARRAY[%(account)s::uuid]",
    "contact": "contacts @> ARRAY[%(contact)s::uuid]",
    "deal": "deal = %(deal)s",
    "by": "held_by = %(by)s",
    "kind": "kind = %(kind)s",
    "retracted": "retracted = %(retracted)s",
}
FOLLOW_UP_FILTERS = {
    "id_part": PART_OF_ID,
    "account": "accounts @> ARRAY[%(account)s::uuid]",
    "deal": "deal = %(deal)s",
    "owner": "owner = %(owner)s",
    "state": "state = %(state)s",
    "due_before": "due < %(due_before)s",
}


def within(reading: Reading, of_accounts: Scope, of_holder: str, id: str, *, then: bool = False) -> str:
    """SQL: the interaction `id` of a row `r` is seen by who sees one of its accounts, or one of its contacts', or held it.

    `of_accounts` is about the columns of accounts `a`, `of_holder` about `held_by` of the interaction. Today's rights and
    today's links decide, whatever the moment that is asked about; with `then` those of that moment.
    """
    if of_accounts.sql == "true":
        return "true"
    accounts, positions = (reading.judged(table, then=then) for table in (ACCOUNTS, POSITIONS))
    through = (
        f"EXISTS (SELECT FROM {accounts} AS a WHERE {of_accounts.sql} AND (a.id = ANY (r.accounts) OR a.id IN "
        f"(SELECT o.account FROM {positions} AS o WHERE o.contact = ANY (r.contacts))))"
    )
    if then or reading.as_of.now:
        return f"({of_holder} OR {through})"
    return f"{id} IN (SELECT r.id FROM {INTERACTIONS.name} AS r WHERE {of_holder} OR {through})"


async def interaction_list(
    reading: Reading,
    *,
    accounts: Scope = EVERYTHING,
    holder: str = "true",
    then: bool = False,
    descending: bool = True,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[InteractionCard]:
    """One page of interactions by when they happened; `accounts`, `holder` and `then` as in `within`. Raises Invalid."""
    of = reading.as_of.of
    names = "id version kind happened_at accounts contacts members deal direction minutes retracted said_at".split()
    page = await page_of(
        reading,
        InteractionCard,
        f"{of(INTERACTIONS)} AS r",
        conditions=[within(reading, accounts, holder, "r.id", then=then)],
        known=INTERACTION_FILTERS,
        filters=filters,
        scope=EVERYTHING,
        more=accounts.params,
        sorts={"happened_at": Sort("happened_at", "timestamptz")},
        sort="happened_at",
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=f"SELECT {', '.join(f'p.{n}' for n in names)}, p.held_by AS by, m.name AS by_name, p.sort_key FROM page AS p "
        f"LEFT JOIN {of(MEMBERS, 'id', 'name')} AS m ON m.id = p.held_by",
    )
    for card, event in await _told(reading, accounts, page.items, then=then):
        if isinstance(event, InteractionRecorded | InteractionCorrected):
            card.subject_line, card.text = event.subject_line, event.text
    return page


async def follow_up_list(
    reading: Reading,
    *,
    accounts: Scope = EVERYTHING,
    holder: str = "true",
    then: bool = False,
    owned: UUID | None = None,
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[FollowUpCard]:
    """One page of follow-ups, those due first on top; what `owned` is to do is seen by them in any case. Raises Invalid."""
    of = reading.as_of.of
    relation = (
        "(SELECT f.follow_up AS id, f.interaction, f.owner, f.due, f.zone, f.state, f.said_at, i.version AS interaction_version, i.deal, "
        f"i.accounts, i.contacts, i.held_by FROM {of(FOLLOW_UPS)} AS f JOIN {of(INTERACTIONS)} AS i ON i.id = f.interaction "
        "WHERE NOT f.retracted) AS r"
    )
    names = "id interaction interaction_version owner due zone state deal accounts said_at".split()
    page = await page_of(
        reading,
        FollowUpCard,
        relation,
        conditions=[f"(owner = %(owned)s OR {within(reading, accounts, holder, 'r.interaction', then=then)})"],
        known=FOLLOW_UP_FILTERS,
        filters=filters,
        scope=EVERYTHING,
        more={**accounts.params, "owned": owned},
        sorts={"due": Sort("due", "date")},
        sort="due",
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=f"SELECT {', '.join(f'p.{n}' for n in names)}, m.name AS owner_name, p.sort_key FROM page AS p "
        f"LEFT JOIN {of(MEMBERS, 'id', 'name')} AS m ON m.id = p.owner",
    )
    for card, event in await _told(reading, accounts, page.items, then=then):
        assert isinstance(event, FollowUpAdded)
        card.text = event.text
    return page


async def _told(reading: Reading, accounts: Scope, cards: Sequence[Card], *, then: bool) -> list[tuple[Card, Any]]:
    """Name the cards' accounts, as far as they are seen; each card with the event that holds its words."""
    said = {r.position: r.event for r in await reading.events([card.said_at for card in cards])}
    names = await _account_names(reading, accounts, (id for card in cards for id in card.accounts), then=then)
    for card in cards:
        card.account_names = [names[id] for id in card.accounts if id in names]
    return [(card, said[card.said_at]) for card in cards]


async def _account_names(reading: Reading, accounts: Scope, ids: Iterable[UUID], *, then: bool) -> dict[UUID, str]:
    judged = reading.judged(ACCOUNTS, then=then)
    seen = f"AND a.id IN (SELECT a.id FROM {judged} AS a WHERE {accounts.sql})" if accounts.sql != "true" else ""
    found = await reading.rows(
        f"SELECT a.id, a.legal_name FROM {reading.as_of.of(ACCOUNTS, 'id', 'legal_name')} AS a WHERE a.id = ANY (%(ids)s) {seen}",
        {"ids": list(dict.fromkeys(ids)), **accounts.params},
    )
    return {id: name for id, name in found if name}
