-- Machine clients that users manage, and tokens that are revoked before they expire.

-- Who a client belongs to. A person's client ends with the person's membership.
ALTER TABLE clients ADD COLUMN owner TEXT NOT NULL DEFAULT 'TENANT';
ALTER TABLE clients ADD COLUMN owner_id TEXT;
ALTER TABLE clients ADD COLUMN status TEXT NOT NULL DEFAULT 'ENABLED';
ALTER TABLE clients ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE clients ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN deleted_at BIGINT;
UPDATE clients SET updated_at = created_at, scopes = '["' || replace(scopes, ' ', '","') || '"]';
UPDATE clients SET owner = 'PERSON', owner_id = created_by WHERE substr(created_by, 1, 4) = 'usr_';

DROP INDEX clients_by_tenant;
CREATE INDEX clients_live ON clients (tenant_id, id) WHERE deleted_at IS NULL;
CREATE INDEX clients_by_name ON clients (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX clients_by_created_at ON clients (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- The secrets of clients, as hashes. The newest one does not expire.
CREATE TABLE client_secrets (
    tenant_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id),
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant_id, client_id, hash)
);

INSERT INTO client_secrets (tenant_id, client_id, hash, created_at)
SELECT tenant_id, id, secret_hash, created_at FROM clients;

ALTER TABLE clients DROP COLUMN secret_hash;

-- When the login was from which a refresh token descends.
ALTER TABLE refresh_tokens ADD COLUMN started_at BIGINT NOT NULL DEFAULT 0;
UPDATE refresh_tokens SET started_at =
    (SELECT MIN(origin.created_at) FROM refresh_tokens AS origin WHERE origin.family = refresh_tokens.family);

-- Tokens of this subject that were issued at a version below `below` are refused. The subject is a
-- user, a client, or a login by its family of refresh tokens. Rows are kept for as long as such
-- tokens may live.
CREATE TABLE revocations (
    tenant_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    below BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject)
);

CREATE INDEX revocations_by_end ON revocations (expires_at);

-- The networks from which an account has signed in. Both are stored as keyed hashes.
CREATE TABLE sign_in_networks (
    account TEXT NOT NULL,
    network TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account, network)
);

-- postgres:
DO $$
DECLARE
    target TEXT;
BEGIN
    FOREACH target IN ARRAY ARRAY['client_secrets', 'revocations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
        EXECUTE format(
            'CREATE POLICY tenant ON %I USING (tenant_id = current_setting(''tenantry.tenant_id'', true))',
            target);
        EXECUTE format('CREATE POLICY owner ON %I TO CURRENT_USER USING (true)', target);
        EXECUTE format(
            'CREATE POLICY system ON %I USING (current_setting(''tenantry.tenant_id'', true) = ''*'')',
            target);
    END LOOP;
END
$$;
