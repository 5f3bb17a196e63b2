"""A small noun to fold: boxes, what lies in them, and where they stand."""

from __future__ import annotations

from domain.kernel import Event
from projections.batch import Entry
from projections.projection import Projection
from projections.rows import Rows
from projections.tables import Table


class BoxOpened(Event, topic="test.box_opened"):
    label: str


class BoxMoved(Event, topic="test.box_moved"):
    place: str


class ItemPut(Event, topic="test.item_put"):
    item: str
    count: int


class ItemsTaken(Event, topic="test.items_taken"):
    item: str


class BoxBurnt(Event, topic="test.box_burnt"):
    pass


class LabelTorn(Event, topic="test.label_torn"):
    """Nobody is to know any more what it said."""


class BoxShaken(Event, topic="test.box_shaken"):
    """Of interest to nobody."""


BOXES = Table(
    "boxes",
    ("id",),
    {"id": "uuid NOT NULL", "label": "text NOT NULL", "place": "text", "items": "int4 NOT NULL", "about": "jsonb"},
    ("(place)",),
)
ITEMS = Table("box_items", ("box", "item"), {"box": "uuid NOT NULL", "item": "text NOT NULL", "count": "int4 NOT NULL"})
LABELS = Table("labels", ("id",), {"id": "uuid NOT NULL", "label": "text NOT NULL", "about": "jsonb"}, personal=("label", "about"))


class Boxes(Projection):
    name = "boxes"
    tables = (BOXES, ITEMS)
    events = (BoxOpened, BoxMoved, ItemPut, ItemsTaken, BoxBurnt)

    def handle(self, rows: Rows, entry: Entry) -> None:
        match entry.event:
            case BoxOpened(label=label):
                rows.put(BOXES, label=label, items=0, about={"opened": label})
            case BoxMoved(place=place):
                rows.change(BOXES, place=place)
            case ItemPut(item=item, count=count):
                if rows.get(BOXES):
                    held = rows.get(ITEMS, item)
                    rows.put(ITEMS, item=item, count=count + (held["count"] if held else 0))
                    self._total(rows)
            case ItemsTaken(item=item):
                rows.close(ITEMS, item)
                self._total(rows)
            case BoxBurnt():
                for held in rows.all(ITEMS):
                    rows.close(ITEMS, held["item"])
                rows.close(BOXES)

    def _total(self, rows: Rows) -> None:
        rows.change(BOXES, items=sum(held["count"] for held in rows.all(ITEMS)))


class Labels(Projection):
    """Fails at a poisonous label as long as it is told to."""

    name = "labels"
    tables = (LABELS,)
    events = (BoxOpened, LabelTorn)

    def __init__(self) -> None:
        self.poison: str | None = "poison"

    def handle(self, rows: Rows, entry: Entry) -> None:
        match entry.event:
            case BoxOpened(label=label):
                if self.poison == label:
                    raise ValueError(f"cannot read the label {self.poison}")
                rows.put(LABELS, label=label, about={"label": label})
            case LabelTorn():
                rows.erase(LABELS)
