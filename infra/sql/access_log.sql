-- Who signed in, was refused, read or exported what. Append-only for every role but the migrator; a partition per month, so
-- that retention drops a month without touching the rest. Months are opened by a function, because no process may run DDL.
CREATE TABLE {schema}.access_log (
    at timestamptz NOT NULL,
    kind text NOT NULL,                 -- sign_in, sign_out, denied, read, export, operate
    operation text NOT NULL,            -- the door's operation id
    principal uuid,
    member uuid,
    key uuid,                           -- the API key, if one was used
    source text NOT NULL,               -- the caller's address
    target text,                        -- the object's id, as asked for
    status smallint NOT NULL,           -- HTTP status of the answer
    correlation_id uuid,                -- of the first of them
    times integer NOT NULL DEFAULT 1    -- how many alike came within one batch
) PARTITION BY RANGE (at);
CREATE INDEX access_log_member ON {schema}.access_log (member, at);

CREATE FUNCTION {schema}.access_log_month(instant timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    first date := date_trunc('month', instant);
    name text := 'access_log_' || to_char(first, 'YYYY_MM');
BEGIN
    IF abs(extract(epoch FROM instant - clock_timestamp())) > 32 * 86400 THEN
        RAISE EXCEPTION 'the access log is written now, not at %', instant;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || name, 0));
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF access_log FOR VALUES FROM (%L) TO (%L)', name, first, first + interval '1 month');
    END IF;
END $$;
REVOKE ALL ON FUNCTION {schema}.access_log_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.access_log_month TO {role};
GRANT SELECT, INSERT ON {schema}.access_log TO {role};
