"""The `concord` command line. A user's commands go through HTTP like everybody's; an operator's go direct."""

from api.cli.app import main

__all__ = ["main"]
