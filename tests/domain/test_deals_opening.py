"""Opening deals, and what is said about them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.attributes import AttributeRefused, AttributeSchema, AttributeType, Definition, attributes_id
from domain.deals import (
    AccountUnavailable,
    AmountMissing,
    AmountNegative,
    AssignOwner,
    BuyerRole,
    CloseDateInPast,
    CloseDateTooFar,
    ContactUnknown,
    CurrencyMixed,
    DealAccountSet,
    DealAttributesSet,
    DealClosed,
    DealNextStepSet,
    DealOpened,
    DealOwnerAssigned,
    DealPeopleSet,
    DealPerson,
    DealRenamed,
    PipelineUnavailable,
    ProductUnknown,
    RenameDeal,
    SetAccount,
    SetDealAttributes,
    SetNextStep,
    SetPeople,
)
from domain.kernel import AlreadyExists, NotFound
from domain.pipelines import Category, StageKind
from domain.standing import MemberInactive
from tests.domain.deal_world import (
    ACME,
    ANNA,
    BEN,
    BUYER,
    CHAMPION,
    CLOSED,
    ECONOMIC_BUYER,
    FORGOTTEN,
    GLOBEX,
    GONE,
    LOST,
    MERGED,
    NOBODY,
    OLD_SAW,
    RETIRED,
    SOON,
    TEAM,
    TODAY,
    WON,
    deal,
    eur,
    line,
    opened,
    opening,
)
from tests.spec import NOW

SCHEMA = AttributeSchema(3, {"size": Definition("Size", AttributeType.NUMBER), "tier": Definition("Tier", AttributeType.TEXT)})
REQUIRED = AttributeSchema(4, {"tier": Definition("Tier", AttributeType.TEXT, required=True)})
FIELDS = attributes_id("deal")


def test_a_deal_opens_in_the_first_stage_with_all_that_readers_need():
    deal.when(opening()).then(opened())
    (event,) = deal.when(opening()).events
    assert isinstance(event, DealOpened)
    assert (event.stage, event.kind, event.probability, event.category) == ("qualify", StageKind.OPEN, 10, Category.PIPELINE)
    assert (event.since, event.max_days, event.pipeline_version) == (NOW, 14, 1)


def test_a_deal_opens_once():
    deal.given(opened()).when(opening()).refused(AlreadyExists)


def test_a_deal_opens_with_lines_whose_sum_is_its_amount():
    (event,) = deal.when(opening(amount=None, lines=(line("10", quantity=3), line("0.125")))).events
    assert isinstance(event, DealOpened)
    assert (event.amount, event.annual) == (eur("30.12"), eur("0.00"))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"account": NOBODY}, AccountUnavailable),
        ({"account": CLOSED}, AccountUnavailable),
        ({"account": MERGED}, AccountUnavailable),
        ({"owner": NOBODY}, NotFound),
        ({"owner": GONE}, MemberInactive),
        ({"team": NOBODY}, NotFound),
        ({"pipeline": NOBODY}, PipelineUnavailable),
        ({"pipeline": RETIRED}, PipelineUnavailable),
        ({"close_date": date(2026, 3, 1)}, CloseDateInPast),
        ({"close_date": date(2200, 1, 1)}, CloseDateTooFar),
        ({"amount": None}, AmountMissing),
        ({"lines": (line(),)}, AmountMissing),
        ({"amount": eur("-1")}, AmountNegative),
        ({"annual": eur("1").model_copy(update={"currency": "USD"})}, CurrencyMixed),
        ({"amount": None, "lines": (line(), line(currency="USD"))}, CurrencyMixed),
        ({"amount": None, "lines": (line(product=NOBODY),)}, ProductUnknown),
        ({"amount": None, "lines": (line(product=OLD_SAW),)}, ProductUnknown),
        ({"people": (DealPerson(contact=NOBODY, role=BuyerRole.CHAMPION),)}, ContactUnknown),
        ({"people": (DealPerson(contact=FORGOTTEN, role=BuyerRole.CHAMPION),)}, ContactUnknown),
    ],
)
def test_a_deal_that_refers_to_what_is_not_there_is_refused(changes, rule):
    deal.when(opening(**changes)).refused(rule)


def test_an_account_that_was_merged_away_says_where_to_go():
    assert deal.when(opening(account=MERGED)).refused(AccountUnavailable).data["merged_into"] == str(ACME)


def test_today_is_a_date_of_the_zone_the_deal_was_agreed_in():
    late = deal.at(NOW.replace(hour=23))
    late.when(opening(close_date=TODAY, zone="UTC")).then(opened(close_date=TODAY, since=NOW.replace(hour=23)))
    late.when(opening(close_date=TODAY, zone="Asia/Tokyo")).refused(CloseDateInPast, today=(TODAY + timedelta(days=1)).isoformat())


def test_required_fields_of_the_tenant_are_asked_for_at_opening():
    deal.knowing({FIELDS: REQUIRED}).when(opening()).refused(AttributeRefused)
    (event,) = deal.knowing({FIELDS: REQUIRED}).when(opening(attributes={"tier": "gold"})).events
    assert isinstance(event, DealOpened)
    assert (event.attributes, event.definitions) == ({"tier": "gold"}, 4)
    deal.when(opening(attributes={"tier": "gold"})).refused(AttributeRefused)


def test_attributes_are_set_in_canonical_form_and_quiet_when_the_same():
    spec = deal.given(opened()).knowing({FIELDS: SCHEMA})
    spec.when(SetDealAttributes(attributes={"size": "10.50"})).then(DealAttributesSet(attributes={"size": "10.5"}, definitions=3))
    set_ = spec.given(DealAttributesSet(attributes={"size": "10.5"}))
    set_.when(SetDealAttributes(attributes={"size": "10.500"})).nothing()
    set_.when(SetDealAttributes(attributes={"size": None})).then(DealAttributesSet(attributes={}, definitions=3))
    spec.when(SetDealAttributes(attributes={"size": "huge"})).refused(AttributeRefused)
    spec.when(SetDealAttributes(attributes={"colour": "red"})).refused(AttributeRefused)


def test_a_new_owner_brings_their_team():
    spec = deal.given(opened())
    spec.when(AssignOwner(owner=BEN)).then(DealOwnerAssigned(owner=BEN, team=None, previous=ANNA, previous_team=TEAM))
    spec.when(AssignOwner(owner=ANNA)).nothing()
    spec.when(AssignOwner(owner=ANNA, team=TEAM)).nothing()
    spec.when(AssignOwner(owner=GONE)).refused(MemberInactive)
    spec.when(AssignOwner(owner=BEN, team=NOBODY)).refused(NotFound)


def test_the_account_of_an_open_deal_can_be_corrected():
    spec = deal.given(opened())
    spec.when(SetAccount(account=GLOBEX)).then(DealAccountSet(account=GLOBEX, previous=ACME))
    spec.when(SetAccount(account=ACME)).nothing()
    spec.when(SetAccount(account=CLOSED)).refused(AccountUnavailable)


def test_a_closed_deal_keeps_its_account_but_may_get_a_missing_one():
    deal.given(opened(), WON).when(SetAccount(account=GLOBEX)).refused(DealClosed)
    deal.given(opened(), DealAccountSet(account=None), WON).when(SetAccount(account=GLOBEX)).then(DealAccountSet(account=GLOBEX))


def test_a_next_step_is_set_cleared_and_quiet_when_the_same():
    spec = deal.given(opened())
    step = DealNextStepSet(next_step="Call Bea", next_step_on=SOON)
    spec.when(SetNextStep(next_step="Call Bea", next_step_on=SOON)).then(step)
    spec.given(step).when(SetNextStep(next_step="Call Bea", next_step_on=SOON)).nothing()
    spec.given(step).when(SetNextStep()).then(DealNextStepSet())
    spec.when(SetNextStep()).nothing()


def test_people_are_named_once_each_and_must_be_known():
    spec = deal.given(opened())
    spec.when(SetPeople(people=ECONOMIC_BUYER * 2)).then(DealPeopleSet(people=ECONOMIC_BUYER))
    spec.given(DealPeopleSet(people=ECONOMIC_BUYER)).when(SetPeople(people=ECONOMIC_BUYER)).nothing()
    spec.when(SetPeople(people=(DealPerson(contact=NOBODY, role=BuyerRole.USER),))).refused(ContactUnknown)


def test_people_who_were_forgotten_since_may_stay_named():
    named = (DealPerson(contact=FORGOTTEN, role=BuyerRole.USER),)
    more = (*named, DealPerson(contact=CHAMPION, role=BuyerRole.CHAMPION))
    deal.given(opened(), DealPeopleSet(people=named)).when(SetPeople(people=more)).then(DealPeopleSet(people=more))


def test_a_deal_is_renamed_even_when_closed():
    renamed = DealRenamed(title="Blades", previous="Saws for Acme")
    deal.given(opened()).when(RenameDeal(title="Blades")).then(renamed)
    deal.given(opened(), WON).when(RenameDeal(title="Blades")).then(renamed)
    deal.given(opened()).when(RenameDeal(title="Saws for Acme")).nothing()


@pytest.mark.parametrize(
    "command", [AssignOwner(owner=BEN), SetNextStep(next_step="Call"), SetPeople(people=(DealPerson(contact=BUYER, role=BuyerRole.USER),))]
)
@pytest.mark.parametrize("closing", [WON, LOST])
def test_a_closed_deal_changes_no_more(command, closing):
    deal.given(opened(), closing).when(command).refused(DealClosed)
