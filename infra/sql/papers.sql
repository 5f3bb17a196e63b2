-- Wording is found without walking the log.
CREATE INDEX events_wording ON {schema}.events (position) WHERE topic LIKE 'template.%' OR topic LIKE 'clause.%';
