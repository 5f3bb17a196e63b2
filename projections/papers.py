"""Papers and those who sign them, as they stood at any time: by what they are about, whom they are with, and where they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.papers import events as e
from domain.papers.terms import PaperStatus
from projections.accounts import ACCOUNTS
from projections.batch import Entry
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.projection import Projection
from projections.reading import EVERYTHING, Reading
from projections.rows import Row, Rows
from projections.tables import Table, searchable

PAPERS = Table(
    "papers",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",  # of the paper's stream, for If-Match
        "kind": "text NOT NULL",
        "noun": "text NOT NULL",  # what it is about
        "subject": "uuid NOT NULL",
        "account": "uuid",
        "title": "text NOT NULL",
        "number": "text NOT NULL",
        "words": 'text COLLATE "C" NOT NULL',  # title and number as they are searched
        "status": "text NOT NULL",
        "since": "timestamptz NOT NULL",  # in its status
        "revision": "int4 NOT NULL",
        "template": "text NOT NULL",
        "template_version": "int4 NOT NULL",
        "total": "numeric",
        "currency": "text",
        "document": "text NOT NULL",  # SHA-256
        "sealed": "text",  # SHA-256
        "prepared_by": "uuid NOT NULL",
        "prepared_at": "timestamptz NOT NULL",
        "expires_at": "timestamptz",
    },
    ("(prepared_at, id)", "(subject)", "(account)"),
    ("(subject)", "(account)"),
)
SIGNATORIES = Table(
    "paper_signatories",
    ("paper", "signatory"),
    {
        "paper": "uuid NOT NULL",
        "signatory": "uuid NOT NULL",
        "party": "text NOT NULL",
        "name": "text NOT NULL",
        "email": "text NOT NULL",
        "contact": "uuid",
        "linked": "bool NOT NULL",
        "viewed_at": "timestamptz",
        "signed_at": "timestamptz",
    },
    ("(signatory)",),
    personal=("name", "email"),
)
_STATUS: dict[type[Any], PaperStatus] = {
    e.PaperReviewRequested: PaperStatus.INTERNAL_REVIEW,
    e.PaperSent: PaperStatus.SENT,
    e.PaperSigned: PaperStatus.PARTLY_SIGNED,
    e.PaperDeclined: PaperStatus.DECLINED,
    e.PaperCompleted: PaperStatus.COMPLETED,
    e.PaperVoided: PaperStatus.VOIDED,
    e.PaperExpired: PaperStatus.EXPIRED,
}


class Papers(Projection):
    """Papers and their signatories as they stood at any time."""

    name = "papers"
    tables = (PAPERS, SIGNATORIES)
    events = (
        e.PaperDrafted,
        e.PaperReviewRequested,
        e.PaperReviewed,
        e.PaperSignatoryNamed,
        e.PaperSent,
        e.PaperLinkIssued,
        e.PaperViewed,
        e.PaperSigned,
        e.PaperDeclined,
        e.PaperCompleted,
        e.PaperVoided,
        e.PaperExpired,
    )

    def handle(self, rows: Rows, entry: Entry) -> None:
        event, at = entry.event, entry.effective_at
        if isinstance(event, e.PaperDrafted):
            rows.put(PAPERS, **_drafted(event, at), version=entry.version)
            return
        row = rows.get(PAPERS)
        if row is None:
            return
        status = _status(row, event)
        since = {} if status == row["status"] else {"status": status, "since": at}
        rows.change(PAPERS, **since, **_more(event), version=max(entry.version, row["version"]))
        match event:
            case e.PaperSignatoryNamed(signatory=id, party=party, name=name, email=email, contact=contact):
                none = {"linked": False, "viewed_at": None, "signed_at": None}
                rows.put(SIGNATORIES, signatory=id, party=party, name=name, email=email, contact=contact, **none)
            case e.PaperLinkIssued(signatory=id):
                _change(rows, id, linked=True)
            case e.PaperViewed(signatory=id):
                _change(rows, id, viewed_at=at)
            case e.PaperSigned(signatory=id):
                _change(rows, id, signed_at=at)


def _change(rows: Rows, signatory: UUID, **changes: Any) -> None:
    if rows.get(SIGNATORIES, signatory) is not None:
        rows.change(SIGNATORIES, signatory, **changes)


def _drafted(event: e.PaperDrafted, at: datetime) -> Row:
    return {
        "kind": event.kind.value,
        "noun": event.about.noun,
        "subject": event.about.id,
        "account": event.account,
        "title": event.title,
        "number": event.number,
        "words": searchable(event.title, event.number),
        "status": PaperStatus.DRAFTING.value,
        "since": at,
        "revision": event.revision,
        "template": event.template,
        "template_version": event.template_version,
        "total": event.total.amount if event.total else None,
        "currency": event.total.currency if event.total else None,
        "document": event.document.sha256,
        "sealed": None,
        "prepared_by": event.by,
        "prepared_at": at,
        "expires_at": None,
    }


def _status(row: Row, event: Any) -> str:
    if isinstance(event, e.PaperReviewed) and not event.allowed:
        return PaperStatus.DRAFTING.value
    if isinstance(event, e.PaperViewed) and row["status"] == PaperStatus.SENT.value:
        return PaperStatus.VIEWED.value
    known = _STATUS.get(type(event))
    return known.value if known else str(row["status"])


def _more(event: Any) -> Row:
    match event:
        case e.PaperSent(expires_at=expires_at):
            return {"expires_at": expires_at}
        case e.PaperCompleted(document=document):
            return {"sealed": document.sha256}
        case _:
            return {}


class SignatoryCard(BaseModel):
    """Somebody who is asked to sign. `linked`: a link was given."""

    id: UUID
    party: str
    name: str
    email: str
    contact: UUID | None
    linked: bool
    viewed_at: datetime | None
    signed_at: datetime | None


class PaperCard(BaseModel):
    """A paper. `version`: for If-Match. `document`: SHA-256 of the file that was prepared; `sealed`: of the signed one."""

    id: UUID
    version: int
    kind: str
    noun: str
    subject: UUID
    account: UUID | None
    account_name: str | None
    title: str
    number: str
    status: str
    since: datetime
    revision: int
    template: str
    template_version: int
    total: str | None
    currency: str | None
    document: str
    sealed: str | None
    prepared_by: UUID
    prepared_at: datetime
    expires_at: datetime | None
    signatories: list[SignatoryCard]


_OWN = (
    "id version kind noun subject account title number status since revision template template_version currency document sealed "
    "prepared_by prepared_at expires_at"
).split()
SORTS = {"prepared_at": Sort("prepared_at", "timestamptz")}
FILTERS = {
    "id": "id = %(id)s",
    "id_part": PART_OF_ID,
    "kind": "kind = %(kind)s",
    "status": "status = %(status)s",
    "noun": "noun = %(noun)s",
    "subject": "subject = %(subject)s",
    "account": "account = %(account)s",
    "text": "words LIKE %(text)s",
}


async def paper_list(
    reading: Reading, *, descending: bool = True, limit: int = 50, cursor: str | None = None, **filters: Any
) -> Page[PaperCard]:
    """One page of papers, the latest first. Who may see each follows from its subject: the door asks. Raises Invalid."""
    of = reading.as_of.of
    page = await page_of(
        reading,
        PaperCard,
        f"{of(PAPERS)} AS r",
        conditions=[],
        known=FILTERS,
        filters=filters,
        scope=EVERYTHING,
        sorts=SORTS,
        sort="prepared_at",
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=(
            f"SELECT {', '.join(f'p.{name}' for name in _OWN)}, p.total::text AS total, a.legal_name AS account_name, p.sort_key "
            f"FROM page AS p LEFT JOIN {of(ACCOUNTS, 'id', 'legal_name')} AS a ON a.id = p.account"
        ),
    )
    named = await signatories(reading, [card.id for card in page.items])
    for card in page.items:
        card.signatories = named.get(card.id, [])
    return page


async def signatories(reading: Reading, papers: list[UUID]) -> dict[UUID, list[SignatoryCard]]:
    """Those who are asked to sign each paper, in a stable order."""
    found = await reading.rows(
        f"SELECT s.paper, s.signatory, s.party, s.name, s.email, s.contact, s.linked, s.viewed_at, s.signed_at "
        f"FROM {reading.as_of.of(SIGNATORIES)} AS s WHERE s.paper = ANY (%(papers)s) ORDER BY s.party, s.signatory",
        {"papers": papers},
    )
    cards: dict[UUID, list[SignatoryCard]] = {}
    for paper, *rest in found:
        cards.setdefault(paper, []).append(SignatoryCard(**dict(zip(SignatoryCard.model_fields, rest, strict=True))))
    return cards
