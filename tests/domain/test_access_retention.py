from __future__ import annotations

from domain.access_retention import SHORTEST, AccessRetentionChanged, ChangeAccessRetention, RetentionTooShort
from domain.kernel import Actor, Forbidden, Role, natural_id
from domain.settings import SETTINGS_ID, settings
from tests.spec import Spec

tenant = Spec(settings).on(SETTINGS_ID)
two_years = AccessRetentionChanged(keep_days=730)


def test_the_access_log_is_kept_for_ever_until_an_administrator_says_for_how_long():
    assert tenant.state.access_keep_days is None
    admin = tenant.by(Actor(natural_id("test", "admin"), frozenset({Role.ADMIN})))
    admin.when(ChangeAccessRetention(keep_days=730)).then(two_years)
    assert tenant.given(two_years).state.access_keep_days == 730
    admin.given(two_years).when(ChangeAccessRetention(keep_days=None)).then(AccessRetentionChanged(keep_days=None))


def test_less_than_a_year_is_refused_with_the_least_that_is_taken():
    tenant.when(ChangeAccessRetention(keep_days=SHORTEST - 1)).refused(RetentionTooShort, shortest=365)
    tenant.when(ChangeAccessRetention(keep_days=SHORTEST)).then(AccessRetentionChanged(keep_days=365))


def test_saying_again_what_holds_changes_nothing():
    tenant.given(two_years).when(ChangeAccessRetention(keep_days=730)).nothing()
    tenant.when(ChangeAccessRetention(keep_days=None)).nothing()


def test_only_an_administrator_says_how_long_it_is_kept():
    for role in set(Role) - {Role.ADMIN}:
        tenant.by(Actor(natural_id("test", role), frozenset({role}))).when(ChangeAccessRetention(keep_days=730)).refused(Forbidden)
