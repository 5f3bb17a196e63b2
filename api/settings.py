"""A tenant's settings and working calendars: one stream that every tenant has."""

from datetime import date, time

from pydantic import BaseModel
from starlette.responses import Response

from api.callers import CatalogueReader
from api.moments import PROBLEMS
from api.nouns import Noun
from api.problems import documented
from api.registers import Answer, AtEyed, answered, register_at
from domain.access_retention import ChangeAccessRetention, RetentionTooShort
from domain.contract_rules import AlertBand, ChangeContractRules
from domain.deal_rules import ChangeDealRules, CommitNeed
from domain.dispute_rules import ChangeDisputeRules, EvidenceNeed, WriteOffLimit
from domain.kernel import NotFound
from domain.settings import SETTINGS_ID, ChangeSettings, DefineCalendar, Settings, settings
from infra.access import Action


class CalendarView(BaseModel):
    """On which days, and between which local hours, a party works. `weekend` in ISO weekdays."""

    zone: str
    weekend: list[int]
    holidays: dict[date, str]
    opens: time
    closes: time


class DealRulesView(BaseModel):
    """The rules for deals that a tenant chooses. `version` counts their changes; 0 are those that every tenant begins with."""

    version: int
    commit_needs: list[CommitNeed]
    commit_next_step_within: int
    close_date_reason_over: int
    push_cap_from: int
    back_reasons: list[str]
    lost_reasons: list[str]


class ContractRulesView(BaseModel):
    """The rules for contracts that a tenant chooses. `version` counts their changes; 0 are those that every tenant begins with."""

    version: int
    alerts: list[AlertBand]
    manager_from: int
    renewal_lead_days: int


class DisputeRulesView(BaseModel):
    """The rules for disputes that a tenant chooses. `version` counts their changes; 0 are those that every tenant begins with."""

    version: int
    acknowledge_days: int
    first_answer_days: int
    reply_days: int
    critical_resolve_days: int
    resolve_days: int
    warn_percents: list[int]
    escalate_percents: list[int]
    reopen_days: int
    repeat_days: int
    d3_hours: int
    d4_days: int
    d5_days: int
    settle_days: int
    evidence: list[EvidenceNeed]
    write_off_limits: list[WriteOffLimit]
    write_off_reasons: list[str]
    root_causes: list[str]


class SettingsView(BaseModel):
    """What holds in this tenant. `access_keep_days`: for so many days the access log is kept; null: for ever."""

    currency: str
    zone: str
    fiscal_year_start: int
    country: str | None
    calendar: str | None
    calendars: dict[str, CalendarView]
    deal_rules: DealRulesView
    contract_rules: ContractRulesView
    dispute_rules: DisputeRulesView
    access_keep_days: int | None


def _show(state: Settings) -> SettingsView:
    calendars = {
        key: CalendarView(
            zone=calendar.zone,
            weekend=sorted(calendar.weekend),
            holidays=dict(sorted(state.holiday_names.get(key, {}).items())),
            opens=calendar.opens,
            closes=calendar.closes,
        )
        for key, calendar in state.calendars.items()
    }
    plain = {name: getattr(state, name) for name in ("currency", "zone", "fiscal_year_start", "country", "calendar", "access_keep_days")}
    rules = DealRulesView(**{name: getattr(state.deal_rules, name) for name in DealRulesView.model_fields})
    contract_rules = ContractRulesView(**{name: getattr(state.contract_rules, name) for name in ContractRulesView.model_fields})
    dispute_rules = DisputeRulesView(**{name: getattr(state.dispute_rules, name) for name in DisputeRulesView.model_fields})
    return SettingsView(**plain, calendars=calendars, deal_rules=rules, contract_rules=contract_rules, dispute_rules=dispute_rules)


noun = Noun("settings", "settings", settings)
router = noun.router


@router.get("", response_model=Answer[SettingsView], operation_id="read_settings", responses=documented(NotFound, *PROBLEMS))
async def read_settings(caller: CatalogueReader, moment: AtEyed) -> Response:
    """The settings, now or as they were."""
    stood = await register_at(caller, noun, SETTINGS_ID, Action.CATALOGUE_READ, moment)
    return answered(_show(stood.state), stood)


noun.changes(
    "",
    ChangeSettings,
    Action.SETTINGS_CHANGE,
    operation="change_settings",
    summary="Change settings",
    example={"currency": "EUR", "zone": "Europe/Berlin", "fiscal_year_start": 4},
    stream=SETTINGS_ID,
)
noun.changes(
    "/calendars",
    DefineCalendar,
    Action.SETTINGS_CHANGE,
    operation="define_calendar",
    summary="State on which days and hours a party works",
    example={"key": "DE-BE", "zone": "Europe/Berlin", "holidays": [{"day": "2027-01-01", "name": "New Year"}]},
    stream=SETTINGS_ID,
)
noun.changes(
    "/deal-rules",
    ChangeDealRules,
    Action.PIPELINE_CHANGE,
    operation="change_deal_rules",
    summary="Change the rules for deals",
    example={"push_cap_from": 4, "lost_reasons": ["price", "competitor", "no_decision", "other"]},
    stream=SETTINGS_ID,
)
noun.changes(
    "/contract-rules",
    ChangeContractRules,
    Action.CONTRACT_CONFIGURE,
    operation="change_contract_rules",
    summary="Change the rules for contracts",
    example={"renewal_lead_days": 120, "alerts": [{"above": "0", "days": [60, 30, 7]}, {"above": "50000", "days": [120, 60, 30, 7]}]},
    stream=SETTINGS_ID,
)
noun.changes(
    "/dispute-rules",
    ChangeDisputeRules,
    Action.DISPUTE_CONFIGURE,
    operation="change_dispute_rules",
    summary="Change the rules for disputes",
    example={"acknowledge_days": 3, "resolve_days": 45},
    stream=SETTINGS_ID,
)
noun.changes(
    "/access-log",
    ChangeAccessRetention,
    Action.RETENTION_CHANGE,
    operation="change_access_retention",
    summary="Say how long the access log is kept",
    example={"keep_days": 1095},
    raises=(RetentionTooShort,),
    stream=SETTINGS_ID,
)
