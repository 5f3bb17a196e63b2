"""Why a backup or a restore is refused, by name."""

from __future__ import annotations

from domain.kernel import Invalid, NotFound, Refused


class BackupPlaceUnusable(Refused):
    """The folder or bucket for backups cannot be reached or written."""

    status = 503


class NoBackup(NotFound):
    """There is no backup from which this could be restored."""


class BackupDamaged(Refused):
    """A stored file is missing, or is not what was stored; `file` names it."""


class BackupFailed(Refused):
    """PostgreSQL's own program could not make the backup; its words are told."""


class ArchiveIncomplete(Refused):
    """The archive of the write-ahead log has a hole, or ends before the instant asked for."""


class HomeInUse(Refused):
    """Something lies or runs where the restored data would go."""


class KeysDoNotBelong(Refused):
    """The keys at hand are not those under which the backup's personal data was sealed."""


class RestoredDiffers(Refused):
    """What was restored is not what the backup's manifest states."""


class RestoreCutOff(Refused):
    """A restore was cut off and has to be finished first."""


class NotOurServer(Invalid):
    """The database is a server that DATABASE_URL names, which its own tools back up."""
