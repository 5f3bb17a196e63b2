"""Taking evidence away: events of the log with what proves them, in one file that is verified without us (docs/decisions/0013)."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.callers import Caller, LogReader
from api.moments import PROBLEMS
from api.problems import documented
from domain.kernel import Invalid, NotFound, Refused
from domain.tenants import TENANT_ID, tenants
from infra.codec import UndecodableEvent
from infra.papers.printing import print_evidence
from infra.proofs.bundles import Evidence, packed
from infra.proofs.checkpoints import Checkpoint
from infra.proofs.published import Published
from infra.proofs.tiles import TilesDamaged
from infra.proofs.timestamps import Stamped, Timestamps
from infra.proofs.verify_bundle import Unreadable, Wrong, verify_timestamp
from projections.as_of import AsOf
from projections.catalogue import read_models
from projections.evidence import About, Gathered, gathered, name_of, streams_of
from projections.reading import Reading

router = APIRouter(prefix="/v1/audit", tags=["audit"])
MODELS = tuple(type(model) for model in read_models())
"""Sentences name whatever there is."""
MOST = 100_000
"""Events of one bundle."""
PRINTED = 1_000
"""Events in its report; told.jsonl has all."""
_ACCENT = "#0b5c7a"
_PARKED = "there the read models stand, which cannot pass the next event"
_ID = "01936e4c-0000-7000-8000-00000000000a"
Position = Annotated[int, Field(ge=1, le=10**18)]


class NothingSigned(Refused):
    """There is no checkpoint that covers it yet; one is published every few seconds while something is recorded."""


class TooMuchAtOnce(Refused):
    """More events than fit into one bundle; ask for several, each of a part."""


class ProofsDamaged(Refused):
    """The published tree is damaged or incomplete, so that it proves nothing here."""


class BundleAsked(BaseModel):
    """Which events: of one thing (`noun`, `id`), of streams, from a position to another, at positions; nothing named: the whole log."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    noun: Annotated[About | None, Field(description="With `id`: everything about it, approvals, papers and interactions too.")] = None
    id: Annotated[UUID | None, Field(examples=[_ID])] = None
    stream: Annotated[list[UUID] | None, Field(max_length=100, description="Streams, by id.")] = None
    first: Annotated[Position | None, Field(description="From this position on, ...")] = None
    last: Annotated[Position | None, Field(description="... up to this one.")] = None
    position: Annotated[list[Position] | None, Field(max_length=1000, description="Events at these positions.")] = None
    size: Annotated[Position | None, Field(description="Under the checkpoint of this size; left away: under the last one.")] = None
    kept: Annotated[
        list[Position] | None,
        Field(max_length=100, description="Sizes of checkpoints kept elsewhere, so that the bundle can be compared with them."),
    ] = None


class _Chosen(NamedTuple):
    """What was asked for: in words, as a condition on events, and of what the bundle will be whole."""

    words: str
    condition: str
    params: Mapping[str, Any]
    positions: tuple[int, int] | None = None
    streams: Sequence[UUID] = ()


@router.get(
    "/bundle",
    operation_id="export_bundle",
    response_class=Response,
    responses={
        200: {
            "content": {"application/zip": {"schema": {"type": "string", "contentMediaType": "application/zip"}}},
            "description": "The bundle, a zip file; README.txt in it tells how to verify it.",
        },
        **documented(NotFound, Invalid, NothingSigned, TooMuchAtOnce, ProofsDamaged, *PROBLEMS),
    },
)
async def export_bundle(caller: LogReader, asked: Annotated[BundleAsked, Query()]) -> Response:
    """A bundle of evidence: events as stored, proofs, checkpoint, keys, timestamp, a report to read, and the program that verifies it.

    The same events under the same checkpoint give the same bytes. Who took which bundle is in the access log. Where read models are
    parked at an event that they cannot read, the report says as of which position names are told.
    """
    async with caller.doors.exports:
        evidence = await _evidence(caller, asked)
        try:
            content = await asyncio.to_thread(packed, evidence)
        except TilesDamaged as error:
            raise ProofsDamaged("The published tree is damaged: have the operator run `concord audit verify-log`.") from error
    name = f"evidence-{caller.tenant.slug}-{evidence.size}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Concord-Position": str(evidence.size)}
    return Response(content, headers=headers, media_type="application/zip")


async def _evidence(caller: Caller, asked: BundleAsked) -> Evidence:
    published = Published(caller.doors.proofs_folder / caller.tenant.slug)
    note = published.checkpoint(asked.size)
    if note is None and asked.size is not None:
        raise NotFound("There is no checkpoint of this size; leave `size` away for the last one.", size=asked.size)
    checkpoint = None if note is None else Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    if note is None or checkpoint is None or checkpoint.size == 0:
        raise NothingSigned("No checkpoint has been published of this log yet; try again in a minute.")
    size = checkpoint.size
    business = await _business(caller)
    # a read model that is parked at an altered event would hold the evidence of it back for ever
    async with caller.doors.reader.read(caller.tenant, *MODELS, as_of=AsOf(position=size), parked_too=True) as opened:
        chosen = await _chosen(opened, asked, size)
        found = await gathered(opened, f"({chosen.condition}) AND position <= %(size)s", {**chosen.params, "size": size}, MOST + 1)
        told_at = min(opened.position, size)
    if not found.rows and not chosen.positions:
        raise NotFound("Nothing that is covered by the checkpoint answers to that.", size=size)
    if len(found.rows) > MOST:
        raise TooMuchAtOnce(f"A bundle holds {MOST:,} events at most: ask for a part, such as first=1&last={MOST}.", limit=MOST)
    stamped = await asyncio.to_thread(_stamped, Timestamps(published.folder), found.rows[-1][0] if found.rows else size, size)
    keys = [str(key) for key in published.keys()]  # noqa: SIM118  no mapping
    record = _record(business, chosen.words, checkpoint, note, stamped, found, told_at)
    # dated to what it shows, so that the same evidence gives the same file
    dated: datetime = found.rows[-1][6] if found.rows else datetime.fromtimestamp(0).astimezone()
    report = await asyncio.to_thread(print_evidence, record, dated)
    return Evidence(
        found.rows,
        note.encode(),
        size,
        published.tree.nodes(size),
        keys,
        positions=chosen.positions,
        streams=chosen.streams,
        sizes=tuple(asked.kept or ()),
        stamped=stamped,
        told=found.told,
        report=report,
    )


async def _business(caller: Caller) -> str:
    try:
        known = (await caller.doors.store.load(caller.tenant, tenants, TENANT_ID)).state
    except UndecodableEvent:
        return caller.tenant.slug
    return known.name if known else caller.tenant.slug


async def _chosen(opened: Reading, asked: BundleAsked, size: int) -> _Chosen:
    ways = [asked.noun or asked.id, asked.stream, asked.first or asked.last, asked.position]
    if sum(way is not None for way in ways) > 1 or (asked.noun is None) != (asked.id is None):
        raise Invalid("Name one thing: noun with id, or stream, or first and last, or position; nothing for the whole log.")
    if asked.noun is not None and asked.id is not None:
        ids = await streams_of(opened, asked.noun, asked.id)
        held = [id for (id,) in await opened.rows(_HELD, {"ids": ids, "size": size})]
        if asked.id not in held:
            raise NotFound("There is no such thing in the log up to the checkpoint.", size=size)
        words = f"{asked.noun.capitalize()} “{await name_of(opened, asked.id)}”, and what belongs to it"
        return _Chosen(words, "stream = ANY (%(ids)s)", {"ids": held}, streams=held)
    if asked.stream:
        held = [id for (id,) in await opened.rows(_HELD, {"ids": asked.stream, "size": size})]
        return _Chosen("What was asked for by stream", "stream = ANY (%(ids)s)", {"ids": held}, streams=held)
    if asked.position:
        return _Chosen("Events at chosen positions", "position = ANY (%(at)s::bigint[])", {"at": asked.position})
    first, last = asked.first or 1, min(asked.last or size, size)
    if first > last:
        raise Invalid("`first` has to be at or before `last`, and covered by the checkpoint.", size=size)
    words = "The whole log" if (first, last) == (1, size) else f"Positions {first:,} to {last:,}"
    return _Chosen(words, "position BETWEEN %(first)s AND %(last)s", {"first": first, "last": last}, positions=(first, last))


_HELD = "SELECT DISTINCT stream FROM events WHERE stream = ANY (%(ids)s) AND position <= %(size)s ORDER BY stream"


def _stamped(stamps: Timestamps, last: int, size: int) -> Stamped | None:
    """The earliest timestamp that covers all events; where none does, the latest before the checkpoint."""
    sizes = [one for one in stamps.sizes() if one <= size]
    return stamps.stamped(next((one for one in sizes if one >= last), sizes[-1])) if sizes else None


def _record(
    business: str, about: str, checkpoint: Checkpoint, note: str, stamped: Stamped | None, found: Gathered, told_at: int
) -> dict[str, Any]:
    """What is printed; see `infra/papers/evidence.typ`. `told_at`: the position as of which names are told."""
    lines = [line.split(" ") for line in note.partition("\n\n")[2].splitlines()]
    signers = [f"{name}+{b64decode(signature)[:4].hex()}" for _, name, signature in lines]
    facts = [
        ("Log", checkpoint.origin, True),
        ("Checkpoint", f"over the first {checkpoint.size:,} events", False),
        ("Root of its tree", checkpoint.root.hex(), True),
        ("Signed by", ", ".join(signers), True),
        ("Timestamp", _stamp_told(stamped), False),
        ("In this bundle", f"{len(found.rows):,} events", False),
    ]
    if told_at < checkpoint.size:
        facts.append(("Told", f"names, and what belongs to what, as of position {told_at:,}: {_PARKED}", False))
    return {
        "accent": _ACCENT,
        "business": business,
        "about": about,
        "facts": [{"label": label, "value": value, "code": code} for label, value, code in facts],
        "events": [_printed(one) for one in found.told[:PRINTED]],
        "left_out": max(len(found.told) - PRINTED, 0),
    }


def _printed(told: Mapping[str, Any]) -> dict[str, str]:
    recorded, effective = (told[name][:19].replace("T", " ") for name in ("recorded_at", "effective_at"))
    late = f"It was so already on {effective}." if told["effective_at"] < told["recorded_at"] else ""
    return {"position": f"{told['position']:,}", "at": recorded, "who": told["who"], "sentence": told["sentence"], "late": late}


def _stamp_told(stamped: Stamped | None) -> str:
    if stamped is None:
        return "none yet"
    try:
        stamp = verify_timestamp(stamped.reply, stamped.note)
    except (Wrong, Unreadable):
        return "one that does not hold; the verifier says why"
    return f"the first {stamped.size:,} events were there on {stamp.at:%Y-%m-%d at %H:%M:%S} UTC, says {stamp.signer}"
