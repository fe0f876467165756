//! Checks that PostgreSQL keeps tenants apart, whatever a function does.

use anyhow::ensure;
use tokio_postgres::Client;

/// Selects the tables with rows of tenants that row-level security leaves open: it is not forced, no
/// policy is there, or a policy shows everything to everybody. Partitions are reached only through
/// their table.
const OPEN: &str = "\
    SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped \
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
    AND NOT c.relispartition AND NOT ( \
        c.relrowsecurity AND c.relforcerowsecurity \
        AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) \
        AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid \
            AND p.polpermissive AND 0 = ANY (p.polroles) \
            AND pg_get_expr(p.polqual, p.polrelid) = 'true'))";

/// Refuses a table with rows of tenants that row-level security leaves open.
pub(crate) async fn hold(client: &Client) -> anyhow::Result<()> {
    let open: Option<String> = client.query_one(OPEN, &[]).await?.get(0);
    let open = open.unwrap_or_default();
    ensure!(
        open.is_empty(),
        "row-level security does not keep the tenants apart in {open}; a migration must enable \
         and force it there and make the policies, as migrations/0014_inbound.sql does"
    );
    Ok(())
}
