"""Papers on paper: printed to the same bytes, sealed so that one changed byte shows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest

from domain.papers.content import Clause, Entry, Item, PaperContent, PaperKind, Party, Slot, Sum
from domain.papers.refusals import NotPrintable
from infra.keys import Keys
from infra.papers.certificates import Seal, pem, seal_of
from infra.papers.printable import check_printable, places_of
from infra.papers.printing import print_paper, print_signatures
from infra.papers.sealing import sealed
from infra.papers.verifying import verified

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAPER = PaperContent(
    kind=PaperKind.QUOTE,
    title="Датчики для #strong[Θεσσαλονίκη]",
    number="Q-2026-7F3KQ2",
    sender=Party(name="Nordlicht Größe GmbH", lines=("Speicherstraße 14",)),
    recipient=Party(name="Ελληνικά Ναυπηγεία ΣΦ", lines=("Attn. Юлия Щербакова", "Greece")),
    facts=(Entry(label="Number", value="Q-2026-7F3KQ2"),),
    intro=('#sys.inputs $x^2$ \\ `raw` @ref <label> "quoted"',),
    items=(
        Item(label="Sensor", quantity="2", unit_price="1,234.50", total="2,469.00 EUR"),
        Item(label="Sensor free", quantity="1", total="1,200 JPY"),
        Item(label="Gauge", quantity="1", unit_price="0.123456", total="1.250 KWD"),
    ),
    sums=(Sum(label="Total", amount="2,469.00 EUR", strong=True),),
    clauses=(Clause(key="payment", version=1, title="Payment", paragraphs=("Within 30 days.", "No deduction.")),),
    closing=("Regards",),
    slots=(Slot(party="Nordlicht"), Slot(party="Ναυπηγεία")),
)
RECORD = {
    "title": "T", "number": "Q-1", "sha256": "a" * 64, "accent": "#1f4e5f", "consent": "I agree.", "sealer": "Nordlicht",
    "signatures": [{"typed": "Юлия", "party": "Ναυπηγεία", "name": "Юлия", "email": "y@x.example", "signed_at": "2 March 2026", "source": "192.0.2.7"}],
}  # fmt: skip


def read(pdf: bytes) -> list[str]:
    """The text of each page."""
    opened = pypdfium2.PdfDocument(pdf)
    return [opened[number].get_textpage().get_text_range() for number in range(len(opened))]


def test_the_same_content_gives_the_same_bytes_and_another_does_not():
    first = print_paper(PAPER, AT)
    assert print_paper(PaperContent.model_validate_json(PAPER.canonical()), AT) == first
    assert print_paper(PAPER.model_copy(update={"title": "Other"}), AT) != first


async def test_papers_printed_at_the_same_time_do_not_mix():
    many = [PAPER.model_copy(update={"number": f"Q-{n}"}) for n in range(12)]
    together = await asyncio.gather(*(asyncio.to_thread(print_paper, one, AT) for one in many))
    assert together == [print_paper(one, AT) for one in many]


def test_names_of_every_alphabet_and_amounts_of_every_currency_stand_on_it_and_markup_is_only_text():
    page = read(print_paper(PAPER, AT))[0]
    for words in ("Ελληνικά Ναυπηγεία ΣΦ", "Юлия Щербакова", "Größe", "2,469.00 EUR", "1,200 JPY", "1.250 KWD", "0.123456", "Датчики"):
        assert words in page, words
    assert "#strong[Θεσσαλονίκη]" in page
    assert "#sys.inputs $x^2$ \\ `raw` @ref <label>" in page


def test_what_the_fonts_lack_is_refused_by_character_and_place_before_anything_is_printed():
    check_printable(places_of(PAPER, None))
    every = "Łódzkie Çelik Søn ẞ, Ελληνικά Ναυπηγεία, Юлия Щербакова, مرحبا, Հայաստան, 1 € “x” … •\u00ad\u200d"
    check_printable({"the note": every, "the title": "T", "nothing": ""})
    item = Item(label="センサ free", quantity="1")
    content = PAPER.model_copy(
        update={"items": (PAPER.items[0], item), "intro": ("Thank you.", "你好 Jo"), "recipient": Party(name="王 GmbH")}
    )
    with pytest.raises(NotPrintable, match="你 好 in the note; 王 in the name of the account; セ ン サ in line 2") as refused:
        check_printable(places_of(content, "你好  Jo"))
    assert refused.value.data["missing"] == {"the note": ["你", "好"], "the name of the account": ["王"], "line 2": ["セ", "ン", "サ"]}
    with pytest.raises(NotPrintable, match=r"U\+0007 in your name"):
        check_printable({"your name": "Jo\x07"})


def test_two_hundred_lines_run_over_pages_with_head_number_and_columns_on_each():
    items = tuple(Item(label=f"Артикул {n}", quantity="1", total=f"{n}.000 KWD") for n in range(1, 201))
    pages = read(print_paper(PAPER.model_copy(update={"items": items}), AT))
    assert len(pages) > 4
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Q-2026-7F3KQ2" in page
    for number in (1, 50, 100, 150, 200):
        assert sum(f"Артикул {number}\r" in page or f"Артикул {number} " in page for page in pages) == 1, number
    with_lines = [page for page in pages if "Артикул" in page]
    assert all("Quantity" in page and "Total" in page for page in with_lines)


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seal]:
    home = tmp_path_factory.mktemp("keys")
    keys = Keys.open(home / "keys.db", home / "root.key")
    yield seal_of(keys, "acme", "Nordlicht GmbH")
    keys.close()


@cache
def _printed() -> bytes:
    return print_paper(PAPER, AT)


@pytest.fixture(scope="module")
def file(seal: Seal) -> bytes:
    return sealed(_printed(), print_signatures(RECORD, AT), seal, reason="Signed by all parties")


def test_a_sealed_paper_begins_with_what_was_signed_and_ends_with_who_signed(file: bytes):
    assert file.startswith(_printed())
    verdict = verified(file)
    assert verdict.first_revision == sha256(_printed()).hexdigest()
    pages = read(file)
    assert "Юлия" in pages[-1]
    assert "192.0.2.7" in pages[-1]


def test_a_sealed_paper_is_unaltered_and_trusted_by_who_has_the_authoritys_certificate(file: bytes, seal: Seal):
    stranger = verified(file)
    assert (stranger.unaltered, stranger.trusted) == (True, False)
    friend = verified(file, [pem(seal.authority).encode()])
    assert (friend.unaltered, friend.trusted) == (True, True)
    assert (friend.signatures[0].holder, friend.signatures[0].reason) == ("Nordlicht GmbH", "Signed by all parties")


def test_a_seal_of_somebody_else_is_not_trusted(file: bytes, tmp_path: Path):
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    other = seal_of(keys, "acme", "Nordlicht GmbH")
    keys.close()
    assert not verified(file, [pem(other.authority).encode()]).trusted


def test_a_flipped_bit_anywhere_is_caught(file: bytes):
    chance = random.Random(20261122)
    room = file.rindex(b"/Contents <") + len(b"/Contents <")
    places = [chance.randrange(len(file)) for _ in range(60)]
    places += [chance.randrange(room, room + 2200) for _ in range(60)] + [
        chance.randrange(room + 2200, file.index(b">", room)) for _ in range(10)
    ]
    for place in places:
        bit = 1 << chance.randrange(8)
        altered = file[:place] + bytes([file[place] ^ bit]) + file[place + 1 :]
        assert not verified(altered).unaltered, (place, bit)


def test_what_is_cut_added_or_not_signed_at_all_is_told(file: bytes):
    assert not verified(file[:-1]).unaltered
    assert verified(file + b"\n").problems == ("Something was added to the file after it was signed.",)
    assert verified(_printed()).problems == ("The file carries no signature.",)
    for nothing in (b"", b"not a PDF", b"%PDF-1.7\n"):
        assert not verified(nothing).unaltered


def test_the_seal_is_made_once_and_its_key_is_not_readable_in_the_file(tmp_path: Path):
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    first = seal_of(keys, "acme", "Nordlicht GmbH")
    assert seal_of(keys, "acme", "Renamed") == first
    assert seal_of(keys, "other", "Other").certificate != first.certificate
    keys.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("keys.db*"))
    assert first.key not in stored
    assert b"PRIVATE KEY" not in stored
