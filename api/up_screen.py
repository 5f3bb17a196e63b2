"""What `concord up`, `down` and `status` show: one screen with addresses and sign-ins, then a line for each thing that happens."""

import json
import shlex
from datetime import UTC, datetime

from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.table import Table
from rich.text import Text

from api.terminal import Terminal
from infra.embedded.run_state import RunState
from infra.settings import Settings


class TerminalScreen:
    """Draws on a terminal; without one (a pipe, a log) it writes plain lines."""

    def __init__(self, console: Console | None = None, *, detached: bool = False) -> None:
        self.console = console or Terminal()
        self._detached = detached
        self._status: Status | None = None
        self._step = ""
        self._settings: Settings | None = None
        self._shown: list[tuple[str, str, str]] = []

    def step(self, sentence: str) -> None:
        """What is being done now; replaced by the next step."""
        if sentence == self._step:
            return
        self._step = sentence
        if not self.console.is_terminal:
            self.console.print(sentence, markup=False, soft_wrap=True)
        elif self._status is None:
            self._status = self.console.status(Text(sentence))
            self._status.start()
        else:
            self._status.update(Text(sentence))

    def ready(self, settings: Settings, state: RunState, *, already: bool = False) -> None:
        """The one status screen."""
        self.settled()
        stopping = "`concord down` stops it" if self._detached else "Ctrl-C stops it"
        self.console.print(Panel(_places(settings, state), title="Concord runs", subtitle=stopping, expand=False, padding=(1, 2)))
        for note in (*state.notes, *(["It was running already."] if already else [])):
            self.console.print(Text(note, style="dim"))
        self._settings, self._shown = settings, sign_ins(settings)

    def event(self, sentence: str) -> None:
        """Something that happened meanwhile, with its time; and the demo's sign-ins, once they are there."""
        self.console.print(Text(f"{datetime.now(UTC).astimezone():%H:%M:%S} {sentence}"), soft_wrap=True)
        if self._settings and (found := sign_ins(self._settings)) != self._shown:
            self._shown = found
            table = Table.grid(padding=(0, 3))
            _add_sign_ins(table, found)
            self.console.print(table)

    def problem(self, sentence: str) -> None:
        """Why it does not work, and what to do."""
        self.settled()
        self.console.print(Text(sentence, style="bold red"), soft_wrap=True)

    def said(self, sentence: str) -> None:
        self.settled()
        self.console.print(Text(sentence), soft_wrap=True)

    def settled(self) -> None:
        """No step is under way any more."""
        if self._status:
            self._status.stop()
            self._status = None

    def state(self, settings: Settings, state: RunState) -> None:
        """The answer to `concord status`."""
        self.console.print(Panel(_places(settings, state), title=f"Concord is {state.phase}", expand=False, padding=(1, 2)))
        table = Table("process", "pid", "state", box=None, pad_edge=False)
        for name, process in {"supervisor": state.supervisor, **state.children}.items():
            table.add_row(name, str(process.pid), "runs" if process.alive else "has ended")
        self.console.print(table)


def _places(settings: Settings, state: RunState) -> Table:
    table = Table.grid(padding=(0, 3))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("address", Text(state.address, style="bold"))
    table.add_row("tenant", Text(settings.tenant))
    table.add_row("operator", Text(f"{settings.operator_file} (commands find it by themselves)"))
    _add_sign_ins(table, sign_ins(settings))
    table.add_row("PostgreSQL", Text(state.postgres))
    table.add_row("Temporal", Text(state.temporal))
    table.add_row("logs", Text(shlex.quote(str(settings.logs))))
    return table


def _add_sign_ins(table: Table, found: list[tuple[str, str, str]]) -> None:
    for role, name, password in found:
        table.add_row(Text(role), Text(f"{name}   {password}"))


def sign_ins(settings: Settings) -> list[tuple[str, str, str]]:
    """Role, sign-in name and password of the demo's people, as `concord demo` left them in CONCORD_HOME/demo.json."""
    try:
        written = json.loads((settings.home / "demo.json").read_text(encoding="utf-8"))
        return [(str(person["role"]), str(person["name"]), str(person["password"])) for person in written["sign_ins"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
