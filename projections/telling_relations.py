"""How what happens to accounts, contacts, interactions and follow-ups is told."""

from __future__ import annotations

from domain import follow_ups as f
from domain import interactions as i
from domain.accounts import events as a
from domain.contacts import events as c
from projections.telling import Names, because, fields_set, listed, plain, telling


@telling(a.AccountOpened)
def _(event: a.AccountOpened, names: Names) -> str:
    return f"The account {event.legal_name or 'without a name'} was opened as {plain(event.roles)}, owned by {names.of(event.owner)}."


@telling(a.AccountImported)
def _(event: a.AccountImported, _: Names) -> str:
    return f"The account {event.legal_name or 'without a name'} came from {event.source} ({event.source_id})."


@telling(a.AccountReimported)
def _(_event: a.AccountReimported, _: Names) -> str:
    return "The source said something new of the account."


@telling(a.AccountImportUndone)
def _(event: a.AccountImportUndone, _: Names) -> str:
    return "The import that brought the account was undone." if event.withdrawn else "What an import changed here was undone."


@telling(a.AccountDetailsChanged)
def _(event: a.AccountDetailsChanged, _: Names) -> str:
    told = {"domain": event.domain, "country": event.country, "industry": event.industry, "relationship": event.relationship}
    said = [f"{name} {plain(value)}" for name, value in told.items() if value is not None]
    if event.cadence_days:
        said.append(f"contact every {event.cadence_days} days")
    return f"The details are now: {event.legal_name or 'no name'}{f'; {listed(said)}' if said else ''}."


@telling(a.AccountRegistered)
def _(event: a.AccountRegistered, _: Names) -> str:
    known = event.registration
    return f"It is registered as {known.country}, {known.registry}, {known.number}." if known else "It has no registration any more."


@telling(a.AccountRolesChanged)
def _(event: a.AccountRolesChanged, _: Names) -> str:
    return f"Its roles are {plain(event.roles)}."


@telling(a.AccountOwnerAssigned)
def _(event: a.AccountOwnerAssigned, names: Names) -> str:
    team = f" in {names.of(event.team)}" if event.team else ""
    return f"The account belongs to {names.of(event.owner)}{team} from {plain(event.since)} on."


@telling(a.AccountParentChanged)
def _(event: a.AccountParentChanged, names: Names) -> str:
    return f"It stands below {names.of(event.parent)}." if event.parent else "It stands below no other account."


@telling(a.AccountAttributesSet)
def _(event: a.AccountAttributesSet, _: Names) -> str:
    return fields_set(event.attributes)


@telling(a.AccountsDeclaredDifferent)
def _(event: a.AccountsDeclaredDifferent, names: Names) -> str:
    return f"Someone looked: in spite of the likeness it is another company than {names.all(event.others)}."


@telling(a.AccountClosed)
def _(event: a.AccountClosed, _: Names) -> str:
    return f"The account was closed{because(event.reason)}."


@telling(a.AccountReopened)
def _(_event: a.AccountReopened, _: Names) -> str:
    return "The account was opened again."


@telling(a.AccountMerged)
def _(event: a.AccountMerged, names: Names) -> str:
    return f"The account was merged into {names.of(event.into)}."


@telling(a.AccountAbsorbed)
def _(event: a.AccountAbsorbed, names: Names) -> str:
    return f"{names.of(event.account)} was merged into this account."


@telling(a.AccountMergeUndone)
def _(event: a.AccountMergeUndone, names: Names) -> str:
    return f"The account was taken out of {names.of(event.into)} again."


@telling(a.AccountAbsorptionUndone)
def _(event: a.AccountAbsorptionUndone, names: Names) -> str:
    return f"{names.of(event.account)} stands for itself again."


@telling(c.ContactAdded)
def _(event: c.ContactAdded, names: Names) -> str:
    where = f", {listed(list(event.roles), 'there')} at {names.of(event.account)}" if event.account else ""
    return f"{event.name} was added{where}."


@telling(c.ContactImported)
def _(event: c.ContactImported, names: Names) -> str:
    return f"{event.name}{f' at {names.of(event.account)}' if event.account else ''} came from {event.source} ({event.source_id})."


@telling(c.ContactReimported)
def _(event: c.ContactReimported, _: Names) -> str:
    return f"The source said something new of {event.name}."


@telling(c.ContactImportUndone)
def _(event: c.ContactImportUndone, _: Names) -> str:
    return "The import that brought the contact was undone." if event.withdrawn else "What an import changed here was undone."


@telling(c.ContactDetailsChanged)
def _(event: c.ContactDetailsChanged, _: Names) -> str:
    ways = listed([way for way in (event.title, event.email, event.phone, event.mobile) if way], "nothing else")
    return f"The contact is {event.name}; {ways}."


@telling(c.ContactPositionTaken)
def _(event: c.ContactPositionTaken, names: Names) -> str:
    return f"They are {listed(list(event.roles), 'in no known role')} at {names.of(event.account)}."


@telling(c.ContactPositionLeft)
def _(event: c.ContactPositionLeft, names: Names) -> str:
    return f"They are no longer at {names.of(event.account)}."


@telling(c.ContactConsentRecorded)
def _(event: c.ContactConsentRecorded, _: Names) -> str:
    verb = "allowed" if event.consent is c.Consent.GIVEN else "withdrew"
    return f"They {verb} contact by {plain(event.channel)} ({event.origin})."


@telling(c.ContactAttributesSet)
def _(event: c.ContactAttributesSet, _: Names) -> str:
    return fields_set(event.attributes)


@telling(c.ContactErased)
def _(event: c.ContactErased, _: Names) -> str:
    return f"Who it was is forgotten{because(event.reason)}."


def _interaction(event: i.InteractionRecorded | i.InteractionCorrected, names: Names) -> str:
    people = listed([names.of(id) for id in (*event.contacts, *event.accounts)], "nobody named")
    about = f" about “{event.subject_line}”" if event.subject_line else ""
    long = f", {event.minutes} minutes" if event.minutes else ""
    said = f": {event.text}" if event.text else "."
    return f"{plain(event.kind).capitalize()} by {names.of(event.by)} with {people}{about} on {plain(event.happened_at)}{long}{said}"


@telling(i.InteractionRecorded)
def _(event: i.InteractionRecorded, names: Names) -> str:
    return _interaction(event, names)


@telling(i.InteractionCorrected)
def _(event: i.InteractionCorrected, names: Names) -> str:
    return f"Corrected{because(event.reason)}: {_interaction(event, names)}"


@telling(i.InteractionRetracted)
def _(event: i.InteractionRetracted, _: Names) -> str:
    return f"The interaction was taken back{because(event.reason)}."


@telling(f.FollowUpAdded)
def _(event: f.FollowUpAdded, names: Names) -> str:
    return f"{names.of(event.owner)} is to do by {plain(event.due)}: {event.text}"


@telling(f.FollowUpCompleted)
def _(event: f.FollowUpCompleted, _: Names) -> str:
    return f"The follow-up is done{f': {event.outcome}' if event.outcome else '.'}"


@telling(f.FollowUpReopened)
def _(_event: f.FollowUpReopened, _: Names) -> str:
    return "The follow-up is to be done after all."


@telling(f.FollowUpCancelled)
def _(event: f.FollowUpCancelled, _: Names) -> str:
    return f"The follow-up was cancelled{because(event.reason)}."


@telling(f.FollowUpRescheduled)
def _(event: f.FollowUpRescheduled, _: Names) -> str:
    return f"The follow-up is due on {plain(event.due)}."


@telling(f.FollowUpReassigned)
def _(event: f.FollowUpReassigned, names: Names) -> str:
    return f"The follow-up went to {names.of(event.owner)}."
