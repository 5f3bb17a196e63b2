"""The credential that `concord up` leaves for the commands of this machine. Few imports: every user's command reads it first."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from infra.settings import Settings

USUAL_DEMO = "demo"
"""The tenant that `concord up --demo` makes."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a command needs to call the API: where it is, and the key, which also says the tenant."""

    address: str
    tenant: str
    api_key: str = field(repr=False)


def read_credential(settings: Settings, tenant: str | None = None) -> Credential:
    """The operator's credential for a tenant (default: CONCORD_TENANT). Raises ServerDown or LookupError, which say how to get one."""
    tenant = tenant or settings.tenant
    known = _known(settings)
    if tenant not in known["keys"]:
        from infra.embedded.process import ServerDown

        if tenant == USUAL_DEMO and _being_told(settings):
            raise ServerDown("The demo is still being made: try again in a moment; the screen of `concord up` says when it is there.")
        make = "concord demo" if tenant == USUAL_DEMO else f"concord tenant create {tenant}"
        raise LookupError(f"The operator has no key for tenant {tenant}: choose one of {', '.join(known['keys'])}, or run `{make}`.")
    return Credential(known["address"], tenant, known["keys"][tenant])


def _being_told(settings: Settings) -> bool:
    """Whether `concord up --demo` is at its history: nobody else may write to the tenant until it is whole, so that it has no key yet."""
    from infra.embedded.run_state import RunState

    state = RunState.read(settings.home / "state.json")
    return state is not None and state.running and "demo" in state.children and state.children["demo"].alive


def api_address(settings: Settings) -> str:
    """Where this machine's API is, whichever tenant is meant. Raises ServerDown where nothing was started yet."""
    return str(_known(settings)["address"])


def _known(settings: Settings) -> dict[str, Any]:
    from infra.embedded.process import ServerDown

    if known := credentials(settings):
        return known
    raise ServerDown(
        f"There is no credential in {settings.operator_file}: start Concord with `concord up`, or set CONCORD_HOME to where it runs."
    )


def credentials(settings: Settings) -> dict[str, Any]:
    """What the file holds, with the key of each tenant in `keys`; empty where there is no such file. Raises ServerDown."""
    from infra.embedded.process import ServerDown

    try:
        written = json.loads(settings.operator_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError:
        raise ServerDown(f"{settings.operator_file} may be read by {settings.operator_file.owner()} only: run this as that user.") from None
    except ValueError:
        return {}
    return written if isinstance(written, dict) and isinstance(written.get("keys"), dict) else {}
