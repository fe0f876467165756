-- The append-only feed of each tenant, in the order of the commits. SQLite commits one writer at a
-- time. On PostgreSQL the writers of a tenant wait for each other (components/kit/src/sql), so they
-- take their numbers in the order of the commits too.
-- sqlite:
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant_id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    source_agent TEXT NOT NULL,
    data TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- postgres:
CREATE SEQUENCE events_seq;

-- Partitioned by month, so that old rows are dropped with their partition, not deleted one by one.
-- postgres:
CREATE TABLE events (
    seq BIGINT NOT NULL DEFAULT nextval('events_seq'),
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    source_agent TEXT NOT NULL,
    data TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, seq, created_at)
) PARTITION BY RANGE (created_at);

-- sqlite:
CREATE INDEX events_by_tenant ON events (tenant_id, seq);

CREATE INDEX events_by_type ON events (tenant_id, type, seq);

-- The answer to a write, stored in the transaction of the write. So a retry with the same
-- idempotency key finds it, even if the first answer never reached the client.
CREATE TABLE idempotency_receipts (
    tenant_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status BIGINT NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key)
);

CREATE INDEX idempotency_receipts_by_expiry ON idempotency_receipts (tenant_id, expires_at);
