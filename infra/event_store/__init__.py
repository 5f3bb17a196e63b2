"""The log: how facts are stored, guarded, grouped, loaded and read."""

from infra.event_store.envelope import event_id
from infra.event_store.requests import KeyReused, StaleVersion, VersionConflict
from infra.event_store.states import Loaded
from infra.event_store.store import Executed, Store
from infra.event_store.work import Step

__all__ = ["Executed", "KeyReused", "Loaded", "StaleVersion", "Step", "Store", "VersionConflict", "event_id"]
