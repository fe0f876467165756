-- Outgoing webhooks. The feed is the outbox: the queue of an endpoint says how far the endpoint has
-- come in the feed, and a delivery is written when it has been tried.
CREATE TABLE webhook_endpoints (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    event_types TEXT NOT NULL,
    headers TEXT NOT NULL,
    status TEXT NOT NULL,
    disabled_reason TEXT,
    rate_per_second BIGINT,
    timeout_seconds BIGINT NOT NULL,
    ordering TEXT NOT NULL,
    ed25519 BIGINT NOT NULL,
    public_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX webhook_endpoints_live ON webhook_endpoints (tenant_id, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_endpoints_by_created_at ON webhook_endpoints (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_endpoints_by_updated_at ON webhook_endpoints (tenant_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_endpoints_by_status ON webhook_endpoints (tenant_id, status, id) WHERE deleted_at IS NULL;

-- The secrets that sign deliveries, encrypted under the master key. The newest one does not expire.
-- Older ones sign too until they expire.
CREATE TABLE webhook_secrets (
    tenant_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant_id, endpoint_id, id)
);

-- How far the deliveries to an endpoint have come. A dispatcher looks for due queues of all
-- tenants, so this table has no data of a tenant.
CREATE TABLE webhook_queues (
    tenant_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    -- The event types that the endpoint takes, each between spaces: ` project.* user.created `.
    patterns TEXT NOT NULL,
    -- The number of the last event that was taken from the feed.
    position BIGINT NOT NULL,
    -- When there is something to send. 0 means now, whatever a clock says.
    due_at BIGINT NOT NULL,
    -- Nothing is sent before this time, even if something is due.
    paused_until BIGINT NOT NULL DEFAULT 0,
    -- When a dispatcher last took the queue. The queue that has waited longest is next.
    served_at BIGINT NOT NULL DEFAULT 0,
    -- Which dispatcher holds the queue, and until when.
    lease TEXT,
    leased_until BIGINT NOT NULL DEFAULT 0,
    -- How many attempts have failed since the last success, and since when.
    failures BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT,
    PRIMARY KEY (tenant_id, endpoint_id)
);

CREATE INDEX webhook_queues_due ON webhook_queues (due_at);
CREATE INDEX webhook_queues_leased ON webhook_queues (lease);

CREATE TABLE webhook_deliveries (
    tenant_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_seq BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- PENDING, SUCCEEDED, or FAILED (given up).
    status TEXT NOT NULL,
    -- How many attempts of the schedule were made.
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    -- When the delivery was given up. It stays if the delivery is retried later.
    exhausted_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, endpoint_id, event_id)
);

CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (tenant_id, endpoint_id, due_at, event_seq) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (tenant_id, endpoint_id, subject, event_seq) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (tenant_id, endpoint_id, updated_at) WHERE status = 'FAILED';
CREATE INDEX webhook_deliveries_undelivered ON webhook_deliveries (tenant_id, event_id) WHERE status <> 'SUCCEEDED';
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (updated_at);

-- The outcome of each request.
CREATE TABLE webhook_attempts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    number BIGINT NOT NULL,
    status TEXT NOT NULL,
    response_status BIGINT,
    error TEXT,
    response_body TEXT NOT NULL,
    latency_ms BIGINT NOT NULL,
    next_attempt_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX webhook_attempts_by_endpoint ON webhook_attempts (tenant_id, endpoint_id, id);
CREATE INDEX webhook_attempts_by_event ON webhook_attempts (tenant_id, event_id, id);
CREATE INDEX webhook_attempts_in_window ON webhook_attempts (tenant_id, endpoint_id, created_at);
CREATE INDEX webhook_attempts_by_time ON webhook_attempts (created_at);

-- postgres:
DO $$
DECLARE
    target TEXT;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'webhook_endpoints', 'webhook_secrets', 'webhook_queues', 'webhook_deliveries',
        'webhook_attempts'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
        EXECUTE format(
            'CREATE POLICY tenant ON %I USING (tenant_id = current_setting(''tenantry.tenant_id'', true))',
            target);
        EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_USER USING (true)', target);
    END LOOP;
END
$$;

-- The dispatcher looks for due queues of all tenants, and retention for old rows.
-- postgres:
DO $$
DECLARE
    target TEXT;
BEGIN
    FOREACH target IN ARRAY ARRAY['webhook_queues', 'webhook_deliveries', 'webhook_attempts'] LOOP
        EXECUTE format(
            'CREATE POLICY system ON %I USING (current_setting(''tenantry.tenant_id'', true) = ''*'')',
            target);
    END LOOP;
END
$$;
