-- The version of the schema of an event's data (openapi/events.yaml).
ALTER TABLE events ADD COLUMN schema_version BIGINT NOT NULL DEFAULT 1;

-- Indexes for the filters of the feed. With them SQLite finds a range of time without reading the
-- rows, as PostgreSQL does with its primary key.
-- sqlite:
DROP INDEX events_by_tenant;
-- sqlite:
CREATE INDEX events_by_tenant ON events (tenant_id, seq, created_at);
CREATE INDEX events_by_subject ON events (tenant_id, subject, seq);
CREATE INDEX events_by_agent ON events (tenant_id, source_agent, seq);
-- postgres:
CREATE INDEX events_by_id ON events (tenant_id, id);

-- The tenant's plan, as the operator names it. It decides how long the tenant's events are kept.
ALTER TABLE tenants ADD COLUMN plan TEXT;
-- Up to which time its events were removed, if its plan keeps them for a shorter time than others.
ALTER TABLE tenants ADD COLUMN events_gone_to BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tenants_by_plan ON tenants (plan, events_gone_to);

-- Deletes events of the tenant that the transaction names: of its first `batch` events, those
-- before `before` (milliseconds). Returns how many were deleted. The role of the functions cannot
-- delete events in another way.
-- postgres:
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
-- postgres:
CREATE FUNCTION tenantry_delete_events(tenant TEXT, batch BIGINT, before BIGINT) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    gone BIGINT;
    limit_ms BIGINT := least(before, (extract(epoch FROM now() - interval '1 day') * 1000)::BIGINT);
BEGIN
    IF tenant IS DISTINCT FROM current_setting('tenantry.tenant_id', true) THEN
        RAISE EXCEPTION 'the transaction is of another tenant';
    END IF;
    DELETE FROM events WHERE tenant_id = tenant AND (seq, created_at) IN (
        SELECT oldest.seq, oldest.created_at FROM (
            SELECT seq, created_at FROM events WHERE tenant_id = tenant ORDER BY seq LIMIT batch
        ) AS oldest WHERE oldest.created_at < limit_ms
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
-- postgres:
REVOKE ALL ON FUNCTION tenantry_delete_events FROM PUBLIC;
