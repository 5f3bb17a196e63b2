"""What is owed by contracts: added, met with a proof, let go, handed over, claimed. Part of the contract's own stream."""

from typing import Any
from uuid import UUID

from api.callers import Caller
from api.contracts import noun
from api.documents import check_documents
from domain.contracts import obligation_commands as c
from domain.contracts import refusals as r
from domain.documents import document_id, documents
from domain.standing import MemberInactive
from infra.access import Action

router = noun.router
_ID = "01936e4c-0000-7000-8000-000000000010"
_DAY = "2027-03-31"
_REPORT = {
    "title": "Quarterly report",
    "by": "them",
    "clause": "reporting",
    "due": {"anchor": "date", "on": _DAY, "offset": 10, "unit": "business_days"},
    "recurrence": {"every": 3, "unit": "months"},
    "proof": "document",
    "penalty": {"amount": "500.00", "currency": "EUR"},
}
_OCCURRENCE = {"obligation": _ID, "occurrence": _DAY}
_CHANGES: tuple[tuple[str, Any, Action, str, str, dict[str, Any], tuple[Any, ...]], ...] = (
    (
        "",
        c.AddObligation,
        Action.CONTRACT_CHANGE,
        "add_obligation",
        "Say what a party owes by a contract",
        _REPORT,
        (r.ContractNotInForce, r.WrongState, r.NeverDue, r.PenaltyElsewhere, r.PenaltyNotPositive, MemberInactive),
    ),
    (
        "/end",
        c.EndObligation,
        Action.CONTRACT_CHANGE,
        "end_obligation",
        "Say that an obligation will not come again",
        {"obligation": _ID, "reason": "Dropped with the amendment"},
        (),
    ),
    (
        "/reassign",
        c.ReassignObligation,
        Action.CONTRACT_KEEP,
        "reassign_obligation",
        "Have another member see to an obligation",
        {"obligation": _ID, "owner": _ID},
        (MemberInactive,),
    ),
    (
        "/meet",
        c.MeetObligation,
        Action.CONTRACT_KEEP,
        "meet_obligation",
        "Say that an obligation was met",
        {**_OCCURRENCE, "met_on": _DAY, "proof": {"document": "report-q1.pdf", "sha256": "9f" * 32}},
        (r.ProofMissing, r.ProofUsed, r.WhichTime, r.DayInFuture, r.BreachDisputed),
    ),
    (
        "/waive",
        c.WaiveObligation,
        Action.CONTRACT_KEEP,
        "waive_obligation",
        "Let an obligation go this time",
        {**_OCCURRENCE, "reason": "Nothing to report"},
        (r.BreachDisputed,),
    ),
    (
        "/dispute",
        c.DisputeBreach,
        Action.CONTRACT_KEEP,
        "dispute_breach",
        "Claim a breach in a dispute",
        {**_OCCURRENCE, "note": "Second time this year"},
        (r.NotBreached, r.BreachDisputed, r.NothingClaimed),
    ),
)


async def _check_proof(caller: Caller, _id: UUID, command: Any) -> None:
    """Refuse to attach what was uploaded by somebody else: knowing a hash is no right to the bytes. Raises NotFound."""
    if not isinstance(command, c.MeetObligation) or command.proof.sha256 is None:
        return
    if (await caller.doors.store.load(caller.tenant, documents, document_id(command.proof.sha256))).state is not None:
        await check_documents(caller, (command.proof.sha256,))


for path, command, action, operation, summary, example, raises in _CHANGES:
    noun.changes(
        f"/obligations{path}",
        command,
        action,
        operation=operation,
        summary=summary,
        example=example,
        raises=(r.ObligationUnknown, r.TermsUnsound, *raises),
        before=_check_proof,
    )
