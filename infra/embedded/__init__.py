"""The servers that Concord brings along: PostgreSQL and Temporal from their wheels, run below CONCORD_HOME."""
