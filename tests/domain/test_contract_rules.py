"""The rules for contracts that a tenant chooses: changed in its settings, and obeyed from then on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from domain.contract_rules import STARTING, AlertBand, ChangeContractRules, ContractRulesChanged
from domain.kernel import Actor, Forbidden, Invalid, Role, natural_id
from domain.settings import SETTINGS_ID, settings
from tests.domain.contract_world import LAWYER, SETTINGS, carried, contract, registering
from tests.domain.deal_world import eur
from tests.spec import Spec

tenant = Spec(settings).on(SETTINGS_ID).by(LAWYER)
SELLER = Actor(natural_id("test", "seller"), frozenset({Role.SALES_CHIEF, Role.FINANCE}))


def band(above: int, *days: int) -> AlertBand:
    return AlertBand(above=Decimal(above), days=days)


def test_rules_left_away_stay_and_each_change_counts():
    (first,) = tenant.when(ChangeContractRules(renewal_lead_days=120)).events
    assert isinstance(first, ContractRulesChanged)
    assert (first.version, first.renewal_lead_days, first.alerts) == (1, 120, STARTING.alerts)
    (second,) = tenant.given(first).when(ChangeContractRules(alerts=(band(5000, 9), band(0, 3)))).events
    held = settings.fold([first, second]).contract_rules
    assert held == replace(STARTING, renewal_lead_days=120, alerts=(band(0, 3), band(5000, 9)), version=2)


def test_what_holds_already_changes_nothing():
    tenant.when(ChangeContractRules()).nothing()
    tenant.when(ChangeContractRules(manager_from=14, alerts=tuple(reversed(STARTING.alerts)))).nothing()


def test_only_legal_and_administration_change_them():
    tenant.by(SELLER).when(ChangeContractRules(manager_from=3)).refused(Forbidden, roles=[Role.LEGAL, Role.ADMIN])


def test_bands_begin_at_nothing_and_at_different_values():
    tenant.when(ChangeContractRules(alerts=(band(10, 3),))).refused(Invalid)
    tenant.when(ChangeContractRules(alerts=(band(0, 3), band(0, 9)))).refused(Invalid)


def test_a_value_is_in_the_highest_band_that_it_reaches_and_an_unknown_one_in_the_last():
    rules = replace(STARTING, alerts=(band(0, 7, 30), band(1000, 60, 7)))
    assert rules.alert_days(eur("999.99")) == (30, 7)
    assert rules.alert_days(eur("1000")) == rules.alert_days(None) == (60, 7)


def test_a_contract_is_alerted_of_by_the_rules_of_its_tenant():
    (changed,) = tenant.when(ChangeContractRules(alerts=(band(0, 45),), renewal_lead_days=30)).events
    known = replace(SETTINGS, contract_rules=settings.fold([changed]).contract_rules)
    dates = carried(contract.knowing({SETTINGS_ID: known}), registering()).state.dates
    assert (dates.alert_days, dates.rules, (dates.deadline - dates.renewal_on).days) == ((45,), 1, 30)
