"""What `concord up`, `down` and `status` show: one screen with addresses and sign-ins, then a line for each thing that happens."""

import json
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.table import Table
from rich.text import Text

from api.terminal import Terminal
from api.up_status import ProcessStatus
from infra.embedded.run_state import RunState
from infra.settings import Settings


class TerminalScreen:
    """Draws on a terminal; without one (a pipe, a log) it writes plain lines."""

    def __init__(self, console: Console | None = None, *, detached: bool = False) -> None:
        self.console = console or Terminal()
        self._detached = detached
        self._status: Status | None = None
        self._step = ""
        self._ready: tuple[Settings, RunState] | None = None
        self.demo = False
        """Whether the demo is being made beside it."""
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
        self._ready, self._shown = (settings, state), sign_ins(settings)
        stopping = "`concord down` stops it" if self._detached or already else "Ctrl-C stops it"
        self.console.print(
            Panel(
                _places(settings, state),
                title=f"Concord runs{' already' if already else ''}",
                subtitle=stopping,
                expand=False,
                padding=(1, 2),
            )
        )
        notes = [*state.notes, *(["It was running already."] if already else [])]
        if self.demo and not self._shown:
            later = "`concord status` shows its sign-ins when it is there" if self._detached else "its sign-ins appear here in a moment"
            notes.append(f"The demo is being made: {later}.")
        for note in notes:
            self.console.print(Text(note, style="dim"))

    def event(self, sentence: str) -> None:
        """Something that happened meanwhile, with its time. When the demo's sign-ins are there, the one screen is drawn anew with them."""
        if self._ready and sign_ins(self._ready[0]) != self._shown:
            if self.console.is_terminal:
                self.console.clear()
            self.ready(*self._ready)
        self.settled()
        self.console.print(Text(f"{datetime.now(UTC):%H:%M:%S} UTC {sentence}"), soft_wrap=True)

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
        self._step = ""

    def state(self, settings: Settings, state: RunState, processes: Iterable[ProcessStatus]) -> None:
        """The answer to `concord status`."""
        self.console.print(Panel(_places(settings, state), title=f"Concord is {state.phase}", expand=False, padding=(1, 2)))
        table = Table("process", "address", "pid", "state", "memory", box=None, pad_edge=False)
        for one in processes:
            memory = f"{one.memory / 1e6:,.0f} MB" if one.memory else ""
            table.add_row(one.process, Text(one.address), str(one.pid or ""), one.state, memory)
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
