"""What runs below a CONCORD_HOME, written down by its supervisor for whoever comes next: a second `up`, `down`, `status`."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from infra.embedded.process import RunningProcess, write_privately

STARTING, READY, STOPPING = "starting", "ready", "stopping"


@dataclass(frozen=True, slots=True)
class RunState:
    """The state file's content. Processes are named by pid and start time, so that a reused pid is not taken for one of them."""

    supervisor: RunningProcess
    phase: str = STARTING
    address: str = ""
    postgres: str = ""
    temporal: str = ""
    children: dict[str, RunningProcess] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What a person should know beside the addresses."""
    problem: str = ""
    """Why it ended, if it ended with an error."""

    @property
    def running(self) -> bool:
        return self.supervisor.alive

    def write(self, file: Path) -> None:
        processes = {name: {"pid": process.pid, "started": process.started} for name, process in self.children.items()}
        text = {
            "supervisor": {"pid": self.supervisor.pid, "started": self.supervisor.started},
            "phase": self.phase,
            "address": self.address,
            "postgres": self.postgres,
            "temporal": self.temporal,
            "children": processes,
            "notes": list(self.notes),
            "problem": self.problem,
        }
        write_privately(file, json.dumps(text, indent=2))

    @classmethod
    def read(cls, file: Path) -> "RunState | None":
        """The state as last written, or None where nothing has run yet (or the file is no state file)."""
        try:
            text = json.loads(file.read_text(encoding="utf-8"))
            # another version's file: fields it does not have keep their defaults, fields we do not know are passed over
            return cls(
                supervisor=RunningProcess(**text["supervisor"]),
                children={str(name): RunningProcess(**process) for name, process in text.get("children", {}).items()},
                notes=tuple(map(str, text.get("notes", ()))),
                **{name: str(text[name]) for name in ("phase", "address", "postgres", "temporal", "problem") if name in text},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def stop_orphans(self) -> tuple[str, ...]:
        """Stop children that outlived their supervisor; returns their names."""
        orphans = {name: process for name, process in self.children.items() if process.alive}
        for process in orphans.values():
            process.stop()
        return tuple(orphans)

    def with_child(self, name: str, process: RunningProcess) -> "RunState":
        return replace(self, children={**self.children, name: process})
