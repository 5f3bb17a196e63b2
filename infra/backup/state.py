"""What the doctor is told of backups, in a file of the home."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from infra.embedded.process import write_privately


@dataclass(frozen=True, slots=True)
class BackupState:
    """What the doctor is told: where backups go, when the last ended, up to when the log is archived, and what is wrong, if anything."""

    place: str
    base: datetime | None = None
    archived: datetime | None = None
    problem: str = ""

    def write(self, home: Path) -> None:
        said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()}
        write_privately(home / "backup.json", json.dumps(said, indent=2))

    @classmethod
    def read(cls, home: Path) -> BackupState | None:
        """The state as last written; None where there is none."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads((home / "backup.json").read_text(encoding="utf-8"))
            base, archived = (datetime.fromisoformat(said[name]) if said[name] else None for name in ("base", "archived"))
            return cls(str(said["place"]), base, archived, str(said["problem"]))
        return None
