-- The few events that shape organisation and configuration, so that they are found without walking the log.
CREATE INDEX events_organisation ON {schema}.events (position) WHERE topic LIKE 'team.%' OR topic LIKE 'member.%'
    OR topic LIKE 'pipeline.%' OR topic LIKE 'product.%' OR topic LIKE 'rates.%';
