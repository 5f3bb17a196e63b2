"""The one way to a terminal: a console that writes nothing but its own colours raw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from api.inert import inert


class Terminal(Console):
    """Rich's console, whatever is written to it made inert: texts before they are laid out, and all that is left before it is drawn."""

    def __init__(self, **how: Any) -> None:
        super().__init__(highlight=False, **how)

    def on_broken_pipe(self) -> None:
        """Whoever read us has seen enough: how the command ends is decided by the command."""
        raise BrokenPipeError

    def render_str(self, text: str, **how: Any) -> Text:
        """Text with markup, made inert first, so that columns are as wide as what they show."""
        return super().render_str(inert(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is drawn; the console's own control codes pass, texts are looked through."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(inert(segment.text), segment.style)
