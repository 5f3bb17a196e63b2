"""What is not the export that was written is refused by line, a log that was altered is not exported, and a killed import leaves nothing."""

import asyncio
import hashlib
import json
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from api.operators import found_tenant
from api.provisioning import make_tenant
from api.transferring import bring_in_whole
from domain.kernel import ERASED, SYSTEM
from domain.members import AddMember, members
from infra.migrations import importing, list_tenants
from infra.opening import open_keys, opened
from infra.transfer.exporting import FolderInUse, LogAltered, export
from infra.transfer.shapes import ExportDamaged, PassphraseWrong
from tests.api.transfers import ACME, COPY, PASSPHRASE, names_of, rows_of, sign


def rewritten(folder, name, change):
    """Change a file and state its new hash, as somebody would who wants to be believed."""
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    change(lines)
    (folder / name).write_bytes(b"".join(lines))
    said = json.loads((folder / "export.json").read_text())
    said["files"][name] = {"lines": len(lines), "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    (folder / "export.json").write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("events.jsonl", lambda lines: lines.__setitem__(3, lines[3].replace(b'"position":"4"', b'"position":"9"')), "line 4"),
        ("events.jsonl", lambda lines: lines.__setitem__(2, b'{"specversion":"1.0"}\n'), "line 3: it cannot be read"),
        ("events.jsonl", lambda lines: lines.__delitem__(1), "line 2: position 2"),
        ("events.jsonl", lambda lines: lines.pop(), "Merkle root"),
        ("documents.jsonl", lambda lines: lines.__setitem__(0, b"{}\n"), "line 1"),
        ("commands.jsonl", lambda lines: lines.append(lines[0]), "twice"),
    ],
    ids=["altered", "unreadable", "left out", "cut short", "document", "repeated"],
)  # fmt: skip
def test_what_was_altered_is_named_and_nothing_of_it_is_to_be_seen(origin, exported, tmp_path, file, change, said):
    settings, _ = origin
    folder = tmp_path / "altered"
    shutil.copytree(exported[0], folder)
    rewritten(folder, file, change)
    with pytest.raises(ExportDamaged, match=said) as refused:
        bring_in_whole(settings, folder, named="copy")
    assert refused.value.data["file"] == file
    assert [tenant.slug for tenant in list_tenants(settings.database_url)] == ["acme"]
    with psycopg.connect(settings.migrator_url) as connection:
        assert connection.execute("SELECT to_regnamespace('t_copy'), count(*) FROM concord.imported_logs").fetchone() == (None, 0)


def test_every_line_that_was_altered_is_named_and_no_line_that_holds(origin, exported, tmp_path):
    settings, _ = origin
    folder = tmp_path / "altered"
    shutil.copytree(exported[0], folder)

    def change(lines):
        for line in (2, 3, 6):
            lines[line - 1] = lines[line - 1].replace(b'"time":"2', b'"time":"1')
        lines[3] = b"{}\n"
        lines[7:9] = [lines[8], lines[7]]

    rewritten(folder, "events.jsonl", change)
    with pytest.raises(ExportDamaged, match=r"events\.jsonl, lines 2-4, 6 and 8-9 do not hold; line 2: it was altered") as refused:
        bring_in_whole(settings, folder, named="copy")
    assert (refused.value.data["line"], refused.value.data["lines"]) == (2, [(2, 4), (6, 6), (8, 9)])
    shutil.copytree(exported[0], folder, dirs_exist_ok=True)
    rewritten(folder, "documents.jsonl", lambda lines: lines.__setitem__(slice(None), [b"{}\n", b"[]\n"]))
    with pytest.raises(ExportDamaged, match=r"documents\.jsonl, lines 1-2 do not hold; line 1: it cannot be read"):
        bring_in_whole(settings, folder, named="copy")


def test_a_log_that_is_not_the_one_that_was_signed_is_exported_only_as_it_is_and_says_so(place, tmp_path):
    settings = place()
    make_tenant(settings, "acme")

    async def fill():
        async with opened(settings) as process:
            await found_tenant(process.store, ACME, "Acme")
            for number in range(8):
                await process.store.execute(ACME, members, uuid4(), AddMember(name=f"Member {number}"), by=SYSTEM)

    asyncio.run(fill())
    asyncio.run(sign(settings))
    with closing(open_keys(settings)) as keys:
        as_signed = export(settings, ACME, keys, tmp_path / "as signed")
        assert as_signed.unmatched is None
        assert as_signed.checkpoint is not None
        with psycopg.connect(settings.migrator_url) as connection:
            connection.execute("UPDATE t_acme.events SET state = '{}' WHERE position IN (2, 4, 5)")
            connection.execute("DELETE FROM t_acme.events WHERE position = 7")
        folder = tmp_path / "altered"
        with pytest.raises(LogAltered, match=r"positions 2, 4-5 and 7 differ.*--as-it-is") as refused:
            export(settings, ACME, keys, folder)
        assert refused.value.data["positions"] == ((2, 2), (4, 5), (7, 7))
        assert not folder.exists()
        stated = export(settings, ACME, keys, folder, as_it_is=True)
    assert stated.unmatched.why == "positions 2, 4-5 and 7 differ"
    assert json.loads((folder / "export.json").read_text())["unmatched"]["positions"] == [[2, 2], [4, 5], [7, 7]]
    with pytest.raises(ExportDamaged, match="not the log that was signed: positions 2, 4-5 and 7 differ"):
        bring_in_whole(settings, folder, named="copy")


def test_files_that_are_not_those_that_were_written_are_refused(origin, exported, tmp_path):
    settings, _ = origin
    folder = tmp_path / "altered"
    shutil.copytree(exported[0], folder)
    with pytest.raises(PassphraseWrong, match="another"):
        bring_in_whole(settings, folder, named="copy", passphrase="wrong horse battery")
    (folder / "commands.jsonl").write_bytes(b"")
    with pytest.raises(ExportDamaged, match=r"commands\.jsonl has 0 lines"):
        bring_in_whole(settings, folder, named="copy")
    (folder / "export.json").unlink()
    with pytest.raises(ExportDamaged, match="no finished export"):
        bring_in_whole(settings, folder, named="copy")
    with closing(open_keys(settings)) as keys, pytest.raises(FolderInUse):
        export(settings, ACME, keys, folder)


def test_an_import_that_was_killed_is_unseen_and_begins_anew(origin, exported, place):
    elsewhere = place()

    class Killed(BaseException):
        pass

    def kill(_):
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("api.transferring.build_read_models", lambda *_: kill(0))
        with pytest.raises(Killed):
            bring_in_whole(elsewhere, exported[0], named="copy")
    assert list_tenants(elsewhere.database_url) == []
    bring_in_whole(elsewhere, exported[0], named="copy")
    assert rows_of(elsewhere, COPY) == rows_of(origin[0], ACME)


def test_an_import_whose_process_is_killed_once_its_keys_are_here_leaves_nothing_and_begins_anew_with_or_without_keys(
    origin, exported, place
):
    elsewhere = place()
    killed = (
        "import os, signal, sys; from pathlib import Path; from infra.settings import Settings; from infra.transfer.importing import bring_in\n"
        "home, app, url, folder, passphrase = sys.argv[1:]\n"
        "settings = Settings(home=Path(home), database_url=app, migrator_url=url)\n"
        "bring_in(settings, Path(folder), named='copy', passphrase=passphrase, make_ready=lambda _: os.kill(os.getpid(), signal.SIGKILL))"
    )
    places = str(elsewhere.home), elsewhere.database_url, elsewhere.migrator_url, str(exported[0])
    done = subprocess.run([sys.executable, "-c", killed, *places, PASSPHRASE], check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL
    assert list_tenants(elsewhere.database_url) == []
    # another tenant may take the name
    make_tenant(elsewhere, "copy")
    third = place()
    places = str(third.home), third.database_url, third.migrator_url, str(exported[0])
    assert subprocess.run([sys.executable, "-c", killed, *places, PASSPHRASE], check=False, timeout=300).returncode == -signal.SIGKILL
    bring_in_whole(third, exported[0], named="copy", passphrase=PASSPHRASE)
    assert asyncio.run(names_of(third, COPY)) == ["Operator", "Ana Souza", ERASED]
    with pytest.raises(ValueError, match=r"came in whole already.*tenant create copy"):
        bring_in_whole(third, exported[0], named="copy", passphrase=PASSPHRASE)


def test_two_imports_under_one_name_do_not_meet(exported, place, monkeypatch):
    elsewhere = place()
    monkeypatch.setattr("infra.migrations._GONE", 0)
    with importing(elsewhere.migrator_url, COPY):
        for begin in (lambda: bring_in_whole(elsewhere, exported[0], named="copy"), lambda: make_tenant(elsewhere, "copy")):
            with pytest.raises(ValueError, match="being imported at this moment"):
                begin()
    bring_in_whole(elsewhere, exported[0], named="copy")


def test_keys_are_not_asked_of_an_export_without_any(origin, place, tmp_path):
    settings, _ = origin
    with closing(open_keys(settings)) as keys:
        export(settings, ACME, keys, tmp_path / "bare")
    with pytest.raises(ValueError, match="without --with-keys"):
        bring_in_whole(place(), tmp_path / "bare", named="copy", passphrase=PASSPHRASE)


def test_the_application_cannot_write_a_log_the_way_an_import_does(origin):
    settings, _ = origin
    with psycopg.connect(settings.database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("COPY t_acme.events FROM STDIN")
    with psycopg.connect(settings.database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM concord.imported_logs")
