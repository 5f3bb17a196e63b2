"""Every read model of Concord, in one place: the runner folds these, migrations create them, doors ask for their positions."""

from __future__ import annotations

from projections.accounts import Accounts
from projections.approvals import Approvals
from projections.causal_chains import CausalChains
from projections.contacts import Contacts
from projections.contracts import Contracts
from projections.deals import Deals
from projections.disputes import Disputes
from projections.interactions import Interactions
from projections.log_index import LogIndex
from projections.members import Members
from projections.papers import Papers
from projections.pipelines import Pipelines
from projections.projection import Projection
from projections.rates import Rates
from projections.suppliers import Suppliers
from projections.today import Notifications


def read_models() -> tuple[Projection, ...]:
    """One of each. A new read model is added here and nowhere else."""
    return (
        Accounts(),
        Approvals(),
        CausalChains(),
        Contacts(),
        Contracts(),
        Deals(),
        Disputes(),
        Interactions(),
        LogIndex(),
        Members(),
        Notifications(),
        Papers(),
        Pipelines(),
        Rates(),
        Suppliers(),
    )
