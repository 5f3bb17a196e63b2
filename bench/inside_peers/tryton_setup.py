"""Runs inside the peers' environment: give a fresh Tryton database a company, a salesperson and 200 customers.

Usage: tryton_setup.py CONFIG DATABASE_URI   (TRYTONPASSFILE names the file with the admin's password)
"""

import sys
from decimal import Decimal

from proteus import Model, config  # type: ignore[import-not-found]  # it lives in the peers' environment

configuration = config.set_trytond(sys.argv[2], user="admin", config_file=sys.argv[1])
Currency, Party, Company, Employee, User = (
    Model.get(name) for name in ("currency.currency", "party.party", "company.company", "company.employee", "res.user")
)
if not Company.find([]):
    dollar = Currency(name="US Dollar", code="USD", symbol="$", rounding=Decimal("0.01"), digits=2)
    dollar.save()
    vendor = Party(name="Acme Vendor")
    vendor.save()
    company = Company(party=vendor, currency=dollar)
    company.save()
    admin = User(configuration.user)
    admin.companies.append(company)
    admin.company = company
    admin.save()
    configuration._context = User.get_preferences(True, configuration.context)  # noqa: SLF001  proteus has no other way
    seller = Party(name="Alice Seller")
    seller.save()
    employee = Employee(party=seller, company=company)
    employee.save()
    admin = User(configuration.user)
    admin.employees.append(employee)
    admin.employee = employee
    admin.save()
    Party.save([Party(name=f"Customer {number}") for number in range(200)])
