-- The few events that shape the organisation, so that its changes are found without walking the log.
CREATE INDEX events_organisation ON {schema}.events (position) WHERE topic LIKE 'team.%' OR topic LIKE 'member.%';
