"""`concord proofs`: checkpoints of the log and what they prove, checked here as they are fetched; for operators, the tree itself."""

from __future__ import annotations

import sys
from base64 import b64decode
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import calling
from api.cli.formats import count, plain, table, when
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, err, out, say_json, told
from api.cli.proofs_tree import check, rebuild, restart
from api.cli.tree import group
from api.inert import one_line


@told
def checkpoint(
    size: Annotated[int | None, typer.Option("--size", min=1, help="An earlier one, by its size (default: the last).")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """The signed checkpoint over the log. Keep it somewhere else: against it nobody can alter what it covers.

    Examples:
      concord proofs checkpoint > checkpoint-2026-11.txt
      concord proofs checkpoint --size 1234
    """
    with calling(tenant) as client:
        found = client.get("/v1/proofs/checkpoint", {"size": size})
    if as_json:
        say_json(found)
    else:
        sys.stdout.write(found["checkpoint"])


@told
def inclusion(
    position: Annotated[int | None, typer.Argument(metavar="POSITION", help="The event's position, as `replay --raw` shows it.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Instead of the position: what the event happened to,")] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="and its version there.")] = None,
    size: Annotated[int | None, typer.Option("--size", min=1, help="In the checkpoint of this size (default: the last).")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Prove that an event is in the log as it was signed. The proof is checked here; --json gives all of it.

    Examples:
      concord proofs inclusion 17
      concord proofs inclusion --id 01936e4c-0000-7000-8000-000000000001 --version 3 --json
    """
    from infra.proofs.merkle import leaf_hash, verify_inclusion

    if (position is None) == (id is None) or (id is None) != (version is None):
        raise Ended("Name the event by its position, or by --id and --version.", Exit.USAGE)
    with calling(tenant) as client:
        found = client.get("/v1/proofs/inclusion", {"position": position, "id": id, "version": version, "size": size})
        root = _signed(client, found["checkpoint"], found["size"])
    leaf = leaf_hash(b64decode(found["envelope"]))
    if not verify_inclusion(found["leaf_index"], found["size"], leaf, list(map(b64decode, found["proof"])), root):
        raise Ended(f"The proof of position {found['position']:,} does not hold: do not trust this log.", Exit.REFUSED)
    if as_json:
        say_json(found)
    else:
        out.print(f"Position {found['position']:,} is one of the {found['size']:,} events that were signed ({len(found['proof'])} hashes).")


@told
def consistency(
    earlier: Annotated[str, typer.Argument(metavar="EARLIER", help="A file with a checkpoint that you kept, or a number of events.")],
    to: Annotated[int | None, typer.Option("--to", min=1, help="Up to this many events (default: all that are signed).")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Prove that nothing was altered since an earlier checkpoint: the log begins with what was signed then.

    Examples:
      concord proofs consistency checkpoint-2026-11.txt
      concord proofs consistency 1000 --to 1234
    """
    from infra.proofs.merkle import verify_consistency

    size, kept = _earlier(earlier)
    with calling(tenant) as client:
        found = client.get("/v1/proofs/consistency", {"from": size, "to": to})
        root = _signed(client, found["checkpoint"], found["signed_size"])
    before, after = b64decode(found["from_root"]) if kept is None else kept, b64decode(found["to_root"])
    proof, signed = (list(map(b64decode, found[name])) for name in ("proof", "signed_proof"))
    if not verify_consistency(found["to"], found["signed_size"], after, root, signed):
        raise Ended(f"The log that is signed does not begin with these {found['to']:,} events: do not trust it.", Exit.REFUSED)
    if not verify_consistency(size, found["to"], before, after, proof):
        raise Ended(f"The log does not begin with the {size:,} events of that checkpoint: it was altered since.", Exit.REFUSED)
    if as_json:
        say_json(found)
    else:
        out.print(f"The first {found['to']:,} signed events begin with the {size:,} of then, unaltered.")


@told
def keys(tenant: TenantName = None, as_json: Json = False) -> None:
    """The keys that sign checkpoints, and those that did: one a line, oldest first. Keep this list with your checkpoints.

    Since when each signs is told beside it, and is not in the file when you keep one.

    Examples:
      concord proofs keys > keys.txt
      concord proofs keys --json
    """
    with calling(tenant) as client:
        found = client.get("/v1/proofs/keys")
    if as_json:
        say_json(found)
        return
    for number, item in enumerate(found["items"], start=1):
        until = f", signs until {when(item['signs_until'])}" if item["signs_until"] else ""
        print(one_line(item["vkey"]))
        err.print(f"Key {number} signs since {when(item['added_at'])} (position {item['added_position']:,}){until}.", style="dim")
    if not found["items"]:
        err.print("Nothing is signed yet: the first checkpoint follows the first event within seconds.")


@told
def rotate(
    overlap_days: Annotated[int, typer.Option("--overlap-days", min=0, max=365, help="For how long the old key signs, too.")] = 7,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Let a new key sign checkpoints. Old checkpoints stay valid; whoever verifies needs the new key from `concord proofs keys`.

    Example:
      concord proofs rotate --overlap-days 30
    """
    with calling(tenant) as client:
        said = client.post("/v1/proofs/keys", {"overlap_days": overlap_days}, if_match="*", settle=False)
    if as_json:
        say_json(said.body)
    else:
        out.print(f"A new key signs from now on; the one before it signs, too, for {count(overlap_days, 'day')}.")


@told
def status(tenant: TenantName = None, as_json: Json = False) -> None:
    """How much of the log is signed, and why nothing more is. Ends with 1 where something is wrong.

    Example:
      concord proofs status
    """
    with calling(tenant) as client:
        found = client.get("/v1/proofs/status")
    if as_json:
        say_json(found)
    else:
        shown = table("signed", "log ends at", "oldest unsigned", "", right=("signed", "log ends at", "oldest unsigned"))
        trouble = f"[red]{plain(found['cause'])}[/]" if found["cause"] else "[green]ok[/]"
        shown.add_row(f"{found['signed']:,}", f"{found['head']:,}", f"{found['unsigned_seconds']:.0f} s", trouble)
        out.print(shown)
        if found["parked_at"] is not None:
            out.print("No checkpoint is signed until that is looked into: concord proofs check", style="bold red")
            chosen = f" --tenant {tenant}" if tenant else ""
            out.print(f"After a restore to an earlier instant: concord proofs restart{chosen}", markup=False, soft_wrap=True)
    if found["cause"]:
        sys.exit(Exit.FAILED)


def _earlier(given: str) -> tuple[int, bytes | None]:
    """The size of an earlier tree, and its root where it was kept."""
    if given.isdecimal():
        return int(given), None
    from infra.proofs.checkpoints import Checkpoint

    try:
        text, _, _ = Path(given).read_text(encoding="utf-8").rpartition("\n\n")
        kept = Checkpoint.parse(f"{text}\n")
    except (OSError, ValueError):
        raise Ended(f"{given} is no file with a checkpoint, as `concord proofs checkpoint` writes it.", Exit.USAGE) from None
    return kept.size, kept.root


def _signed(client: Any, note: str, size: int) -> bytes:
    """The root in a checkpoint, if one of the log's keys signed it at this size."""
    from infra.proofs.checkpoints import opened
    from infra.proofs.notes import NoteRejected, VerifierKey

    known = [VerifierKey.parse(item["vkey"]) for item in client.get("/v1/proofs/keys")["items"]]
    try:
        found = opened(note, known)
    except NoteRejected as rejected:
        raise Ended(f"The checkpoint is not signed by this log: {rejected}.", Exit.REFUSED) from None
    if found.size != size:
        raise Ended("The checkpoint is of another size than the proof.", Exit.REFUSED)
    return found.root


def add_to(app: typer.Typer) -> None:
    commands = (
        *(("checkpoint", checkpoint), ("inclusion", inclusion), ("consistency", consistency), ("keys", keys)),
        *(("rotate", rotate), ("status", status), ("check", check), ("rebuild", rebuild), ("restart", restart)),
    )
    group(app, "proofs", "Prove that nothing was altered: checkpoints, proofs, keys", *commands)
