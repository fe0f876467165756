//! Logins. A login is a family of refresh tokens, each of which can be used once (K-35). It belongs to
//! one person in one tenant.

use kit::{Call, Code, Error, Principal, System, values};
use serde_json::json;

use crate::audit::Entry;
use crate::secret;
use crate::settings::SETTINGS;

const DAY_MS: i64 = 86_400_000;
/// How long a refresh token is valid if it is not used, in milliseconds.
const REFRESH_MS: i64 = 30 * DAY_MS;

/// A login, and the family of refresh tokens that belong to it.
pub(crate) struct Family {
    pub(crate) id: String,
    /// The person who has signed in.
    pub(crate) person: String,
    /// The member that the person is in the tenant.
    pub(crate) member: String,
    pub(crate) tenant: String,
    /// When the person signed in with a password, in milliseconds since the Unix epoch.
    started_at: i64,
}

impl Family {
    /// Starts a new login.
    pub(crate) fn start(person: &str, member: &str, tenant: &str) -> Self {
        Self {
            id: kit::id("fam"),
            person: person.to_owned(),
            member: member.to_owned(),
            tenant: tenant.to_owned(),
            started_at: kit::now(),
        }
    }

    /// A login of the same person as another member, in another tenant. It ends when this one would
    /// have to.
    pub(crate) fn switched(&self, member: &str, tenant: &str) -> Self {
        Self { started_at: self.started_at, ..Self::start(&self.person, member, tenant) }
    }

    /// When the last refresh token of the family ends, however often it was refreshed.
    fn ends_at(&self) -> i64 {
        self.started_at + SETTINGS.refresh_family
    }

    /// Writes the next refresh token of the family. To be called within a transaction. Returns the
    /// token in clear, which is not stored.
    pub(crate) fn refresh(&self, system: &System<'_>) -> kit::Result<String> {
        let token = secret::new("rt")?;
        let now = kit::now();
        system.execute(
            "INSERT INTO refresh_tokens \
             (hash, family, tenant_id, user_id, member_id, started_at, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            values![
                secret::hash(&token),
                &self.id,
                &self.tenant,
                &self.person,
                &self.member,
                self.started_at,
                now,
                self.ends_at().min(now + REFRESH_MS),
            ],
        )?;
        Ok(token)
    }

    /// The family of a refresh token that may be used now. If the token was used before, then its
    /// family is revoked.
    ///
    /// # Errors
    /// `invalid-grant` if the token may not be used.
    pub(crate) fn find(system: &System<'_>, token: &str) -> kit::Result<Self> {
        let rows = system.query(
            "SELECT family, user_id, member_id, tenant_id, started_at, expires_at, used_at, revoked_at \
             FROM refresh_tokens WHERE hash = $1",
            values![secret::hash(token)],
        )?;
        let invalid = || {
            Error::new(
                Code::InvalidGrant,
                "The refresh token is unknown, expired or revoked; log in again.",
            )
        };
        let mut row = rows.into_iter().next().ok_or_else(invalid)?;
        let (id, person, member, tenant, started_at) = row.get()?;
        let (expires_at, used_at, revoked_at): (i64, Option<i64>, Option<i64>) = row.read()?;
        let family = Self { id, person, member, tenant, started_at };
        let expired = expires_at.min(family.ends_at()) <= kit::now();
        if used_at.is_some() {
            system.with_lock(&family.person, || family.revoke(system))?;
            return Err(used_before());
        }
        if expired || revoked_at.is_some() {
            return Err(invalid());
        }
        Ok(family)
    }

    /// The login of the caller.
    ///
    /// # Errors
    /// `insufficient-scope` for a machine client; `invalid-token` if the login has ended.
    pub(crate) fn of_caller(call: &Call, system: &System<'_>) -> kit::Result<Self> {
        let caller = call.caller()?;
        let Principal::User(member) = &caller.principal else { return Err(only_people()) };
        let subjects = call.metadata().subjects().unwrap_or_default();
        let id = subjects.into_iter().map(|(id, _)| id).find(|id| id.starts_with("fam_"));
        let id = id.ok_or_else(ended)?.to_owned();
        let found = system.fetch_optional::<(String, i64)>(
            "SELECT user_id, started_at FROM refresh_tokens WHERE family = $1 AND tenant_id = $2 \
             AND member_id = $3 AND revoked_at IS NULL LIMIT 1",
            values![&id, &caller.tenant, member],
        )?;
        let (person, started_at) = found.ok_or_else(ended)?;
        Ok(Self { id, person, member: member.clone(), tenant: caller.tenant.clone(), started_at })
    }

    /// Waits within a transaction for all others that change logins of the person, and makes sure that
    /// they have not ended this one.
    ///
    /// # Errors
    /// `invalid-token` if the login has ended.
    pub(crate) fn hold(&self, system: &System<'_>) -> kit::Result<()> {
        system.lock(&self.person)?;
        let sql = "SELECT COUNT(*) FROM refresh_tokens WHERE family = $1 AND revoked_at IS NULL";
        let left: i64 = system.fetch_one(sql, values![&self.id])?;
        if left > 0 { Ok(()) } else { Err(ended()) }
    }

    /// Ends all other logins of the person, in all tenants. To be called after [`Self::hold`].
    pub(crate) fn end_others(&self, system: &System<'_>, kind: &str) -> kit::Result<()> {
        // A login that goes on has one token that is not used yet. Everybody takes the locks of
        // tenants in the order of their ids, so that nobody waits in a circle.
        let others = system.fetch_all::<(String, String, String, i64)>(
            "SELECT family, member_id, tenant_id, started_at FROM refresh_tokens \
             WHERE user_id = $1 AND revoked_at IS NULL AND used_at IS NULL AND family <> $2 \
             AND expires_at > $3 ORDER BY tenant_id, family",
            values![&self.person, &self.id, kit::now()],
        )?;
        others.into_iter().try_for_each(|(id, member, tenant, started_at)| {
            Self { id, person: self.person.clone(), member, tenant, started_at }.end(system, kind)
        })
    }

    /// Revokes the login with its refresh and access tokens, unless it has ended already. To be called
    /// within a transaction.
    pub(crate) fn revoke(&self, system: &System<'_>) -> kit::Result<()> {
        self.end(system, "login.revoked")
    }

    /// Revokes the login as [`Self::revoke`] does, for this reason.
    pub(crate) fn end(&self, system: &System<'_>, kind: &str) -> kit::Result<()> {
        let revoked = system.execute(
            "UPDATE refresh_tokens SET revoked_at = $1 WHERE family = $2 AND revoked_at IS NULL",
            values![kit::now(), &self.id],
        )?;
        // A stranger may send an old token again and again. One revocation is enough.
        if revoked > 0 {
            system.enter(&self.tenant).revoke_login(&self.id)?;
            let data = json!({ "login": self.id });
            Entry { tenant: &self.tenant, kind, subject: &self.member, data }.write(system)?;
        }
        Ok(())
    }
}

fn ended() -> Error {
    Error::new(Code::InvalidToken, "The login of the access token has ended.")
}

/// The refusal of a refresh token that was used before.
pub(crate) fn used_before() -> Error {
    Error::new(
        Code::InvalidGrant,
        "The refresh token was used before; all tokens of this login are revoked. Log in again.",
    )
}

/// The refusal of callers that are no people.
pub(crate) fn only_people() -> Error {
    Error::new(
        Code::InsufficientScope,
        "Only a person who has signed in can do this; a machine client has no login.",
    )
}
