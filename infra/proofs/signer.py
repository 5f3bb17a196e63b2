"""Grows a tenant's tree by what is new in the log, and signs a checkpoint over it: never one that contradicts an earlier one.

What was signed last is known from two places: the folder, and a note that the signer keeps beside its keys. Before each signature
the tree, as it lies in the folder by then, has to begin with both. The end of what was signed before, and a part of the rest that
moves on from one time to the next, are hashed anew from the log and compared: what a tree grown from its edge would not notice.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from infra.database import Database, Tenant
from infra.proofs import durable
from infra.proofs.checkpoints import Checkpoint, opened
from infra.proofs.leaves import LogBroken, differing, entries, hashed, leaf_hashes
from infra.proofs.merkle import verify_consistency
from infra.proofs.notes import NoteRejected, SigningKey, VerifierKey
from infra.proofs.positions import Range, count, joined, named, ranges
from infra.proofs.published import Published
from infra.proofs.tiles import WIDTH, Growth, TilesDamaged

CHUNK = 4_096
"""Events that are read by one statement."""
STRIDE = 65_536
"""Leaves after which a tree that is far behind is published as far as it has come."""
LOOKED_AGAIN = 2_048
"""Events of any age that are compared with the tree each time."""


class Contradicted(Exception):  # noqa: N818  names what was found
    """The log is not what was signed; `position` is the first event known to be concerned. Nothing is signed until somebody looked.

    `altered` and `missing`: every position where it is not, where all of them were looked for.
    """

    def __init__(self, position: int, found: str, altered: Sequence[Range] = (), missing: Sequence[Range] = ()) -> None:
        super().__init__(found)
        self.position, self.altered, self.missing = position, altered, missing

    @classmethod
    def at(cls, altered: Sequence[Range], missing: Sequence[Range]) -> Contradicted:
        """All that was found; at least one of both."""
        said = []
        if altered:
            one = count(altered) == 1
            said.append(
                f"the event{'' if one else 's'} at {named(altered)} {'is not the one that was' if one else 'are not those that were'} signed"
            )
        if missing:
            said.append(f"{named(missing)} {'is' if count(missing) == 1 else 'are'} missing in the log")
        return cls(min([*altered, *missing])[0], "; ".join(said), altered, missing)


@dataclass(slots=True)
class Signer:
    """One tenant's. `keys`: those that sign now, the newest last; `known`: every verifier key of the log.

    `memory`: the folder in which the signer keeps what it signed last, a file for each name the log was known by; it is not published.
    """

    database: Database
    tenant: Tenant
    published: Published
    memory: Path
    _again: int = field(default_factory=lambda: random.randrange(2**40))  # noqa: S311  only where to begin to look

    async def step(self, keys: Sequence[SigningKey], known: Sequence[VerifierKey]) -> Checkpoint | None:
        """Publish a checkpoint of what is new, at most `STRIDE` events of it; None if nothing is.

        Raises Contradicted, LockHeld where another process signs, psycopg.Error, StoreUnavailable, OSError.
        """
        with self.published.writing():
            last, signed = self._last(known)
            head = await self._reaching(last, signed)
            growth = await self._growth(last)
            if head == growth.size:
                return None
            await self._grow(growth, min(head, max([growth.size + STRIDE, *(c.size for c in signed)])))
            publishing = asyncio.ensure_future(asyncio.to_thread(self._publish, growth, signed, keys, known))
            try:
                return await asyncio.shield(publishing)
            finally:
                # whoever is told to stop meanwhile keeps the lock until it is done
                await asyncio.wait((publishing,))

    async def rebuild(self, known: Sequence[VerifierKey]) -> int:
        """Compute the tiles anew from the log, up to the last checkpoint, and put them in place if they lead to its root.

        Returns how many leaves. Raises Contradicted, and leaves the tiles as they are, if they lead elsewhere.
        """
        with self.published.writing():
            last, _ = self._last(known)
            if last is None:
                shutil.rmtree(self.published.folder / "tile", ignore_errors=True)
                return 0
            await self._rebuild(last)
            return last.size

    async def compare(self, known: Sequence[VerifierKey]) -> int:
        """Hash every event that was signed anew and compare it with the tree; returns how many.

        Raises Contradicted, naming every position, and TilesDamaged.
        """
        last, signed = self._last(known)
        await self._reaching(last, signed)
        if last is None:
            return 0
        await self._compare_all(last)
        return last.size

    def _publish(
        self, growth: Growth, signed: Sequence[Checkpoint], keys: Sequence[SigningKey], known: Sequence[VerifierKey]
    ) -> Checkpoint:
        growth.finish()
        checkpoint = Checkpoint(keys[-1].name, growth.size, growth.root)
        for before in signed:
            self._check(before, checkpoint)
        note = checkpoint.signed(keys)
        durable.replace(self._memory(keys[-1].name), note.encode())
        self.published.list_keys(known)
        self.published.publish(checkpoint.size, note)
        growth.tidy()
        return checkpoint

    def _last(self, known: Sequence[VerifierKey]) -> tuple[Checkpoint | None, list[Checkpoint]]:
        """The published checkpoint, and all that the next one must not contradict."""
        note = self.published.checkpoint()
        kept = self._memory(known[-1].name) if known else None
        remembered = kept.read_text(encoding="utf-8") if kept and kept.exists() else None
        try:
            last = opened(note, known) if note else None
            memory = opened(remembered, known) if remembered else None
        except NoteRejected as rejected:
            raise Contradicted(1, f"the last checkpoint is not one of this log's keys: {rejected}") from rejected
        if note and last:
            self.published.keep(last.size, note)
        return last, list({(c.size, c.root): c for c in (last, memory) if c is not None}.values())

    def remembers(self, name: str | None = None) -> bool:
        """Whether anything was signed here under this name; None: under any."""
        return self._memory(name).exists() if name is not None else self.memory.is_dir() and any(self.memory.iterdir())

    def _memory(self, name: str) -> Path:
        return memory_file(self.memory, name)

    async def _reaching(self, last: Checkpoint | None, signed: Sequence[Checkpoint]) -> int:
        """Where the log ends. Raises Contradicted where more was signed."""
        head = await self._head()
        for checkpoint in signed:
            if checkpoint.size > head:
                cut = Contradicted(head + 1, f"the log ends at {head:,}, but {checkpoint.size:,} events were signed")
                raise await self._with_all(cut, last)
        return head

    async def _growth(self, last: Checkpoint | None) -> Growth:
        """The tree at the last checkpoint, to be grown further, as the log still has it. Tiles that are missing or spoilt are made anew."""
        if last is None:
            return Growth(self.published.folder)
        try:
            growth = Growth(self.published.folder, last.size)
            if growth.root == last.root:
                try:
                    await self._look_again(last.size)
                except Contradicted as found:
                    raise await self._with_all(found, last) from found
                return growth
        except TilesDamaged:
            pass
        await self._rebuild(last)
        return Growth(self.published.folder, last.size)

    async def _rebuild(self, last: Checkpoint) -> None:
        aside = self.published.folder / ".rebuilt"
        await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)
        growth = Growth(aside)
        try:
            await self._grow(growth, last.size)
        except Contradicted as found:
            raise await self._with_all(found, last) from found
        await asyncio.to_thread(growth.finish)
        if growth.root != last.root:
            said = f"the {last.size:,} events of the log are not those that were signed at that size"
            raise await self._with_all(Contradicted(1, said), last)
        await asyncio.to_thread(_move, aside, self.published.folder)

    async def _with_all(self, found: Contradicted, last: Checkpoint | None) -> Contradicted:
        """The contradiction with every position that is concerned, as far as the tiles can be believed."""
        if last is not None:
            try:
                await self._compare_all(last)
            except Contradicted as everything:
                return everything
            except TilesDamaged:
                pass
        return found

    async def _grow(self, growth: Growth, until: int) -> None:
        """While events are hashed into the tree, the database reads the next ones."""
        ready, reached = list[tuple[bytes]](), growth.size
        try:
            async with self.database.tenant(self.tenant, read_only=True) as cursor:
                while ready or reached < until:
                    adding = asyncio.ensure_future(asyncio.to_thread(_added, growth, ready))
                    try:
                        last = min(reached + CHUNK, until)
                        ready = await entries(cursor, self.tenant, reached + 1, last) if reached < until else []
                        reached = last
                    finally:
                        await adding
        except LogBroken as broken:
            raise Contradicted(broken.position, str(broken)) from broken

    async def _compare_all(self, last: Checkpoint) -> None:
        if self.published.tree.root(last.size) != last.root:
            raise TilesDamaged(f"the tiles in {self.published.folder} do not lead to the root of the last checkpoint")
        altered: list[Range] = []
        missing: list[Range] = []
        for first in range(0, last.size, CHUNK):
            others, gone = await self._differing(first, min(first + CHUNK, last.size), last.size)
            altered += ranges(others)
            missing += ranges(gone)
        if altered or missing:
            raise Contradicted.at(joined(altered), joined(missing))

    async def _look_again(self, size: int) -> None:
        """Compare the newest of what was signed, and the next part of the rest, with the log."""
        await self._compare(max(0, size - WIDTH), size, size)
        parts = -(-size // LOOKED_AGAIN)
        first = self._again % parts * LOOKED_AGAIN
        self._again = self._again % parts + 1
        await self._compare(first, min(first + LOOKED_AGAIN, size), size)

    async def _compare(self, first: int, last: int, size: int) -> None:
        """Compare the leaves [first, last) of the tree with the log."""
        altered, missing = await self._differing(first, last, size)
        if altered or missing:
            raise Contradicted.at(ranges(altered), ranges(missing))

    async def _differing(self, first: int, last: int, size: int) -> tuple[list[int], list[int]]:
        """Of the leaves [first, last): (positions where the log has another event than the tree, positions that it lacks)."""
        tree = await asyncio.to_thread(self.published.tree.leaves, first, last, size)
        async with self.database.tenant(self.tenant, read_only=True) as cursor:
            try:
                if await leaf_hashes(cursor, self.tenant, first + 1, last) == tree:
                    return [], []
            except LogBroken:
                pass
            return await differing(cursor, self.tenant, tree, first + 1)

    def _check(self, before: Checkpoint, now: Checkpoint) -> None:
        """Prove, from the tiles as they are published, that the tree begins with the one that was signed before."""
        proof = self.published.tree.consistency(before.size, now.size)
        if before.origin != now.origin or not verify_consistency(before.size, now.size, before.root, now.root, proof):
            raise Contradicted(before.size, f"the log does not begin with the {before.size:,} events that were signed before")

    async def _head(self) -> int:
        async with self.database.tenant(self.tenant, read_only=True) as cursor:
            await cursor.execute("SELECT coalesce(max(position), 0) FROM events", prepare=True)
            (head,) = await cursor.fetchone() or (0,)
            return int(head)


def remember(memory: Path, note: str) -> None:
    """Take a published checkpoint into the signer's memory of its name, where that has none. Raises OSError."""
    place = memory_file(memory, note.partition("\n")[0])
    if not place.exists():
        durable.replace(place, note.encode())


def memory_file(memory: Path, name: str) -> Path:
    """Where the signer keeps what it signed last under a name."""
    return memory / sha256(name.encode()).hexdigest()[:16]


def _added(growth: Growth, rows: Sequence[tuple[bytes]]) -> None:
    growth.add(hashed(rows))


def _move(aside: Path, folder: Path) -> None:
    """Put rebuilt tiles in the place of those that were there, one by one, so that readers miss none."""
    durable.move((file, folder / file.relative_to(aside)) for file in sorted(aside.rglob("*")) if file.is_file())
    shutil.rmtree(aside)
