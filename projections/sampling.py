"""Samples that anybody draws again: by a seed, a position and nothing else, the same on every machine and for ever.

Each member of the population is known by a position of the log: an event by its own, a thing (deal, approval, ...) by that of its first
event. Its lot is SHA-256 of the ASCII text "<seed>:<position>"; the sample is the `size` members with the smallest lots, in the order of
their lots. The population is what the log held at the position that was named. So a sample of 25 holds the sample of 20 of the same seed,
and whoever has the log can check it with `sha256sum`.
"""

from __future__ import annotations

from hashlib import sha256

from projections.as_of import Basis
from projections.log_index import LOG_INDEX
from projections.reading import Reading

EVENTS = "events"


def lot(seed: str, position: int) -> bytes:
    """The bytes by which members are ordered."""
    return sha256(f"{seed}:{position}".encode("ascii")).digest()


async def sample(reading: Reading, *, seed: str, size: int, of: str = EVENTS) -> tuple[list[int], int]:
    """The positions that are drawn, in the order of their lots, and how many members the population has.

    `of`: "events", or a noun, whose things are drawn. `seed` is ASCII. The reading's moment says what the population is.
    """
    as_of = reading.as_of
    last = as_of.position if as_of.position is not None and as_of.basis is Basis.KNOWN else reading.position
    wheres, params = ["position <= %(last)s"], {"last": last, "seed": f"{seed}:", "size": size}
    if of != EVENTS:
        wheres.append("noun = %(noun)s AND version = 1")
        params["noun"] = of
    if as_of.basis is Basis.HAPPENED and not as_of.now:
        wheres.append("true_from <= %(as_of)s")
    population = f"FROM {LOG_INDEX.name} WHERE {' AND '.join(wheres)}"
    drawn = await reading.rows(
        f"SELECT position {population} ORDER BY sha256(convert_to(%(seed)s || position, 'SQL_ASCII')) LIMIT %(size)s", params
    )
    [(members,)] = await reading.rows(f"SELECT count(*) {population}", params)
    return [position for (position,) in drawn], int(members)
