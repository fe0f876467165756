//! Access tokens with their claims (K-36).
//!
//! An access token names its login. It also names the version of its user or client, and of the
//! client's owner, at the time when its rights were read. So a gateway can tell whether the token
//! is from before a revocation (`components/kit/src/revocation.rs`).

use jwt_simple::prelude::*;
use kit::roles::scopes_of;
use kit::{Call, Internal, System, values};

use crate::keys;
use crate::settings::SETTINGS;
use crate::values::roles;

/// The user or client of a token.
pub(crate) struct Subject {
    /// `usr_…` or `cli_…`.
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) is_client: bool,
    /// The version of the member or client, read together with its rights.
    pub(crate) version: i64,
    /// The id of the login. `None` for a client.
    pub(crate) login: Option<String>,
    /// The id of the member that owns a client, and the version of that member.
    pub(crate) owner: Option<(String, i64)>,
}

impl Subject {
    /// A member of a tenant who has signed in, with the scopes of their roles.
    pub(crate) fn member(member: Member, tenant: &str, login: &str) -> Self {
        let mut scopes: Vec<String> = member
            .roles
            .iter()
            .flat_map(|role| scopes_of(role))
            .map(|scope| (*scope).to_owned())
            .collect();
        scopes.sort();
        scopes.dedup();
        Self {
            id: member.id,
            tenant: tenant.to_owned(),
            roles: member.roles,
            scopes,
            is_client: false,
            version: member.version,
            login: Some(login.to_owned()),
            owner: None,
        }
    }
}

/// A member of a tenant, in its current state.
pub(crate) struct Member {
    pub(crate) id: String,
    /// In lower case, as tokens have them.
    pub(crate) roles: Vec<String>,
    pub(crate) version: i64,
}

impl Member {
    /// The member with this id, unless the membership has ended.
    pub(crate) fn find(system: &System<'_>, tenant: &str, id: &str) -> kit::Result<Option<Self>> {
        let found = system.fetch_optional::<(String, i64)>(
            "SELECT roles, version FROM members \
             WHERE tenant_id = $1 AND id = $2 AND is_active = 1 AND deleted_at IS NULL",
            values![tenant, id],
        )?;
        let member = |(held, version): (String, i64)| {
            Ok(Self { id: id.to_owned(), roles: roles(&held)?, version })
        };
        found.map(member).transpose()
    }
}

/// An access token, and for how many seconds it is valid.
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
    /// The id of the login, under the name that OpenID Connect has for a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    ver: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_ver: Option<i64>,
}

/// Signs an access token.
pub(crate) async fn access(call: &Call, subject: &Subject) -> kit::Result<Access> {
    let seconds = SETTINGS.access_token_seconds.into();
    let id = |is: bool| is.then(|| subject.id.clone());
    let claims = Claims {
        user_id: id(!subject.is_client),
        client_id: id(subject.is_client),
        tenant_id: subject.tenant.clone(),
        scope: subject.scopes.join(" "),
        scopes: subject.scopes.clone(),
        roles: subject.roles.clone(),
        sid: subject.login.clone(),
        ver: subject.version,
        owner_id: subject.owner.as_ref().map(|(id, _)| id.clone()),
        owner_ver: subject.owner.as_ref().map(|(_, version)| *version),
    };
    let mut claims =
        jwt_simple::claims::Claims::with_custom_claims(claims, Duration::from_secs(seconds))
            .with_subject(&subject.id)
            .with_issuer(&SETTINGS.issuer)
            .with_audience(&SETTINGS.audience)
            .with_jwt_id(kit::id("tok"));
    // Without a start, the token is also valid on a host whose clock is behind.
    claims.invalid_before = None;
    let token = keys::signing(call).await?.sign(claims).internal()?;
    Ok(Access { token, expires_in: seconds })
}
