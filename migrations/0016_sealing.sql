-- From here on `webhooks` encrypts with its own key, and marks the result with `2.`. Older values
-- were encrypted with the master key. `webhooks` gets that key as long as there are such values.
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
