-- Who may sign in, with what, and as which member of which tenant. Outside every tenant's schema, and never in events:
-- a password or a key must be forgettable. {login} is the role the processes connect as, quoted by the caller.
CREATE SCHEMA IF NOT EXISTS identity;

CREATE TABLE IF NOT EXISTS identity.principals (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz             -- a disabled principal can neither sign in nor use its keys or sessions
);

CREATE TABLE IF NOT EXISTS identity.sign_in_names (
    name text PRIMARY KEY,              -- NFKC, case-folded
    principal uuid NOT NULL REFERENCES identity.principals ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS identity.passwords (
    principal uuid PRIMARY KEY REFERENCES identity.principals ON DELETE CASCADE,
    hash text NOT NULL,                 -- argon2id, encoded with its own parameters and salt
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS identity.memberships (
    principal uuid NOT NULL REFERENCES identity.principals ON DELETE CASCADE,
    tenant text NOT NULL,
    member uuid NOT NULL,               -- the member's stream in the tenant's log; roles and teams are facts there
    PRIMARY KEY (principal, tenant),
    UNIQUE (tenant, member)
);

CREATE TABLE IF NOT EXISTS identity.sessions (
    token_hash bytea PRIMARY KEY,       -- SHA-256 of 256 random bits; the token itself is only in the cookie
    principal uuid NOT NULL REFERENCES identity.principals ON DELETE CASCADE,
    tenant text,                        -- null until the person has picked one
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_principal ON identity.sessions (principal);
CREATE INDEX IF NOT EXISTS sessions_expiry ON identity.sessions (expires_at);

CREATE TABLE IF NOT EXISTS identity.api_keys (
    id uuid PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,         -- SHA-256 of the key; the key is shown once and never stored
    principal uuid NOT NULL REFERENCES identity.principals ON DELETE CASCADE,
    tenant text NOT NULL,
    label text NOT NULL,
    read_only boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX IF NOT EXISTS api_keys_principal ON identity.api_keys (principal, tenant);

CREATE TABLE IF NOT EXISTS identity.guesses (   -- token buckets of sign-in attempts, by name and by source
    bucket bytea PRIMARY KEY,
    tokens double precision NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS guesses_age ON identity.guesses (at);

GRANT USAGE ON SCHEMA identity TO {login};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA identity TO {login};

-- Sign-ins that belong to no tenant (failed ones, and those of a person who has not picked one yet). Append-only.
CREATE TABLE IF NOT EXISTS identity.access_log (
    at timestamptz NOT NULL,
    kind text NOT NULL,
    operation text NOT NULL,
    principal uuid,
    member uuid,
    key uuid,
    source text NOT NULL,
    target text,
    status smallint NOT NULL,
    correlation_id uuid,
    times integer NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS access_log_at ON identity.access_log USING brin (at);
REVOKE ALL ON identity.access_log FROM {login};
GRANT SELECT, INSERT ON identity.access_log TO {login};

-- Letting them go: the only way in which they are ever deleted. By this clock, whole UTC days, and none younger than a year.
CREATE OR REPLACE FUNCTION identity.access_log_remove(keep_days integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = identity, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    deleted bigint;
BEGIN
    IF keep_days IS NULL OR keep_days < 365 THEN
        RAISE EXCEPTION 'sign-ins of the last year stay';
    END IF;
    DELETE FROM identity.access_log WHERE at < current_date - keep_days;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;
REVOKE ALL ON FUNCTION identity.access_log_remove FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.access_log_remove TO {login};

CREATE TABLE IF NOT EXISTS identity.signing_links (     -- one person's way to one paper, without a sign-in
    token_hash bytea PRIMARY KEY,       -- SHA-256 of 256 random bits; the token itself is only in the letter
    tenant text NOT NULL,
    paper uuid NOT NULL,
    signatory uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS signing_links_expiry ON identity.signing_links (expires_at);
GRANT SELECT, INSERT, DELETE ON identity.signing_links TO {login};
