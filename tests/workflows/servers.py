"""Temporal servers for tests."""

from __future__ import annotations

from pathlib import Path

from infra.embedded.temporal import EmbeddedTemporal


class Dev(EmbeddedTemporal):
    """The embedded server with dynamic configuration that only tests set."""

    def __init__(self, home: Path, *configuration: str) -> None:
        super().__init__(home)
        self.configuration = configuration

    def _command(self, port: int, http_port: int) -> list[str]:
        return [*super()._command(port, http_port), *(w for c in self.configuration for w in ("--dynamic-config-value", c))]
