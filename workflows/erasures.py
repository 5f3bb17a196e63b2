"""What follows from an erasure: keys destroyed, read models written anew, sign-ins, letters and links removed; then the log says so.

Whoever asked destroyed the keys at once; everything here is done again after a crash, and after a backup was restored, in which
people may be who were erased since (`replay_erased`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from uuid import UUID

import psycopg

from domain.contacts import EraseContact, contacts
from domain.contacts.events import ContactErased
from domain.kernel import SYSTEM, Event, Recorded, Refused
from domain.members import DeactivateMember, members
from domain.privacy import ErasePerson, Mentions, MentionsErased, PersonErased, PersonKind, RecordErasure, privacy, privacy_id
from infra.database import Database, StoreUnavailable, Tenant
from infra.event_store import Step, Store
from infra.event_store.envelope import event_id
from infra.keys import LOOK, Keys
from infra.masks import masked_by
from infra.opening import opened
from infra.privacy.persons import kept_of, kind_of
from infra.privacy.remains import remove_files, remove_sign_ins
from infra.settings import Settings
from infra.signing_links import SigningLinks
from projections.erasing import StillHeld, forget_rows, mask_rows
from workflows.moves import step_id
from workflows.tails import tenants

LOOK_EVERY = 1.0
"""Seconds between looks for erasures that are not carried out yet."""
_SETTLES = 4 * LOOK
"""Seconds after which no process opens anything with a key that was destroyed."""
_ERASED = "SELECT position FROM \"{schema}\".events AS e WHERE (topic LIKE 'privacy.%%' OR topic = 'contact.erased') AND topic = %s"
_OPEN = " AND NOT EXISTS (SELECT FROM \"{schema}\".events AS c WHERE c.stream = e.stream AND c.topic = 'privacy.erasure_carried_out')"
_AWAY = (psycopg.Error, StoreUnavailable, StillHeld, OSError)
_log = logging.getLogger("concord.workflows")


def erasing(command: ErasePerson) -> tuple[Step, ...]:
    """The unit of work that erases a person: the decision, and what it means for the contact or the member."""
    own = (
        Step(contacts, command.person, EraseContact(reason=command.case))
        if command.kind is PersonKind.CONTACT
        else Step(members, command.person, DeactivateMember())
    )
    return (Step(privacy, privacy_id(command.person), command), own)


class Erasures:
    """Carries out what the log says was erased. One worker at a time per tenant; outside any transaction, which would keep
    the database from letting go of older row versions.
    """

    def __init__(self, database: Database, store: Store, keys: Keys, settings: Settings) -> None:
        self._database, self._store, self._keys, self._settings = database, store, keys, settings
        url = settings.migrator_url or settings.database_url
        assert url is not None, "the settings name the database by now"
        self._url = url
        self._begun: set[Tenant] = set()

    async def run(self) -> None:
        """Until cancelled. Survives the database; what cannot be done now is tried again."""
        failing = False
        while True:
            try:
                for tenant in await tenants(self._database):
                    await self.step(tenant)
                failing = False
            except _AWAY as error:
                if not failing:
                    _log.warning("an erasure is not carried out yet, and is tried again: %s", error)
                failing = True
            await asyncio.sleep(LOOK_EVERY * (5 if failing else 1))

    async def step(self, tenant: Tenant) -> int:
        """Carry out what is open in a tenant, unless another worker does; how many erasures."""
        if tenant not in self._begun:
            await self._forget_older(tenant)
            self._begun.add(tenant)
        if not await self._said(tenant, PersonErased, _OPEN):
            return 0
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as lease:
            held = await (await lease.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 1))", (tenant.schema,))).fetchone()
            if not held or not held[0]:
                return 0
            erased = await self._said(tenant, PersonErased, _OPEN)
            if erased:
                await self._carry_out(tenant, erased)
            return len(erased)

    async def _carry_out(self, tenant: Tenant, erased: Sequence[Recorded]) -> None:
        done = []
        await self._mask(tenant)
        for recorded in erased:
            event = recorded.event
            assert isinstance(event, PersonErased)
            # what was recorded between the search and the event is found now
            kept = await kept_of(self._store, tenant, event.person, event.kind, upto=recorded.position, papers=event.papers)
            await self._forget(tenant, (*event.subjects, *kept.subjects), event.case)
            files = await asyncio.to_thread(remove_files, self._settings, tenant, kept.letters, kept.papers)
            for paper in kept.papers:
                await SigningLinks(self._database).revoke(tenant, paper)
            sign_ins = await remove_sign_ins(self._database, tenant, [event.person])
            done.append((recorded, RecordErasure(person=event.person, rows=0, files=files, sign_ins=sign_ins), kept.subjects))
        await asyncio.sleep(_SETTLES)
        counts = await forget_rows(self._url, tenant, [entry.subject for entry in self._keys.forgotten(tenant.slug)])
        await self._mask_rows(tenant)
        for recorded, record, subjects in done:
            cause = event_id(recorded.originator_id, recorded.originator_version)
            await self._store.execute(
                tenant,
                privacy,
                recorded.originator_id,
                record.model_copy(update={"rows": sum(counts.get(subject, 0) for subject in subjects)}),
                by=SYSTEM,
                command_id=step_id(cause, "carried out"),
                correlation_id=recorded.correlation_id,
                causation_id=cause,
            )

    async def _forget_older(self, tenant: Tenant) -> int:
        """Destroy the keys of contacts who were erased before keys were destroyed, and of all whom the log says were."""
        gone, known = 0, {entry.subject for entry in self._keys.forgotten(tenant.slug)}
        for recorded in (*await self._said(tenant, ContactErased), *await self._said(tenant, PersonErased)):
            event = recorded.event
            subjects, case = (event.subjects, event.case) if isinstance(event, PersonErased) else ((recorded.originator_id,), "")
            if missing := [subject for subject in subjects if subject not in known]:
                gone += await self._forget(tenant, missing, case)
        await self._mask(tenant)
        return gone

    async def _mask(self, tenant: Tenant) -> None:
        """Mask the words that the log says are."""
        for recorded in await self._said(tenant, MentionsErased):
            assert isinstance(recorded.event, MentionsErased)
            entries = masked_by(tenant.slug, recorded.event, recorded.recorded_at.isoformat(timespec="seconds"))
            await asyncio.to_thread(self._keys.mask, entries)

    async def _mask_rows(self, tenant: Tenant) -> None:
        """Replace what is masked in the log in read models, too."""
        masked = self._store.codec.masks(tenant.slug)
        if not masked:
            return
        words: set[str] = set()
        for stream, version in masked:
            words.update(await self._store.masked_words(tenant, stream, version))
        await mask_rows(self._url, tenant, words, {stream for stream, _ in masked})

    async def again(self, tenant: Tenant) -> int:
        """Forget once more whatever the log or the erased list says; how many keys were still there."""
        gone = await self._forget_older(tenant)
        listed = list(self._keys.forgotten(tenant.slug))
        for entry in listed:
            # a log of before the erasure has to say it again; a hold of that day does not bring a key back
            if entry.case and (kind := await kind_of(self._store, tenant, entry.subject)) is not None:
                subjects = tuple(other.subject for other in listed if other.case == entry.case)
                command = ErasePerson(person=entry.subject, kind=kind, case=entry.case, subjects=subjects)
                cuts = tuple(m.cut for of in self._store.codec.masks(tenant.slug).values() for m in of if m.person == entry.subject)
                if cuts:
                    said = {"mentions": Mentions.ERASE, "mentioned": sum(len(cut.words) for cut in cuts), "cuts": cuts}
                    command = command.model_copy(update=said)
                with contextlib.suppress(Refused):
                    await self._store.execute_steps(tenant, erasing(command), by=SYSTEM)
        subjects = tuple(entry.subject for entry in listed)
        await remove_sign_ins(self._database, tenant, subjects)
        if subjects:
            await forget_rows(self._url, tenant, subjects)
        await self._mask_rows(tenant)
        return gone

    async def _forget(self, tenant: Tenant, subjects: Sequence[UUID], case: str) -> int:
        return await asyncio.to_thread(self._keys.forget, tenant.slug, subjects, case)

    async def _said(self, tenant: Tenant, event: type[Event], more: str = "") -> list[Recorded]:
        query = (_ERASED + more + " ORDER BY position").replace("{schema}", tenant.schema).encode()
        async with self._database.connection() as connection:
            rows = await (await connection.execute(query, (event.topic,))).fetchall()
        return await self._store.at(tenant, [row[0] for row in rows]) if rows else []


async def replay_erased(settings: Settings) -> int:
    """Forget again, in every tenant, who was erased: to be called after a restore, before anybody is let in.

    What the restored log says and what the erased list beside the keys says, whichever is newer; read models are cleaned and
    written anew. Repeatable. Returns how many keys were still there. Raises what `opened` raises.
    """
    gone = 0
    async with opened(settings) as process:
        erasures = Erasures(process.database, process.store, process.keys, settings)
        for tenant in await tenants(process.database):
            gone += await erasures.again(tenant)
    return gone
