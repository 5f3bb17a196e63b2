"""Workflows that run somewhere survive a deploy: what they did before is what the code of today would do."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from tests.workflows.office import SANDBOX
from workflows.approvals import ApprovalWorkflow
from workflows.contracts import ContractWorkflow
from workflows.deals import DealWorkflow
from workflows.disputes import DisputeWorkflow
from workflows.messages import (
    CONTRACT_WORKFLOW,
    DISPUTE_WORKFLOW,
    PAPER_WORKFLOW,
    SWEEP_PAGE,
    SWEEP_WORKFLOW,
    ApprovalRun,
    ContractRun,
    DealRun,
    DisputeRun,
    PaperRun,
    SweepCounts,
    SweepPage,
    SweepRun,
)
from workflows.papers import PaperWorkflow
from workflows.sweep import SweepWorkflow

FOLDER = Path(__file__).parent / "histories"
BRANCHES = (
    "approval-agreed",
    "approval-escalated",
    "approval-tried-again-later",
    "approval-continued-as-new",
    "deal-moved-and-closed",
    "deal-reminded-and-escalated",
    "deal-tried-again-later",
    "deal-continued-as-new",
    "deal-continued",
    "contract-renewed-and-ended",
    "contract-tried-again-later",
    "contract-continued-as-new",
    "contract-continued",
    "contract-consented",
    "contract-sent-back",
    "dispute-escalated-and-settled",
    "dispute-tried-again-later",
    "dispute-continued-as-new",
    "dispute-continued",
    "paper-signed-and-sealed",
    "paper-expired",
    "sweep",
    "sweep-continued-as-new",
    "sweep-continued",
)


def history(name: str) -> WorkflowHistory:
    saved = json.loads((FOLDER / f"{name}.json").read_text())
    return WorkflowHistory.from_json(saved["id"], {"events": saved["events"]})


def test_every_branch_has_a_history_and_every_history_is_replayed():
    assert {file.stem for file in FOLDER.glob("*.json")} == set(BRANCHES)


@pytest.mark.parametrize("name", BRANCHES)
async def test_saved_histories_replay(name: str):
    replayer = Replayer(
        workflows=[ApprovalWorkflow, DealWorkflow, ContractWorkflow, DisputeWorkflow, PaperWorkflow, SweepWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=SANDBOX,
    )
    await replayer.replay_workflow(history(name))


@workflow.defn(name="deal", sandboxed=False)
class ReorderedDeal(DealWorkflow):
    """As the real one, but it rests before it looks at the deal for the first time."""

    @workflow.init
    def __init__(self, run: DealRun) -> None:
        super().__init__(run)

    @workflow.signal
    def requested(self, event) -> None:
        super().requested(event)

    @workflow.run
    async def run(self, run: DealRun) -> None:
        await workflow.sleep(1)
        await super().run(run)


@workflow.defn(name=CONTRACT_WORKFLOW, sandboxed=False)
class ReorderedContract(ContractWorkflow):
    """As the real one, but it rests before it looks at the contract for the first time."""

    @workflow.run
    async def run(self, run: ContractRun) -> None:
        await workflow.sleep(1)
        await super().run(run)


@workflow.defn(name=DISPUTE_WORKFLOW, sandboxed=False)
class ReorderedDispute(DisputeWorkflow):
    """As the real one, but it rests before it looks at the case for the first time."""

    @workflow.run
    async def run(self, run: DisputeRun) -> None:
        await workflow.sleep(1)
        await super().run(run)


@workflow.defn(name=PAPER_WORKFLOW, sandboxed=False)
class ReorderedPaper(PaperWorkflow):
    """As the real one, but it rests before it looks at the paper for the first time."""

    @workflow.run
    async def run(self, run: PaperRun) -> None:
        await workflow.sleep(1)
        await super().run(run)


@workflow.defn(name="approval", sandboxed=False)
class ReorderedApproval(ApprovalWorkflow):
    """As the real one, but it rests before it looks at the approval for the first time."""

    @workflow.run
    async def run(self, run: ApprovalRun) -> None:
        await workflow.sleep(1)
        await super().run(run)


@workflow.defn(name=SWEEP_WORKFLOW, sandboxed=False)
class ReorderedSweep:
    """As the real one, but it rests before each page."""

    @workflow.run
    async def run(self, run: SweepRun) -> SweepCounts:
        await asyncio.sleep(1)
        page = await workflow.execute_activity(SWEEP_PAGE, run, result_type=SweepPage, start_to_close_timeout=timedelta(minutes=5))
        return run.counts.plus(page.counts)


@pytest.mark.parametrize("name", BRANCHES)
async def test_a_reordered_copy_does_not_replay_them(name: str):
    replayer = Replayer(
        workflows=[ReorderedApproval, ReorderedDeal, ReorderedContract, ReorderedDispute, ReorderedPaper, ReorderedSweep],
        data_converter=pydantic_data_converter,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(history(name))


def test_histories_hold_ids_and_no_names():
    for file in FOLDER.glob("*.json"):
        text = file.read_text()
        for personal in ("Anna", "Boss", "anna@", "Saws", "Acme"):
            assert personal not in text
