"""Proofs that the log was not altered: checkpoints, inclusion, consistency, and the keys that sign. Formats: docs/proofs.md."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from api.callers import Caller, LogReader
from api.conventions import reply
from api.moments import PROBLEMS, resolve
from api.nouns import Noun
from api.problems import EventAltered, documented
from api.registers import AtEyed, check_reached
from api.seen_by import check_might
from domain.kernel import Command, Invalid, NotFound, Refused
from domain.proof_keys import PROOF_KEYS, AddProofKey, Overlap, ProofKeyAdded, name_of, proof_keys
from infra.access import Action
from infra.event_store.loader import Row
from infra.proofs import merkle, standing
from infra.proofs.checkpoints import Checkpoint
from infra.proofs.leaves import envelope_of
from infra.proofs.published import Published
from infra.proofs.tiles import TilesDamaged
from projections.as_of import Basis
from projections.stream_states import upto

_MOST = 10**18


class NotSignedYet(Refused):
    """What was asked for is newer than the last checkpoint."""


class ProofsUnusable(Refused):
    """The published tiles are missing or spoilt."""

    status = 503


class RotateProofKey(Command):
    """Let a new key sign checkpoints; those before it sign beside it for some days, and retire."""

    overlap_days: Overlap = 7


class CheckpointView(BaseModel):
    """A signed checkpoint. `root` is base64; `checkpoint` is the signed note as it was published."""

    origin: str
    size: int
    root: str
    checkpoint: str


class InclusionView(BaseModel):
    """The proof that an event is in the tree of a checkpoint. `envelope` and hashes are base64."""

    position: int
    leaf_index: int
    envelope: str = Field(description="What the leaf hashes: the event as stored.")
    leaf_hash: str
    size: int
    root: str
    proof: list[str]
    checkpoint: str


class ConsistencyView(BaseModel):
    """The proof that a tree begins with an earlier tree. Hashes are base64.

    `checkpoint` signs the tree of `signed_size`: that of `to` where a checkpoint was published at it, else the last one.
    `signed_proof` proves that it begins with the tree of `to`; empty where they are the same.
    """

    model_config = ConfigDict(populate_by_name=True)
    from_: int = Field(alias="from")
    to: int
    from_root: str
    to_root: str
    proof: list[str]
    signed_size: int
    signed_proof: list[str]
    checkpoint: str


class KeyView(BaseModel):
    """A key that signs or signed checkpoints."""

    vkey: str = Field(description="name+id+base64(0x01 ‖ public key), as c2sp.org/signed-note has it.")
    added_position: int
    added_at: datetime
    signs_until: datetime | None


class KeysView(BaseModel):
    """Every key there was by the moment, oldest first; `signs_until` as it was known then."""

    items: list[KeyView]
    as_of: int | None
    basis: Basis


class ProofsStatus(BaseModel):
    """`signed`: the size of the last checkpoint; `head`: the log's last position; `parked_at`: the event that contradicts what was signed."""

    signed: int
    head: int
    unsigned_seconds: float = Field(json_schema_extra={"type": "number"})
    parked_at: int | None
    cause: str | None


Size = Annotated[int | None, Field(ge=1, le=_MOST, description="Of the checkpoint at this size; left away: of the last one.")]


class CheckpointAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: Size = None


class InclusionAsked(CheckpointAsked):
    """Which event: its position, or the id of what it happened to and its version there."""

    position: Annotated[int | None, Field(ge=1, le=_MOST)] = None
    id: UUID | None = None
    version: Annotated[int | None, Field(ge=1, le=_MOST)] = None

    @model_validator(mode="after")
    def _one_way(self) -> "InclusionAsked":
        if (self.position is None) == (self.id is None) or (self.id is None) != (self.version is None):
            raise ValueError("name the event by its position, or by id and version")
        return self


class ConsistencyAsked(BaseModel):
    """From which size to which, each a number of events; `to` left away: to the last checkpoint."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    from_: Annotated[int, Field(alias="from", ge=1, le=_MOST, examples=[1])]
    to: Annotated[int | None, Field(ge=1, le=_MOST)] = None


async def _prepared(caller: Caller, command: RotateProofKey) -> AddProofKey:
    state = (await caller.doors.store.load(caller.tenant, proof_keys, PROOF_KEYS)).state
    if not state.keys:
        raise NotSignedYet("Nothing is signed yet; the first key is made with the first checkpoint.")
    made = caller.doors.proof_keys.make(caller.tenant.slug, len(state.keys) + 1, name_of(state.keys[-1].vkey))
    return AddProofKey(vkey=str(made.verifier), overlap_days=command.overlap_days)


noun = Noun("proof_key", "proofs", proof_keys)
router = noun.router
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
    responses=documented(NotFound, NotSignedYet, EventAltered, ProofsUnusable),
)
async def prove_inclusion(caller: LogReader, asked: Annotated[InclusionAsked, Query()]) -> Response:
    """The proof that an event is in the log as it was signed: verify it without us."""
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
        raise EventAltered(
            f"The event at position {position:,} is not the one that was signed: it was altered or removed since.", position=position
        )
    shown = InclusionView(
        position=position,
        leaf_index=position - 1,
        envelope=_text(envelope),
        leaf_hash=_text(signed),
        size=checkpoint.size,
        root=_text(checkpoint.root),
        proof=list(map(_text, proof)),
        checkpoint=note,
    )
    return reply(shown)


@router.get(
    "/consistency",
    response_model=ConsistencyView,
    operation_id="prove_consistency",
    responses=documented(Invalid, NotSignedYet, ProofsUnusable),
)
async def prove_consistency(caller: LogReader, asked: Annotated[ConsistencyAsked, Query()]) -> Response:
    """The proof that the log of one size begins with the log of an earlier one: nothing was altered in between. Any two sizes that
    are signed will do, whether checkpoints were published at them or not.
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
    shown = {
        "from": asked.from_,
        "to": to,
        "from_root": _text(before),
        "to_root": _text(after),
        "proof": list(map(_text, proof)),
        "signed_size": last.size,
        "signed_proof": list(map(_text, signed)),
        "checkpoint": note,
    }
    return reply(shown)


@router.get("/keys", response_model=KeysView, operation_id="list_proof_keys", responses=documented(NotFound, *PROBLEMS))
async def list_proof_keys(caller: LogReader, moment: AtEyed) -> Response:
    """The keys that sign checkpoints, and those that did: with them every checkpoint can be verified."""
    head = await check_reached(caller, moment)
    as_of = await resolve(caller, moment)
    await check_might(caller, moment, Action.LOG_READ, as_of)
    history = upto(await caller.doors.store.history(caller.tenant, PROOF_KEYS), as_of)
    until = {key.vkey: key.signs_until for key in proof_keys.fold(recorded.event for recorded in history).keys}
    items = [
        KeyView(vkey=r.event.vkey, added_position=r.position, added_at=r.recorded_at, signs_until=until[r.event.vkey])
        for r in history
        if isinstance(r.event, ProofKeyAdded)
    ]
    return reply(KeysView(items=items, as_of=as_of.position, basis=as_of.basis), headers={"Concord-Position": str(head)})


@router.get("/status", response_model=ProofsStatus, operation_id="read_proofs_status")
async def read_proofs_status(caller: LogReader) -> Response:
    """How much of the log is signed, and why nothing more is, if so."""
    async with caller.doors.database.tenant(caller.tenant, read_only=True) as cursor:
        found = await standing.standing(cursor)
    return reply(
        ProofsStatus(
            signed=found.signed,
            head=found.head,
            unsigned_seconds=found.unsigned_seconds,
            parked_at=found.parked_at,
            cause=found.cause,
        )
    )


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
