//! Logins. A login is a family of refresh tokens, each of which can be used once (K-35). It belongs
//! to one person, and has a chain of tokens in each tenant to which the person has switched. It
//! ends as a whole: whoever has stolen one of its tokens may have switched, too.

use kit::{Call, Code, Error, Principal, System, values};

use crate::origin::Origin;
use crate::secret;
use crate::session::{Member, Subject};
use crate::settings::SETTINGS;

const DAY_MS: i64 = 86_400_000;
/// How long a refresh token is valid if it is not used, in milliseconds.
const REFRESH_MS: i64 = 30 * DAY_MS;

/// A login in one of its tenants.
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

    /// The same login in another tenant.
    pub(crate) fn switched(&self, member: &str, tenant: &str) -> Self {
        let (id, person) = (self.id.clone(), self.person.clone());
        Self { id, started_at: self.started_at, ..Self::start(&person, member, tenant) }
    }

    /// Whether the login may go on, however often it was refreshed.
    fn is_in_time(&self) -> bool {
        self.ends_at() > kit::now()
    }

    fn ends_at(&self) -> i64 {
        self.started_at + SETTINGS.refresh_family
    }

    /// Writes the next refresh token of the login. To be called within a transaction. Returns the
    /// token in clear, which is not stored.
    pub(crate) fn refresh(&self, call: &Call, system: &System<'_>) -> kit::Result<String> {
        let token = secret::new("rt")?;
        let (now, Origin { device, network }) = (kit::now(), Origin::of(call));
        system.execute(
            "INSERT INTO refresh_tokens \
             (hash, family, tenant_id, user_id, member_id, started_at, created_at, expires_at, \
             device, network) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            values![
                secret::hash(&token),
                &self.id,
                &self.tenant,
                &self.person,
                &self.member,
                self.started_at,
                now,
                self.ends_at().min(now + REFRESH_MS),
                device,
                network,
            ],
        )?;
        Ok(token)
    }

    /// The login of a refresh token, and whether the token was used before. If it was not, then it
    /// may be used now.
    ///
    /// # Errors
    /// `invalid-grant` if the token is unknown, expired or revoked.
    pub(crate) fn find(system: &System<'_>, token: &str) -> kit::Result<(Self, bool)> {
        let rows = system.query(
            "SELECT family, user_id, member_id, tenant_id, started_at, expires_at, used_at, revoked_at \
             FROM refresh_tokens WHERE hash = $1",
            values![secret::hash(token)],
        )?;
        let mut row = rows.into_iter().next().ok_or_else(invalid)?;
        let (id, person, member, tenant, started_at) = row.get()?;
        let (expires_at, used_at, revoked_at): (i64, Option<i64>, Option<i64>) = row.read()?;
        let family = Self { id, person, member, tenant, started_at };
        let is_fit = expires_at > kit::now() && family.is_in_time() && revoked_at.is_none();
        match used_at {
            Some(_) => Ok((family, true)),
            None if is_fit => Ok((family, false)),
            None => Err(invalid()),
        }
    }

    /// The login of the caller.
    ///
    /// # Errors
    /// `insufficient-scope` for a machine client; `invalid-token` if the login or the membership has
    /// ended.
    pub(crate) fn of_caller(call: &Call, system: &System<'_>) -> kit::Result<Self> {
        Self::with_member(call, system).map(|(login, _)| login)
    }

    /// The login of a caller whose token has all scopes of the person. With a token that was made
    /// for less, nobody gets more, and nobody ends what others have begun.
    ///
    /// # Errors
    /// As [`Self::of_caller`]; `insufficient-scope` for a token with fewer scopes.
    pub(crate) fn of_whole_caller(call: &Call, system: &System<'_>) -> kit::Result<Self> {
        let (login, member) = Self::with_member(call, system)?;
        let grants = &call.caller()?.grants;
        let held = Subject::member(member, &login.tenant, &login.id).scopes;
        match held.into_iter().find(|scope| !grants.has_scope(scope)) {
            None => Ok(login),
            Some(scope) => Err(Error {
                context: vec![("required_scope".to_owned(), scope)],
                ..Error::new(
                    Code::InsufficientScope,
                    "The access token has fewer scopes than you hold; get one with all of them with \
                     the refresh token.",
                )
            }),
        }
    }

    fn with_member(call: &Call, system: &System<'_>) -> kit::Result<(Self, Member)> {
        let caller = call.caller()?;
        let Principal::User(member) = &caller.principal else { return Err(only_people()) };
        let subjects = call.metadata().subjects().unwrap_or_default();
        let id = subjects.into_iter().map(|(id, _)| id).find(|id| id.starts_with("fam_"));
        let (id, tenant) = (id.ok_or_else(ended)?.to_owned(), caller.tenant.clone());
        let (person, started_at) = going_on(system, &id, &tenant)?.ok_or_else(ended)?;
        let login = Self { id, person, member: member.clone(), tenant, started_at };
        let member = login.check(system)?;
        Ok((login, member))
    }

    /// The member, if the login is in time and the membership has not ended.
    fn check(&self, system: &System<'_>) -> kit::Result<Member> {
        let member = Member::find(system, &self.tenant, &self.member)?;
        member.filter(|_| self.is_in_time()).ok_or_else(ended)
    }

    /// Waits within a transaction for all others that change logins of the person, and makes sure
    /// that they have not ended this one.
    ///
    /// # Errors
    /// `invalid-token` if the login has ended.
    pub(crate) fn hold(&self, system: &System<'_>) -> kit::Result<()> {
        system.lock(&self.person)?;
        going_on(system, &self.id, &self.tenant)?.ok_or_else(ended)?;
        self.check(system).map(drop)
    }
}

/// The person of a login that goes on in this tenant, and when the person signed in.
fn going_on(system: &System<'_>, id: &str, tenant: &str) -> kit::Result<Option<(String, i64)>> {
    system.fetch_optional(
        "SELECT user_id, started_at FROM refresh_tokens WHERE family = $1 AND tenant_id = $2 \
         AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $3 LIMIT 1",
        values![id, tenant, kit::now()],
    )
}

fn ended() -> Error {
    Error::new(Code::InvalidToken, "The login of the access token has ended.")
}

/// The refusal of a refresh token that cannot be used.
pub(crate) fn invalid() -> Error {
    Error::new(
        Code::InvalidGrant,
        "The refresh token is unknown, expired or revoked; log in again.",
    )
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
