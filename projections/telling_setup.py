"""How what happens to members, teams, products, pipelines, settings, imports and messages is told."""

from __future__ import annotations

from domain.access_days import AccessDayRemoved, AccessDaySealed
from domain.access_retention import AccessRetentionChanged
from domain.attributes import AttributeChanged, AttributeDefined, AttributeRetired
from domain.authority import MemberAccountSet, MemberDelegated, MemberDelegationRevoked, MemberLimitSet, MemberRolesChanged
from domain.deal_rules import DealRulesChanged
from domain.dispute_rules import DisputeRulesChanged
from domain.encryption_keys import EncryptionKeyRotated, KeyKind
from domain.import_runs import ImportFinished, ImportStarted, ImportUndone
from domain.kernel import Event
from domain.members import (
    MemberDeactivated,
    MemberDetailsChanged,
    MemberImported,
    MemberImportUndone,
    MemberJoined,
    MemberManagerChanged,
    MemberReactivated,
    MemberReimported,
    MemberTeamChanged,
)
from domain.notifications import (
    NotificationDismissed,
    NotificationRaised,
    NotificationRead,
    NotificationSendingFailed,
    NotificationSent,
)
from domain.pipelines import PipelineReinstated, PipelineRetired, PipelineVersionDefined
from domain.privacy import ErasureCarriedOut, MentionsErased, PersonErased, PersonExported, PersonHeld, PersonReleased
from domain.products import (
    ProductAdded,
    ProductAttributesSet,
    ProductDescribed,
    ProductImported,
    ProductImportUndone,
    ProductPriceChanged,
    ProductReimported,
    ProductRestored,
    ProductRetired,
)
from domain.proof_keys import ProofKeyAdded, ProofKeyRetired
from domain.rates import RatesRecorded
from domain.reservations import ReservationReleased, ReservationTaken
from domain.settings import CalendarDefined, SettingsChanged
from domain.teams import (
    TeamDissolved,
    TeamFormed,
    TeamImported,
    TeamImportUndone,
    TeamManagerAppointed,
    TeamMoved,
    TeamReimported,
    TeamRenamed,
    TeamRestored,
)
from domain.tenants import TenantCreated
from projections.telling import TELLING, Sentence, because, fields_set, listed, plain


def _undone(noun: str) -> Sentence:
    return lambda e, _: f"The import that brought the {noun} was undone." if e.withdrawn else "What an import changed here was undone."


def _again(noun: str) -> Sentence:
    return lambda _, __: f"The source said something new of the {noun}."


def _needs(event: AttributeDefined | AttributeChanged) -> str:
    options = f", one of {listed(list(event.options))}" if event.options else ""
    return f"{options}{', required' if event.required else ''}"


_MEMBERS: dict[type[Event], Sentence] = {
    MemberJoined: lambda e, n: f"{e.name} joined{f' {n.of(e.team)}' if e.team else ''} as {plain(e.roles)}.",
    MemberImported: lambda e, _: f"{e.name} came from {e.source} ({e.source_id}) as {plain(e.roles)}.",
    MemberReimported: _again("member"),
    MemberImportUndone: _undone("member"),
    MemberDetailsChanged: lambda e, _: f"The member is {e.name}{f', {e.email}' if e.email else ''}{f', in {e.zone}' if e.zone else ''}.",
    MemberTeamChanged: lambda e, n: f"The member is in {n.of(e.team, 'no team')}.",
    MemberManagerChanged: lambda e, n: f"The member's manager is {n.of(e.manager)}.",
    MemberDeactivated: lambda _, __: "The member is no longer active.",
    MemberReactivated: lambda _, __: "The member is active again.",
    MemberRolesChanged: lambda e, _: f"The member's roles are {plain(e.roles)}.",
    MemberLimitSet: lambda e, _: f"The member may approve {f'up to {e.limit}' if e.limit else 'nothing'} for {plain(e.kind)}.",
    MemberAccountSet: lambda e, n: f"The member speaks for {n.of(e.account)}.",
    MemberDelegated: lambda e, n: f"{n.of(e.to)} stands in from {e.first_day} to {e.last_day}.",
    MemberDelegationRevoked: lambda _, __: "A delegation was revoked.",
    TeamFormed: lambda e, n: f"The team {e.name} was formed, led by {n.of(e.manager)}.",
    TeamImported: lambda e, _: f"The team {e.name} came from {e.source} ({e.source_id}).",
    TeamReimported: _again("team"),
    TeamImportUndone: _undone("team"),
    TeamRenamed: lambda e, _: f"The team is called {e.name}.",
    TeamMoved: lambda e, n: f"The team stands below {n.of(e.parent, 'no other team')}.",
    TeamManagerAppointed: lambda e, n: f"The team is led by {n.of(e.manager)}.",
    TeamDissolved: lambda _, __: "The team was dissolved.",
    TeamRestored: lambda _, __: "The team was restored.",
}
_CATALOGUE: dict[type[Event], Sentence] = {
    ProductAdded: lambda e, _: f"The product {e.name} was added{f' at {e.price}' if e.price else ''} per {e.unit}.",
    ProductImported: lambda e, _: f"The product {e.name} came from {e.source} ({e.source_id}).",
    ProductReimported: _again("product"),
    ProductImportUndone: _undone("product"),
    ProductDescribed: lambda e, _: f"The product is {e.name}{f' ({e.code})' if e.code else ''}, sold per {e.unit}.",
    ProductPriceChanged: lambda e, _: f"From {e.valid_from} on it costs {e.price or 'no list price'}, {plain(e.charge)}.",
    ProductAttributesSet: lambda e, _: fields_set(e.attributes),
    ProductRetired: lambda _, __: "The product was retired.",
    ProductRestored: lambda _, __: "The product was restored.",
    PipelineVersionDefined: lambda e, _: f"Version {e.version} of {e.name} was defined: {listed([s.name for s in e.stages])}.",
    PipelineRetired: lambda e, _: f"The pipeline was retired{because(e.reason)}.",
    PipelineReinstated: lambda _, __: "The pipeline takes new deals again.",
    RatesRecorded: lambda e, _: f"{len(e.rates)} rates of {e.quote} per {e.base} were recorded from {e.source}.",
    SettingsChanged: lambda e, _: (
        f"The reporting currency is {e.currency}, the zone {e.zone}, and the fiscal year starts in month {e.fiscal_year_start}."
    ),
    CalendarDefined: lambda e, _: f"The calendar {e.key} was defined, with {len(e.holidays)} holidays.",
    DisputeRulesChanged: lambda e, _: (
        f"Rules for disputes, version {e.version}: {e.acknowledge_days} business days to acknowledge, {e.first_answer_days} to the first "
        f"answer, {e.resolve_days} days to a resolution ({e.critical_resolve_days} business days where critical); "
        f"{e.reopen_days} days to reopen."
    ),
    DealRulesChanged: lambda e, _: (
        f"Rules for deals, version {e.version}: commit needs {listed([plain(need) for need in e.commit_needs])}, with a next "
        f"step within {e.commit_next_step_within} days; a close date that moves by more than {e.close_date_reason_over} days needs a "
        f"reason; from {e.push_cap_from} pushes on a deal is best case at most."
    ),
    AccessDaySealed: lambda e, _: f"The access log of {e.day} was sealed, with {e.rows} rows.",
    AccessDayRemoved: lambda e, _: (
        f"The access log of {e.day}, with {e.rows} rows, was removed under the retention of {e.keep_days} days; its root was {e.root}."
    ),
    AccessRetentionChanged: lambda e, _: (
        f"The access log is kept for {e.keep_days} days; older days are removed." if e.keep_days else "The access log is kept for ever."
    ),
    ProofKeyAdded: lambda e, _: f"Key {e.number} began to sign checkpoints of the log: {e.vkey}.",
    ProofKeyRetired: lambda e, _: f"The key {e.vkey} signs no checkpoint from {e.signs_until:%Y-%m-%d %H:%M} UTC on.",
    EncryptionKeyRotated: lambda e, _: (
        f"The tenant's key, which wraps the keys of its people, was replaced; number {e.key} is in use."
        if e.kind is KeyKind.TENANT
        else f"The root key, which wraps the tenant's, was replaced; the one known as {e.key} is in use."
    ),
    AttributeDefined: lambda e, _: f"The field {e.label} ({e.key}) of a {e.noun} was defined: {plain(e.type)}{_needs(e)}.",
    AttributeChanged: lambda e, _: f"The field {e.label} ({e.key}) was changed{_needs(e)}.",
    AttributeRetired: lambda e, _: f"The field {e.key} was retired.",
}
_REST: dict[type[Event], Sentence] = {
    TenantCreated: lambda e, _: f"The log of {e.name} began{', as a simulation' if e.simulated else ''}.",
    ReservationTaken: lambda e, n: f"The {e.kind.replace('_', ' ')} {', '.join(e.parts)} was reserved for {n.of(e.holder)}.",
    ReservationReleased: lambda e, n: f"{n.of(e.holder)} gave the reservation up.",
    ImportStarted: lambda e, _: f"An import from {e.source} began: {listed([f.name for f in e.files])}.",
    ImportFinished: lambda _, __: "The import was finished.",
    ImportUndone: lambda e, _: f"The import was undone: {e.withdrawn} withdrawn, {e.restored} restored, {e.kept} kept.",
    NotificationRaised: lambda e, n: f"{n.of(e.member)} was told: {e.title}",
    NotificationSent: lambda e, _: f"The message was sent ({plain(e.delivery)}).",
    NotificationSendingFailed: lambda e, _: f"The message could not be sent{because(e.reason)}.",
    NotificationRead: lambda _, __: "The message was read.",
    NotificationDismissed: lambda _, __: "The message was dismissed.",
    PersonHeld: lambda e, _: f"Their data is kept for the case {e.case}{f' until {e.until}' if e.until else ''}.",
    PersonReleased: lambda e, _: f"The hold for the case {e.case} ended.",
    PersonExported: lambda e, _: f"A copy of their data was handed out for the case {e.case}.",
    PersonErased: lambda e, _: f"Who this {e.kind} was is forgotten, for the case {e.case}.",
    MentionsErased: lambda e, _: (
        f"The words that name them in {len(e.cuts):,} {'other event' if len(e.cuts) == 1 else 'other events'} are shown to nobody any more, for the case {e.case}."
    ),
    ErasureCarriedOut: lambda e, _: (
        f"The erasure was carried out: {e.rows} rows, {e.files} letters and files and {e.sign_ins} sign-ins are gone."
    ),
}
TELLING.update(_MEMBERS | _CATALOGUE | _REST)
