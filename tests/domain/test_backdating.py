from __future__ import annotations

from datetime import timedelta

import pytest

from domain.backdating import BackdatingNotAllowed, check_dating
from domain.kernel import SYSTEM, Actor, Context, Invalid, Role, natural_id
from tests.spec import NOW

SELLER = Actor(natural_id("test", "seller"), frozenset({Role.ACCOUNT_MANAGER, Role.SALES_CHIEF}))


@pytest.mark.parametrize("actor", [SYSTEM, Actor(SELLER.id, frozenset({Role.ADMIN})), Actor(SELLER.id, frozenset({Role.FINANCE}))])
def test_imports_administration_and_finance_may_date_back(actor: Actor):
    check_dating(Context(now=NOW, actor=actor, effective_at=NOW - timedelta(days=30)))


def test_others_may_not_date_back():
    with pytest.raises(BackdatingNotAllowed):
        check_dating(Context(now=NOW, actor=SELLER, effective_at=NOW - timedelta(seconds=1)))


def test_nobody_dates_into_the_future():
    with pytest.raises(Invalid):
        check_dating(Context(now=NOW, actor=SYSTEM, effective_at=NOW + timedelta(seconds=1)))


def test_what_is_so_now_needs_no_right():
    check_dating(Context(now=NOW, actor=SELLER))
    check_dating(Context(now=NOW, actor=SELLER, effective_at=NOW))
