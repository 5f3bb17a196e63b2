"""Running a program where there is nothing but Python's standard library and `cryptography`: no site packages, no Concord, no network."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_BEGIN = """
import runpy, sys
def no_network(event, _):
    if event.startswith("socket."):
        raise OSError("there is no network here")
sys.addaudithook(no_network)
sys.path.append({packages!r})
sys.argv = {argv!r}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(folder: Path, program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program; `folder` is made, and holds the one package beside the standard library."""
    packages = folder / "packages"
    link_cryptography(packages)
    begin = _BEGIN.format(packages=str(packages), argv=[str(program), *arguments])
    return _run([sys.executable, "-I", "-S", "-c", begin], folder)


def link_cryptography(packages: Path) -> None:
    """Make `cryptography` importable from this folder, as an installation there would, and nothing else."""
    packages.mkdir(parents=True, exist_ok=True)
    for name in ("cryptography", "_cffi_backend"):
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        place = Path(found.origin).parent if found.submodule_search_locations else Path(found.origin)
        if not (packages / place.name).exists():
            (packages / place.name).symlink_to(place)


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, encoding="utf-8", check=False)
