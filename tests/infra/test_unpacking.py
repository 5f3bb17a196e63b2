"""What an archive may hold: files and folders of its own. Pythons before 3.11.4 have no filter for it, so that the rule is ours."""

from __future__ import annotations

import io
import tarfile

import pytest

from infra import unpacking


def archive(*members: tuple[str, bytes | None, bytes]) -> tarfile.TarFile:
    """(name, content or None, type) each."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.size, member.linkname = kind, 0o777, len(content or b""), "/etc/passwd"
            tar.addfile(member, io.BytesIO(content or b""))
    made.seek(0)
    return tarfile.open(fileobj=made, mode="r|")


@pytest.fixture(params=["as Python has it", "before 3.11.4"])
def _python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "as Python has it":
        monkeypatch.setattr(unpacking, "_FILTER", {})


@pytest.mark.usefixtures("_python")
def test_files_and_folders_come_out_and_nobody_else_may_write_them(tmp_path):
    members = (("base", None, tarfile.DIRTYPE), ("base/1", b"one", tarfile.REGTYPE), ("PG_VERSION", b"18", tarfile.REGTYPE))
    with archive(*members) as tar:
        unpacking.unpack(tar, tmp_path)
    assert {str(p.relative_to(tmp_path)): p.is_file() and p.read_bytes() for p in tmp_path.rglob("*")} == {
        "base": False,
        "base/1": b"one",
        "PG_VERSION": b"18",
    }
    assert not any(path.stat().st_mode & 0o022 for path in tmp_path.rglob("*"))


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("/absolute", tarfile.REGTYPE),
        ("inside/../../outside", tarfile.REGTYPE),
        ("link", tarfile.SYMTYPE),
        ("link", tarfile.LNKTYPE),
        ("pipe", tarfile.FIFOTYPE),
        ("device", tarfile.CHRTYPE),
    ],
)
def test_links_devices_and_what_lies_elsewhere_are_refused_by_name(tmp_path, name, kind):
    place = tmp_path / "place"
    place.mkdir()
    with archive((name, b"x" if kind == tarfile.REGTYPE else None, kind)) as tar, pytest.raises(tarfile.TarError, match=name):
        unpacking.unpack(tar, place)
    assert list(tmp_path.rglob("*")) == [place]
