-- Machine clients that are managed, and tokens that end before their time.

-- Whom a client belongs to. One that a person made ends with the membership of that one.
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

-- What clients prove themselves with: hashes. The newest has no end.
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

-- When the login was that a refresh token descends from.
ALTER TABLE refresh_tokens ADD COLUMN started_at BIGINT NOT NULL DEFAULT 0;
UPDATE refresh_tokens SET started_at =
    (SELECT MIN(origin.created_at) FROM refresh_tokens AS origin WHERE origin.family = refresh_tokens.family);

-- Whose tokens are refused that were issued at a version below: a user, a client, or a login by
-- its family of refresh tokens. Kept for as long as such tokens may live.
CREATE TABLE revocations (
    tenant_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    below BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject)
);

CREATE INDEX revocations_by_end ON revocations (expires_at);

-- From which networks an account has signed in, both as keyed hashes.
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
