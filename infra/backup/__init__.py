"""Physical backups of the embedded PostgreSQL: base backups, the archive of its write-ahead log, and recovery to an instant."""
