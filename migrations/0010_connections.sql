-- What providers grant integrations by OAuth 2.0.

-- Who is at the provider now, and what must come back with them. A caller has one for each
-- integration, so that what nobody ends is overwritten.
CREATE TABLE integration_authorizations (
    tenant_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    state TEXT NOT NULL,
    provider TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    -- The PKCE verifier, sealed under the master key.
    sealed TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, integration_id, caller_id)
);

CREATE TABLE integration_connections (
    tenant_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    scope TEXT,
    -- The tokens, sealed under the master key.
    sealed TEXT NOT NULL,
    -- 1: there is a refresh token among them.
    refreshable BIGINT NOT NULL,
    expires_at BIGINT,
    connected_at BIGINT NOT NULL,
    refreshed_at BIGINT,
    -- Somebody refreshes them until then: a refresh token may be good for one use.
    refreshing_until BIGINT NOT NULL,
    last_error TEXT,
    PRIMARY KEY (tenant_id, integration_id)
);

-- postgres:
DO $$
DECLARE
    target TEXT;
BEGIN
    FOREACH target IN ARRAY ARRAY['integration_authorizations', 'integration_connections'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
        EXECUTE format(
            'CREATE POLICY tenant ON %I USING (tenant_id = current_setting(''tenantry.tenant_id'', true))',
            target);
        EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_USER USING (true)', target);
    END LOOP;
END
$$;
