"""Writes a generated company of many deals into a tenant's log: `python -m bench.large_log OWNER_URL SLUG DEALS`.

A process of its own, because a million events at once take gigabytes that the measuring process shall not carry along.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.ours import Log
from infra.database import Tenant
from tests.projections import companies

ROOT = Path(__file__).resolve().parent.parent


def write(log: Log, deals: int) -> int:
    """Returns the number of events: ten for each deal, less for the tenth of them that are still open."""
    command = [sys.executable, "-m", "bench.large_log", log.owner_url, log.tenant.slug, str(deals)]
    return int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


if __name__ == "__main__":
    url, slug, deals = sys.argv[1:]
    print(companies.write(url, Tenant(slug), companies.company(int(deals), accounts=max(100, int(deals) // 20))))
