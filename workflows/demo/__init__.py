"""A believable company with years of history, told through the real commands at simulated instants.

`plan` says what is told, `telling` tells it; `simulation` lets stories act side by side and `recording` carries out what they
ask for. The stories: `founding` and `staff`, `customers`, `market` with `selling` and `dealing`, `conversations`, `turnover`,
and `watching`, which is what Concord's own workflows did. `workflows/holding.py` keeps those away until the history is whole.
"""

from workflows.demo.plan import DEFAULT_SEED, DemoDiffers, Plan
from workflows.demo.recording import DemoRefused
from workflows.demo.telling import Telling, Visitor, tell, visitors

__all__ = ["DEFAULT_SEED", "DemoDiffers", "DemoRefused", "Plan", "Telling", "Visitor", "tell", "visitors"]
