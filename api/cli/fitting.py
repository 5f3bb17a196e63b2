"""Tables that fit: at a narrow terminal whole columns go or texts are wrapped; a number, a day or an id is never cut.

In this order, until the rest fits: texts are wrapped, but stay readable; columns that can be spared go, the most dispensable
first; texts are wrapped tightly; each row is told as a block of lines, with every column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

READABLE, TIGHT = 12, 8
"""Characters in a line of a wrapped text while other columns can go, and at the least."""
_GAP = 2


@dataclass(slots=True)
class Column:
    """One column. `whole`: never wrapped, so never cut; `spare`: in which order it goes, the lowest first; None: never."""

    name: str
    right: bool = False
    whole: bool = False
    spare: int | None = None


@dataclass(slots=True)
class Fitted:
    """A table of texts (rich's markup) without lines, drawn to the width there is."""

    columns: Sequence[Column]
    title: str | None = None
    show_header: bool = True
    rows: list[tuple[str, ...]] = field(default_factory=list)
    beside: list[Fitted] = field(default_factory=list)

    def add_row(self, *cells: str) -> None:
        """One row, a text for each column."""
        self.rows.append(cells)

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return len(self.rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Any]:
        """Drawn as rich's table, with widths of our own."""
        natural = self._natural(console)
        kept, fits = self._kept(natural, options.max_width)
        if fits or not self.show_header:
            yield self._drawn(kept, _shared([natural[p] for p in kept], [self.columns[p].whole for p in kept], options.max_width))
        else:
            yield from self._as_blocks(natural)

    def _natural(self, console: Console) -> list[int]:
        """How wide each column would be, here and in the tables it is drawn like; 0: nothing stands in it."""
        found = []
        for place, column in enumerate(self.columns):
            cells = (row[place] for one in (self, *self.beside) for row in one.rows)
            widest = max((max((line.cell_len for line in console.render_str(cell).split()), default=0) for cell in cells), default=0)
            found.append(max(widest, len(column.name) if self.show_header else 0) if widest or column.spare is None else 0)
        return found

    def _kept(self, natural: Sequence[int], width: int) -> tuple[list[int], bool]:
        """The places of the columns that stay, and whether they fit."""
        # a column for what nobody has takes no room
        kept = [place for place, column in enumerate(self.columns) if natural[place] or column.spare is None]
        leaving = sorted((p for p in kept if self.columns[p].spare is not None), key=lambda p: self.columns[p].spare or 0)
        for least in (READABLE, TIGHT):
            while not (fits := self._least(natural, kept, least) <= width) and leaving:
                kept.remove(leaving.pop(0))
            if fits:
                return kept, True
        return kept, False

    def _least(self, natural: Sequence[int], kept: Sequence[int], least: int) -> int:
        return sum(natural[p] if self.columns[p].whole else min(natural[p], least) for p in kept) + _GAP * (len(kept) - 1)

    def _drawn(self, kept: Sequence[int], widths: Sequence[int]) -> Any:
        from rich.table import Table

        made = Table(
            title=self.title,
            title_justify="left",
            title_style="bold",
            box=None,
            pad_edge=False,
            header_style="dim",
            show_header=self.show_header,
        )
        for place, width in zip(kept, widths, strict=True):
            column = self.columns[place]
            made.add_column(column.name, justify="right" if column.right else "left", no_wrap=column.whole, overflow="fold", width=width)
        for row in self.rows:
            made.add_row(*(row[place] for place in kept))
        return made

    def _as_blocks(self, natural: Sequence[int]) -> Iterator[Any]:
        """Every row as lines of name and value, all columns told."""
        if self.title:
            yield f"[bold]{self.title}[/]"
        named = max((len(column.name) for column in self.columns), default=0)
        for number, row in enumerate(self.rows):
            made = Fitted((Column(""), Column("")), show_header=False)
            for column, cell, any_ in zip(self.columns, row, natural, strict=True):
                if any_ and cell:
                    made.add_row(f"[dim]{column.name.ljust(named)}[/]", cell)
            if number:
                yield ""
            yield made


def _shared(natural: Sequence[int], whole: Sequence[bool], width: int) -> list[int]:
    """The width of each column: what is whole gets what it needs, texts share the rest evenly, none more than it needs."""
    widths = list(natural)
    texts = sorted((p for p in range(len(natural)) if not whole[p]), key=lambda p: natural[p])
    room = width - _GAP * (len(natural) - 1) - sum(natural[p] for p in range(len(natural)) if whole[p])
    for done, place in enumerate(texts):
        widths[place] = min(natural[place], max(room // (len(texts) - done), 1))
        room -= widths[place]
    return widths


def drawn_alike(tables: Iterable[Fitted]) -> None:
    """Give tables of the same columns the same widths, as parts of one."""
    every = list(tables)
    for one in every:
        one.beside = [other for other in every if other is not one]
