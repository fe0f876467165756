-- From here on `webhooks` seals with a key of its own, and marks what it has sealed by `2.`. What
-- is older was sealed with the master key, which it is given as long as there is any.
-- postgres:
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
-- postgres:
CREATE FUNCTION tenantry_has_seals_of_the_master_key() RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT 1 FROM webhook_secrets WHERE sealed NOT LIKE '2.%')
        OR EXISTS (SELECT 1 FROM integration_secrets WHERE sealed NOT LIKE '2.%')
        OR EXISTS (SELECT 1 FROM integration_connections WHERE sealed NOT LIKE '2.%')
$$;
-- postgres:
REVOKE ALL ON FUNCTION tenantry_has_seals_of_the_master_key FROM PUBLIC;
