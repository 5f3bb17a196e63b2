"""Proofs that the log was not altered: checkpoints, inclusion, consistency, and the keys that sign. Formats: docs/proofs.md."""

from base64 import b64encode
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from api.callers import Caller, LogReader
from api.conventions import reply
from api.moments import PROBLEMS, Moment, resolve
from api.nouns import Noun
from api.paged import PAGED, Paged, shown, wants_page
from api.problems import EventAltered, documented
from api.proof_pages import consistency_page, inclusion_page, status_page
from api.proof_views import (
    CheckpointAsked,
    CheckpointView,
    ConsistencyAsked,
    ConsistencyView,
    InclusionAsked,
    InclusionView,
    KeysView,
    KeyView,
    ProofsStatus,
)
from api.reading import reading
from api.registers import AtEyed, check_reached
from api.seen_by import check_might
from domain.kernel import Command, Invalid, NotFound, Refused
from domain.proof_keys import PROOF_KEYS, AddProofKey, Overlap, ProofKeyAdded, name_of, proof_keys
from infra.access import Action
from infra.event_store.loader import Row
from infra.event_store.unreadable import Unreadable
from infra.proofs import merkle, standing
from infra.proofs.checkpoints import Checkpoint
from infra.proofs.leaves import envelope_of
from infra.proofs.published import Published
from infra.proofs.tiles import TilesDamaged
from projections.as_of import NOW, AsOf
from projections.at_least import ProjectionBehind
from projections.catalogue import read_models
from projections.stream_states import upto
from projections.telling import Told, tell

_MODELS = tuple(type(model) for model in read_models())


class NotSignedYet(Refused):
    """What was asked for is newer than the last checkpoint."""


class ProofsUnusable(Refused):
    """The published tiles are missing or spoilt."""

    status = 503


class RotateProofKey(Command):
    """Let a new key sign checkpoints; those before it sign beside it for some days, and retire."""

    overlap_days: Overlap = 7


async def _prepared(caller: Caller, command: RotateProofKey) -> AddProofKey:
    state = (await caller.doors.store.load(caller.tenant, proof_keys, PROOF_KEYS)).state
    if not state.keys:
        raise NotSignedYet("Nothing is signed yet; the first key is made with the first checkpoint.")
    made = caller.doors.proof_keys.make(caller.tenant.slug, len(state.keys) + 1, name_of(state.keys[-1].vkey))
    return AddProofKey(vkey=str(made.verifier), overlap_days=command.overlap_days)


noun = Noun("proof_key", "proofs", proof_keys)
router = noun.router
router.route_class = Paged
noun.changes(
    "/keys",
    RotateProofKey,
    Action.OPERATE,
    operation="rotate_proof_key",
    summary="Let a new key sign checkpoints",
    example={"overlap_days": 7},
    stream=PROOF_KEYS,
    prepare=_prepared,
    raises=(NotSignedYet,),
)


@router.get("/checkpoint", response_model=CheckpointView, operation_id="read_checkpoint", responses=documented(NotFound, NotSignedYet))
async def read_checkpoint(caller: LogReader, asked: Annotated[CheckpointAsked, Query()]) -> Response:
    """The signed checkpoint over the whole log, or an earlier one."""
    checkpoint, note = _checkpoint(_published(caller), asked.size)
    return reply(CheckpointView(origin=checkpoint.origin, size=checkpoint.size, root=_text(checkpoint.root), checkpoint=note))


@router.get(
    "/inclusion",
    response_model=InclusionView,
    operation_id="prove_inclusion",
    responses={**documented(NotFound, NotSignedYet, EventAltered, ProofsUnusable), **PAGED},
)
async def prove_inclusion(request: Request, caller: LogReader, asked: Annotated[InclusionAsked, Query()]) -> Response:
    """The proof that an event is in the log as it was signed: verify it without us. As JSON, or as a page that says what it proves."""
    position = asked.position or await _position(caller, asked)
    published = _published(caller)
    checkpoint, note = _checkpoint(published, asked.size)
    if position > checkpoint.size:
        raise NotSignedYet(
            f"The event at position {position:,} is not in that checkpoint, which holds {checkpoint.size:,} events; "
            "the next one is signed within seconds.",
            position=position,
            size=checkpoint.size,
        )
    rows: list[Row] = await caller.doors.store.between(caller.tenant, position, position)
    try:
        proof, signed = published.tree.inclusion(position - 1, checkpoint.size), published.tree.nodes(checkpoint.size)(0, position - 1)
    except TilesDamaged as damaged:
        raise _unusable() from damaged
    if not merkle.verify_inclusion(position - 1, checkpoint.size, signed, proof, checkpoint.root):
        raise _unusable()
    envelope = envelope_of(rows[0]) if rows else b""
    if merkle.leaf_hash(envelope) != signed:
        what = (
            "is not the one that was signed: it was altered since" if rows else "was signed, and is no longer there: it was removed since"
        )
        raise EventAltered(f"The event at position {position:,} {what}.", position=position)
    found = InclusionView(
        position=position,
        leaf_index=position - 1,
        envelope=_text(envelope),
        leaf_hash=_text(signed),
        size=checkpoint.size,
        root=_text(checkpoint.root),
        proof=list(map(_text, proof)),
        checkpoint=note,
    )
    if wants_page(request):
        return shown(inclusion_page(found, (await _keys(caller)), await _happened(caller, position)))
    return reply(found)


@router.get(
    "/consistency",
    response_model=ConsistencyView,
    operation_id="prove_consistency",
    responses={**documented(Invalid, NotSignedYet, ProofsUnusable), **PAGED},
)
async def prove_consistency(request: Request, caller: LogReader, asked: Annotated[ConsistencyAsked, Query()]) -> Response:
    """The proof that the log of one size begins with the log of an earlier one: nothing was altered in between. Any two sizes that
    are signed will do, whether checkpoints were published at them or not. As JSON, or as a page that says what it proves.
    """
    published = _published(caller)
    last, note = _checkpoint(published, None)
    to = asked.to or last.size
    if (largest := max(asked.from_, to)) > last.size:
        words = (
            f"A log of {largest:,} events is larger than the last checkpoint, which holds {last.size:,}; the next is signed within seconds."
        )
        raise NotSignedYet(words, size=last.size)
    if asked.from_ > to:
        raise Invalid(f"from: a log of {asked.from_:,} events is no beginning of one of {to:,}; swap the sizes.", to=to)
    if published.checkpoint(to) is not None:
        last, note = _checkpoint(published, to)
    tree = published.tree
    try:
        before, after = tree.root(asked.from_), tree.root(to)
        proof, signed = tree.consistency(asked.from_, to), tree.consistency(to, last.size)
    except TilesDamaged as damaged:
        raise _unusable() from damaged
    if not (
        merkle.verify_consistency(asked.from_, to, before, after, proof)
        and merkle.verify_consistency(to, last.size, after, last.root, signed)
    ):
        raise _unusable()
    found = {
        "from": asked.from_,
        "to": to,
        "from_root": _text(before),
        "to_root": _text(after),
        "proof": list(map(_text, proof)),
        "signed_size": last.size,
        "signed_proof": list(map(_text, signed)),
        "checkpoint": note,
    }
    if wants_page(request):
        return shown(consistency_page(ConsistencyView.model_validate(found), await _keys(caller)))
    return reply(found)


@router.get("/keys", response_model=KeysView, operation_id="list_proof_keys", responses=documented(NotFound, *PROBLEMS))
async def list_proof_keys(caller: LogReader, moment: AtEyed) -> Response:
    """The keys that sign checkpoints, and those that did: with them every checkpoint can be verified."""
    head = await check_reached(caller, moment)
    as_of = await resolve(caller, moment)
    await check_might(caller, moment, Action.LOG_READ, as_of)
    return reply(
        KeysView(items=await _keys(caller, as_of), as_of=as_of.position, basis=as_of.basis), headers={"Concord-Position": str(head)}
    )


@router.get("/status", response_model=ProofsStatus, operation_id="read_proofs_status", responses=PAGED)
async def read_proofs_status(request: Request, caller: LogReader) -> Response:
    """How much of the log is signed, and why nothing more is, if so. As JSON, or as a page with the last checkpoint and the keys."""
    async with caller.doors.database.tenant(caller.tenant, read_only=True) as cursor:
        stands = await standing.standing(cursor)
    found = ProofsStatus(
        signed=stands.signed,
        head=stands.head,
        unsigned_seconds=stands.unsigned_seconds,
        parked_at=stands.parked_at,
        cause=stands.cause,
    )
    if wants_page(request):
        return shown(status_page(found, _published(caller).checkpoint(None), await _keys(caller)))
    return reply(found)


async def _keys(caller: Caller, as_of: AsOf = NOW) -> list[KeyView]:
    """Every key there was by the moment, oldest first."""
    history = upto(await caller.doors.store.history(caller.tenant, PROOF_KEYS), as_of)
    until = {key.vkey: key.signs_until for key in proof_keys.fold(recorded.event for recorded in history).keys}
    return [
        KeyView(vkey=r.event.vkey, added_position=r.position, added_at=r.recorded_at, signs_until=until[r.event.vkey])
        for r in history
        if isinstance(r.event, ProofKeyAdded)
    ]


async def _happened(caller: Caller, position: int) -> Told | None:
    """The event in a sentence; None where read models are behind or no version here can read it: its proof does not need it."""
    try:
        async with reading(caller, Moment(), *_MODELS) as opened:
            return (await tell(opened, await opened.events([position])))[0]
    except (ProjectionBehind, Unreadable):
        return None


def _published(caller: Caller) -> Published:
    return Published(caller.doors.proofs_folder / caller.tenant.slug)


def _checkpoint(published: Published, size: int | None) -> tuple[Checkpoint, str]:
    note = published.checkpoint(size)
    if note is None and size is not None:
        raise NotFound(f"No checkpoint was published at size {size:,}.", size=size)
    if note is None:
        raise NotSignedYet("Nothing is signed yet; the first checkpoint follows the first event within seconds.")
    return Checkpoint.parse(note.rpartition("\n\n")[0] + "\n"), note


async def _position(caller: Caller, asked: InclusionAsked) -> int:
    assert asked.id is not None
    history: list[Any] = await caller.doors.store.history(caller.tenant, asked.id)
    found = next((recorded.position for recorded in history if recorded.originator_version == asked.version), None)
    if found is None:
        raise NotFound("There is no event with this id and version.")
    return int(found)


def _unusable() -> ProofsUnusable:
    return ProofsUnusable("The published tiles do not lead to the checkpoint; ask an operator to run `concord proofs rebuild`.")


def _text(value: bytes) -> str:
    return b64encode(value).decode()
