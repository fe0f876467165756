-- What PostgreSQL needs for many tenants and many hosts, and what retention needs in both stores.

-- Indexes that find expired rows.
-- sqlite:
CREATE INDEX events_by_time ON events (created_at);
-- sqlite:
CREATE INDEX audit_logs_by_time ON audit_logs (created_at);
CREATE INDEX idempotency_receipts_by_end ON idempotency_receipts (expires_at);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);

-- Rows of a time that no partition covers. If all clocks are right, then there are none.
-- postgres:
CREATE TABLE events_default PARTITION OF events DEFAULT;
-- postgres:
CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;

-- The functions below run as the owner of the tables. So the names in them must never lead to
-- objects that their caller has made, such as temporary tables.
-- postgres:
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- They also need a lock that stops everybody. If a long read holds the tables, such as a dump, then
-- they give up at once, and the next call tries again.

-- Makes the partitions of `months` months from `since` (milliseconds) on. Returns how many were
-- missing. If the default partition has rows of a month, then the month stays there.
-- postgres:
CREATE FUNCTION tenantry_add_partitions(parent TEXT, since BIGINT, months BIGINT) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '200ms' AS $$
DECLARE
    start TIMESTAMP := date_trunc('month', to_timestamp(since / 1000.0) AT TIME ZONE 'UTC');
    lower_end TIMESTAMP;
    first_ms BIGINT;
    end_ms BIGINT;
    held BOOLEAN;
    part TEXT;
    made BIGINT := 0;
BEGIN
    IF parent NOT IN ('events', 'audit_logs') THEN
        RAISE EXCEPTION '% has no partitions', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('tenantry partitions', 0));
    FOR month IN 0 .. months - 1 LOOP
        lower_end := start + make_interval(months => month::INTEGER);
        part := parent || to_char(lower_end, '"_"YYYY"_"MM');
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        first_ms := extract(epoch FROM lower_end) * 1000;
        end_ms := extract(epoch FROM lower_end + interval '1 month') * 1000;
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %I WHERE created_at >= $1 AND created_at < $2)',
            parent || '_default') INTO held USING first_ms, end_ms;
        CONTINUE WHEN held;
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
            part, parent, first_ms, end_ms);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the partitions that end before `before` (milliseconds), and deletes at most `batch` older
-- rows of the default partition. Returns how many partitions and rows were removed. It never
-- removes the last day, whatever `before` is.
-- postgres:
CREATE FUNCTION tenantry_drop_partitions(parent TEXT, before BIGINT, batch BIGINT) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '200ms' AS $$
DECLARE
    part TEXT;
    month TIMESTAMP;
    gone BIGINT;
    limit_ms BIGINT := least(before, (extract(epoch FROM now() - interval '1 day') * 1000)::BIGINT);
BEGIN
    IF parent NOT IN ('events', 'audit_logs') THEN
        RAISE EXCEPTION '% has no partitions', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('tenantry partitions', 0));
    EXECUTE format(
        'DELETE FROM %1$I WHERE ctid = ANY (ARRAY (SELECT ctid FROM %1$I WHERE created_at < $1 LIMIT $2))',
        parent || '_default') USING limit_ms, batch;
    GET DIAGNOSTICS gone = ROW_COUNT;
    FOR part IN
        SELECT child.relname FROM pg_inherits
        JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = parent::regclass AND child.relname <> parent || '_default'
    LOOP
        month := to_date(substr(part, length(parent) + 2), 'YYYY_MM');
        IF (extract(epoch FROM month + interval '1 month') * 1000)::BIGINT <= limit_ms THEN
            EXECUTE format('DROP TABLE %I', part);
            gone := gone + 1;
        END IF;
    END LOOP;
    RETURN gone;
END
$$;

-- postgres:
REVOKE ALL ON FUNCTION tenantry_add_partitions, tenantry_drop_partitions FROM PUBLIC;

-- The months around the current one. The function `events` adds the next ones.
-- postgres:
SELECT tenantry_add_partitions(parent, (extract(epoch FROM now()) * 1000)::BIGINT, 4)
FROM (VALUES ('events'), ('audit_logs')) AS partitioned (parent);

-- Row-level security (A-23): every role sees only rows of the tenant that the transaction names,
-- even the role that owns the tables (FORCE). If the transaction names no tenant, then it sees no
-- rows. `tenantry_owner` is for migrations, exports and backups.
-- postgres:
DO $$
DECLARE
    target TEXT;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'audit_logs', 'clients', 'events', 'idempotency_receipts', 'members', 'notices',
        'projects', 'refresh_tokens', 'teams', 'tenants'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
        EXECUTE format(
            'CREATE POLICY tenant ON %I USING (%I = current_setting(''tenantry.tenant_id'', true))',
            target, CASE target WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END);
        EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_USER USING (true)', target);
    END LOOP;
END
$$;

-- Work for all tenants names `*`: signing in, removing old rows, and notices to all tenants. No
-- such policy opens projects, teams, events and audit entries.
-- postgres:
DO $$
DECLARE
    target TEXT;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'clients', 'idempotency_receipts', 'members', 'notices', 'refresh_tokens', 'tenants'
    ] LOOP
        EXECUTE format(
            'CREATE POLICY system ON %I USING (current_setting(''tenantry.tenant_id'', true) = ''*'')',
            target);
    END LOOP;
END
$$;
