"""Every noun of the domain, for processes that must know each stored topic and each decider by name."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import domain


def register_all() -> None:
    """Import every module of the domain, so that `TOPICS`, `UPCASTERS` and `DECIDERS` are complete."""
    for module in pkgutil.iter_modules(domain.__path__, "domain."):
        import_module(module.name)
