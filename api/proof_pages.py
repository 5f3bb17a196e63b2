"""Proofs as pages: what is proven and what is not, in plain sentences, after this page has verified all that it shows."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape

from api.proof_frame import asking, block, code, facts, frame, says, section, words
from api.proof_views import ConsistencyView, InclusionView, KeyView, ProofsStatus
from infra.proofs import merkle
from infra.proofs.checkpoints import Checkpoint, opened
from infra.proofs.notes import NoteRejected, VerifierKey, verified
from projections.telling import Told

_TRUST = (
    "This page was verified by the installation that shows it. Who does not trust that keeps a checkpoint and the keys elsewhere, "
    "and verifies without it."
)


def inclusion_page(found: InclusionView, keys: Sequence[KeyView], happened: Told | None) -> str:
    """An event's inclusion proof, step by step."""
    leaf, root, proof = b64decode(found.leaf_hash), b64decode(found.root), list(map(b64decode, found.proof))
    why = _signature(found.checkpoint, keys, found.size, root)
    if why is None and merkle.leaf_hash(b64decode(found.envelope)) != leaf:
        why = "The event as stored does not hash to the leaf."
    if why is None and not merkle.verify_inclusion(found.leaf_index, found.size, leaf, proof, root):
        why = "The audit path does not lead from the leaf to the root."
    if why is None:
        verdict = says(
            True,
            f"Proven: the event at position {found.position:,} is one of the {found.size:,} that were signed, just as it is stored now.",
            "Not proven: that what it tells is true, or that nothing was left out before it was recorded.",
        )
    else:
        verdict = _fails(f"the proof of position {found.position:,}", why)
    steps = "".join(
        f"<li>{side}: {code(value)}</li>" for side, value in zip(sides(found.leaf_index, found.size), found.proof, strict=False)
    )
    path = f"<ol>{steps}</ol>" if steps else words("None: the leaf is the root.")
    told = "Not told here: read models are behind, or this version cannot read it." if happened is None else happened.sentence
    rows = [("Position", f"{found.position:,}"), ("What happened", escape(told))]
    if happened is not None:
        rows += [("By", escape(happened.actor_name)), ("Recorded", _time(happened.recorded_at))]
    rows += [("Leaf hash", code(found.leaf_hash)), ("Root", code(found.root)), ("Events signed", f"{found.size:,}")]
    return frame(
        f"Position {found.position:,} in the signed log",
        verdict,
        facts(rows),
        section("Audit path", words("From the leaf to the root: the hash to put beside what was reached, and on which side."), path),
        _signed(found.checkpoint, keys),
        section("The event as stored (base64)", block(found.envelope)),
        _yourself(f"concord proofs inclusion {found.position} --size {found.size}"),
        asking(),
    )


def consistency_page(found: ConsistencyView, keys: Sequence[KeyView]) -> str:
    """The proof that a log begins with an earlier one."""
    before, after = b64decode(found.from_root), b64decode(found.to_root)
    proof, signed = list(map(b64decode, found.proof)), list(map(b64decode, found.signed_proof))
    why, root = None, b""
    try:
        root = Checkpoint.parse(found.checkpoint.rpartition("\n\n")[0] + "\n").root
    except ValueError:
        why = "The checkpoint cannot be read."
    why = why or _signature(found.checkpoint, keys, found.signed_size, root)
    if why is None and not merkle.verify_consistency(found.from_, found.to, before, after, proof):
        why = f"The log of {found.to:,} events does not begin with that of {found.from_:,}."
    if why is None and not merkle.verify_consistency(found.to, found.signed_size, after, root, signed):
        why = f"The log that was signed does not begin with these {found.to:,} events."
    if why is None:
        verdict = says(
            True,
            f"Proven: the first {found.from_:,} of these {found.to:,} signed events are what they were; none was altered, removed or put between.",
            f"Not proven: that the log of {found.from_:,} is the one you knew. Compare its root with the checkpoint that you kept.",
        )
    else:
        verdict = _fails(f"the proof from {found.from_:,} to {found.to:,} events", why)
    rows = [
        ("From", f"{found.from_:,} events"),
        ("Root then", code(found.from_root)),
        ("To", f"{found.to:,} events"),
        ("Root of these", code(found.to_root)),
        ("Signed", f"{found.signed_size:,} events"),
    ]
    parts = [section("Consistency proof", words("Hashes in the order in which RFC 9162 takes them."), _hashes(found.proof))]
    if found.signed_size != found.to:
        said = f"No checkpoint was published at {found.to:,} events; these lead to the one of {found.signed_size:,}."
        parts.append(section("On to the checkpoint", words(said), _hashes(found.signed_proof)))
    return frame(
        f"From {found.from_:,} to {found.to:,} events",
        verdict,
        facts(rows),
        *parts,
        _signed(found.checkpoint, keys),
        _yourself(f"concord proofs consistency {found.from_} --to {found.to}"),
        asking(),
    )


def status_page(found: ProofsStatus, note: str | None, keys: Sequence[KeyView]) -> str:
    """The log's state: the last checkpoint, what the signer does, and the keys. `note`: None while nothing is signed."""
    unsigned = found.head - found.signed
    why = None if note is None else _signature(note, keys, None, None)
    if found.parked_at is not None:
        stopped = f"Nothing more is signed: the event at position {found.parked_at:,} contradicts what was signed."
        verdict = says(False, stopped, found.cause or "", "An operator runs concord proofs check.")
    elif why is not None:
        verdict = _fails("the last checkpoint", why)
    elif note is None:
        verdict = says(False, "Nothing is signed yet; the first checkpoint follows the first event within seconds.", found.cause or "")
    else:
        rest = (
            f"{unsigned:,} more wait for the next signature, since {found.unsigned_seconds:.0f} seconds."
            if unsigned > 0
            else "That is all."
        )
        verdict = says(True, f"The first {found.signed:,} of {found.head:,} events are signed.", rest, found.cause or "")
    listed = "".join(
        f"<li>{code(key.vkey)}<br><span class=soft>signs since {_time(key.added_at)} (position {key.added_position:,})"
        f"{'' if key.signs_until is None else f', until {_time(key.signs_until)}'}</span></li>"
        for key in keys
    )
    return frame(
        "What of the log is signed",
        verdict,
        words("A checkpoint proves nothing alone: a proof leads from an event, or from an earlier checkpoint, to it."),
        "" if note is None else _signed(note, keys),
        section("Keys, oldest first", f"<ol>{listed}</ol>" if listed else words("None yet.")),
        _yourself("concord proofs checkpoint", "concord proofs keys"),
        asking(),
    )


def _signature(note: str, keys: Sequence[KeyView], size: int | None, root: bytes | None) -> str | None:
    """Why the checkpoint is not that of the tree with this size and root, signed by one of the keys; None: it is."""
    try:
        checkpoint = opened(note, _verifiers(keys))
    except NoteRejected as rejected:
        return f"The checkpoint's signature does not verify: {rejected}."
    if size is not None and (checkpoint.size, checkpoint.root) != (size, root):
        return "The checkpoint is that of another tree."
    return None


def _verifiers(keys: Iterable[KeyView]) -> list[VerifierKey]:
    return [VerifierKey.parse(key.vkey) for key in keys]


def _fails(what: str, why: str) -> str:
    return says(
        False, f"This does not verify: {what} does not hold. Do not trust it.", why, "Tell an operator; concord proofs check says more."
    )


def _signed(note: str, keys: Sequence[KeyView]) -> str:
    """The note, and by which keys it is signed since when."""
    try:
        by = {str(key) for key in verified(note, _verifiers(keys))[1]}
    except NoteRejected:
        by = set()
    rows = [("Signed by", f"{code(key.vkey)}, a key since {_time(key.added_at)}") for key in keys if key.vkey in by]
    return section("Checkpoint", block(note), facts(rows or [("Signed by", "none of the known keys")]))


def sides(index: int, size: int) -> Iterator[str]:
    """On which side each hash of an audit path goes (RFC 9162 section 2.1.3.2)."""
    at, last = index, size - 1
    while last:
        if at & 1 or at == last:
            yield "left"
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            yield "right"
        at, last = at >> 1, last >> 1


def _hashes(values: Sequence[str]) -> str:
    if not values:
        return words("None needed: the two are the same.")
    return "<ol>" + "".join(f"<li>{code(value)}</li>" for value in values) + "</ol>"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _yourself(*commands: str) -> str:
    """How to verify without this page."""
    return section(
        "Verify it yourself",
        words(_TRUST),
        block("\n".join(commands)),
        words(
            "The command verifies on your machine. The same address answers programs with JSON; its format, and how to check it with nothing "
            "but SHA-256 and Ed25519, is “Proofs: formats”, docs/proofs.md in Concord's source."
        ),
    )
