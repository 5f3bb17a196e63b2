-- The only writer of a tenant's log. One call appends a whole group of commands, each all-or-nothing with its own outcome,
-- in one round trip. The caller never puts two commands that touch the same stream, or share an id, into one group.
--
-- Positions are gapless and commit order is position order, because every appender first locks the head row. It is locked,
-- not updated: an updated counter row rots under any open snapshot. clock_timestamp() is read after the lock, because now()
-- is taken before it and would run backwards between processes.
--
-- Answer: [base, recorded_at in µs] when every command was stored, its events after base in order; else three more numbers for
-- each command: outcome (0 conflict, 1 stored, 2 repeated, 3 id known with another fingerprint), first and last position.
CREATE OR REPLACE FUNCTION {schema}.append(
    p_streams uuid[], p_versions bigint[], p_topics text[], p_metas bytea[], p_states bytea[], p_effective timestamptz[],
    p_ids uuid[], p_fingerprints bytea[], p_starts int[], p_sizes int[],
    p_guarding int[], p_guard_streams uuid[], p_guard_versions bigint[], p_recorded_at timestamptz
) RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- every statement here is a look-up by key: planning them anew for each call's arrays cost as much as running them
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    base bigint; at timestamptz; tenant_simulated boolean; answer bigint[];
    low int; high int; known record;
BEGIN
    SELECT simulated INTO STRICT tenant_simulated FROM {schema}.head WHERE id = 1 FOR NO KEY UPDATE;
    SELECT position, recorded_at INTO base, at FROM {schema}.events ORDER BY position DESC LIMIT 1;
    base := coalesce(base, 0);
    IF p_recorded_at IS NULL THEN
        at := greatest(at + interval '1 microsecond', clock_timestamp());
    ELSIF NOT tenant_simulated THEN
        RAISE EXCEPTION 'only a simulated tenant may set recorded_at' USING ERRCODE = 'insufficient_privilege';
    ELSE
        at := greatest(at + interval '1 microsecond', p_recorded_at);
    END IF;
    answer := ARRAY[base, (extract(epoch FROM at) * 1000000)::bigint];

    IF NOT EXISTS (SELECT FROM {schema}.commands AS c WHERE c.id = ANY (p_ids))
        AND NOT EXISTS (
            SELECT FROM unnest(p_streams, p_versions) AS n (stream, version)
            JOIN {schema}.events AS e ON e.stream = n.stream AND e.version = n.version)
        AND (cardinality(p_guarding) = 0 OR NOT EXISTS (
            SELECT FROM unnest(p_guard_streams, p_guard_versions) AS g (stream, version)
            JOIN {schema}.events AS e ON e.stream = g.stream AND e.version = g.version + 1))
    THEN
        INSERT INTO {schema}.events (position, stream, version, topic, meta, state, recorded_at, effective_at)
            SELECT base + n, s, v, t, m, b, at, coalesce(f, at)
            FROM unnest(p_streams, p_versions, p_topics, p_metas, p_states, p_effective) WITH ORDINALITY AS e (s, v, t, m, b, f, n);
        INSERT INTO {schema}.commands (id, fingerprint, first, last)
            SELECT i, f, CASE WHEN z > 0 THEN base + b + 1 END, CASE WHEN z > 0 THEN base + b + z END
            FROM unnest(p_ids, p_fingerprints, p_starts, p_sizes) AS c (i, f, b, z);
        RETURN answer;
    END IF;

    FOR i IN 1 .. cardinality(p_ids) LOOP
        low := p_starts[i] + 1; high := p_starts[i] + p_sizes[i];
        SELECT fingerprint, first, last INTO known FROM {schema}.commands WHERE id = p_ids[i];
        IF FOUND THEN
            answer := answer || ARRAY[
                CASE WHEN known.fingerprint IS DISTINCT FROM p_fingerprints[i] THEN 3 ELSE 2 END, known.first, known.last];
        ELSIF EXISTS (
            SELECT FROM unnest(p_streams[low:high], p_versions[low:high]) AS n (stream, version)
            JOIN {schema}.events AS e ON e.stream = n.stream AND e.version = n.version)
        OR EXISTS (
            SELECT FROM unnest(p_guarding, p_guard_streams, p_guard_versions) AS g (command, stream, version)
            JOIN {schema}.events AS e ON e.stream = g.stream AND e.version = g.version + 1
            WHERE g.command = i)
        THEN
            answer := answer || ARRAY[0, NULL, NULL]::bigint[];
        ELSE
            INSERT INTO {schema}.events (position, stream, version, topic, meta, state, recorded_at, effective_at)
                SELECT base + n, s, v, t, m, b, at, coalesce(f, at)
                FROM unnest(p_streams[low:high], p_versions[low:high], p_topics[low:high], p_metas[low:high],
                    p_states[low:high], p_effective[low:high]) WITH ORDINALITY AS e (s, v, t, m, b, f, n);
            INSERT INTO {schema}.commands (id, fingerprint, first, last) VALUES (p_ids[i], p_fingerprints[i],
                CASE WHEN p_sizes[i] > 0 THEN base + 1 END, CASE WHEN p_sizes[i] > 0 THEN base + p_sizes[i] END);
            answer := answer || ARRAY[1, base + 1, base + p_sizes[i]];
            base := base + p_sizes[i];
        END IF;
    END LOOP;
    RETURN answer;
END $$;

-- The last position recorded at or before an instant; 0 before the first. Time rises with position, so bisection finds it.
CREATE OR REPLACE FUNCTION {schema}.position_at(p_instant timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE low bigint := 0; high bigint; middle bigint; found timestamptz;
BEGIN
    SELECT position INTO high FROM {schema}.events ORDER BY position DESC LIMIT 1;
    high := coalesce(high, 0);
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT recorded_at INTO found FROM {schema}.events WHERE position = middle;
        IF found <= p_instant THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN low;
END $$;
