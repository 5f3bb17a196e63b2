"""The projector's composition root: `concord projector`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal

from infra.opening import opened
from infra.proofs.follower import Follower
from infra.proofs.keeping import PrivateKeys
from infra.proofs.timestamps import authority_of, keep_stamped
from infra.settings import Settings
from infra.yielding import give_way
from projections.catalogue import read_models
from projections.runner import Runner


async def run_projector(settings: Settings) -> None:
    """Fold every tenant's log, and sign checkpoints of it, until told to stop (SIGTERM, SIGINT). Raises what `opened` raises."""
    give_way()
    async with opened(settings) as process:
        # what is loaded by now stays; a batch makes many objects and no cycles
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        folding = asyncio.create_task(Runner(process.database, process.store, process.store.wakes, read_models()).run())
        private = PrivateKeys(process.keys, settings.proofs_keys)
        signing = asyncio.create_task(Follower(process.database, process.store, private, settings).run())
        authority = authority_of(settings)
        stamping = [] if authority is None else [asyncio.create_task(keep_stamped(settings.proofs_folder, authority))]
        all_of_it = asyncio.gather(folding, signing, *stamping)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, all_of_it.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await all_of_it
