-- The {{words}} of a tenant.
CREATE TABLE {{table}} (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    -- The fields with `x-search` in the form in which `search` compares them. The kit fills it.
    folded TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);

-- One index for each order that the list offers.
CREATE INDEX {{table}}_live ON {{table}} (tenant_id, id) WHERE deleted_at IS NULL;
CREATE INDEX {{table}}_by_name ON {{table}} (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX {{table}}_by_created_at ON {{table}} (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX {{table}}_by_updated_at ON {{table}} (tenant_id, updated_at, id) WHERE deleted_at IS NULL;

-- A transaction sees the rows of the tenant that it names. Migrations and exports see all rows.
-- postgres:
ALTER TABLE {{table}} ENABLE ROW LEVEL SECURITY;
-- postgres:
ALTER TABLE {{table}} FORCE ROW LEVEL SECURITY;
-- postgres:
CREATE POLICY tenant ON {{table}} USING (tenant_id = current_setting('tenantry.tenant_id', true));
-- postgres:
CREATE POLICY owner ON {{table}} TO CURRENT_USER USING (true);
