from __future__ import annotations

from domain.kernel import AlreadyExists
from domain.tenants import TENANT_ID, CreateTenant, TenantCreated, tenants
from tests.spec import Spec

tenant = Spec(tenants).on(TENANT_ID)


def test_the_log_begins_with_whose_it_is():
    tenant.when(CreateTenant(slug="acme", name="Acme")).then(TenantCreated(slug="acme", name="Acme"))


def test_a_log_has_one_tenant():
    tenant.given(TenantCreated(slug="acme", name="Acme")).when(CreateTenant(slug="other", name="Other")).refused(AlreadyExists, slug="acme")


def test_creating_it_again_is_quiet():
    tenant.given(TenantCreated(slug="acme", name="Acme", simulated=True)).when(
        CreateTenant(slug="acme", name="Acme", simulated=True)
    ).nothing()
