//! Tokens: access tokens with the claims of K-36, and refresh tokens that serve once.

use jwt_simple::prelude::*;
use kit::{Call, Internal, System, Value};

use crate::{keys, scopes_of, secret, text};

const REFRESH_MS: i64 = 30 * 86_400_000;

/// Who a token speaks for.
pub(crate) struct Subject {
    /// `usr_…` or `cli_…`.
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) is_client: bool,
}

impl Subject {
    /// A member of a tenant, with what the roles allow.
    pub(crate) fn member(user: &str, tenant: &str, roles: Vec<String>) -> Self {
        let mut scopes: Vec<String> = roles
            .iter()
            .flat_map(|role| scopes_of(role))
            .map(|scope| (*scope).to_owned())
            .collect();
        scopes.sort();
        scopes.dedup();
        Self { id: user.to_owned(), tenant: tenant.to_owned(), roles, scopes, is_client: false }
    }
}

/// An access token and how many seconds it is valid.
pub(crate) struct Access {
    pub(crate) token: String,
    pub(crate) expires_in: u64,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    tenant_id: String,
    scope: String,
    scopes: Vec<String>,
    roles: Vec<String>,
}

/// Signs an access token.
pub(crate) async fn access(call: &Call, subject: &Subject) -> kit::Result<Access> {
    let variable = async |name: &str, default: &str| {
        let value = spin_sdk::variables::get(name).await.unwrap_or_default();
        if value.is_empty() { default.to_owned() } else { value }
    };
    // K-35: an hour, configurable from 15 to 60 minutes.
    let seconds = variable("access_token_seconds", "3600").await;
    let seconds = seconds.parse::<u64>().unwrap_or(3600).clamp(900, 3600);
    let id = |is: bool| is.then(|| subject.id.clone());
    let claims = Claims {
        user_id: id(!subject.is_client),
        client_id: id(subject.is_client),
        tenant_id: subject.tenant.clone(),
        scope: subject.scopes.join(" "),
        scopes: subject.scopes.clone(),
        roles: subject.roles.clone(),
    };
    let claims =
        jwt_simple::claims::Claims::with_custom_claims(claims, Duration::from_secs(seconds))
            .with_subject(&subject.id)
            .with_issuer(variable("token_issuer", "tenantry").await)
            .with_audience(variable("token_audience", "tenantry").await)
            .with_jwt_id(kit::id("tok"));
    let token = keys::signing(call).await?.sign(claims).internal()?;
    Ok(Access { token, expires_in: seconds })
}

/// Writes a refresh token of a family into the running transaction; returns it in clear,
/// the only time that it is seen.
pub(crate) fn refresh(
    system: &System<'_>,
    family: &str,
    user: &str,
    tenant: &str,
) -> kit::Result<String> {
    let token = secret::new("rt")?;
    let now = kit::now();
    system.execute(
        "INSERT INTO refresh_tokens (hash, family, tenant_id, user_id, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            text(&secret::hash(&token)),
            text(family),
            text(tenant),
            text(user),
            Value::Integer(now),
            Value::Integer(now + REFRESH_MS),
        ],
    )?;
    Ok(token)
}
