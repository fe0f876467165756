-- Integrations: providers whose webhooks are accepted, and what was received.
CREATE TABLE integrations (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);

-- A receiver knows only the id, and finds the tenant by it.
CREATE UNIQUE INDEX integrations_by_id ON integrations (id);
CREATE INDEX integrations_live ON integrations (tenant_id, id) WHERE deleted_at IS NULL;
CREATE INDEX integrations_by_created_at ON integrations (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX integrations_by_updated_at ON integrations (tenant_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX integrations_by_provider ON integrations (tenant_id, provider, id) WHERE deleted_at IS NULL;
CREATE INDEX integrations_by_kind ON integrations (tenant_id, kind, id) WHERE deleted_at IS NULL;

-- The secrets with which providers sign, encrypted under the master key. The newest one does not
-- expire. Older ones are valid until they expire.
CREATE TABLE integration_secrets (
    tenant_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant_id, integration_id, id)
);

-- A table of its own, so that a received webhook does not change the version of the integration.
CREATE TABLE integration_health (
    tenant_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    received BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    last_received_at BIGINT,
    last_rejected_at BIGINT,
    last_rejection TEXT,
    PRIMARY KEY (tenant_id, integration_id)
);

CREATE TABLE inbound_events (
    tenant_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    -- The provider's id of the webhook, by which a second delivery is recognised.
    external_id TEXT NOT NULL,
    external_type TEXT,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- JSON. Empty when the webhook is in the feed.
    payload TEXT NOT NULL,
    -- RECEIVED, or PROCESSED (it is in the feed).
    status TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, integration_id, external_id)
);

CREATE INDEX inbound_events_waiting ON inbound_events (received_at) WHERE status = 'RECEIVED';
CREATE INDEX inbound_events_by_time ON inbound_events (received_at);

-- postgres:
DO $$
DECLARE
    target TEXT;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'integrations', 'integration_secrets', 'integration_health', 'inbound_events'
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

-- Receivers look for an integration among those of all tenants.
-- postgres:
CREATE POLICY system ON integrations FOR SELECT USING (current_setting('tenantry.tenant_id', true) = '*');

-- Background work looks for waiting webhooks of all tenants, and removes old ones.
-- postgres:
CREATE POLICY system ON inbound_events USING (current_setting('tenantry.tenant_id', true) = '*');
