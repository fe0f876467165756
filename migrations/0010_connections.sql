-- The access that providers grant to integrations by OAuth 2.0.

-- Authorizations that have begun, and what the user must bring back from the provider. A caller has
-- one row for each integration, so that a new attempt overwrites one that was not finished.
CREATE TABLE integration_authorizations (
    tenant_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    state TEXT NOT NULL,
    provider TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    -- The PKCE verifier, encrypted under the master key.
    sealed TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, integration_id, caller_id)
);

CREATE TABLE integration_connections (
    tenant_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    scope TEXT,
    -- The tokens, encrypted under the master key.
    sealed TEXT NOT NULL,
    -- 1 if a refresh token is among them.
    refreshable BIGINT NOT NULL,
    expires_at BIGINT,
    connected_at BIGINT NOT NULL,
    refreshed_at BIGINT,
    -- Until then, one caller refreshes the tokens alone, since a refresh token may work only once.
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
