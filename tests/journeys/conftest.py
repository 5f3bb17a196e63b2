"""Concord whole, brought up once for these journeys as a user does it."""

from tests.cli.conftest import acme, concord

__all__ = ["acme", "concord"]
