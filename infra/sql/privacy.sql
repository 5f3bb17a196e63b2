-- Erasures are found without walking the log.
CREATE INDEX events_privacy ON {schema}.events (position) WHERE topic LIKE 'privacy.%' OR topic = 'contact.erased';
