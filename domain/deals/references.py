"""What a deal refers to in other streams, and whether it may: accounts, members, teams, contacts, products, pipelines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Protocol
from uuid import UUID

from domain.deals.refusals import AccountUnavailable, ContactUnknown, PaperNotSigned, PipelineUnavailable, ProductUnknown, StageUnknown
from domain.deals.state import Deal
from domain.deals.terms import Line
from domain.kernel import Context, Read
from domain.pipelines import Pipeline
from domain.stages import PipelineVersion, Stage


class AccountStanding(Protocol):
    """What a deal reads of an account."""

    @property
    def open(self) -> bool: ...
    @property
    def merged_into(self) -> UUID | None: ...


class ContactStanding(Protocol):
    """What a deal reads of a contact."""

    @property
    def withdrawn(self) -> bool: ...
    @property
    def erased(self) -> bool: ...


class ProductStanding(Protocol):
    """What a deal reads of a product."""

    @property
    def active(self) -> bool: ...


class PaperStanding(Protocol):
    """What a deal reads of a paper."""

    @property
    def number(self) -> str: ...
    @property
    def subject(self) -> PaperAbout: ...
    @property
    def signed_on(self) -> date | None: ...


class PaperAbout(Protocol):
    """What a paper is about."""

    @property
    def noun(self) -> str: ...
    @property
    def id(self) -> UUID: ...


def paper_read(id: UUID) -> Read:
    return Read("paper", id)


def signed_paper(id: UUID, ctx: Context) -> tuple[str, date]:
    """(what to refer to it by, the day of its last signature) of a paper about the deciding deal. Raises PaperNotSigned."""
    paper: PaperStanding | None = ctx.fact(paper_read(id))
    if paper is None or paper.signed_on is None or (paper.subject.noun, paper.subject.id) != ("deal", ctx.own_id):
        raise PaperNotSigned(
            "This is no paper about this deal that everybody has signed; name one that is completed, or an order.", paper=str(id)
        )
    return f"{paper.number} ({id})", paper.signed_on


def account_read(id: UUID) -> Read:
    return Read("account", id)


def pipeline_read(id: UUID) -> Read:
    return Read("pipeline", id)


def contact_reads(ids: Iterable[UUID]) -> Iterator[Read]:
    return (Read("contact", id) for id in ids)


def product_reads(lines: Iterable[Line]) -> Iterator[Read]:
    return (Read("product", line.product) for line in lines if line.product is not None)


def check_account(id: UUID, ctx: Context) -> None:
    """Refuse an account that does not exist, or to which nothing new may happen."""
    account: AccountStanding | None = ctx.fact(account_read(id))
    if account is None:
        raise AccountUnavailable("There is no such account; open it first, or choose another.", account=str(id))
    if account.merged_into is not None:
        raise AccountUnavailable(
            "This account was merged into another; use that one.", account=str(id), merged_into=str(account.merged_into)
        )
    if not account.open:
        raise AccountUnavailable("This account is closed; reopen it, or choose another.", account=str(id))


def check_contacts(ids: Iterable[UUID], ctx: Context) -> None:
    """Refuse people we do not know, or no longer may."""
    for read in contact_reads(ids):
        contact: ContactStanding | None = ctx.fact(read)
        if contact is None or contact.withdrawn or contact.erased:
            raise ContactUnknown("There is no such contact; add it first, or choose another.", contact=str(read.id))


def check_products(lines: Iterable[Line], ctx: Context, known: Iterable[Line] = ()) -> None:
    """Refuse products that we do not have or no longer offer; those on the `known` lines may stay."""
    held = {line.product for line in known}
    for read in product_reads(lines):
        product: ProductStanding | None = ctx.fact(read)
        if product is None or (not product.active and read.id not in held):
            raise ProductUnknown(
                "There is no such product on offer; choose another, or describe the line in its label.", product=str(read.id)
            )


def version_of(deal: Deal, ctx: Context) -> PipelineVersion:
    """The version of the pipeline that the deal follows."""
    return version_in(deal.pipeline, deal.pipeline_version, ctx)


def version_in(pipeline: UUID, number: int | None, ctx: Context, *, for_new: bool = False) -> PipelineVersion:
    """That version of a pipeline, the latest for None. With `for_new`, the pipeline must take new deals."""
    known: Pipeline | None = ctx.fact(pipeline_read(pipeline))
    version = known.version(number) if known else None
    if known is None or version is None:
        raise PipelineUnavailable("There is no such pipeline or version; define it first.", pipeline=str(pipeline), version=number)
    if for_new and known.retired:
        raise PipelineUnavailable("This pipeline takes no new deals; choose another.", pipeline=str(pipeline))
    return version


def stage_in(version: PipelineVersion, key: str) -> Stage:
    """The stage called `key`. Raises StageUnknown with the keys there are."""
    stage = version.stage(key)
    if stage is None:
        raise StageUnknown(f"This pipeline has no stage {key!r}; choose one of its stages.", stages=[s.key for s in version.stages])
    return stage
