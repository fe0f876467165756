-- What the role of the functions may do, granted after each migration (PostgreSQL only). The
-- setting `tenantry.app_role` names the role. It gets no rights on partitions, which it reaches
-- through their table and its policies. It can only add events and audit entries.
DO $$
DECLARE
    app TEXT := current_setting('tenantry.app_role');
    target TEXT;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), app);
    FOR target IN
        SELECT relname FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM %I', target, app);
        EXECUTE format(
            'GRANT %s ON %I TO %I',
            CASE
                WHEN target = 'schema_migrations' THEN 'SELECT'
                WHEN target IN ('audit_logs', 'events', 'secrets') THEN 'SELECT, INSERT'
                WHEN target IN (
                    'client_secrets', 'idempotency_receipts', 'inbound_events', 'integration_authorizations',
                    'integration_connections', 'integration_secrets', 'limit_overrides',
                    'refresh_tokens', 'revocations', 'sign_in_networks', 'webhook_attempts', 'webhook_deliveries', 'webhook_secrets')
                    THEN 'SELECT, INSERT, UPDATE, DELETE'
                ELSE 'SELECT, INSERT, UPDATE'
            END, target, app);
    END LOOP;
    EXECUTE format('GRANT USAGE ON SEQUENCE events_seq TO %I', app);
    EXECUTE format('GRANT EXECUTE ON FUNCTION tenantry_add_partitions, tenantry_delete_events, tenantry_drop_partitions, tenantry_has_seals_of_the_master_key TO %I', app);
END
$$
