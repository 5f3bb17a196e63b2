"""Policies: versions that say who has to agree, sound ones only, and what another one would have asked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.approval_policies import (
    STARTING,
    UNDEFINED,
    ApprovalPolicyInvalid,
    ApprovalPolicyVersionDefined,
    DefineApprovalPolicy,
    DiscountTier,
    PaymentTier,
    Rise,
    approval_policies,
    problems,
)
from domain.approvals import Difference, differences
from domain.kernel import Actor, Forbidden, Role, natural_id
from domain.pipelines import problems as pipeline_problems
from domain.stages import Chain
from tests.domain.approval_world import asked, asking, request, terms
from tests.domain.deal_world import VERSION
from tests.spec import Spec

policy = Spec(approval_policies)
LAX = STARTING.model_copy(update={"discount": (DiscountTier(up_to=Decimal(30)), DiscountTier(post=Role.SALES_CHIEF))})
CHIEF = Actor(natural_id("test", "chief"), frozenset({Role.FINANCE_CHIEF}))


def test_versions_count_from_one_and_saying_the_same_again_is_quiet():
    first = ApprovalPolicyVersionDefined(version=1, name="Approvals", rules=STARTING)
    policy.by(CHIEF).when(DefineApprovalPolicy(name="Approvals", rules=STARTING)).then(first)
    policy.given(first).when(DefineApprovalPolicy(name="Approvals", rules=STARTING)).nothing()
    policy.given(first).when(DefineApprovalPolicy(name="Approvals", rules=LAX)).then(
        ApprovalPolicyVersionDefined(version=2, name="Approvals", rules=LAX)
    )


def test_earlier_versions_stay_those_of_before_any_was_defined_too():
    known = policy.given(ApprovalPolicyVersionDefined(version=1, name="Approvals", rules=LAX)).state
    assert known is not None
    assert [v.number for v in known.versions] == [0, 1]
    assert (known.version(None).rules, known.version(0), known.version(7)) == (LAX, UNDEFINED.latest, None)


def test_only_the_finance_chief_and_administration_say_who_has_to_agree():
    seller = Actor(natural_id("test", "seller"), frozenset({Role.SALES_CHIEF}))
    policy.by(seller).when(DefineApprovalPolicy(name="Approvals", rules=LAX)).refused(Forbidden)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"discount": (DiscountTier(up_to=Decimal(10)),)}, "last discount tier"),
        ({"payment": (PaymentTier(up_to=10),)}, "last payment tier"),
        (
            {
                "discount": (
                    DiscountTier(up_to=Decimal(20)),
                    DiscountTier(up_to=Decimal(10), post=Role.LEGAL),
                    DiscountTier(post=Role.LEGAL),
                )
            },
            "rise",
        ),
        ({"discount": (DiscountTier(up_to=Decimal(20)), DiscountTier())}, "nobody"),
        ({"rises": (Rise(over=Decimal(2)), Rise(over=Decimal(1)))}, "amounts"),
        ({"legal": (Role.SUPPLIER,)}, "supplier"),
    ],
)
def test_rules_that_contradict_themselves_are_refused_with_every_contradiction(changes, says):
    rules = STARTING.model_copy(update=changes)
    refusal = policy.when(DefineApprovalPolicy(name="Approvals", rules=rules)).refused(ApprovalPolicyInvalid)
    assert any(says in problem for problem in refusal.data["problems"])
    assert problems(STARTING) == []


def test_another_policy_tells_which_decisions_would_differ():
    begun = request(asked(asking(terms("25"))))
    assert differences(begun, STARTING) == ()
    assert differences(begun, LAX) == (Difference(Chain.COMMERCIAL, (Role.SALES_MANAGER, Role.SALES_DIRECTOR), ()),)
    nobody = request(asked(asking(terms("5"))))
    strict = STARTING.model_copy(update={"rises": (Rise(over=Decimal(1)),)})
    assert differences(nobody, strict) == (Difference(Chain.COMMERCIAL, (), (Role.SALES_MANAGER,)),)


def test_a_pipeline_names_chains_that_there_are():
    stages = (VERSION.stages[0].model_copy(update={"approvals": ("discount",)}), *VERSION.stages[1:])
    assert pipeline_problems(stages, ()) == ["Qualify asks for the approval 'discount'; there are commercial, finance, legal."]
