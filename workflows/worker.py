"""The worker process: carries out workflows, follows the logs, sends mail. Composition root of `concord worker`.

It survives its servers: what cannot be reached is waited for, with one line in the log when it goes and one when it is back.
Run as `python -m workflows.worker` it takes its settings from the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import NoReturn

import psycopg
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner

from domain.nouns import register_all
from infra.codec import Codec
from infra.database import Database, StoreUnavailable, Tenant
from infra.documents import Documents, blobs_of
from infra.embedded.process import ServerDown
from infra.embedded.services import connected
from infra.event_store import Store
from infra.keys import KeysUnavailable
from infra.mail import mail_of
from infra.opening import open_keys
from infra.papers.sealer import Sealer
from infra.settings import InvalidSettings, Settings
from infra.signing_links import SigningLinks
from infra.signing_provider import FolderProvider
from infra.temporal import TASK_QUEUE, TemporalUnavailable, connect, serving
from infra.yielding import give_way
from workflows.activities import Activities
from workflows.approval_trigger import ApprovalTrigger
from workflows.approvals import ApprovalWorkflow
from workflows.attending_papers import PaperActivities
from workflows.contract_trigger import ContractTrigger
from workflows.contracts import ContractWorkflow
from workflows.deals import DealWorkflow
from workflows.dispute_trigger import DisputeTrigger
from workflows.disputes import DisputeWorkflow
from workflows.erasures import Erasures
from workflows.outbox import Outbox
from workflows.paper_trigger import PaperTrigger
from workflows.papers import PaperWorkflow
from workflows.starting import Starter
from workflows.sweep import SweepWorkflow, schedule_sweep
from workflows.tails import tenants
from workflows.take_up import TakeUp
from workflows.trigger import Trigger

LOOK = 0.5
"""Seconds between looks for a server that is away."""
_PULSE = 3.0
"""Seconds between looks at a server that is there."""
_SILENCES = 2
"""Looks in a row without an answer after which a server counts as away."""
UPKEEP = 60.0
"""Seconds between looks for tenants that are not swept yet."""
GRACE = timedelta(seconds=5)
"""How long work in hand may take to end when the process is told to stop."""
_CACHED = 500
"""Workflows kept in memory; another one is replayed from its short history when it is woken."""

_log = logging.getLogger("concord.workflows")


def worker_of(
    client: Client, activities: Activities, runner: WorkflowRunner | None = None, *, papers: PaperActivities | None = None
) -> Worker:
    """The Temporal worker over these activities; the client must be a connected one.

    Workflows run outside the SDK's sandbox unless `runner` says otherwise: it loads their modules anew for each deal, which
    takes 6 ms where the whole move takes 30. The tests run them inside it, and replay the histories of every branch.
    """
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[DealWorkflow, ApprovalWorkflow, PaperWorkflow, ContractWorkflow, DisputeWorkflow, SweepWorkflow],
        activities=[
            activities.attend,
            activities.attend_approval,
            activities.attend_contract,
            activities.attend_dispute,
            activities.sweep_page,
            *([papers.attend] if papers else []),
        ],
        workflow_runner=runner or UnsandboxedWorkflowRunner(),
        max_cached_workflows=_CACHED,
        # a workflow whose worker was killed is offered to the others this much later
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        graceful_shutdown_timeout=GRACE,
    )


async def run_worker(settings: Settings) -> None:
    """Work until cancelled, or told to stop by SIGTERM or SIGINT; what is in hand is finished first.

    Raises StoreUnavailable or KeysUnavailable when it cannot even begin; each says what to do.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    work = asyncio.create_task(_work(settings))
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (waiting, work):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


async def _work(settings: Settings) -> None:
    assert settings.database_url is not None, "the embedded server's address is filled in by whoever starts it"
    assert settings.temporal_address is not None
    register_all()
    async with AsyncExitStack() as opened:
        database = await _database(settings.database_url)
        opened.push_async_callback(database.close)
        keys = open_keys(settings)
        opened.callback(keys.close)
        store = Store(database, Codec(keys))
        opened.push_async_callback(store.close)
        store.wakes.listen()
        client = await connect(settings.temporal_address, settings.temporal_namespace)
        starter = Starter(client)
        trigger = Trigger(database, store, starter)
        approvals = ApprovalTrigger(database, store, starter)
        disputes = DisputeTrigger(database, store, starter, lambda: trigger.quiet_for)
        contracts = ContractTrigger(database, store, starter, lambda: trigger.quiet_for)
        papers = PaperTrigger(database, store, starter)
        take_up = TakeUp(database, store, starter, lambda: trigger.quiet_for)
        mail = mail_of(settings)
        outbox = Outbox(database, store, mail)
        erasures = Erasures(database, store, keys, settings)
        documents = Documents(blobs_of(settings, database), keys)
        opened.push_async_callback(documents.close)
        signing = PaperActivities(
            store,
            documents,
            Sealer(documents, keys),
            SigningLinks(database),
            mail,
            FolderProvider(settings.signing_folder),
            settings.reached_at,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                carry_out(
                    settings.temporal_address,
                    settings.temporal_namespace,
                    Activities(database, store, sign_ins_keep=settings.sign_ins_keep),
                    signing,
                )
            )
            tasks.create_task(_keep_sweeping(database, client))
            tasks.create_task(erasures.run())
            for tail in (trigger.tail, approvals.tail, contracts.tail, disputes.tail, papers.tail, take_up.tail, outbox.tail):
                tasks.create_task(tail.run())


async def carry_out(address: str, namespace: str, activities: Activities, papers: PaperActivities | None = None) -> None:
    """Run the Temporal worker whenever the server is there, until cancelled."""
    told = False
    while True:
        try:
            client = await connect(address, namespace, lazy=False)
            async with worker_of(client, activities, papers=papers):
                _log.log(logging.WARNING if told else logging.INFO, "carrying out workflows of Temporal at %s", address)
                told = False
                await _until_away(client)
        except (TemporalUnavailable, RPCError, RuntimeError) as error:
            _log.debug("the worker stopped: %s", error)
        if not told:
            _log.warning("Temporal at %s does not answer; waiting for it. Moves that are asked for stay in the log", address)
            told = True
        await asyncio.sleep(LOOK)


async def _until_away(client: Client) -> None:
    """Return when the server is away: a worker that begins anew polls at once, an old one has backed off by then.

    One silence means little: a server ends each connection when it has come of age, and answers on the next one.
    """
    silences = 0
    while silences < _SILENCES:
        silences = 0 if await serving(client) else silences + 1
        await asyncio.sleep(LOOK if silences else _PULSE)


async def _keep_sweeping(database: Database, client: Client) -> None:
    """See that every tenant is swept daily."""
    scheduled: set[str] = set()
    while True:
        with contextlib.suppress(psycopg.Error, StoreUnavailable, TemporalUnavailable, RPCError):
            found: list[Tenant] = await tenants(database)
            for tenant in found:
                if tenant.slug not in scheduled:
                    await schedule_sweep(client, tenant)
                    scheduled.add(tenant.slug)
        await asyncio.sleep(UPKEEP if scheduled else LOOK)


async def _database(url: str) -> Database:
    """The pool, once PostgreSQL answers; a server that is too old is refused at once."""
    while True:
        try:
            return await Database.open(url)
        except StoreUnavailable as error:
            if "too old" in str(error):
                raise
            _log.warning("%s; trying again", error)
            await asyncio.sleep(LOOK)


def main(settings: Settings | None = None) -> int:
    """Run the worker to its end; returns the exit code. What keeps it from starting is told in a sentence."""
    try:
        settings = settings or Settings.from_environment()
        give_way()
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        asyncio.run(run_worker(connected(settings, workflows=True)))
    except (InvalidSettings, ServerDown, StoreUnavailable, KeysUnavailable) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def finish(code: int) -> NoReturn:
    """End the process at once: an interpreter that ends with a Temporal client in it may crash on its way out."""
    gc.collect()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    finish(main())
