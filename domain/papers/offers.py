"""Papers about a deal: sent to be signed only as what everybody whom the policy names has agreed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.approvals.state import Approval, approval_id
from domain.deals.approving import NOUN, approval_read, gated_chains, terms_of, unagreed, waiting_reads
from domain.deals.references import pipeline_read
from domain.deals.state import Deal
from domain.kernel import Context, Read
from domain.papers.refusals import NotAgreedYet
from domain.papers.state import Paper
from domain.stages import PipelineVersion


def _deal_read(paper: Paper) -> Read:
    return Read(NOUN, paper.subject.id)


def _approval_read(paper: Paper, deal: Deal) -> Read:
    return approval_read(deal.approval or approval_id(NOUN, paper.subject.id))


def offer_reads(paper: Paper | None, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The deal that it is about; once that is read, the pipeline, what approvers decided, and what the policy asks."""
    if paper is None or paper.subject.noun != NOUN:
        return
    yield _deal_read(paper)
    deal: Deal | None = facts.get(paper.subject.id)
    if deal is not None:
        yield pipeline_read(deal.pipeline)
        yield from waiting_reads(deal, _approval_read(paper, deal).id, facts)


def check_consent(paper: Paper, ctx: Context) -> None:
    """Refuse to send what the approvers have not agreed to. Raises NotAgreedYet, NoRate."""
    if paper.subject.noun != NOUN:
        return
    deal: Deal | None = ctx.fact(_deal_read(paper))
    if deal is None:
        return
    # papers that were prepared before terms were hashed into them say nothing of what they show
    if paper.content is not None and paper.content != terms_of(deal).content_hash:
        raise NotAgreedYet(
            "The deal's terms have changed since this paper was prepared; `concord papers prepare` prints another.", status="changed"
        )
    known: Approval | None = ctx.fact(_approval_read(paper, deal))
    version = _version(deal, ctx)
    chains = gated_chains(version) if version is not None else ()
    missing = unagreed(deal, chains, known, ctx.facts, ctx.at)
    if known is not None and known.open and missing:
        raise NotAgreedYet(
            f"Approvers are still asked about these terms ({_listed(missing)}); `concord approvals list` shows who. Send it once they agreed.",
            status="asked",
            chains=list(missing),
            asked=[str(one) for one in known.asked],
        )
    if missing and version is not None:
        gate = next(stage.name for stage in version.stages if stage.approvals)
        raise NotAgreedYet(
            f"These terms need the consent of {_listed(missing)} before a paper about them is sent; "
            f"they are asked when the deal is to leave {gate} (`concord deals advance`).",
            status="consent missing",
            chains=list(missing),
            asked=[],
        )


def _version(deal: Deal, ctx: Context) -> PipelineVersion | None:
    pipeline = ctx.fact(pipeline_read(deal.pipeline))
    found: PipelineVersion | None = pipeline.version(deal.pipeline_version) if pipeline is not None else None
    return found


def _listed(chains: tuple[str, ...]) -> str:
    return " and ".join(str(chain) for chain in chains)
