-- Received webhooks: they are recognised by their bodies, kept if they cannot be read, and counted
-- if they are refused.

-- The SHA-256 of the body, if the provider does not sign the id that it gives.
ALTER TABLE inbound_events ADD COLUMN body_hash TEXT;
-- 1 if the body could not be read; the payload is then the body as it came.
ALTER TABLE inbound_events ADD COLUMN unreadable BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX inbound_events_by_body ON inbound_events (tenant_id, integration_id, body_hash) WHERE body_hash IS NOT NULL;

-- Strangers cause rejections, so there is only one row for each reason. Requests that name no
-- integration are counted too, for tenants that do not exist (`-00` to `-ff`), so that they take as
-- long as others.
CREATE TABLE inbound_rejections (
    tenant_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    total BIGINT NOT NULL,
    -- Rejections without an audit entry so far.
    untold BIGINT NOT NULL,
    -- When the last audit entry was made, in hours since the Unix epoch.
    told_in BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    trace_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, integration_id, reason)
);

CREATE INDEX inbound_rejections_untold ON inbound_rejections (told_in) WHERE untold > 0;

INSERT INTO inbound_rejections (tenant_id, integration_id, reason, total, untold, told_in, last_at, trace_id)
SELECT tenant_id, integration_id, last_rejection, rejected, 0, 0, last_rejected_at, '' FROM integration_health
WHERE rejected > 0 AND last_rejection IS NOT NULL AND last_rejected_at IS NOT NULL;

ALTER TABLE integration_health DROP COLUMN rejected;
ALTER TABLE integration_health DROP COLUMN last_rejected_at;
ALTER TABLE integration_health DROP COLUMN last_rejection;

-- postgres:
ALTER TABLE inbound_rejections ENABLE ROW LEVEL SECURITY;
-- postgres:
ALTER TABLE inbound_rejections FORCE ROW LEVEL SECURITY;
-- postgres:
CREATE POLICY tenant ON inbound_rejections USING (tenant_id = current_setting('tenantry.tenant_id', true));
-- postgres:
CREATE POLICY owner ON inbound_rejections TO CURRENT_USER USING (true);

-- Background work looks for rejections without an audit entry, of all tenants.
-- postgres:
CREATE POLICY system ON inbound_rejections FOR SELECT USING (current_setting('tenantry.tenant_id', true) = '*');
