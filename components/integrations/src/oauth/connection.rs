//! The stored grant of a provider, with its tokens sealed under the master key.

use kit::{FromRow, Internal as _, Row, Scope, Seal, Value, now, rfc3339, values};
use serde::{Deserialize, Serialize};

use crate::grant::Grant;

/// A token that ends within this time is refreshed before it is handed out, in milliseconds.
pub(super) const MARGIN: i64 = 60_000;

/// The tokens of an integration.
pub(crate) struct Connection {
    /// The name of the authorization server.
    pub(super) provider: String,
    pub(super) tokens: Tokens,
    pub(super) scope: Option<String>,
    /// When the access token ends, in milliseconds. `None` if it has no known end.
    pub(super) expires_at: Option<i64>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) token_type: String,
    pub(super) refresh_token: Option<String>,
}

/// The status of a connection, without its tokens.
#[derive(Serialize)]
pub(crate) struct Status {
    provider: String,
    status: &'static str,
    scope: Option<String>,
    connected_at: String,
    expires_at: Option<String>,
    refreshed_at: Option<String>,
    last_error: Option<String>,
}

/// The name under which the tokens of an integration are sealed.
fn name(integration: &str) -> String {
    format!("connection:{integration}")
}

impl Connection {
    /// Makes a connection from an answer of the token endpoint. A member that the answer leaves out
    /// keeps its value from `before` (RFC 6749 sections 5.1 and 6).
    pub(super) fn new(provider: String, answer: Grant, before: Option<Self>) -> Self {
        let (kept, scope) = match before {
            Some(before) => (before.tokens.refresh_token, before.scope),
            None => (None, None),
        };
        Self {
            provider,
            tokens: Tokens {
                access_token: answer.access_token,
                token_type: answer.token_type,
                refresh_token: answer.refresh_token.or(kept),
            },
            scope: answer.scope.or(scope),
            expires_at: answer.lifetime.map(|lifetime| now().saturating_add(lifetime)),
        }
    }

    /// Whether the access token is valid for at least [`MARGIN`].
    pub(super) fn is_fresh(&self) -> bool {
        self.is_valid_for(MARGIN)
    }

    /// Whether the access token is valid this many milliseconds from now.
    pub(super) fn is_valid_for(&self, milliseconds: i64) -> bool {
        self.expires_at.is_none_or(|end| end > now() + milliseconds)
    }

    pub(crate) fn find(
        scope: &Scope<'_>,
        seal: &Seal,
        integration: &str,
    ) -> kit::Result<Option<Self>> {
        let sql = "SELECT provider, sealed, scope, expires_at FROM integration_connections \
             WHERE tenant_id = $1 AND integration_id = $2";
        let found = scope.fetch_optional::<(String, String, Option<String>, Option<i64>)>(
            sql,
            values![integration],
        )?;
        let Some((provider, sealed, scope, expires_at)) = found else { return Ok(None) };
        Ok(Some(Self {
            provider,
            tokens: serde_json::from_slice(&seal.open(&name(integration), &sealed)?).internal()?,
            scope,
            expires_at,
        }))
    }

    /// Stores the connection in place of an earlier one.
    pub(super) fn install(
        &self,
        scope: &Scope<'_>,
        seal: &Seal,
        integration: &str,
    ) -> kit::Result<()> {
        let [sealed, refreshable] = self.columns(seal, integration)?;
        scope.execute_one(
            "INSERT INTO integration_connections (tenant_id, integration_id, provider, sealed, \
             refreshable, scope, expires_at, connected_at, refreshing_until) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) \
             ON CONFLICT (tenant_id, integration_id) DO UPDATE SET provider = $3, sealed = $4, \
             refreshable = $5, scope = $6, expires_at = $7, connected_at = $8, \
             refreshing_until = 0, refreshed_at = NULL, last_error = NULL",
            values![
                integration,
                &self.provider,
                sealed,
                refreshable,
                self.scope.as_deref(),
                self.expires_at,
                now(),
            ],
        )
    }

    /// Stores the result of a refresh. Returns whether this call still held the lease, which
    /// `lease` identifies by its end.
    pub(super) fn store_refresh(
        &self,
        scope: &Scope<'_>,
        seal: &Seal,
        integration: &str,
        lease: i64,
        error: Option<&str>,
    ) -> kit::Result<bool> {
        let [sealed, refreshable] = self.columns(seal, integration)?;
        let changed = scope.execute(
            "UPDATE integration_connections SET sealed = $2, refreshable = $3, scope = $4, \
             expires_at = $5, refreshed_at = COALESCE($6, refreshed_at), last_error = $7, \
             refreshing_until = 0 \
             WHERE tenant_id = $1 AND integration_id = $8 AND refreshing_until = $9",
            values![
                sealed,
                refreshable,
                self.scope.as_deref(),
                self.expires_at,
                error.is_none().then(now),
                error,
                integration,
                lease,
            ],
        )?;
        Ok(changed == 1)
    }

    fn columns(&self, seal: &Seal, integration: &str) -> kit::Result<[Value; 2]> {
        let plain = serde_json::to_vec(&self.tokens).internal()?;
        let refreshable = self.tokens.refresh_token.is_some();
        Ok(values![seal.seal(&name(integration), &plain)?, refreshable])
    }
}

impl Status {
    /// The status of an integration's connection, if it has one.
    pub(crate) fn find(scope: &Scope<'_>, integration: &str) -> kit::Result<Option<Self>> {
        let sql = "SELECT provider, scope, refreshable, expires_at, connected_at, refreshed_at, \
             last_error FROM integration_connections WHERE tenant_id = $1 AND integration_id = $2";
        scope.fetch_optional(sql, values![integration])
    }
}

impl FromRow for Status {
    fn from_row(row: &mut Row) -> kit::Result<Self> {
        let (provider, scope) = row.get()?;
        let (refreshable, expires_at): (bool, Option<i64>) = row.get()?;
        let over = !refreshable && expires_at.is_some_and(|end| end <= now());
        Ok(Self {
            provider,
            status: if over { "EXPIRED" } else { "CONNECTED" },
            scope,
            expires_at: expires_at.map(rfc3339),
            connected_at: rfc3339(row.get()?),
            refreshed_at: row.get::<Option<i64>>()?.map(rfc3339),
            last_error: row.get()?,
        })
    }
}

/// Deletes the connection of an integration, and the authorizations that are pending.
pub(crate) fn delete_all(scope: &Scope<'_>, integration: &str) -> kit::Result<()> {
    for table in ["integration_connections", "integration_authorizations"] {
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND integration_id = $2");
        scope.execute(&sql, values![integration])?;
    }
    Ok(())
}
