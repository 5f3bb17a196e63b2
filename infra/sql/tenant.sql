-- One tenant: its log, the function that alone may write it, and what serves it. {schema} is quoted by the caller.
-- The log's own rules (gapless positions, rising clock, no lost update) live in append.sql.
CREATE TABLE {schema}.head (
    id smallint PRIMARY KEY CHECK (id = 1),
    simulated boolean NOT NULL          -- only a simulated tenant (the demo) may set recorded_at
);

CREATE TABLE {schema}.events (
    position bigint PRIMARY KEY,        -- 1, 2, 3 ... without gaps; Merkle leaf index = position - 1
    stream uuid NOT NULL,
    version bigint NOT NULL,
    topic text NOT NULL,
    meta bytea NOT NULL,                -- actor, command, correlation, on behalf of, causation: see infra/event_store/envelope.py
    state bytea NOT NULL,               -- JSON of the event, personal fields encrypted
    recorded_at timestamptz NOT NULL,   -- rises with position
    effective_at timestamptz NOT NULL,
    UNIQUE (stream, version)
);

CREATE TABLE {schema}.commands (
    id uuid PRIMARY KEY,
    fingerprint bytea,                  -- SHA-256 of method, path and body; null where no door asked
    first bigint,                       -- positions of its events; null if it changed nothing
    last bigint
);

CREATE TABLE {schema}.snapshots (       -- disposable: delete all of it and only time is lost
    stream uuid NOT NULL,
    version bigint NOT NULL,
    schema text NOT NULL,               -- topic of the state's class and version of its shape
    state bytea NOT NULL,
    PRIMARY KEY (stream, version)
);

CREATE TABLE {schema}.tracking (        -- how far each consumer of the log has come; its row is its lease
    name text PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0,
    parked_at bigint,                   -- the event it cannot pass
    parked_cause text,
    attempts integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
