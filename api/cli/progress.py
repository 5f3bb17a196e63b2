"""Progress bars for what takes more than a moment: on the terminal's error stream, none where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.cli.outcomes import err

Advance = Callable[..., None]
"""Told how many are done by now, and perhaps of how many."""


@contextmanager
def bars(*, transient: bool = False) -> Iterator[Callable[..., Advance]]:
    """Within it, `bar(what, total=None)` begins a bar and returns what to tell its progress. `transient`: it goes when all is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err.console, transient=transient, disable=not err.console.is_terminal) as shown:

        def begin(what: str, total: int | None = None) -> Advance:
            task = shown.add_task(what, total=total)

            def advance(done: int, of: int | None = None) -> None:
                known = of if of is not None else total
                shown.update(task, completed=done, total=max(known, done) if known is not None else None)

            return advance

        yield begin


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner while an answer is awaited."""
    if not err.console.is_terminal:
        yield
        return
    with err.console.status(what):
        yield
