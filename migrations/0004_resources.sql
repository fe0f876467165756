-- Random keys for the whole database, such as the key that signs cursors.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Who did what. A row is written in the transaction of the change, and never changes.
-- sqlite:
CREATE TABLE audit_logs (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    metadata TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- postgres:
CREATE TABLE audit_logs (
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    metadata TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, created_at, id)
) PARTITION BY RANGE (created_at);

-- sqlite:
CREATE INDEX audit_logs_by_tenant ON audit_logs (tenant_id, created_at, id);

ALTER TABLE projects ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE projects ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';

-- One index for each field by which projects are sorted. If values are equal, the id decides.
CREATE INDEX projects_by_name ON projects (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX projects_by_status ON projects (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX projects_by_created_at ON projects (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX projects_by_updated_at ON projects (tenant_id, updated_at, id) WHERE deleted_at IS NULL;

-- The users of a tenant: who may act in it, and what its people know about each other. The person
-- who signs in is in `users`, for all tenants. `id` is the same in both tables.
CREATE TABLE members (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    roles TEXT NOT NULL,
    department TEXT,
    manager_id TEXT,
    team_ids TEXT NOT NULL DEFAULT '[]',
    is_active BIGINT NOT NULL DEFAULT 1,
    metadata TEXT NOT NULL DEFAULT '{}',
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);

INSERT INTO members (tenant_id, id, email, name, role, roles, created_by, version, created_at, updated_at)
SELECT m.tenant_id, m.user_id, u.email, COALESCE(u.name, u.email),
    CASE WHEN m.roles = '["owner"]' THEN 'OWNER' ELSE 'VIEWER' END,
    upper(m.roles), m.user_id, 1, m.created_at, m.created_at
FROM memberships m JOIN users u ON u.id = m.user_id;

DROP TABLE memberships;

CREATE INDEX members_by_email ON members (tenant_id, email, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX members_email ON members (tenant_id, email) WHERE deleted_at IS NULL;
CREATE INDEX members_live ON members (tenant_id, id) WHERE deleted_at IS NULL;
CREATE INDEX members_by_person ON members (id, created_at) WHERE deleted_at IS NULL;
CREATE INDEX members_by_name ON members (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX members_by_role ON members (tenant_id, role, id) WHERE deleted_at IS NULL;
CREATE INDEX members_by_created_at ON members (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX members_by_updated_at ON members (tenant_id, updated_at, id) WHERE deleted_at IS NULL;

CREATE TABLE teams (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    lead_id TEXT,
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX teams_live ON teams (tenant_id, id) WHERE deleted_at IS NULL;
CREATE INDEX teams_by_name ON teams (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX teams_by_created_at ON teams (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX teams_by_updated_at ON teams (tenant_id, updated_at, id) WHERE deleted_at IS NULL;

-- What a tenant should know about the service, such as the end of a version (C-42).
CREATE TABLE notices (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    effective_at BIGINT,
    url TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);

CREATE UNIQUE INDEX notices_by_key ON notices (tenant_id, key);
CREATE INDEX notices_live ON notices (tenant_id, id) WHERE deleted_at IS NULL;
CREATE INDEX notices_by_created_at ON notices (tenant_id, created_at, id) WHERE deleted_at IS NULL;
