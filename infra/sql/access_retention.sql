-- Letting a day of the access log go: the only way in which its rows are ever deleted. No process has DELETE on the table; this
-- function has, and it takes whole days alone, of which the log already says that they are gone, and none younger than a year.
CREATE FUNCTION {schema}.access_log_remove(gone date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    deleted bigint;
BEGIN
    IF gone + 365 >= current_date THEN
        RAISE EXCEPTION 'the access log of % is younger than a year, and stays', gone;
    END IF;
    IF NOT EXISTS (
        SELECT FROM events
        WHERE stream = '27489cb7-3df7-59d4-906f-7b6fe9f07bcf'    -- domain.access_days.ACCESS_DAYS
            AND topic = 'access_day.removed' AND convert_from(state, 'UTF8')::jsonb ->> 'day' = gone::text
    ) THEN
        RAISE EXCEPTION 'the log does not say that the access log of % was removed', gone;
    END IF;
    DELETE FROM access_log WHERE at >= gone AND at < gone + 1;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;
REVOKE ALL ON FUNCTION {schema}.access_log_remove FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.access_log_remove TO {role};
